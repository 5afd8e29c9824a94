"""Futures of what falls: an unscented transform through the flight to the ground."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import inner_kernel, kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.flight import Ground, fall
from forewarn.flight.lift import WEIGHT_MPS2
from forewarn.forecast.shown import LAGS_S, seen_mps
from forewarn.geodesy import FloatArray
from forewarn.records.arrays import IntArray

DIMENSIONS = 9  # position, velocity, ln beta, wind east, wind north
LEAST_LIFT = 0.005  # below which a body is flown as if it had none
# weights of the unscented transform for n + kappa = 3, about its centre point
EDGE = 1.0 / 6.0
SMALLEST_SIGMA_M = 20.0
# a fall that ln beta bends by more than this, in standard deviations, is told in PARTS: at
# a third of the skew that a Gaussian has none of
BENT = 0.06
LONGER = 0.05  # and one whose time ln beta leaves open by more than this share of it
PARTS = 3
# a normal number is one of variance 1/2 about each of the three points of Gauss-Hermite
# for another of 1/2: its first five moments stay. Source: Julier, Uhlmann (2004)
BETWEEN = np.sqrt(1.5)
PART_WEIGHT = (1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0)
BETA = 6  # the axis of ln beta
TUMBLES, TUMBLES_EDGE = 6.9, 0.05  # ln beta below which real wrecks slide and turn
SLICES = 24  # of a fall, in which lift is taken as even
DRIFTS_S = 60.0  # for so long at most the ballistic coefficient drifts
# drag coefficients differ most from body to body between these speeds; below, hardly
SLOW_MPS, FAST_MPS = 240.0, 400.0
FASTER = 1 / 3  # as much as there, per e-fold, they differ at greater speeds


@kernel
def lower_root(cov: FloatArray, root: FloatArray) -> None:
    """Cholesky factor of a covariance; a direction without variance gives a zero column."""
    n = cov.shape[0]
    root[:] = 0.0
    for j in range(n):
        rest = cov[j, j]
        for k in range(j):
            rest -= root[j, k] * root[j, k]
        if rest <= 1e-14 * abs(cov[j, j]) or rest <= 0.0:
            continue
        root[j, j] = np.sqrt(rest)
        for i in range(j + 1, n):
            part = cov[i, j]
            for k in range(j):
                part -= root[i, k] * root[j, k]
            root[i, j] = part / root[j, j]


class FallNoise(NamedTuple):
    """What flights are unsure of beside their state; see `ForecastParams`."""

    wind_mps: float
    density: float
    drift: float
    steady: float
    lift_share: float
    lift_s: float
    unseen: float


@inner_kernel
def _tumbles(ln_beta: float) -> float:
    """How surely a body is too light for its size to fly nose first, 0 .. 1."""
    return float(1.0 / (1.0 + np.exp((ln_beta - TUMBLES) / TUMBLES_EDGE)))


@inner_kernel
def _course(speed_mps: float) -> float:
    """How far a speed is along what drag curves differ by: steepest across Mach 1."""
    speed = max(speed_mps, SLOW_MPS)
    return float(FASTER * np.log(speed) + np.log(min(speed, FAST_MPS)))


@inner_kernel
def _air_doubt(
    mean: FloatArray, landed: FloatArray, shown_mps: float, noise: FallNoise
) -> tuple[float, float]:
    """Variance of ln beta that comes on the way, and of the time of coming down, s2.

    The air is thicker than told, a body turns. For the place it counts for as long as the
    way would take at the speed of now, and of a walk of ln beta through a speed that dies
    away over that time half counts: what changes late changes little. What a fast light
    body does once it is stopped only tells when it comes down: a fall at its final speed
    takes as the root of beta, and the mean of a walk varies a third as much as its end.
    mean : (7,) of the body; landed : (7,) as of `fall`; shown_mps : of `seen_mps`
    """
    speed2, way2 = 1.0, 0.0
    for i in range(3):
        speed2 += mean[3 + i] ** 2
        way2 += (landed[1 + i] - mean[i]) ** 2
    longest = min(landed[0], DRIFTS_S)
    seconds = min(longest, np.sqrt(way2 / speed2))
    loose = _tumbles(mean[6])
    drift = loose * noise.drift**2 + (1.0 - loose) * noise.steady**2
    late = 0.25 * landed[0] ** 2 * drift * (longest - seconds) / 3.0
    # drag at speeds that it will only come to is a guess: the mean speed of the rest of
    # the way tells how far it is yet to slow down
    mean_mps = np.sqrt(way2) / max(landed[0], 0.1)
    unseen = noise.unseen * max(_course(shown_mps) - _course(mean_mps), 0.0)
    return float(noise.density**2 + unseen**2 + 0.5 * drift * seconds), float(late)


@inner_kernel
def _slides(ln_beta: float, landed: FloatArray, noise: FallNoise) -> float:
    """Standard deviation of a body's lift over its drag, per axis, as if it kept one
    direction all the way: it would come down as far aside as by lift that does not.

    Lift forgets its direction over lift_s. What it does early counts for more, because the
    body goes on aside until drag has stopped that, over its final speed / g.
    landed : (7,) as of `fall`
    """
    fall_s = landed[0]
    stop_s = max(
        np.sqrt(landed[4] ** 2 + landed[5] ** 2 + landed[6] ** 2) / WEIGHT_MPS2, 1.0
    )
    step_s = fall_s / SLICES
    forgets, stops = np.exp(-step_s / noise.lift_s), np.exp(-step_s / stop_s)
    moving, kept, variance, whole = np.sqrt(stops), 0.0, 0.0, 0.0
    for _ in range(SLICES):  # from the last slice of the fall to the first
        counts = 1.0 - moving
        variance += counts * (counts + 2.0 * kept)
        kept = (kept + counts) * forgets
        whole += counts
        moving *= stops
    share = noise.lift_share * _tumbles(ln_beta)
    return float(share * np.sqrt(variance) / max(whole, 1e-9))


@kernel
def _spread(
    mean: FloatArray, cov: FloatArray, wind_mps: float, lift: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The points of the transform but the centre: states, ln beta, push of each.

    lift    : (m,) standard deviation of each body's lift over drag; (0,) = none has any
    returns : (m * p, 6), (m * p,), (m * p, 2 or 5): p = 18, with lift 24 points a body
    """
    jobs = len(mean)
    axes = DIMENSIONS + (3 if len(lift) else 0)
    state = np.empty((jobs * 2 * axes, 6))
    ln_beta = np.empty(jobs * 2 * axes)
    push = np.zeros((jobs * 2 * axes, axes - 7))
    root = np.empty((7, 7))
    reach = np.sqrt(3.0)
    for job in range(jobs):
        lower_root(cov[job], root)
        for point in range(2 * axes):
            row, axis = job * 2 * axes + point, point // 2
            sign = reach if point % 2 else -reach
            state[row] = mean[job, :6]
            ln_beta[row] = mean[job, 6]
            if axis < 7:
                for i in range(6):
                    state[row, i] += sign * root[i, axis]
                ln_beta[row] += sign * root[6, axis]
            elif axis < DIMENSIONS:
                push[row, axis - 7] = sign * wind_mps
            else:
                push[row, axis - 7] = sign * lift[job]
    return state, ln_beta, push


@kernel
def _stops(
    mean: FloatArray, cov: FloatArray, rows: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Four more points along ln beta of some bodies: states (4 r, 6), ln beta (4 r,)."""
    state, ln_beta = np.empty((4 * len(rows), 6)), np.empty(4 * len(rows))
    root = np.empty((7, 7))
    for k in range(4 * len(rows)):
        job, times = rows[k // 4], (-2.0, 2.0, -1.0, 1.0)[k % 4]
        lower_root(cov[job], root)
        state[k] = mean[job, :6]
        ln_beta[k] = mean[job, 6] + times * BETWEEN * root[6, 6]
    return state, ln_beta


@kernel
def _pair(low: FloatArray, high: FloatArray, centre: FloatArray, turn: FloatArray) -> None:
    """Two points of an axis become how far east, north (m) and late (s) each came down.

    low, high, centre : (7,) as of `fall`; the first two get the answer in 1 .. 3. What does
    not come down says nothing of the others
    """
    for row in (low, high):
        down = np.isfinite(row[0])
        away = row[1:4] - centre[1:4]
        row[1] = turn[0] @ away if down else 0.0
        row[2] = turn[1] @ away if down else 0.0
        row[3] = row[0] - centre[0] if down else 0.0


@inner_kernel
def _median(late_s: FloatArray) -> float:
    """Median of a time, s after that of the centre, from the points in pairs (p,).

    Along each axis it goes as a x + b x2, so its mean is the sum of b later and its skew
    6 a2 b; the median lies a sixth of the skew over the variance before the mean.
    Source: Cornish, Fisher, Review of the International Statistical Institute 5, 1938.
    """
    mean, skew, variance = 0.0, 0.0, 1e-12
    for axis in range(len(late_s) // 2):
        low, high = late_s[2 * axis], late_s[2 * axis + 1]
        a2 = (high - low) ** 2 / 12.0
        b = (high + low) / 6.0
        mean += b
        skew += 6.0 * a2 * b
        variance += a2
    return float(mean - skew / (6.0 * variance))


@kernel
def _measure(centre: FloatArray, landed: FloatArray) -> None:
    """Where points came down becomes how far from the centre of their body: `_pair`.

    centre : (m, 7), landed : (m * p, 7) as of `fall`
    """
    each = len(landed) // max(len(centre), 1)
    for job in range(len(centre)):
        lat, lon, _ = geographic_of(centre[job, 1], centre[job, 2], centre[job, 3])
        turn = enu_axes(lat, lon)
        for axis in range(each // 2):
            low, high = landed[job * each + 2 * axis], landed[job * each + 2 * axis + 1]
            _pair(low, high, centre[job], turn)
            if axis >= DIMENSIONS:
                # lift both ways is in the fitted drag already: what differs is new
                for i in range(1, 4):
                    high[i] = 0.5 * (high[i] - low[i])
                    low[i] = -high[i]


@kernel
def _gather(
    points: FloatArray, base: FloatArray, centre: FloatArray, late: float, out: FloatArray
) -> None:
    """One Gaussian on the ground.

    points : (p, 7) in pairs, 1 .. 3 of each: metres east, north, and seconds from the base
    base   : (7,) of the base itself, likewise from the centre
    centre : (7,) as of `fall`
    late   : variance of the time beside that of the points, s2
    out    : (9,) as of `falling_futures`, the time from that of the state
    """
    shift, spread = np.zeros(3), np.zeros((3, 3))
    for k in range(len(points)):
        for i in range(3):
            shift[i] += EDGE * points[k, 1 + i]
            for j in range(3):
                spread[i, j] += EDGE * points[k, 1 + i] * points[k, 1 + j]
    ee = spread[0, 0] + SMALLEST_SIGMA_M**2
    nn = spread[1, 1] + SMALLEST_SIGMA_M**2
    en = spread[0, 1]
    det = ee * nn - en * en
    slope_e = (spread[0, 2] * nn - spread[1, 2] * en) / det
    slope_n = (spread[1, 2] * ee - spread[0, 2] * en) / det
    rest = spread[2, 2] - slope_e * spread[0, 2] - slope_n * spread[1, 2]
    lat, lon, _ = geographic_of(centre[1], centre[2], centre[3])
    turn = enu_axes(lat, lon)
    middle = centre[1:4] + turn[0] * (base[1] + shift[0]) + turn[1] * (base[2] + shift[1])
    out[0], out[1], _ = geographic_of(middle[0], middle[1], middle[2])
    out[2], out[3], out[4] = ee, en, nn
    out[5] = centre[0] + base[3] + _median(points[:, 3])
    out[6], out[7] = slope_e, slope_n
    out[8] = np.sqrt(max(rest, 0.0) + late + 0.01)


@kernel
def _bent(points: FloatArray, future: FloatArray, fall_s: float) -> bool:
    """Whether ln beta bends a fall of so many seconds, or leaves open how long it takes,
    beyond what one Gaussian tells; as of `_gather`."""
    east = EDGE * (points[2 * BETA, 1] + points[2 * BETA + 1, 1])
    north = EDGE * (points[2 * BETA, 2] + points[2 * BETA + 1, 2])
    ee, en, nn = future[2], future[3], future[4]
    far2 = (nn * east * east - 2.0 * en * east * north + ee * north * north) / (
        ee * nn - en * en
    )
    longer = abs(points[2 * BETA, 3] - points[2 * BETA + 1, 3]) / np.sqrt(12.0)
    return bool(far2 > BENT * BENT or longer > LONGER * fall_s)


@kernel
def _part(
    rows: IntArray,
    points: FloatArray,
    along: FloatArray,
    centre: FloatArray,
    late: FloatArray,
    out: FloatArray,
) -> None:
    """Futures of bent falls, each in PARTS along ln beta.

    What wind and lift do is taken to grow with the time of each part's own fall.

    rows   : (b,) of them among the m bodies
    points : (m * p, 7) of all, `_measure`d; those along ln beta are spoilt
    along  : (b * 4, 7) at -2, 2, -1, 1 times BETWEEN, `_measure`d
    out    : (m, PARTS, 10) to fill
    """
    each = len(points) // len(centre)
    stops, moved = np.zeros((5, 7)), np.empty((each, 7))
    for row in range(len(rows)):
        job = rows[row]
        own = points[job * each : (job + 1) * each]
        stops[0], stops[4] = along[4 * row], along[4 * row + 1]
        stops[1], stops[3] = along[4 * row + 2], along[4 * row + 3]
        for part in range(PARTS):
            base = stops[part + 1]
            # the edges of a part are where its neighbours stand
            own[2 * BETA] = stops[part] - base
            own[2 * BETA + 1] = stops[part + 2] - base
            out[job, part, 0] = PART_WEIGHT[part]
            longer = 1.0 + base[3] / centre[job, 0]
            moved[:] = own
            for k in range(2 * BETA + 2, each):
                moved[k, 1], moved[k, 2] = longer * own[k, 1], longer * own[k, 2]
            _gather(moved, base, centre[job], late[job], out[job, part, 1:])


@kernel
def falling_futures(
    mean: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    noise: FallNoise,
    ground: Ground,
    air: FloatArray,
    drag: FloatArray,
) -> FloatArray:
    """Gaussian futures on the ground of each of m bodies of one drag curve.

    mean   : (m, 7)     ECEF position, velocity, ln beta
    cov    : (m, 7, 7)
    time_s : (m,)       time of the state
    noise  : of `ForecastParams.fall_noise`
    returns: (m, PARTS, 10) weight (0 = no such part: most falls are told in one); latitude,
                        longitude rad; covariance ee, en, nn m2; median arrival, UTC s; its
                        slope east, north s/m; what remains of its sigma s.
                        nan where it never comes down

    Source: Julier, Uhlmann, "Unscented filtering and nonlinear estimation" (2004).
    """
    jobs = len(mean)
    out = np.zeros((jobs, PARTS, 10))
    state, ln_beta = mean[:, :6].copy(), mean[:, 6].copy()
    centre = fall(state, ln_beta, np.zeros((jobs, 2)), ground, air, drag)
    wide, late, lift = cov.copy(), np.zeros(jobs), np.zeros(jobs)
    for job in range(jobs):
        if np.isfinite(centre[job, 0]):
            seen = seen_mps(mean[job], LAGS_S, air, drag)
            doubt, late[job] = _air_doubt(mean[job], centre[job], seen, noise)
            wide[job, 6, 6] += doubt
            slides = _slides(mean[job, 6], centre[job], noise)
            lift[job] = slides if slides >= LEAST_LIFT else 0.0
    if jobs and lift.max() <= 0.0:
        lift = lift[:0]
    state, ln_beta, push = _spread(mean, wide, noise.wind_mps, lift)
    points = fall(state, ln_beta, push, ground, air, drag)
    _measure(centre, points)
    each, bent = len(points) // max(jobs, 1), np.zeros(jobs, np.bool_)
    for job in range(jobs):
        own = points[job * each : (job + 1) * each]
        out[job, 0, 0] = 1.0
        if not np.isfinite(centre[job, 0]):
            out[job, 0, 1:] = np.nan
            continue
        _gather(own, np.zeros(7), centre[job], late[job], out[job, 0, 1:])
        bent[job] = _bent(own, out[job, 0, 1:], centre[job, 0])
    rows = np.flatnonzero(bent)
    if len(rows):
        state, ln_beta = _stops(mean, wide, rows)
        along = fall(state, ln_beta, np.zeros((len(state), 2)), ground, air, drag)
        _measure(centre[rows], along)
        _part(rows, points, along, centre, late, out)
    out[:, :, 6] += time_s.reshape(-1, 1)
    return out
