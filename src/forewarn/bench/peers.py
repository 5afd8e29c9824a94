"""Open trackers on the same scenes, as their users would set them up.

Both get each plot as a place with its own covariance, in the plane at the first radar.
Settings are those that did best in a sweep on other seeds than those measured.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from forewarn.bench.scenes import Scene
from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.records import PlotBatch
from forewarn.track.health import Known
from forewarn.track.scan import read_scan

HITS = 4  # to confirm
MISSES = 6  # scans, to drop a track; two for one that is not confirmed
NOISE = {"FilterPy": 200.0, "Stone Soup": 800.0}  # m2/s3
SPEED_MPS = 500.0  # one sigma of a new track, each axis
GATE = 16.0


class Peer(Protocol):
    """A tracker fed scan by scan: numbers of its tracks, and their places (n, 3)."""

    def step(
        self, time_s: float, point: FloatArray, noise: FloatArray
    ) -> tuple[Any, Any]: ...


class Plane:
    """East, north, up at the first radar of a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        first = scene.sensors[0]
        self.origin = first.origin_ecef_m
        self.turn = enu_from_ecef(first.lat_rad, first.lon_rad)
        self._sensors = {sensor.sensor_id: sensor for sensor in scene.sensors}

    def plots(self, batch: PlotBatch) -> tuple[FloatArray, FloatArray]:
        """(n, 3) places and (n, 3, 3) covariances of a scan's plots."""
        keep = np.ones(len(batch.time_s), bool)
        sensor = self._sensors[batch.sensor_id]
        known = Known(sensor.detection_probability, sensor.clutter_per_scan, 1.0)
        scan = read_scan(batch, sensor, keep, np.zeros(4), known)
        return (
            (scan.point - self.origin) @ self.turn.T,
            np.asarray(self.turn @ scan.noise @ self.turn.T),
        )

    def ecef(self, place: FloatArray) -> FloatArray:
        """Back again."""
        return np.asarray(place.reshape(-1, 3) @ self.turn + self.origin)


def noise_of(dt_s: float, psd: float) -> FloatArray:
    """(6, 6) white acceleration; places first, then velocities."""
    blocks = [[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]]
    return np.asarray(psd * np.kron(blocks, np.eye(3)))


class FilterPyLoop:
    """A loop around FilterPy's Kalman filter, with SciPy's assignment: a day's work."""

    def __init__(self) -> None:
        self._tracks: list[Any] = []
        self._number = 0
        self._time_s = 0.0

    def step(self, time_s: float, point: FloatArray, noise: FloatArray) -> tuple[Any, Any]:
        """One scan."""
        from scipy.optimize import linear_sum_assignment

        dt_s = max(time_s - self._time_s, 0.0)
        self._time_s = time_s
        cost = np.full((len(self._tracks), len(point)), 1e6)
        for i, track in enumerate(self._tracks):
            track.F[:3, 3:] = dt_s * np.eye(3)
            track.Q = noise_of(dt_s, NOISE["FilterPy"])
            track.predict()
            track.missed += 1
            total = track.P[:3, :3] + noise
            away = point - track.x[:3]
            d2 = np.einsum("ij,ijk,ik->i", away, np.linalg.inv(total), away)
            near = d2 < GATE
            cost[i, near] = d2[near] + np.log(np.linalg.det(total[near]))
        free = np.ones(len(point), bool)
        for row, j in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, j] < 1e6:
                self._tracks[row].update(point[j], R=noise[j])
                self._tracks[row].hits += 1
                self._tracks[row].missed = 0
                free[j] = False
        self._tracks = [
            t for t in self._tracks if t.missed < (MISSES if t.hits >= HITS else 2)
        ]
        for fresh in np.flatnonzero(free):
            self._tracks.append(self._new(point[fresh], noise[fresh]))
        shown = [t for t in self._tracks if t.hits >= HITS]
        return [t.number for t in shown], np.array([t.x[:3] for t in shown])

    def _new(self, point: FloatArray, noise: FloatArray) -> Any:
        from filterpy.kalman import KalmanFilter

        track: Any = KalmanFilter(dim_x=6, dim_z=3)
        track.x = np.concatenate([point, np.zeros(3)])
        track.P = np.diag([0.0] * 3 + [SPEED_MPS**2] * 3)
        track.P[:3, :3] = noise
        track.F, track.H = np.eye(6), np.eye(3, 6)
        self._number += 1
        track.number, track.hits, track.missed = self._number, 1, 0
        return track


class StoneSoup:
    """Stone Soup's multi-target tracker: global nearest neighbour, Kalman filter."""

    def __init__(self) -> None:
        from stonesoup.dataassociator.neighbour import GNNWith2DAssignment
        from stonesoup.deleter.time import UpdateTimeStepsDeleter
        from stonesoup.hypothesiser.distance import DistanceHypothesiser
        from stonesoup.initiator.simple import MultiMeasurementInitiator
        from stonesoup.measures import Mahalanobis
        from stonesoup.models.transition.linear import (
            CombinedLinearGaussianTransitionModel,
            ConstantVelocity,
        )
        from stonesoup.predictor.kalman import KalmanPredictor
        from stonesoup.tracker.simple import MultiTargetTracker
        from stonesoup.types.state import GaussianState
        from stonesoup.updater.kalman import KalmanUpdater

        motion = [ConstantVelocity(NOISE["Stone Soup"])] * 3
        predictor = KalmanPredictor(CombinedLinearGaussianTransitionModel(motion))
        updater = KalmanUpdater(None)
        near = DistanceHypothesiser(
            predictor, updater, Mahalanobis(), missed_distance=GATE**0.5
        )
        prior = GaussianState([[0]] * 6, np.diag([0, SPEED_MPS**2] * 3))
        initiator = MultiMeasurementInitiator(
            prior,
            UpdateTimeStepsDeleter(2),
            GNNWith2DAssignment(near),
            updater,
            min_points=HITS,
        )
        self._scan: Any = None
        self._tracker = MultiTargetTracker(
            initiator,
            UpdateTimeStepsDeleter(MISSES),
            self,
            GNNWith2DAssignment(near),
            updater,
        )
        iter(self._tracker)
        self._numbers: dict[Any, int] = {}

    def __iter__(self) -> Any:
        """The detector of the tracker: hands out the scan of the moment."""
        while True:
            yield self._scan

    def step(self, time_s: float, point: FloatArray, noise: FloatArray) -> tuple[Any, Any]:
        """One scan."""
        from stonesoup.models.measurement.linear import LinearGaussian
        from stonesoup.types.array import StateVector
        from stonesoup.types.detection import Detection

        now = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=time_s % 86400.0)
        self._scan = (
            now,
            {
                Detection(
                    StateVector(z), now, measurement_model=LinearGaussian(6, (0, 2, 4), R)
                )
                for z, R in zip(point, noise, strict=True)
            },
        )
        _, tracks = next(self._tracker)
        numbers = [self._numbers.setdefault(t.id, len(self._numbers)) for t in tracks]
        states = [np.asarray(t.state_vector, float).ravel()[[0, 2, 4]] for t in tracks]
        return numbers, np.array(states)


PEERS: dict[str, tuple[str, type[Any]]] = {
    "FilterPy": ("filterpy", FilterPyLoop),
    "Stone Soup": ("stonesoup", StoneSoup),
}
