"""One body that falls, followed alone: the motion kernels of the tracker, without the rest.

The tracker takes what falls no faster than sound for something that flies straight, and
starts from ballistic coefficients of rockets. Here it is known that a body falls, and what
is asked is how well its fall is told: its ballistic coefficient may be anything.
"""

import numpy as np

from forewarn.bench.falls import Fall
from forewarn.dynamics import drag_tables
from forewarn.geodesy import FloatArray, ecef_from_geographic, enu_from_ecef
from forewarn.motion import COUNT, SLEEPS, motion_room, predict
from forewarn.records import FALLING, STRAIGHT, Tracks
from forewarn.threats import CLASSES, ROCKET

# ln beta beforehand: a Gaussian about each, for one alone would be far from straight
STARTS, START_SIGMA = np.arange(5.0, 9.5, 1.0), 0.5
SPEED_SIGMA_MPS = (100.0, 300.0)  # of the velocity beforehand, across and up
SIDE_M2PS3 = 20.0  # across its way: some 2 m/s2 that last some 2 s, as of a wreck
LEAST = 1e-6  # weight below which a reading is let go


class Single:
    """A bank of filters: each drag curve from each start of ln beta.

    mean : (starts, modes, 7), cov : (starts, modes, 7, 7), weight : (starts, modes)
    """

    def __init__(self, fall: Fall) -> None:
        lat, lon, height = fall.place[0]
        self._fall = fall
        self._drag = drag_tables()
        self._room = motion_room()
        self._turn = enu_from_ecef(lat, lon)
        shape = (len(STARTS), COUNT)
        self.mean, self.cov = np.zeros((*shape, 7)), np.zeros((*shape, 7, 7))
        self.weight = np.zeros(shape)
        falls = slice(FALLING, STRAIGHT)
        self.mean[:, falls, :3] = ecef_from_geographic(lat, lon, height)
        self.mean[:, falls, 6] = STARTS[:, None]
        self.cov[:, falls, :3, :3] = self._noise(0)
        fast = np.array(SPEED_SIGMA_MPS)[[0, 0, 1]]
        self.cov[:, falls, 3:6, 3:6] = self._turn.T @ np.diag(fast**2) @ self._turn
        self.cov[:, falls, 6, 6] = START_SIGMA**2
        self.weight[:, falls] = 1.0 / (len(STARTS) * (STRAIGHT - FALLING))
        self.row = 0

    def step(self) -> None:
        """Take the next report."""
        fall, self.row = self._fall, self.row + 1
        dt_s = float(fall.time_s[self.row] - fall.time_s[self.row - 1])
        for start in range(len(STARTS)):
            predict(
                self.mean[start],
                self.cov[start],
                self.weight[start],
                dt_s,
                SLEEPS,
                fall.air,
                self._drag,
                self._room,
            )
        awake = self.weight > 0.0
        mean, cov = self.mean[awake], self.cov[awake]
        cov[:, :6, :6] += _side_noise(mean[:, 3:6], dt_s)
        place = np.array(ecef_from_geographic(*fall.place[self.row]))
        noise = self._noise(self.row)
        seen = cov[:, :3, :3] + noise
        gain = np.linalg.solve(seen, cov[:, :3]).transpose(0, 2, 1)
        off = place - mean[:, :3]
        mean += np.einsum("nij,nj->ni", gain, off)
        keep = np.eye(7) - np.concatenate([gain, np.zeros((len(gain), 7, 4))], axis=2)
        cov = keep @ cov @ keep.transpose(0, 2, 1) + gain @ noise @ gain.transpose(0, 2, 1)
        fit = np.einsum("ni,ni->n", off, np.linalg.solve(seen, off[:, :, None])[:, :, 0])
        log_like = -0.5 * (fit + np.linalg.slogdet(seen)[1])
        self.mean[awake], self.cov[awake] = mean, cov
        self.weight[awake] *= np.exp(log_like - log_like.max())
        self.weight /= self.weight.sum()
        self.weight[self.weight < LEAST] = 0.0

    def tracks(self) -> Tracks:
        """What is known now, as the one track of a rocket; starts are blended."""
        weight = self.weight.sum(axis=0)
        part = self.weight / np.maximum(weight, LEAST * LEAST)
        mean = np.einsum("sm,smi->mi", part, self.mean)
        off = self.mean - mean
        cov = np.einsum("sm,smij->mij", part, self.cov + off[..., None] * off[..., None, :])
        return one_track(
            mean, cov, weight / weight.sum(), float(self._fall.time_s[self.row])
        )

    def _noise(self, row: int) -> FloatArray:
        """(3, 3) covariance of a report."""
        across, up = self._fall.sigma_m[row]
        return self._turn.T @ np.diag([across**2, across**2, up**2]) @ self._turn


def _side_noise(vel_mps: FloatArray, dt_s: float) -> FloatArray:
    """(n, 6, 6) white acceleration across velocities (n, 3), as of `motion.add_noise`."""
    along = vel_mps / np.linalg.norm(vel_mps, axis=1, keepdims=True)
    across = SIDE_M2PS3 * (np.eye(3) - along[:, :, None] * along[:, None, :])
    time = np.array([[dt_s**3 / 3, dt_s**2 / 2], [dt_s**2 / 2, dt_s]])
    out = np.einsum("ab,nij->naibj", time, across)
    return np.asarray(out.reshape(-1, 6, 6))


def one_track(
    mean: FloatArray, cov: FloatArray, weight: FloatArray, time_s: float
) -> Tracks:
    """The record of one confirmed rocket: modes (k, 7), (k, 7, 7), their weights (k,)."""
    return Tracks(
        received_s=time_s,
        track_id=np.ones(1, np.int64),
        time_s=np.array([time_s]),
        mean=np.ascontiguousarray(mean[None]),
        cov=np.ascontiguousarray(cov[None]),
        mode_weight=weight[None].copy(),
        turn_radps=np.zeros((1, 2)),
        class_prob=np.eye(len(CLASSES))[[ROCKET]],
        existence=np.ones(1),
        confirmed=np.ones(1, bool),
        named=np.ones(1, bool),
        trusted=np.ones(1, bool),
        group_mask=np.ones(1, np.int64),
        first_s=np.array([time_s]),
        silence=np.zeros(1),
        hits=np.ones(1, np.int64),
        withdrawn=np.zeros(0, np.int64),
        identity=("",),
        group_names=("reports",),
    )
