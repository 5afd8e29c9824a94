"""What a simulated defence is: batteries in layers, their odds, the rule they engage by.

For studies of what comes down on people, and of who must take cover. A battery is a place,
a radius, a few numbers out of public sources, and one probability: there is no flight, no
sensor and no hardware in it.
"""

from dataclasses import dataclass
from typing import Literal

from forewarn.errors import ConfigError

UNLIMITED = 1_000_000_000  # rounds


def require(name: str, value: float, low: float, high: float = 1e9) -> None:
    """Refuse a number out of its range, or one that is none."""
    if not low <= value <= high:
        raise ConfigError(f"{name} is {value:g}, expected {low:g} to {high:g}")


@dataclass(frozen=True, slots=True)
class Odds:
    """How often an engagement succeeds; nobody knows it, so it is a distribution.

    mean, sd    : of a beta distribution, drawn once a run; sd 0 = as if it were known
    denominator : of what it is a share: every "round" fired, or every "engagement", which
                  is all that is fired at a threat between two looks. Shares of all that was
                  launched, or that threatened, say nothing of a round and are not taken
    disputed    : lowest and highest mean that public sources defend
    """

    mean: float
    denominator: Literal["round", "engagement"]
    sd: float = 0.0
    disputed: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        require("mean", self.mean, 0.0, 1.0)
        most = (self.mean * (1.0 - self.mean)) ** 0.5
        if self.sd and not 0.0 < self.sd < most:
            raise ConfigError(f"sd is {self.sd:g}, expected 0 to below {most:.3g}")
        for end in self.disputed or ():
            require("disputed", end, 0.0, 1.0)
        if self.disputed and self.disputed[0] > self.disputed[1]:
            raise ConfigError(f"disputed is {self.disputed}, expected the lowest first")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a layer has for a threat, and how long each look at it takes.

    window_s : from its coming into reach to the last moment an engagement may begin
    cycle_s  : from the beginning of an engagement to knowing its outcome; busies a channel
    cycle    : always so long, or exponential with that mean
    ends_s   : an engagement that begins at the last moment ends so long before the impact
    """

    window_s: float
    cycle_s: float
    cycle: Literal["constant", "exponential"] = "constant"
    ends_s: float = 0.0

    def __post_init__(self) -> None:
        require("window_s", self.window_s, 0.0)
        require("cycle_s", self.cycle_s, 0.0)
        require("ends_s", self.ends_s, 0.0)

    @property
    def reach_s(self) -> float:
        """From a threat's coming into reach to its impact."""
        return self.window_s + self.cycle_s + self.ends_s


@dataclass(frozen=True, slots=True)
class Debris:
    """What an interception lets fall.

    share     : of interceptions after which something harmful comes down
    spread_km : standard deviation, per axis, from where the threat would have come down
    """

    share: float = 0.0
    spread_km: float = 1.0

    def __post_init__(self) -> None:
        require("share", self.share, 0.0, 1.0)
        require("spread_km", self.spread_km, 0.0)


@dataclass(frozen=True, slots=True)
class Battery:
    """One battery: where it stands and what it has.

    place        : name of the place it stands at; or at_km: east, north of the area's
                   south-western corner
    footprint_km : it engages what would come down within so far
    channels     : threats at once
    magazine     : rounds at hand
    reload_s     : from its last round to a full magazine; 0 = none within a raid
    stock        : rounds behind the magazine
    unit_cost    : of a round
    """

    id: str
    footprint_km: float
    channels: int
    magazine: int
    place: str = ""
    at_km: tuple[float, float] | None = None
    reload_s: float = 0.0
    stock: int = UNLIMITED
    unit_cost: float = 0.0

    def __post_init__(self) -> None:
        require("footprint_km", self.footprint_km, 0.0)
        require("channels", self.channels, 1, 10_000)
        require("magazine", self.magazine, 0, UNLIMITED)
        require("reload_s", self.reload_s, 0.0)
        require("stock", self.stock, 0, UNLIMITED)
        require("unit_cost", self.unit_cost, 0.0, 1e12)
        if bool(self.place) == (self.at_km is not None):
            raise ConfigError(f"battery {self.id!r}: give it either place or at_km")


@dataclass(frozen=True, slots=True)
class Layer:
    """Batteries of one sort. A threat meets layers one after the other, in this order.

    common_mode_down : probability that the whole layer is out for a run
    """

    name: str
    p_intercept: Odds
    timing_s: Timing
    battery: tuple[Battery, ...]
    common_mode_down: float = 0.0
    debris: Debris = Debris()

    def __post_init__(self) -> None:
        require("common_mode_down", self.common_mode_down, 0.0, 1.0)
        if not self.battery:
            raise ConfigError(f"layer {self.name!r}: it has no battery")


@dataclass(frozen=True, slots=True)
class Doctrine:
    """By what rule all layers engage.

    engage         : only what heads for populated places, everything, or nothing
    margin_km      : how near to a populated place counts as heading for it
    salvo          : rounds fired at once
    looks          : engagements of one threat by a layer: 1 = shoot, 2 = shoot-look-shoot
    alive_called_dead, dead_called_alive : errors of a look
    reserve        : last rounds of a magazine that are kept for threats which would come
                     down within harmful distance of at least reserve_people
    """

    engage: Literal["populated_only", "all", "nothing"] = "populated_only"
    margin_km: float = 0.0
    salvo: int = 1
    looks: int = 1
    alive_called_dead: float = 0.0
    dead_called_alive: float = 0.0
    reserve: int = 0
    reserve_people: float = 0.0

    def __post_init__(self) -> None:
        require("margin_km", self.margin_km, 0.0)
        require("salvo", self.salvo, 1, 100)
        require("looks", self.looks, 1, 100)
        require("alive_called_dead", self.alive_called_dead, 0.0, 1.0)
        require("dead_called_alive", self.dead_called_alive, 0.0, 1.0)
        require("reserve", self.reserve, 0, UNLIMITED)
        require("reserve_people", self.reserve_people, 0.0)
