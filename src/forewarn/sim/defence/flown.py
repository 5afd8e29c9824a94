"""A simulated defence that flies with the full chain: it knows what the chain says.

It engages by its doctrine what forecasts say will come down on populated places, so an
error in warning is an error in defence too. Which true body a track is, simulation knows.
Odds are coarse and public; there is no flight of an interceptor in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan, pi

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import Forecasts, IntArray, Tracks
from forewarn.sim.defence.engaging import (
    COST,
    DRY_S,
    LAYERS,
    NO_CHANNEL,
    NO_ROUNDS,
    RELOADED,
    ROUNDS,
    UNTOUCHED,
    Threats,
    draw_odds,
    engage,
)
from forewarn.sim.defence.fleet import ALL, NOTHING, fleet_of, full, rule_of
from forewarn.sim.defence.model import Battery, Doctrine, Layer
from forewarn.sim.defence.sky import NOBODY, Sky, keyed
from forewarn.sim.flat import Flat, flat_about
from forewarn.sim.raid_keys import RegionKeys
from forewarn.sim.streams import DEBRIS
from forewarn.zones.places import PEOPLE_PER_M2, Places, disc_m, places

LIKELY = 0.5  # probability of being a threat from which on it may be engaged
BEYOND = 1.3  # radii of the region within which towns count
_NONE = 1 << 40  # luck of what is engaged and is no threat: nobody else's


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What the chain says of one threat.

    time_s, pos_ecef_m (3,) : where it was, and when
    impact_s, impact_rad (2,) : when, and at what latitude, longitude it is to come down
    """

    track_id: int
    time_s: float
    pos_ecef_m: FloatArray
    impact_s: float
    impact_rad: FloatArray
    harmful_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Engagement:
    """All that one layer fired at one track.

    body       : its true name; "" = nothing, or no threat
    stopped    : whether the threat ended by it, at `ends_s`
    pos_ecef_m : (3,) where it ended, or where it was when the engagement was decided
    """

    decided_s: float
    ends_s: float
    track_id: int
    body: str
    layer: str
    rounds: int
    stopped: bool
    pos_ecef_m: FloatArray


@dataclass(frozen=True, slots=True)
class Books:
    """Tracks fired at, threats that ended by it, rounds and money.

    rounds    : fired, by layer
    left      : in the magazine of each battery
    reloaded  : rounds put into magazines
    no_rounds, no_channel : engagements that were wanted and could not begin
    """

    engaged: int
    stopped: int
    rounds: tuple[int, ...]
    left: tuple[int, ...]
    reloaded: int
    no_rounds: int
    no_channel: int
    cost: float


def said_of(tracks: Tracks, forecasts: Forecasts) -> list[Said]:
    """What the chain says of all that is likely a threat."""
    row = {int(track_id): i for i, track_id in enumerate(tracks.track_id)}
    found = []
    for i, track_id in enumerate(forecasts.track_id.tolist()):
        part = slice(forecasts.start[i], forecasts.start[i + 1])
        total = float(forecasts.weight[part].sum())
        if total < LIKELY or track_id not in row or not tracks.confirmed[row[track_id]]:
            continue
        share, k = forecasts.weight[part] / total, row[track_id]
        found.append(
            Said(
                track_id,
                float(tracks.time_s[k]),
                tracks.mode_weight[k] @ tracks.mean[k, :, :3],
                float(share @ forecasts.time_s[part]),
                share @ forecasts.place_rad[part],
                float(forecasts.harmful_m[i]),
            )
        )
    return found


class Flown:
    """Layers over a region, beside a sky: fires, ends threats there, keeps books.

    at_km of a battery is counted from the south-western corner of the square around the
    region; a place is one of its towns.
    """

    def __init__(
        self,
        sky: Sky,
        region: RegionKeys,
        layers: Sequence[Layer],
        doctrine: Doctrine,
        seed: int,
    ) -> None:
        self.sky, self._layers, self._seed = sky, layers, seed
        self._flat = square(region)
        self._take_towns(region)
        self._fleet, self._rule = fleet_of(layers, self._site), rule_of(doctrine)
        self._left = full(self._fleet)
        self._odds = np.empty(len(layers))
        draw_odds(self._fleet, seed, 0, self._odds)
        self._book = np.zeros(LAYERS + len(layers))
        self._book[DRY_S] = inf
        self.log: list[Engagement] = []
        self._fire(_threats(0), np.empty(0))  # these two compiled now, not in flight
        sky.nearest(0.0, np.zeros(3))
        self._done: set[tuple[int, int]] = set()  # of track and layer
        self._busy_s: dict[int, float] = {}  # by track: when its engagement ends

    def step(self, now_s: float, said: Sequence[Said]) -> list[Engagement]:
        """What is fired now; threats that it stops end in the sky, when it ends."""
        before = len(self.log)
        for one in sorted(said, key=lambda one: (one.impact_s, one.track_id)):
            at_km = self._flat.km(one.impact_rad)
            if not self._wants(at_km):
                continue
            for layer in range(len(self._layers)):
                if self._open(now_s, one, layer):
                    self._engage(now_s, one, layer, at_km)
        return self.log[before:]

    def books(self) -> Books:
        """What was spent so far, and what came of it."""
        return Books(
            engaged=len({one.track_id for one in self.log}),
            stopped=sum(one.stopped for one in self.log),
            rounds=tuple(self._book[LAYERS:].astype(int).tolist()),
            left=tuple(self._left.rounds.tolist()),
            reloaded=int(self._book[RELOADED]),
            no_rounds=int(self._book[NO_ROUNDS]),
            no_channel=int(self._book[NO_CHANNEL]),
            cost=float(self._book[COST]),
        )

    def lets_fall(self, now_s: float, one: Said) -> bool:
        """Whether a layer could engage it by now, and the doctrine does not want to."""
        in_time = any(self._open(now_s, one, k) for k in range(len(self._layers)))
        return in_time and not self._wants(self._flat.km(one.impact_rad))

    def _open(self, now_s: float, one: Said, layer: int) -> bool:
        timing = self._layers[layer].timing_s
        return (
            (one.track_id, layer) not in self._done
            and self._busy_s.get(one.track_id, -inf) <= now_s
            and one.impact_s - timing.reach_s <= now_s
        )

    def _engage(self, now_s: float, one: Said, layer: int, at_km: FloatArray) -> None:
        body = self.sky.nearest(one.time_s, one.pos_ecef_m)
        if body != NOBODY and self.sky.is_piece(body):
            return  # what is left of a threat is known for it, and let fall
        real = body != NOBODY and self.sky.is_threat(body)
        odds = np.full(len(self._layers), nan)
        odds[layer] = self._odds[layer] if real else 0.0 * self._odds[layer]
        threat = _threats(1)
        threat.time_s[0], threat.from_s[0], threat.at_km[0] = one.impact_s, now_s, at_km
        threat.dear[0] = self._people(at_km, one) >= self._rule.reserve_people
        threat.word[0] = body if real else _NONE + one.track_id
        before = self._book.copy()
        stopped = self._fire(threat, odds)
        want = self._book[:DRY_S] - before[:DRY_S]
        if stopped[0] == UNTOUCHED and not want[NO_ROUNDS] + want[NO_CHANNEL]:
            return  # not in reach: perhaps it will be, as forecasts change
        self._done.add((one.track_id, layer))
        if stopped[0] == UNTOUCHED:
            return
        ends_s = self._busy_s[one.track_id] = float(threat.from_s[0])
        # what it would have stopped may be down, or stopped, already
        hit = bool(stopped[0] >= 0 and self.sky.up(body, ends_s))
        place = self._end(body, ends_s, layer) if hit else one.pos_ecef_m
        name = self.sky.name(body) if real else ""
        kind, rounds = self._layers[layer].name, int(want[ROUNDS])
        self.log.append(
            Engagement(now_s, ends_s, one.track_id, name, kind, rounds, hit, place)
        )

    def _fire(self, threats: Threats, odds: FloatArray) -> IntArray:
        """As `engage` has it, for threats that are all wanted."""
        n, luck = len(threats.time_s), (self._seed, 0)
        stopped = np.empty(n, np.int64)
        fleet, rule, left = self._fleet, self._rule, self._left
        engage(threats, n, fleet, rule, odds, luck, left, stopped, self._book)
        return stopped

    def _end(self, body: int, at_s: float, layer: int) -> FloatArray:
        falls = keyed(self._seed, body, DEBRIS, 0).random()
        share = self._layers[layer].debris.share
        return self.sky.end(body, at_s, falls < share, self._seed)

    def _take_towns(self, region: RegionKeys) -> None:
        known = places()
        place = np.radians(np.stack([known.lat_deg, known.lon_deg], axis=1))
        middle = np.radians([region.lat_deg, region.lon_deg])
        away_km = np.hypot(*((place - middle) * self._flat.km_per_rad).T)
        near = away_km < BEYOND * region.radius_km
        self._towns: Places = known.where(near)
        self._towns_km = self._flat.km(place[near])
        self._disc_km = disc_m(self._towns.people) / 1e3

    def _site(self, battery: Battery) -> tuple[float, float]:
        if battery.at_km is not None:
            return battery.at_km
        found = np.flatnonzero(self._towns.name == battery.place)
        if not len(found):
            raise ConfigError(
                f"battery {battery.id!r}: no town {battery.place!r} in the region"
            )
        east, north = self._towns_km[found[self._towns.people[found].argmax()]]
        return float(east), float(north)

    def _within(self, at_km: FloatArray) -> FloatArray:
        """How far outside each town's disc it lies, km; below 0 = inside."""
        away_km: FloatArray = np.hypot(*(self._towns_km - at_km).T)
        return away_km - self._disc_km

    def _wants(self, at_km: FloatArray) -> bool:
        if self._rule.engage in (ALL, NOTHING):
            return self._rule.engage == ALL
        return bool((self._within(at_km) <= self._rule.margin_km).any())

    def _people(self, at_km: FloatArray, one: Said) -> float:
        """How many live within its harmful distance, as towns are spread."""
        most = PEOPLE_PER_M2 * pi * one.harmful_m**2
        inside = self._within(at_km) <= 0.0
        return float(np.minimum(self._towns.people[inside], most).sum())


def square(region: RegionKeys) -> Flat:
    """The square around a region, in which its batteries stand."""
    middle = np.radians([region.lat_deg, region.lon_deg])
    return flat_about(middle, region.radius_km)


def _threats(n: int) -> Threats:
    """So many, all wanted, to be filled in."""
    return Threats(
        time_s=np.zeros(n),
        from_s=np.zeros(n),
        at_km=np.zeros((n, 2)),
        wanted=np.ones(n, bool),
        dear=np.zeros(n, bool),
        word=np.zeros(n, np.int64),
    )
