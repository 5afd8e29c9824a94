"""What a study file says, table by table, key by key."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from forewarn.errors import ConfigError
from forewarn.sim.defence import Doctrine, Layer
from forewarn.sim.defence.model import require
from forewarn.sim.studies.measures import AVERAGED

# seconds between the first sight of a threat and its impact, where a raid does not say
SEEN_S = {
    "rocket": 60.0,
    "ballistic_missile": 300.0,
    "cruise_missile": 300.0,
    "drone": 1200.0,
}
STEERED = ("cruise_missile", "drone")  # may turn, so a place told early is told loosely


@dataclass(frozen=True, slots=True)
class StopKeys:
    """When enough runs are done: the metric's interval is narrow enough in every policy.

    half_width_rel : half of the interval, as a share of the mean
    """

    metric: str
    half_width_rel: float
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.metric not in AVERAGED:
            raise ConfigError(
                f"metric is {self.metric!r}, expected one of {', '.join(AVERAGED)}"
            )
        require("half_width_rel", self.half_width_rel, 1e-6, 1.0)
        require("confidence", self.confidence, 0.5, 0.9999)


@dataclass(frozen=True, slots=True)
class StudyKeys:
    """[study]: name, at most how many runs, seed, when to stop before.

    flown : the same raid for the full chain, a shipped one or a file: `forewarn calibrate`
    """

    name: str
    description: str = ""
    flown: str = ""
    runs: int = 2000
    seed: int = 1
    stop: StopKeys | None = None

    def __post_init__(self) -> None:
        require("runs", self.runs, 2, 100_000_000)
        require("seed", self.seed, 0, 2**63 - 1)


@dataclass(frozen=True, slots=True)
class PlaceKeys:
    """A town: people evenly over a disc. at_km: east, north of the south-western corner."""

    name: str
    at_km: tuple[float, float]
    people: float
    radius_km: float

    def __post_init__(self) -> None:
        require("people", self.people, 0.0)
        require("radius_km", self.radius_km, 0.01, 1000.0)


@dataclass(frozen=True, slots=True)
class AroundKeys:
    """[area] region: the made zones of a circle, as a raid file's [region] has them."""

    lat_deg: float
    lon_deg: float
    radius_km: float

    def __post_init__(self) -> None:
        require("lat_deg", self.lat_deg, -85.0, 85.0)
        require("lon_deg", self.lon_deg, -180.0, 180.0)
        require("radius_km", self.radius_km, 1.0, 1000.0)


@dataclass(frozen=True, slots=True)
class AreaKeys:
    """[area]: who lives where, on a flat square of ground.

    size_km   : east, north
    place     : towns; or places: a CSV file of name, east_km, north_km, people, radius_km
    zones     : GeoJSON zones, their people, and the size of the area with them
    region    : likewise, the zones that are made for a circle
    rural_per_km2 : people outside towns
    populated_per_km2 : from which on ground counts as populated
    cell_km   : of the raster of people
    """

    size_km: tuple[float, float] = (0.0, 0.0)
    place: tuple[PlaceKeys, ...] = ()
    places: Path | None = None
    zones: Path | None = None
    region: AroundKeys | None = None
    rural_per_km2: float = 0.0
    populated_per_km2: float = 150.0
    cell_km: float = 0.25

    def __post_init__(self) -> None:
        require("cell_km", self.cell_km, 0.01, 100.0)
        require("rural_per_km2", self.rural_per_km2, 0.0, 1e6)
        require("populated_per_km2", self.populated_per_km2, 1e-6, 1e6)
        if self.zones is None and self.region is None:
            for size in self.size_km:
                require("size_km", size, self.cell_km, 5000.0)
        ways = (self.place or None, self.places, self.zones, self.region)
        if sum(way is not None for way in ways) != 1:
            raise ConfigError(
                "expected one of place, places, zones, region to say who lives where"
            )


@dataclass(frozen=True, slots=True)
class SensorKeys:
    """[sensor]: what warning and defence know of a threat; drawn, not flown.

    p_warned : share of threats that are seen at all
    predicted_impact_sigma_km : error per axis of where it is said to come down
    sigma_km_per_min : further error for each minute ahead, of threats that steer: people
               are told early, a layer decides when a threat comes into its reach
    sigma_at : seconds before the impact and error per axis there, km, earliest last, as
               `forewarn calibrate` measures them; it counts instead of the two above
    delay_s  : from first sight to people hearing
    """

    p_warned: float = 1.0
    predicted_impact_sigma_km: float = 0.0
    sigma_km_per_min: float = 0.0
    sigma_at: tuple[tuple[float, float], ...] = ()
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        require("p_warned", self.p_warned, 0.0, 1.0)
        require("predicted_impact_sigma_km", self.predicted_impact_sigma_km, 0.0)
        require("sigma_km_per_min", self.sigma_km_per_min, 0.0)
        require("delay_s", self.delay_s, 0.0)
        for ahead_s, sigma_km in self.sigma_at:
            require("sigma_at", ahead_s, 0.0, 86400.0)
            require("sigma_at", sigma_km, 0.0)
        ahead = [ahead_s for ahead_s, _ in self.sigma_at]
        if sorted(set(ahead)) != ahead:
            raise ConfigError(
                f"sigma_at is at {ahead} s, expected each later than the last"
            )
        if ahead and (self.predicted_impact_sigma_km or self.sigma_km_per_min):
            raise ConfigError("expected either sigma_at or the other errors, not both")


@dataclass(frozen=True, slots=True)
class CountKeys:
    """How many come: always the mean, Poisson, or binomial out of n."""

    mean: float
    dist: Literal["constant", "poisson", "binomial"] = "poisson"
    n: int = 0

    def __post_init__(self) -> None:
        require("mean", self.mean, 0.0, 1e6)
        if self.dist == "binomial":
            require("n", self.n, max(self.mean, 1.0), 1e6)


@dataclass(frozen=True, slots=True)
class RaidKeys:
    """[[raid]]: what comes. An input: nothing in a study varies it.

    window_s        : impacts are spread evenly over so long
    share_to_places : of those fired, so many at places, chosen by their people; the rest
                      comes down in open country
    impact_sigma_km : per axis, about the middle of the place
    seen_s          : from first sight to impact
    """

    kind: Literal["rocket", "ballistic_missile", "cruise_missile", "drone"]
    count: CountKeys
    window_s: float
    share_to_places: float
    impact_sigma_km: float
    seen_s: float = 0.0

    def __post_init__(self) -> None:
        require("window_s", self.window_s, 0.001)
        require("share_to_places", self.share_to_places, 0.0, 1.0)
        require("impact_sigma_km", self.impact_sigma_km, 0.0)
        require("seen_s", self.seen_s, 0.0)

    @property
    def in_view_s(self) -> float:
        return self.seen_s or SEEN_S[self.kind]


@dataclass(frozen=True, slots=True)
class WarningKeys:
    """[policy.warning]: who is told to take cover, how early, for how long.

    alert     : zones that the threat may reach; regions likewise; everyone; nobody
    zone_km   : side of the square zones; 0 = those of [area] zones
    region_km : side of the square regions
    radius_km : zones within so far of the predicted impact
    holds     : instead, as far as holds the impact with this probability, and its harm
    lead_s    : told so long before the impact, where the threat is seen so early
    hold_s    : from the impact to the all clear
    """

    alert: Literal["threatened_only", "region", "everyone", "nobody"] = "threatened_only"
    zone_km: float = 0.0
    region_km: float = 65.0
    radius_km: float = 3.0
    holds: float = 0.0
    lead_s: float = 60.0
    hold_s: float = 600.0

    def __post_init__(self) -> None:
        require("zone_km", self.zone_km, 0.0, 5000.0)
        require("region_km", self.region_km, 0.1, 5000.0)
        require("radius_km", self.radius_km, 0.0, 5000.0)
        require("holds", self.holds, 0.0, 0.999999)
        require("lead_s", self.lead_s, 0.0, 86400.0)
        require("hold_s", self.hold_s, 0.0, 86400.0)


@dataclass(frozen=True, slots=True)
class PolicyKeys:
    """[policy]: rule of defence, rule of warning."""

    warning: WarningKeys
    defence: Doctrine = field(default_factory=Doctrine)


@dataclass(frozen=True, slots=True)
class ShelterKeys:
    """Seconds from hearing an alert to shelter: lognormal over people."""

    median_s: float
    sigma: float

    def __post_init__(self) -> None:
        require("median_s", self.median_s, 0.1, 86400.0)
        require("sigma", self.sigma, 1e-3, 5.0)


@dataclass(frozen=True, slots=True)
class NightKeys:
    """How night differs: share of raids that come by night; people asleep are slower."""

    share: float
    compliance: float
    median_s: float

    def __post_init__(self) -> None:
        require("share", self.share, 0.0, 1.0)
        require("compliance", self.compliance, 0.0, 1.0)
        require("median_s", self.median_s, 0.1, 86400.0)


@dataclass(frozen=True, slots=True)
class PeopleKeys:
    """[people]: what people do when told, and what becomes of those who are reached.

    compliance    : share that goes to shelter
    fatigue_per_false_alert : share of those that is lost with each needless alert
    recovery_days : in which half of the fatigue is forgotten; 0 = never
    harmed_unsheltered, harmed_sheltered : share of the people within the harmful radius
    hour_cost     : of an hour of one person under alert
    """

    compliance: float
    time_to_shelter: ShelterKeys
    fatigue_per_false_alert: float = 0.0
    recovery_days: float = 0.0
    harmed_unsheltered: float = 0.1
    harmed_sheltered: float = 0.01
    hour_cost: float = 0.0
    night: NightKeys | None = None

    def __post_init__(self) -> None:
        require("compliance", self.compliance, 0.0, 1.0)
        require("fatigue_per_false_alert", self.fatigue_per_false_alert, 0.0, 1.0)
        require("recovery_days", self.recovery_days, 0.0)
        require("harmed_unsheltered", self.harmed_unsheltered, 0.0, 1.0)
        require("harmed_sheltered", self.harmed_sheltered, 0.0, 1.0)
        require("hour_cost", self.hour_cost, 0.0)


@dataclass(frozen=True, slots=True)
class CampaignKeys:
    """[campaign]: one run is so many raids, one after the other; people remember."""

    raids: int = 1
    every_h: float = 24.0

    def __post_init__(self) -> None:
        require("raids", self.raids, 1, 100_000)
        require("every_h", self.every_h, 0.01, 1e5)


@dataclass(frozen=True, slots=True)
class SensitivityKeys:
    """[sensitivity]: which inputs matter, by Sobol indices.

    n       : base samples; each costs runs times (inputs + 2)
    runs    : of each point, all on the same raids
    metrics : that are explained
    inputs  : key, lowest, highest of each
    """

    inputs: tuple[tuple[str, float, float], ...]
    method: Literal["sobol"] = "sobol"
    n: int = 256
    runs: int = 50
    metrics: tuple[str, ...] = ("unsheltered", "needless")

    def __post_init__(self) -> None:
        require("n", self.n, 2, 1_000_000)
        require("runs", self.runs, 2, 1_000_000)
        if self.n & (self.n - 1):
            raise ConfigError(f"n is {self.n}, expected a power of two")
        for metric in self.metrics:
            if metric not in AVERAGED:
                raise ConfigError(
                    f"metrics has {metric!r}, expected some of {', '.join(AVERAGED)}"
                )


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that one policy is judged under."""

    study: StudyKeys
    area: AreaKeys
    sensor: SensorKeys
    raid: tuple[RaidKeys, ...]
    layer: tuple[Layer, ...]
    policy: PolicyKeys
    people: PeopleKeys
    campaign: CampaignKeys
