"""The same raids as a study's, told in SimPy: a process for each threat, nothing compiled.

Arrivals as a process, channels as resources, magazines as containers. It shares maps with
the study, and no code. (Drawing a whole raid at once by NumPy made it no quicker.)
"""

from bisect import bisect
from collections.abc import Generator
from dataclasses import dataclass, field
from math import erf, floor, hypot, log, sqrt
from random import Random
from typing import Any

import simpy

from forewarn.sim.defence import Battery, Layer
from forewarn.sim.studies.keys import RaidKeys, Scenario
from forewarn.sim.studies.plan import Plan

Steps = Generator[simpy.Event, Any, Any]


@dataclass
class Alarm:
    since_s: float
    until_s: float
    reached: float = 0.0


@dataclass
class Site:
    battery: Battery
    at_km: tuple[float, float]
    channels: simpy.Resource
    rounds: simpy.Container


@dataclass
class Raid:
    """One run, of one raid: what happens in it, and what is counted."""

    plan: Plan
    scenario: Scenario
    seed: int
    alarms: dict[int, Alarm] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)

    def run(self) -> dict[str, float]:
        """Play it; fired, leakers, rounds, unsheltered, needless."""
        self.env = simpy.Environment()
        self.luck = Random(self.seed)
        self.found = dict.fromkeys(
            ("fired", "leakers", "rounds", "unsheltered", "needless"), 0.0
        )
        self.layers = [(layer, self._sites(layer)) for layer in self.scenario.layer]
        self.odds = [self._drawn(layer) for layer in self.scenario.layer]
        self.view_s = self.scenario.raid[0].in_view_s
        for group in self.scenario.raid:
            self.env.process(self._arrive(group))
        self.env.run()
        for zone, alarm in self.alarms.items():
            self._settle(zone, alarm)
        return self.found

    def _sites(self, layer: Layer) -> list[Site]:
        places = self.plan.world.places
        return [
            Site(
                one,
                one.at_km or places[one.place],
                simpy.Resource(self.env, one.channels),
                simpy.Container(self.env, one.magazine, init=one.magazine),
            )
            for one in layer.battery
        ]

    def _drawn(self, layer: Layer) -> float:
        """Odds of the run; below 0 = the layer is down."""
        odds = layer.p_intercept
        if self.luck.random() < layer.common_mode_down:
            return -1.0
        if not odds.sd:
            return odds.mean
        both = odds.mean * (1 - odds.mean) / odds.sd**2 - 1
        return self.luck.betavariate(odds.mean * both, (1 - odds.mean) * both)

    def _arrive(self, group: RaidKeys) -> Steps:
        """Threats one after the other, each a process of its own."""
        raster, sensor, luck = self.plan.world.raster, self.scenario.sensor, self.luck
        while True:
            yield self.env.timeout(luck.expovariate(group.count.mean / group.window_s))
            if self.env.now > group.window_s:
                return
            self.found["fired"] += 1
            if luck.random() < group.share_to_places:
                place = bisect(raster.aim_share, luck.random())
                middle, spread = raster.aim_km[place].tolist(), group.impact_sigma_km
                at = [luck.gauss(middle[0], spread), luck.gauss(middle[1], spread)]
            else:
                cell = int(luck.choice(raster.open_cells))
                row, column = divmod(cell, raster.columns)
                east, north = column + luck.random(), row + luck.random()
                at = [east * raster.cell_km, north * raster.cell_km]
            off = sensor.predicted_impact_sigma_km
            told = [luck.gauss(at[0], off), luck.gauss(at[1], off)]
            seen = luck.random() < sensor.p_warned
            self.env.process(self._threat(at, told, seen))

    def _threat(self, at: list[float], told: list[float], seen: bool) -> Steps:
        """From first sight to what comes down."""
        stopped: Layer | None = None
        impact_s = self.env.now + self.view_s
        if seen:
            self.env.process(self._tell(told, impact_s))
            if self._wanted(told):
                for (layer, sites), odds in zip(self.layers, self.odds, strict=True):
                    if odds < 0:
                        continue
                    done = yield self.env.process(
                        self._engage(layer, sites, odds, impact_s, told)
                    )
                    if done:
                        stopped = layer
                        break
        if self.env.now < impact_s:
            yield self.env.timeout(impact_s - self.env.now)
        self._land(at, stopped)

    def _cell(self, x: float, y: float) -> int:
        raster = self.plan.world.raster
        column, row = floor(x / raster.cell_km), floor(y / raster.cell_km)
        if 0 <= column < raster.columns and 0 <= row < raster.rows:
            return row * raster.columns + column
        return -1

    def _wanted(self, told: list[float]) -> bool:
        rule = self.scenario.policy.defence
        if rule.engage != "populated_only":
            return rule.engage == "all"
        cell = self._cell(*told)
        near = self.plan.world.raster.distance_km
        return cell >= 0 and bool(near[cell] <= rule.margin_km)

    def _engage(
        self, layer: Layer, sites: list[Site], odds: float, impact_s: float, to: list[float]
    ) -> Steps:
        """Whether the layer stops it."""
        reach = [
            one
            for one in sites
            if hypot(to[0] - one.at_km[0], to[1] - one.at_km[1]) <= one.battery.footprint_km
        ]
        last_s = impact_s - layer.timing_s.ends_s - layer.timing_s.cycle_s
        enter_s = last_s - layer.timing_s.window_s
        if not reach or self.env.now > last_s:
            return False
        if self.env.now < enter_s:
            yield self.env.timeout(enter_s - self.env.now)
        ready = [one for one in reach if one.rounds.level > 0]
        if not ready:
            return False
        site = min(ready, key=lambda one: (_queue(one), -one.rounds.level))
        with site.channels.request() as turn:
            yield turn | self.env.timeout(max(last_s - self.env.now, 0.0))
            if not turn.triggered:
                return False
            return (yield from self._shoot(layer, site, odds, last_s))

    def _shoot(self, layer: Layer, site: Site, odds: float, last_s: float) -> Steps:
        rule = self.scenario.policy.defence
        for _ in range(rule.looks):
            fired = min(rule.salvo, int(site.rounds.level))
            if not fired or self.env.now > last_s:
                return False
            yield site.rounds.get(fired)
            self.found["rounds"] += fired
            hit = any(self.luck.random() < odds for _ in range(fired))
            yield self.env.timeout(layer.timing_s.cycle_s)
            if hit:
                return True
        return False

    def _tell(self, told: list[float], impact_s: float) -> Steps:
        """In time, alert every zone that the radius touches."""
        layout, warning = self.plan.policies[0].layout, self.scenario.policy.warning
        yield self.env.timeout(self.view_s - warning.lead_s)
        side, radius = layout.side_km, warning.radius_km
        until_s, (x, y) = impact_s + warning.hold_s, told
        for row in range(
            max(floor((y - radius) / side), 0),
            min(floor((y + radius) / side), layout.rows - 1) + 1,
        ):
            for column in range(
                max(floor((x - radius) / side), 0),
                min(floor((x + radius) / side), layout.columns - 1) + 1,
            ):
                dx = max(column * side - x, x - (column + 1) * side, 0.0)
                dy = max(row * side - y, y - (row + 1) * side, 0.0)
                if dx * dx + dy * dy <= radius * radius:
                    self._alarm(row * layout.columns + column, until_s)

    def _alarm(self, zone: int, until_s: float) -> None:
        alarm = self.alarms.get(zone)
        if alarm is not None and alarm.until_s >= self.env.now:
            alarm.until_s = max(alarm.until_s, until_s)
            return
        if alarm is not None:
            self._settle(zone, alarm)
        self.alarms[zone] = Alarm(self.env.now, until_s)

    def _settle(self, zone: int, alarm: Alarm) -> None:
        people = float(self.plan.policies[0].layout.people[zone])
        self.found["needless"] += max(people - alarm.reached, 0.0)

    def _land(self, at: list[float], stopped: Layer | None) -> None:
        world, keys = self.plan.world, self.scenario.people
        layout = self.plan.policies[0].layout
        x, y = at
        kind, cell = 0, self._cell(x, y)
        if stopped is None:
            if cell >= 0 and world.raster.distance_km[cell] == 0.0:
                self.found["leakers"] += 1
        else:
            debris = stopped.debris
            if self.luck.random() >= debris.share:
                return
            x += self.luck.gauss(0, debris.spread_km)
            y += self.luck.gauss(0, debris.spread_km)
            kind, cell = -1, self._cell(x, y)
        if cell < 0:
            return
        people = float(world.raster.reach[kind, cell])
        column = min(int(x / layout.side_km), layout.columns - 1)
        row = min(int(y / layout.side_km), layout.rows - 1)
        alarm = self.alarms.get(row * layout.columns + column)
        safe = 0.0
        if alarm is not None and alarm.until_s >= self.env.now:
            alarm.reached += people
            lead_s = self.env.now - alarm.since_s
            if lead_s > 0:
                spread = keys.time_to_shelter
                z = log(lead_s / spread.median_s) / spread.sigma
                safe = people * keys.compliance * 0.5 * (1 + erf(z / sqrt(2)))
        self.found["unsheltered"] += people - safe


def _queue(site: Site) -> int:
    """Threats that wait before one that comes now; 0 = a channel is free."""
    waiting = len(site.channels.queue) + site.channels.count - int(site.channels.capacity)
    return max(waiting + 1, 0)
