"""A scenario as the kernels want it, and runs of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.sim.defence import Battery
from forewarn.sim.defence.fleet import Fleet, Rule, fleet_of, rule_of
from forewarn.sim.studies.drawing import Drawn, draw, groups_of
from forewarn.sim.studies.keys import STEERED, PeopleKeys, Scenario
from forewarn.sim.studies.playing import play, room
from forewarn.sim.studies.telling import Care
from forewarn.sim.studies.world import Layout, World, layout_of, world_of
from forewarn.threats import HARMFUL_M

HOUR_S, DAY_H = 3600.0, 24.0
HEAT = 60  # cells across the map of exposure


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy, for the kernel."""

    layout: Layout
    fleet: Fleet
    rule: Rule
    care: Care


class Plan:
    """Policies that meet the same raids: the world, what comes, and each policy."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        first = scenarios[0]
        harmful = [HARMFUL_M[one.kind] for one in first.raid] + [HARMFUL_M["debris"]]
        self.world: World = world_of(first.area, [metres / 1000.0 for metres in harmful])
        self.groups = groups_of(first.raid)
        self.seed = first.study.seed
        self.raids = first.campaign.raids
        self.gap_s = first.campaign.every_h * HOUR_S
        self._layouts: dict[tuple[object, ...], Layout] = {}
        self.policies = [self._policy(one) for one in scenarios]
        self.heat_km = max(self.world.size_km) / HEAT

    def draw(self, first_run: int, last_run: int) -> Drawn:
        """What comes, whatever the policy."""
        runs = (first_run, last_run)
        return draw(self.groups, self.world.raster, self.seed, runs, self.raids)

    def play(
        self, policy: Policy, drawn: Drawn, first_run: int, seed: int | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Measures (runs, WIDTH + layers) of drawn raids, and where they reached people.

        seed : of the luck of engagements, where it is not the study's
        """
        raster = self.world.raster
        shape = tuple(
            int(np.ceil(cells * raster.cell_km / self.heat_km - 1e-9)) + 1
            for cells in (raster.rows, raster.columns)
        )
        work = room(
            drawn.most,
            len(policy.layout.people),
            policy.fleet,
            (shape[0], shape[1]),
            self.heat_km,
        )
        runs = (len(drawn.first) - 1) // self.raids
        out = np.empty((runs, len(work.row)))
        play(
            drawn,
            raster,
            policy.layout,
            policy.fleet,
            policy.rule,
            policy.care,
            self.seed if seed is None else seed,
            first_run,
            self.raids,
            self.gap_s,
            work,
            out,
        )
        return out, work.heat

    def _policy(self, scenario: Scenario) -> Policy:
        care = care_of(scenario)
        radius = told_radius(scenario, care.sigma_km)
        warning = scenario.policy.warning
        key = (warning.alert, warning.zone_km, warning.region_km, radius.tobytes())
        if key not in self._layouts:
            self._layouts[key] = layout_of(self.world, warning, radius)
        fleet = fleet_of(scenario.layer, self._site)
        return Policy(self._layouts[key], fleet, rule_of(scenario.policy.defence), care)

    def _site(self, battery: Battery) -> tuple[float, float]:
        if battery.at_km is not None:
            return battery.at_km
        if battery.place not in self.world.places:
            raise ConfigError(
                f"battery {battery.id!r}: there is no place {battery.place!r} in the area"
            )
        return self.world.places[battery.place]


def care_of(scenario: Scenario) -> Care:
    """What is known of threats, who is told, what people do."""
    sensor, people, warning = scenario.sensor, scenario.people, scenario.policy.warning
    view_s = np.array([one.in_view_s for one in scenario.raid])
    lead_s = np.clip(view_s - sensor.delay_s, 0.0, warning.lead_s)
    reach_s = max((layer.timing_s.reach_s for layer in scenario.layer), default=0.0)
    night = people.night
    return Care(
        p_warned=sensor.p_warned,
        sigma_km=_sigma(scenario, lead_s),
        aim_sigma_km=_sigma(scenario, np.minimum(view_s, reach_s)),
        view_s=view_s,
        lead_s=lead_s,
        hold_s=warning.hold_s,
        told=warning.alert != "nobody",
        compliance=(people.compliance, night.compliance if night else 0.0),
        ln_median=(
            log(people.time_to_shelter.median_s),
            log(night.median_s) if night else 0.0,
        ),
        per_ln=1.0 / (people.time_to_shelter.sigma * sqrt(2.0)),
        night_share=night.share if night else 0.0,
        tires=1.0 - people.fatigue_per_false_alert,
        rests=_rests(people, scenario.campaign.every_h),
        harmed_unsheltered=people.harmed_unsheltered,
        harmed_sheltered=people.harmed_sheltered,
        hour_cost=people.hour_cost,
    )


def _sigma(scenario: Scenario, ahead_s: FloatArray) -> FloatArray:
    """(groups,) error per axis of a predicted impact, so long before it."""
    sensor = scenario.sensor
    if sensor.sigma_at:
        known_s, sigma_km = np.array(sensor.sigma_at).T
        return np.asarray(np.interp(ahead_s, known_s, sigma_km))
    steered = np.array([one.kind in STEERED for one in scenario.raid])
    turned = np.where(steered, sensor.sigma_km_per_min * ahead_s / 60.0, 0.0)
    return np.asarray(np.hypot(sensor.predicted_impact_sigma_km, turned))


def _rests(people: PeopleKeys, every_h: float) -> float:
    if not people.recovery_days:
        return 1.0
    return float(0.5 ** (every_h / DAY_H / people.recovery_days))


def told_radius(scenario: Scenario, sigma_km: FloatArray) -> FloatArray:
    """(groups,) km about a predicted impact within which zones are told.

    A disc about the prediction holds a circular normal error with probability c at
    sigma * sqrt(-2 ln(1 - c)); what harms reaches further by its harmful radius.
    """
    warning = scenario.policy.warning
    if not warning.holds:
        return np.full(len(sigma_km), warning.radius_km)
    harmful = np.array([HARMFUL_M[one.kind] / 1000.0 for one in scenario.raid])
    return np.asarray(sigma_km * sqrt(-2.0 * log(1.0 - warning.holds)) + harmful)
