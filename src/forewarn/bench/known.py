"""Stand-ins for stages that know what no chain can: true states, and true ways ahead.

With them a raid shows what of its cost is owed to which error.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from forewarn.dynamics import falling_acceleration
from forewarn.exposure import Exposer
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.forecast.manoeuvring import carry
from forewarn.forecast.plane import arrival_futures, steered_tracks
from forewarn.forecast.steered import Steering
from forewarn.forecast.ways import LONG_S, RUNS, draw_ways
from forewarn.geodesy import FloatArray, enu_turns, geographic_points, wrapped
from forewarn.motion import SEVENTH
from forewarn.records import (
    BOOSTING,
    FALLING,
    MODES,
    STRAIGHT,
    TURNING,
    BoolArray,
    Event,
    Exposures,
    Forecasts,
    IntArray,
    Tick,
    Tracks,
    Zones,
)
from forewarn.score.case import Case
from forewarn.sim.sight import Flyer
from forewarn.sim.world import Path
from forewarn.threats import CLASSES, CRUISE_MISSILE, DRONE

SIGMA = np.array([5.0, 5.0, 5.0, 0.5, 0.5, 0.5, 0.02])  # what is left: m, m/s, ln beta
TURNS_RADPS, TURN_SIGMA = 0.004, 0.002
FELT_MPS2 = 0.5  # drag from which on a path tells the ballistic coefficient
THRUST_MPS2 = 3.0  # what gains speed faster on its way up still burns
OVER_S = 3.0  # for so long it is told that something came down
STEERED = (DRONE, CRUISE_MISSILE)
DIVES = 128  # along a path that is known


class Body(NamedTuple):
    """One threat: its way, class, and at each second of it what else is known of it.

    first_s : seconds from which on it is in view; clock (k,) s
    ln_beta : (k,) of what falls; shown : (k,) whether drag has shown it by then
    thrust  : (k,) whether it burns
    turn    : (k,) rad/s, of what steers itself
    """

    path: Path
    kind: int
    first_s: float
    clock: FloatArray
    ln_beta: FloatArray
    shown: BoolArray
    thrust: FloatArray
    turn: FloatArray


def bodies(
    flyers: Sequence[Flyer], case: Case, air: FloatArray, drag: FloatArray
) -> list[Body]:
    """All threats of a drawing, in the order of their names in the truth."""
    own = {flyer.name: flyer.path for flyer in flyers}
    out = []
    for row, name in enumerate(case.threat_id):
        path = own[name]
        clock = np.append(np.arange(path.time_s[0], path.time_s[-1] - 1.0), path.time_s[-1])
        state, later = path.at(clock), path.at(np.minimum(clock + 1.0, path.time_s[-1]))
        kind = CLASSES.index(case.kind[row])
        none = np.zeros(len(clock))
        falls, turn = (none, none > 0.0, none), none
        if kind in STEERED:
            turn = _turns(state, later)
        else:
            falls = _falls(state, later, air, drag)
        out.append(Body(path, kind, float(case.seen_s[row]), clock, *falls, turn))
    return out


def _turns(state: FloatArray, later: FloatArray) -> FloatArray:
    """(k,) change of course between states (k, 6) a second apart, rad/s clockwise."""
    lat, lon, _ = geographic_points(np.ascontiguousarray(state[:, :3]))
    turns = enu_turns(lat, lon)
    course = [
        np.arctan2(v[:, 0], v[:, 1])
        for v in (np.einsum("kij,kj->ki", turns, some[:, 3:]) for some in (state, later))
    ]
    return wrapped(course[1] - course[0])


def _falls(
    state: FloatArray, later: FloatArray, air: FloatArray, drag: FloatArray
) -> tuple[FloatArray, BoolArray, FloatArray]:
    """(k,) ln beta by how a body is braked, as next it is felt; if it was yet; thrust."""
    gain = later[:, 3:] - state[:, 3:]
    speed = np.linalg.norm(state[:, 3:], axis=1)
    faster = np.linalg.norm(later[:, 3:], axis=1) - speed
    climbs = (state[:, :3] * state[:, 3:]).sum(axis=1) > 0.0
    thrust = climbs & (faster > THRUST_MPS2)
    middle = 0.5 * (state + later)
    each = [
        [
            falling_acceleration(px, py, pz, vx, vy, vz, ln_beta, air, drag)
            for ln_beta in (0.0, 99.0)
        ]
        for px, py, pz, vx, vy, vz in middle.tolist()
    ]
    whole, pull = np.array(each).transpose(1, 0, 2)
    full = whole - pull  # what would brake a body of 1 kg/m2
    per_beta = ((gain - pull) * full).sum(axis=1) / np.maximum((full**2).sum(axis=1), 1e-12)
    felt = ~thrust & (per_beta * np.linalg.norm(full, axis=1) > FELT_MPS2)
    felt[-2:] = False  # a path ends on the ground, its last place is nearer
    ln_beta = np.full(len(state), SEVENTH[FALLING, 0])
    if felt.any():
        told = -np.log(per_beta[felt])
        following = np.searchsorted(np.flatnonzero(felt), np.arange(len(state)))
        ln_beta = told[np.minimum(following, len(told) - 1)]
    return ln_beta, np.maximum.accumulate(felt), thrust


class KnownTracks:
    """In place of the tracker: the true state of every threat in view, once a second.

    beforehand : whether how heavy a body is for its size is known before drag shows it
    """

    def __init__(self, threats: Sequence[Body], beforehand: bool = True) -> None:
        self._threats = threats
        self._beforehand = beforehand
        self._first_s = np.array([body.first_s for body in threats])
        self._end_s = np.array([body.path.time_s[-1] for body in threats])
        self._time_s = -np.inf

    def step(self, event: Event) -> Tracks:
        """What flies, numbered by its row from 1 on; what came down is withdrawn."""
        if isinstance(event, Tick):
            self._time_s = event.received_s
        now_s = self._time_s
        known = (self._first_s <= now_s) & (now_s < self._end_s)
        rows = np.flatnonzero(known)
        over = (self._first_s < now_s) & (now_s >= self._end_s)
        over &= now_s < self._end_s + OVER_S
        n = len(rows)
        mean, cov = np.zeros((n, len(MODES), 7)), np.zeros((n, len(MODES), 7, 7))
        weight, prob = np.zeros((n, len(MODES))), np.zeros((n, len(CLASSES)))
        turn = np.zeros((n, 2))
        for k, row in enumerate(rows.tolist()):
            body = self._threats[row]
            second = int(np.searchsorted(body.clock, now_s, side="right")) - 1
            mode = _mode(body, second)
            weight[k, mode], prob[k, body.kind] = 1.0, 1.0
            mean[k, mode, :6] = body.path.at(np.array([now_s]))[0]
            cov[k, mode] = np.diag(SIGMA**2)
            mean[k, mode, 6] = body.ln_beta[second]
            if not (self._beforehand or body.shown[second]) or body.kind in STEERED:
                mean[k, mode, 6], cov[k, mode, 6, 6] = SEVENTH[FALLING, :2]
            if mode == TURNING:
                turn[k] = body.turn[second], TURN_SIGMA
        return Tracks(
            received_s=event.received_s,
            track_id=rows + 1,
            time_s=np.full(n, now_s),
            mean=mean,
            cov=cov,
            mode_weight=weight,
            turn_radps=turn,
            class_prob=prob,
            existence=np.ones(n),
            confirmed=np.ones(n, bool),
            named=np.ones(n, bool),
            trusted=np.ones(n, bool),
            group_mask=np.full(n, 3),
            first_s=self._first_s[rows],
            silence=np.zeros(n),
            hits=np.full(n, 99),
            withdrawn=np.flatnonzero(over) + 1,
            identity=("",) * n,
            group_names=("one", "another"),
        )


def _mode(body: Body, second: int) -> int:
    if body.kind not in STEERED:
        return BOOSTING if body.thrust[second] else FALLING
    return TURNING if abs(body.turn[second]) > TURNS_RADPS else STRAIGHT


class KnownWays(Steering):
    """In place of particles: the true way ahead of a track of `KnownTracks`, and beyond its
    end straight on. What is not known is where on it, and how far, its dive goes."""

    def __init__(
        self, zones: Zones, params: ForecastParams, threats: Sequence[Body]
    ) -> None:
        super().__init__(zones, params)
        self._threats = threats
        ways = draw_ways(DRONE, DIVES, params.horizon_s, params.step_s)
        draw = ways.draw.copy()
        draw[:, :6] = 0.0  # no error of the state, no turn that goes on
        draw[:, 8] = 0.0  # and none into the dive
        # where it turns is known: that tells nothing of its dive
        self._known = replace(ways, draw=draw, eager=np.ones(RUNS, np.float32))

    def futures(
        self, tracks: Tracks, rows: IntArray, chance: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """As of `Steering`."""
        owners, made = [np.zeros(0, np.int64)], [np.zeros((0, 10))]
        for own in np.flatnonzero(chance > self._params.negligible):
            row = rows[own]
            found = self._along(tracks, row)
            found[:, 0] *= chance[own]
            owners.append(np.full(len(found), own))
            made.append(found)
        return np.concatenate(owners), np.concatenate(made)

    def _along(self, tracks: Tracks, row: int) -> FloatArray:
        body, p = self._threats[tracks.track_id[row] - 1], self._params
        mode = STRAIGHT + int(tracks.mode_weight[row, STRAIGHT:].argmax())
        mean, cov = tracks.mean[[row], mode], tracks.cov[[row], mode]
        target = steered_tracks(
            mean,
            cov,
            np.array([[0.0, 0.0, TURN_SIGMA]]),
            np.full(1, LONG_S),
            p.ground_m,
            self._grid,
        )
        (start,), (move,) = target.pos_m, target.vel_mps
        pace = max(float(np.hypot(*move)), 1.0)
        way = self._way(body.path, tracks.time_s[row], pace) - start
        ahead = move / pace
        axes = np.stack([ahead, [ahead[1], -ahead[0]]])  # along, across to the right
        course = np.gradient(way, axis=0)
        course /= np.maximum(np.linalg.norm(course, axis=1), 1e-9)[:, None]
        course[0] = ahead
        told = np.zeros_like(self._known.way)
        told[:, :2], told[:, 2:4] = axes @ way.T / pace, axes @ course.T
        ground = self._ground[body.kind]
        arrivals = carry(target, replace(self._known, way=told), ground)
        return arrival_futures(arrivals, self._grid, tracks.time_s[[row]])[1]

    def _way(self, path: Path, now_s: float, pace_mps: float) -> FloatArray:
        """(k, 2) places at each step from now on, east, north in the plane of the grid."""
        p = self._params
        clock = now_s + np.arange(0.0, p.horizon_s + 0.5 * p.step_s, p.step_s)
        end_s = float(path.time_s[-1])
        asked = np.append(np.minimum(clock, end_s), [end_s - 5.0, end_s])
        lat, lon, _ = geographic_points(np.ascontiguousarray(path.at(asked)[:, :3]))
        place = self._grid.flat(np.stack([lat, lon], axis=1))
        last = place[-1] - place[-2]
        last /= max(float(np.hypot(*last)), 1e-9)
        return np.asarray(
            place[:-2] + np.maximum(clock - end_s, 0.0)[:, None] * pace_mps * last
        )


class KnownForecaster(Forecaster):
    """A forecaster that knows the way ahead of what steers itself."""

    def __init__(
        self,
        air: FloatArray,
        zones: Zones,
        params: ForecastParams,
        threats: Sequence[Body],
    ) -> None:
        super().__init__(air, zones, params)
        self._steering = KnownWays(zones, params, threats)


class KnownChain:
    """All of the chain but the decision, from tracks that are true."""

    def __init__(self, tracks: KnownTracks, forecaster: Forecaster, zones: Zones) -> None:
        self._tracks, self._forecaster = tracks, forecaster
        self._exposer = Exposer(zones)

    def foresee(self, event: Event) -> tuple[Tracks, Forecasts, Exposures]:
        """As of `Pipeline`."""
        tracks = self._tracks.step(event)
        forecasts = self._forecaster.step(tracks, event)
        return tracks, forecasts, self._exposer.step(forecasts)
