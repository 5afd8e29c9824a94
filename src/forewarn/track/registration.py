"""The bias of each radar in range, azimuth, elevation and clock, learned while running.

Two plots of one track, of different sensors and shortly after one another, must lie as far
apart as the target has flown between them. What is left over is the difference of two
biases, seen from two places; a Kalman filter over the biases of all sensors gathers it.
Reports of known position (identified air traffic) have no bias and tie the others down;
without them only differences of clocks can be known, and radars are right on average.
Source: Bar-Shalom, Li, "Multitarget-Multisensor Tracking: Principles and Techniques"
(1995), section 8.2; the augmented linear model, on plots instead of tracks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import bare_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, BoolArray, IntArray, Sensor, SensorKind
from forewarn.sensor import inverse3
from forewarn.track.scan import Scan
from forewarn.track.table import COUNT, LAST, Table

# m, rad, rad, s: of one radar, set up with care. A wider one in the plots' noise would find
# twice as much, at a tenth of the accuracy for as long as nothing is found
PRIOR = np.array([30.0, 2e-3, 2e-3, 0.1])
WANDER = np.array([0.05, 3e-6, 3e-6, 2e-4])  # a scan: what a radar's warming up may do
LONGEST_S = 1.6  # between the two plots
LEAST_HITS = 24  # until its velocity is its own, not that of what two radars disagree by
BOOSTED = 0.1  # probability that a target is being boosted
GATE = 30.0  # squared distance of three: beyond it the plots are not of one target
TWIN_GATE = 12.0  # the same of twins, over biases of which nothing is known yet
MOST = 128  # pairs of a scan
STANDS_OUT = 3.0  # standard deviations
ASKED_SCANS = 8  # how often it is asked what stands out: it takes longer than learning
THIN = 2.0  # plots enter two pairs each: noise counted so many times larger
NONE = np.zeros(4)
POSITION, NOBODY = -1.0, -2.0  # `by` of a report of position, of none yet


class Bias(NamedTuple):
    """What one radar says too much: range m, azimuth, elevation rad, clock s; each (4,)."""

    mean: FloatArray
    sigma: FloatArray


class BiasState(NamedTuple):
    """Biases of all radars; its arrays are never written to again.

    mean (s, 4), cov (4 s, 4 s) : of all together
    sure (s, 4)                 : what is taken off: what of the mean surely is bias
    scans                       : since `sure` was asked last
    begun_s                     : UTC seconds of the first radar's first scan; -inf = none
    """

    mean: FloatArray
    cov: FloatArray
    sure: FloatArray
    scans: int
    begun_s: float


class Registration:
    """Learns biases of all radars from what tracks take."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        radars = [s.sensor_id for s in sensors if s.kind is SensorKind.RADAR]
        self._row = {name: k for k, name in enumerate(radars)}
        none = np.zeros((len(radars), 4))
        cov = np.diag(np.tile(PRIOR**2, len(radars)))
        self.state = BiasState(none, cov, none, 0, -np.inf)

    def bias(self, sensor: Sensor) -> FloatArray:
        """(4,) range m, azimuth, elevation rad, clock s: what it surely says too much."""
        row = self._row.get(sensor.sensor_id)
        return NONE if row is None else self.state.sure[row]

    @property
    def biases(self) -> dict[str, Bias]:
        """Of each radar, what is known now."""
        sigma = np.sqrt(np.diag(self.state.cov)).reshape(-1, 4)
        return {name: Bias(self.state.mean[k], sigma[k]) for name, k in self._row.items()}

    def learn(
        self, t: Table, taken: IntArray, scan: Scan, when_s: float, sensor: Sensor
    ) -> None:
        """Hold plots that tracks (n) took against those they took before.

        taken : (n,) row in the scan of when_s, -1 = none
        """
        row = self._row.get(sensor.sensor_id)
        if row is None and sensor.kind is not SensorKind.POSITION:
            return
        before = self.state
        mean, cov = before.mean.copy(), before.cov.copy()
        begun_s = before.begun_s
        if row is not None and not np.isfinite(begun_s):
            begun_s = when_s
        _learn(
            taken,
            POSITION if row is None else float(row),
            self.bias(sensor),
            scan.time_s,
            scan.z,
            scan.point,
            scan.noise,
            scan.turn,
            t,
            mean.reshape(-1),
            cov,
        )
        scans = (before.scans + 1) % ASKED_SCANS
        sure = before.sure if scans else _sure_part(mean, cov)
        self.state = BiasState(mean, cov, sure, scans, begun_s)

    def row(self, sensor: Sensor) -> float:
        """Whose plots are, in the column `last` of tracks."""
        return float(self._row.get(sensor.sensor_id, POSITION))

    def doubt(self, t: Table, twins: IntArray) -> IntArray:
        """Begin anew with radars that made two tracks (rows (k, 2) of t) of one target.

        What was known of their biases cannot be true any more; how far apart the plots of
        the two tracks lie says what it may be now.
        returns : rows of the second of each two that well set up radars may disagree by
        """
        mean, cov = self.state.mean.copy(), self.state.cov.copy()
        for row in np.unique(t["last"][twins][:, :, 22]).astype(int):
            part = slice(4 * row, 4 * row + 4)
            mean[row], cov[part], cov[:, part] = 0.0, 0.0, 0.0
            cov[part, part] = np.diag(PRIOR**2)
        good = _compare(t, twins, mean.reshape(-1), cov)
        if good.any():
            sure = _sure_part(mean, cov)
            self.state = self.state._replace(mean=mean, cov=cov, sure=sure)
        return np.asarray(twins[good, 1])

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        values = self.state._asdict().items()
        return {f"bias_{name}": np.asarray(value) for name, value in values}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        mean, cov, sure, scans, begun_s = (
            memory[f"bias_{name}"] for name in BiasState._fields
        )
        self.state = BiasState(
            mean.copy(), cov.copy(), sure.copy(), int(scans), float(begun_s)
        )


def _sure_part(mean: FloatArray, cov: FloatArray) -> FloatArray:
    """(s, 4) what of the biases stands out of its own uncertainty, in any combination.

    Two clocks may be known against each other and not at all by themselves, so this is
    asked along the axes of the joint covariance. What does not stand out would only move
    all tracks to and fro together.
    """
    scale = np.tile(PRIOR, len(mean))
    spread, axes = np.linalg.eigh(cov / np.outer(scale, scale))
    along = axes.T @ (mean.ravel() / scale)
    doubt = STANDS_OUT**2 * spread / np.maximum(along**2, 1e-12)
    part = np.asarray(axes @ (along * np.maximum(1.0 - doubt, 0.0)) * scale)
    return part.reshape(mean.shape)


@kernel
def _learn(
    taken: IntArray,
    by: float,
    applied: FloatArray,
    time_s: FloatArray,
    z: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    turn: FloatArray,
    t: Table,
    bias: FloatArray,
    bias_cov: FloatArray,
) -> None:
    """Learn from all tracks, in place: `last` of t, bias (b,), bias_cov (b, b).

    applied : (4,) bias taken off the plots already; put back, so that nothing feeds back
    """
    slope, now, before = np.zeros((3, 4)), np.zeros(LAST), np.zeros(LAST)
    room = _room(len(bias))
    used = 0
    if by >= 0.0:
        for k in range(4):
            bias_cov[4 * int(by) + k, 4 * int(by) + k] += WANDER[k] ** 2
    for i in range(len(taken)):
        j = taken[i]
        if j < 0:
            continue
        slope[:] = 0.0
        if by >= 0.0:
            _slope(z[j], turn[j], slope)
        for k in range(3):
            now[k] = point[j, k]
            for q in range(3):
                now[k] += slope[k, q] * applied[q]
                now[3 + 3 * k + q] = noise[j, k, q]
                now[12 + 3 * k + q] = slope[k, q]
        now[21] = time_s[j] + applied[3]
        now[22] = by
        row = t[i]
        for k in range(3):
            now[23 + k] = 0.0
            for mode in range(COUNT):
                if row["weight"][mode] > 0.0:
                    now[23 + k] += row["weight"][mode] * row["mean"][mode, 3 + k]
        for k in range(LAST):
            before[k] = row["last"][k]
            row["last"][k] = now[k]
        useful = (
            before[22] > NOBODY
            and before[22] != by
            and abs(now[21] - before[21]) <= LONGEST_S
            and row["hits"] >= LEAST_HITS
            and row["weight"][BOOSTING] < BOOSTED
            and used < MOST
        )
        if useful:
            used += 1
            _hold(t, i, before, now, GATE, bias, bias_cov, room)


@kernel
def _compare(
    t: Table, twins: IntArray, bias: FloatArray, bias_cov: FloatArray
) -> BoolArray:
    """Learn from the last plots of twins, in place of the last two; (k,) which could be."""
    room, good = _room(len(bias)), np.zeros(len(twins), np.bool_)
    for pair in range(min(len(twins), MOST)):
        kept, dropped = twins[pair]
        before, now = t[kept]["last"], t[dropped]["last"]
        if abs(now[21] - before[21]) <= LONGEST_S:
            good[pair] = _hold(t, kept, before, now, TWIN_GATE, bias, bias_cov, room)
    return good


class Room(NamedTuple):
    """What learning of one pair works in."""

    h: FloatArray
    spread: FloatArray
    away: FloatArray
    ahead: FloatArray
    gain: FloatArray
    inverse: FloatArray
    told: FloatArray
    velocity: FloatArray


@kernel
def _room(size: int) -> Room:
    return Room(
        np.zeros((3, size)),
        np.empty((3, 3)),
        np.empty(3),
        np.empty((size, 3)),
        np.empty((size, 3)),
        np.empty((3, 3)),
        np.empty(3),
        np.empty(3),
    )


@bare_kernel
def _hold(
    t: Table,
    i: int,
    before: FloatArray,
    now: FloatArray,
    gate: float,
    bias: FloatArray,
    bias_cov: FloatArray,
    room: Room,
) -> bool:
    """Hold one plot against another of the same target, which flies as track i of t.

    Learns nothing, and returns False, where they are too far apart to be true.
    Each plot pulls the velocity of its track towards itself: what lies between two radars
    would seem smaller by the velocity after the second, larger by that before it. By the
    mean of both it is as large as it is.
    """
    row, h, velocity, dt_s = t[i], room.h, room.velocity, now[21] - before[21]
    vague2 = 0.0
    for k in range(3):
        velocity[k] = 0.5 * (before[23 + k] + now[23 + k])
        for mode in range(COUNT):
            if row["weight"][mode] > 0.0:
                vague2 += row["weight"][mode] * row["cov"][mode, 3 + k, 3 + k] / 3.0
    h[:] = 0.0
    for k in range(3):
        room.away[k] = now[k] - before[k] - velocity[k] * dt_s
        for sign, at in ((1.0, now), (-1.0, before)):
            if at[22] >= 0.0:
                first = 4 * int(at[22])
                for q in range(3):
                    h[k, first + q] += sign * at[12 + 3 * k + q]
                h[k, first + 3] -= sign * velocity[k]
        for q in range(3):
            room.spread[k, q] = THIN * (now[3 + 3 * k + q] + before[3 + 3 * k + q])
        room.spread[k, k] += THIN * vague2 * dt_s * dt_s
    return _update(room, gate, bias, bias_cov)


@kernel
def _slope(z: FloatArray, turn: FloatArray, out: FloatArray) -> None:
    """(3, 4) ECEF place of a plot by its range, azimuth, elevation."""
    sin_a, cos_a = np.sin(z[1]), np.cos(z[1])
    sin_e, cos_e = np.sin(z[2]), np.cos(z[2])
    for k in range(3):
        e, n, u = turn[0, k], turn[1, k], turn[2, k]
        out[k, 0] = e * cos_e * sin_a + n * cos_e * cos_a + u * sin_e
        out[k, 1] = z[0] * cos_e * (e * cos_a - n * sin_a)
        out[k, 2] = z[0] * (u * cos_e - sin_e * (e * sin_a + n * cos_a))


@bare_kernel
def _update(room: Room, gate: float, bias: FloatArray, cov: FloatArray) -> bool:
    """Kalman update by three rows, in place, unless they are too far off to be true."""
    size = len(bias)
    h, spread, away, ahead = room.h, room.spread, room.away, room.ahead
    gain, inverse, told = room.gain, room.inverse, room.told
    for b in range(size):
        for k in range(3):
            ahead[b, k] = 0.0
            for c in range(size):
                ahead[b, k] += cov[b, c] * h[k, c]
    for k in range(3):
        for b in range(size):
            away[k] -= h[k, b] * bias[b]
            for q in range(3):
                spread[k, q] += h[k, b] * ahead[b, q]
    inverse3(spread, inverse)
    far2 = 0.0
    for k in range(3):
        told[k] = 0.0
        for q in range(3):
            told[k] += inverse[k, q] * away[q]
        far2 += told[k] * away[k]
    if not far2 <= gate:
        return False
    for b in range(size):
        for k in range(3):
            bias[b] += ahead[b, k] * told[k]
            gain[b, k] = 0.0
            for q in range(3):
                gain[b, k] += ahead[b, q] * inverse[q, k]
    for b in range(size):
        for c in range(b + 1):
            for k in range(3):
                cov[b, c] -= gain[b, k] * ahead[c, k]
            cov[c, b] = cov[b, c]
    return True
