"""A run of a study told a second time, in plain Python: alerts, people, fatigue, harm."""

from dataclasses import dataclass
from math import cos, hypot, inf, log, nan, pi, sin, sqrt
from statistics import NormalDist

import numpy as np
import shapely

from defence_twin import Battle, Threat, uniform
from forewarn.sim.streams import DEBRIS, ODDS, RAID
from forewarn.sim.studies.drawing import Drawn
from forewarn.sim.studies.keys import STEERED, Scenario
from forewarn.sim.studies.plan import Plan
from forewarn.threats import HARMFUL_M


@dataclass
class Alarm:
    since_s: float
    until_s: float
    reached: float = 0.0


class Twin:
    """One policy of a plan, run after run."""

    def __init__(self, plan: Plan, scenario: Scenario, row: int) -> None:
        self.plan, self.scenario, self.policy = plan, scenario, plan.policies[row]
        self.people = self.policy.layout.people

    def runs(self, drawn: Drawn, first_run: int) -> list[dict[str, float]]:
        raids = self.plan.raids
        return [
            self._run(drawn, k * raids, first_run + k)
            for k in range((len(drawn.first) - 1) // raids)
        ]

    def _run(self, drawn: Drawn, row: int, run: int) -> dict[str, float]:
        luck = (self.plan.seed, run)
        layers = self.scenario.layer
        odds = []
        for k, layer in enumerate(layers):
            u = uniform(*luck, k, ODDS, 0)
            table = self.policy.fleet.quantile[k]
            drawn_odds = np.interp(u[0], np.linspace(0, 1, len(table)), table)
            odds.append(nan if u[1] < layer.common_mode_down else float(drawn_odds))
        sites = tuple(self._placed(layer) for layer in layers)
        battle = Battle(sites, self.scenario.policy.defence, odds, luck)
        self.tired = np.zeros(len(self.people))
        names = "fired threatening engaged intercepted leakers exposed unsheltered harmed"
        names += " alerted needless person_minutes needless_minutes"
        self.found = dict.fromkeys(names.split(), 0.0)
        dry_s = inf
        for raid in range(self.plan.raids):
            if raid:
                battle.rest(self.plan.gap_s)
                self.tired *= self._rests()
            battle.dry_s = inf
            begin, end = drawn.first[row + raid], drawn.first[row + raid + 1]
            self._raid(drawn, range(begin, end), battle, luck, raid)
            dry_s = min(dry_s, raid * self.plan.gap_s + battle.dry_s)
        own = [one for layer in sites for one in layer.battery]
        pairs = list(zip(own, battle.sites, strict=True))
        hours = self.found["person_minutes"] / 60.0
        return self.found | {
            "rounds": sum(site.fired for _, site in pairs),
            "rounds_cost": sum(site.fired * one.unit_cost for one, site in pairs),
            "rounds_left": sum(site.rounds for _, site in pairs),
            "reloaded": battle.reloaded,
            "no_rounds": battle.no_rounds,
            "no_channel": battle.no_channel,
            "ran_dry": float(dry_s < inf),
            "dry_s": dry_s if dry_s < inf else nan,
            "alert_cost": hours * self.scenario.people.hour_cost,
        }

    def _placed(self, layer):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        sites = self.plan.world.places
        own = tuple(
            one if one.at_km else replace(one, place="", at_km=sites[one.place])
            for one in layer.battery
        )
        return replace(layer, battery=own)

    def _rests(self) -> float:
        people = self.scenario.people
        if not people.recovery_days:
            return 1.0
        return float(0.5 ** (self.plan.gap_s / 86400.0 / people.recovery_days))

    def _lead(self, group: int) -> float:
        raid = self.scenario.raid[group]
        seen_s = raid.in_view_s - self.scenario.sensor.delay_s
        return max(min(self.scenario.policy.warning.lead_s, seen_s), 0.0)

    def _reach_s(self) -> float:
        times = [layer.timing_s for layer in self.scenario.layer]
        return max((one.window_s + one.cycle_s + one.ends_s for one in times), default=0.0)

    def _sigma(self, group: int, ahead_s: float) -> float:
        sensor = self.scenario.sensor
        steers = self.scenario.raid[group].kind in STEERED
        more = sensor.sigma_km_per_min * ahead_s / 60.0 if steers else 0.0
        return hypot(sensor.predicted_impact_sigma_km, more)

    def _radius(self, group: int) -> float:
        warning = self.scenario.policy.warning
        if warning.alert == "everyone":
            return inf
        if not warning.holds:
            return warning.radius_km
        harmful = HARMFUL_M[self.scenario.raid[group].kind] / 1000.0
        return (
            self._sigma(group, self._lead(group)) * sqrt(-2 * log(1 - warning.holds))
            + harmful
        )

    def _cell(self, x: float, y: float) -> int:
        raster = self.plan.world.raster
        column, row = int(np.floor(x / raster.cell_km)), int(np.floor(y / raster.cell_km))
        inside = 0 <= column < raster.columns and 0 <= row < raster.rows
        return row * raster.columns + column if inside else -1

    def _zones(self, group: int, x: float, y: float) -> list[int]:
        """Every zone that the told radius touches, by its outline."""
        layout, raster = self.policy.layout, self.plan.world.raster
        if layout.side_km == 0.0:
            cell = self._cell(x, y)
            if cell < 0:
                return []
            row, column = divmod(cell, raster.columns)
            at = shapely.Point(
                (column + 0.5) * raster.cell_km, (row + 0.5) * raster.cell_km
            )
            outlines = self.plan.world.outlines
            reach = self._radius(group)
            return [k for k, one in enumerate(outlines) if one.distance(at) <= reach]
        at, side, found = shapely.Point(x, y), layout.side_km, []
        for row in range(layout.rows):
            for column in range(layout.columns):
                west, south = column * side, row * side
                box = shapely.box(west, south, west + side, south + side)
                if box.distance(at) <= self._radius(group):
                    found.append(row * layout.columns + column)
        return found

    def _zone(self, x: float, y: float) -> int:
        layout, raster = self.policy.layout, self.plan.world.raster
        if layout.side_km:
            column = min(int(x / layout.side_km), layout.columns - 1)
            return min(int(y / layout.side_km), layout.rows - 1) * layout.columns + column
        row, column = divmod(self._cell(x, y), raster.columns)
        at = shapely.Point((column + 0.5) * raster.cell_km, (row + 0.5) * raster.cell_km)
        own = [k for k, one in enumerate(self.plan.world.outlines) if one.intersects(at)]
        return own[0] if own else -1

    def _raid(
        self, drawn: Drawn, rows: range, battle: Battle, luck: tuple[int, int], raid: int
    ) -> None:
        scenario, raster = self.scenario, self.plan.world.raster
        defence, warning = scenario.policy.defence, scenario.policy.warning
        threats, told, events = [], [], []
        for i, k in enumerate(rows):
            group = int(drawn.group[k])
            view_s = scenario.raid[group].in_view_s
            x, y = (
                drawn.at_km[k]
                + self._sigma(group, min(view_s, self._reach_s())) * drawn.error[k]
            )
            ahead_s = self._lead(group)
            told.append(drawn.at_km[k] + self._sigma(group, ahead_s) * drawn.error[k])
            cell = self._cell(x, y)
            seen = drawn.seen[k] < scenario.sensor.p_warned
            heads = cell >= 0 and raster.distance_km[cell] <= defence.margin_km
            wanted = {"all": True, "populated_only": heads, "nothing": False}
            dear = defence.reserve == 0 or (
                cell >= 0 and raster.reach[group, cell] >= defence.reserve_people
            )
            time_s = float(drawn.time_s[k])
            threats.append(
                Threat(
                    time_s,
                    time_s - view_s,
                    (x, y),
                    bool(seen and wanted[defence.engage]),
                    bool(dear),
                    int(drawn.word[k]),
                )
            )
            if seen and warning.alert != "nobody":
                events.append((time_s - self._lead(group), 0, i))
            events.append((time_s, 1, i))
        battle.fight(threats)
        self.found["fired"] += len(threats)
        self.found["engaged"] += sum(one.engaged for one in threats)
        self.found["intercepted"] += sum(one.stopped >= 0 for one in threats)
        night = scenario.people.night
        word = raid << 40 | (1 << 40) - 1
        dark = bool(night and uniform(*luck, word, RAID, 0)[0] < night.share)
        alarms: dict[int, Alarm] = {}
        for now_s, kind, i in sorted(events):
            k = rows[i]
            if kind == 0:
                until_s = threats[i].time_s + warning.hold_s
                for zone in self._zones(int(drawn.group[k]), *told[i]):
                    if zone in alarms and alarms[zone].until_s >= now_s:
                        alarms[zone].until_s = max(alarms[zone].until_s, until_s)
                        continue
                    if zone in alarms:
                        self._settle(zone, alarms[zone])
                    alarms[zone] = Alarm(now_s, until_s)
            else:
                self._fall(drawn, k, threats[i], alarms, luck, dark)
        for zone, alarm in alarms.items():
            self._settle(zone, alarm)

    def _fall(self, drawn, k, threat, alarms, luck, dark) -> None:  # type: ignore[no-untyped-def]
        raster = self.plan.world.raster
        x, y = drawn.at_km[k]
        cell = self._cell(x, y)
        threatening = cell >= 0 and raster.distance_km[cell] == 0.0
        self.found["threatening"] += threatening
        group = int(drawn.group[k])
        if threat.stopped < 0:
            self.found["leakers"] += threatening
        else:
            debris = self.scenario.layer[threat.stopped].debris
            u = uniform(*luck, threat.word, DEBRIS, 0)
            if debris.share == 0.0 or u[2] >= debris.share:
                return
            far, turn = sqrt(-2 * log(u[0])), 2 * pi * u[1]
            x += debris.spread_km * far * cos(turn)
            y += debris.spread_km * far * sin(turn)
            cell, group = self._cell(x, y), len(raster.reach) - 1
        if cell < 0 or raster.reach[group, cell] == 0.0:
            return
        people, zone = float(raster.reach[group, cell]), self._zone(x, y)
        safe = 0.0
        if zone in alarms and alarms[zone].since_s <= threat.time_s <= alarms[zone].until_s:
            keys = self.scenario.people
            comply, median_s = keys.compliance, keys.time_to_shelter.median_s
            if dark:
                comply, median_s = keys.night.compliance, keys.night.median_s
            comply *= (1 - keys.fatigue_per_false_alert) ** self.tired[zone]
            lead_s = threat.time_s - alarms[zone].since_s
            if lead_s > 0:
                z = log(lead_s / median_s) / keys.time_to_shelter.sigma
                safe = people * comply * NormalDist().cdf(z)
            alarms[zone].reached += people
        keys = self.scenario.people
        self.found["exposed"] += people
        self.found["unsheltered"] += people - safe
        harmed = (people - safe) * keys.harmed_unsheltered + safe * keys.harmed_sheltered
        self.found["harmed"] += harmed

    def _settle(self, zone: int, alarm: Alarm) -> None:
        people = float(self.people[zone])
        minutes = (alarm.until_s - alarm.since_s) / 60.0
        vain = max(people - alarm.reached, 0.0)
        self.found["alerted"] += people
        self.found["needless"] += vain
        self.found["person_minutes"] += people * minutes
        self.found["needless_minutes"] += vain * minutes
        if people > 0.0:
            self.tired[zone] += vain / people
