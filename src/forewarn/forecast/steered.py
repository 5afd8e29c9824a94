"""Futures of what steers itself, over the country of a site: particles, cell by cell."""

from functools import partial

import numpy as np

from forewarn.errors import ModelError
from forewarn.forecast.manoeuvring import carry
from forewarn.forecast.params import ForecastParams
from forewarn.forecast.plane import arrival_futures, steered_tracks
from forewarn.forecast.raster import Grid, draw_raster, hazards_at, make_ground
from forewarn.forecast.runs import Runs
from forewarn.forecast.seen import SeenWays
from forewarn.forecast.ways import HABITS, Ways, draw_ways
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import STRAIGHT, TURNING, IntArray, Tracks, Zones
from forewarn.threats import CRUISE_MISSILE, DRONE

CELLS = 240  # of the raster, each way, at most
REACH_MPS = 250.0  # how fast what flies beyond the zones may come to them


class Steering:
    """The ways of each class over the cells of a site.

    runs : how long drones flew straight, and what their dives told
    """

    def __init__(self, zones: Zones, params: ForecastParams) -> None:
        if not 0.0 <= params.believed <= 1.0:
            raise ModelError(
                f"believed: found {params.believed:g}, expected a share, 0 to 1"
            )
        self._params = params
        self._grid = _grid(zones, REACH_MPS * params.horizon_s, params.cell_m)
        place, people = zones.point_rad, zones.population[zones.point_zone]
        self._ground = {}
        per_minute = {
            DRONE: params.dive_per_min,
            CRUISE_MISSILE: params.cruise_dive_per_min,
        }
        for kind, per_min in per_minute.items():
            rate = per_min / 60.0
            hazard = draw_raster(
                self._grid, place, people * zones.point_share, rate, params.intent
            )
            label = np.arange(hazard.size, dtype=np.int32).reshape(hazard.shape)
            self._ground[kind] = make_ground(
                label, hazard, self._grid.corner_m, self._grid.cell_m, rate
            )
        self._drawn = {
            kind: draw_ways(kind, params.ways, params.horizon_s, params.step_s)
            for kind in self._ground
        }
        believed = partial(hazards_at, self._grid, self._ground[DRONE])
        steps = round(params.horizon_s / params.step_s)
        self.runs = Runs(
            HABITS[DRONE],
            believed,
            params.missing_s,
            params.precedents_s,
            SeenWays(steps, params.step_s, params.precedents_s),
        )

    def futures(
        self, tracks: Tracks, rows: IntArray, chance: FloatArray
    ) -> tuple[IntArray, FloatArray]:
        """Futures of the tracks in `rows`, from the state of the likelier mode.

        chance  : (rows,) probability that it is a threat and steers itself
        returns : (k,) which of `rows`, (k, 10) weight and columns of `falling_futures`
        """
        owners, made = [], []
        run_s = self.runs.straight_s(tracks.track_id[rows], tracks.time_s[rows])
        drone = tracks.class_prob[rows, DRONE] >= tracks.class_prob[rows, CRUISE_MISSILE]
        for kind in (DRONE, CRUISE_MISSILE):
            mine = (chance > self._params.negligible) & (drone == (kind == DRONE))
            own = np.flatnonzero(mine)
            if not len(own):
                continue
            ways = self._ways(kind)
            flown = rows[own]
            weight = tracks.mode_weight[flown, STRAIGHT:]
            mode = STRAIGHT + weight.argmax(axis=1)
            # a filter that sees noise keeps turning in mind; what turns is soon sure of it
            weight = weight**2 / (weight**2).sum(axis=1, keepdims=True)
            mean, cov = tracks.mean[flown, mode], tracks.cov[flown, mode]
            turn = np.column_stack(
                [weight[:, TURNING - STRAIGHT], tracks.turn_radps[flown]]
            )
            targets = steered_tracks(
                mean, cov, turn, run_s[own], self._params.ground_m, self._grid
            )
            arrivals = carry(targets, ways, self._ground[kind])
            owner, futures = arrival_futures(arrivals, self._grid, tracks.time_s[flown])
            futures[:, 0] *= chance[own][owner]
            owners.append(own[owner])
            made.append(futures)
        if not made:
            return np.zeros(0, np.int64), np.zeros((0, 10))
        return np.concatenate(owners), np.concatenate(made)

    def _ways(self, kind: int) -> Ways:
        """Of a class as it is known by now."""
        if kind != DRONE:
            return self._drawn[kind]
        runs = self.runs
        share = min(runs.seen.share(), 1.0 - self._params.believed)
        ways = self._drawn[kind].seen(*runs.seen.table(), share)
        return ways.diving(runs.eager(), runs.aside())


def _grid(zones: Zones, reach_m: float, cell_m: float) -> Grid:
    """Cells over all zones and as far around them as threats may come from in time."""
    low, high = zones.point_rad.min(axis=0), zones.point_rad.max(axis=0)
    lat, lon = 0.5 * (low + high)
    span = (high - low) * metres_per_radian(float(lat)) + 2.0 * reach_m
    cell_m = max(cell_m, float(span.max()) / CELLS)
    rows, columns = np.ceil(span / cell_m).astype(int)
    return Grid(float(lat), float(lon), cell_m, int(rows), int(columns))
