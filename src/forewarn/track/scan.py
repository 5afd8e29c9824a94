"""A scan made ready for the kernels: every plot as rows of numbers with axes of its own."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.gate import Grid, lay_out
from forewarn.geodesy import EARTH_A_M, FloatArray
from forewarn.records import BoolArray, IntArray, PlotBatch, Sensor, SensorKind
from forewarn.track.health import Known

RATES_MPS = 2400.0  # range of range rates over which false plots lie
FALSE_REPORTS_PER_M3 = 1e-18  # reports of a place are of something
MOST_FALSE = 0.5  # share of the bearings of a scan that are of nothing, at most
SOUND_MPS = 340.0  # at 15 degrees; 3 % off between -5 and 35
LEVEL_M = 2000.0  # where a target flies whose elevation nobody measures: see `_guess`
FARTHEST_M = 500e3  # no false plot is counted on beyond


class Seen(NamedTuple):
    """Columns of a Scan in the order in which kernels take them."""

    time_s: FloatArray
    point: FloatArray
    noise: FloatArray
    sight: FloatArray
    z: FloatArray
    sigma: FloatArray
    origin: FloatArray
    turn: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Plots (m) of one batch.

    number      : (m,) of each plot, the same in every replay
    identity    : (m,) of identified traffic, else ""
    time_s      : (m,)
    z, sigma    : (m, 4) as measured: range, azimuth, elevation, range rate
    detection   : chance that the sensor shows a target in its cover
    false_plots : expected
    sound_mps   : speed of what is measured, 0 = light
    reach_m     : how far the sensor sees or hears
    origin, turn: (m, 3), (m, 3, 3) of the sensor: ECEF place, ECEF to east-north-up
    point, noise: (m, 3), (m, 3, 3) ECEF place and its covariance; nan where there is none
    noise_m     : (m,) root of its trace
    guess, guess_noise : the same, but where a plot tells no elevation the place at LEVEL_M
                  above sea, and of its noise what was measured
    sight       : (m, 4) unit vector from the sensor, and 1 / distance
    log_clutter : (m,) log density of false plots, per m3 (and m/s), or where a plot tells
                  no place in its own quantities
    lift_rad    : (m,) elevation above the sensor's mask
    grid        : of the places
    """

    number: IntArray
    identity: NDArray[np.str_]
    time_s: FloatArray
    z: FloatArray
    sigma: FloatArray
    origin: FloatArray
    turn: FloatArray
    point: FloatArray
    noise: FloatArray
    noise_m: FloatArray
    guess: FloatArray
    guess_noise: FloatArray
    sight: FloatArray
    log_clutter: FloatArray
    lift_rad: FloatArray
    grid: Grid
    detection: float
    false_plots: float
    sound_mps: float
    reach_m: float

    @property
    def seen(self) -> Seen:
        """What kernels ask of each plot."""
        return Seen(*(getattr(self, name) for name in Seen._fields))


def read_scan(
    batch: PlotBatch,
    sensor: Sensor,
    keep: BoolArray,
    bias: FloatArray,
    known: Known,
) -> Scan:
    """The plots chosen, with their axes and, where they tell one, their place.

    bias  : (4,) range m, azimuth, elevation rad, clock s, that is taken off
    known : of the sensor, as learned
    """
    rows: slice | BoolArray = slice(None) if keep.all() else keep
    origin = np.ascontiguousarray(batch.origin_ecef_m[rows])
    z = np.array(batch.measured[rows], order="C")
    sigma = np.multiply(batch.sigma[rows], known.error_ratio, order="C")
    own = np.ascontiguousarray(batch.sigma_pos_m[rows])
    m = len(origin)
    turn, point = np.empty((m, 3, 3)), np.empty((m, 3))
    noise, sight = np.empty((m, 3, 3)), np.zeros((m, 4))
    guess, guess_noise = np.full((m, 3), np.nan), np.empty((m, 3, 3))
    noise_m, log_clutter, lift_rad = np.empty(m), np.empty(m), np.empty(m)
    _take_off(z, sigma, bias, sensor.elevation_min_rad, lift_rad)
    _place(
        origin,
        z,
        sigma,
        own,
        sensor.kind is SensorKind.POSITION,
        turn,
        point,
        noise,
        noise_m,
        sight,
    )
    _guess(origin, turn, z, sigma, point, noise, sight, guess, guess_noise)
    if sensor.kind is SensorKind.POSITION:
        log_clutter[:] = np.log(FALSE_REPORTS_PER_M3)
    elif sensor.kind is SensorKind.BEARING:
        # of many observers, who reports is false as often as all of them are
        part = min((known.false_plots + 0.1) / max(m, 1), MOST_FALSE)
        log_clutter[:] = np.log(part / (2 * np.pi))
        log_clutter[np.isfinite(z[:, 2])] -= np.log(np.pi / 2)
    else:
        reach = min(sensor.range_max_m, FARTHEST_M) - sensor.range_min_m
        high = max(sensor.elevation_max_rad - sensor.elevation_min_rad, 0.01)
        _clutter(z, known.false_plots + 0.1, reach, high, log_clutter)
    identity = np.full(m, "", "U16")
    if any(batch.identity):
        identity = np.array(batch.identity, "U16")[rows]
    return Scan(
        number=(batch.seq << 16) + np.flatnonzero(keep),
        identity=identity,
        time_s=batch.time_s[rows] - bias[3],
        z=z,
        sigma=sigma,
        origin=origin,
        turn=turn,
        point=point,
        noise=noise,
        noise_m=noise_m,
        guess=guess,
        guess_noise=guess_noise,
        sight=sight,
        log_clutter=log_clutter,
        lift_rad=lift_rad,
        grid=lay_out(point),
        detection=known.detection,
        false_plots=known.false_plots,
        sound_mps=SOUND_MPS if sensor.propagation == "sound" else 0.0,
        reach_m=sensor.range_max_m,
    )


@kernel
def _take_off(
    z: FloatArray, sigma: FloatArray, bias: FloatArray, low_rad: float, lift_rad: FloatArray
) -> None:
    """Bias off what was measured, nan where no noise is stated, and lift above the mask."""
    for j in range(len(z)):
        for k in range(4):
            if np.isnan(sigma[j, k]):
                z[j, k] = np.nan
            elif k < 3:
                z[j, k] -= bias[k]
        lift_rad[j] = z[j, 2] - low_rad if np.isfinite(z[j, 2]) else 1.0


@kernel
def _clutter(
    z: FloatArray, false: float, reach: float, high: float, out: FloatArray
) -> None:
    """Log density of false plots where each plot lies, as of `Scan.log_clutter`."""
    for j in range(len(z)):
        volume = reach * 2.0 * np.pi
        if np.isfinite(z[j, 2]):
            volume *= high
        if np.isfinite(z[j, 3]):
            volume *= RATES_MPS
        if np.isfinite(z[j, 0] + z[j, 1] + z[j, 2]):
            volume *= z[j, 0] ** 2 * np.cos(z[j, 2])  # per m3, not per m rad2
        out[j] = np.log(false / volume)


@kernel
def _place(
    origin: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    own: FloatArray,
    own_place: bool,
    turn: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    noise_m: FloatArray,
    sight: FloatArray,
) -> None:
    """Places and axes of plots, into the last five."""
    slope = np.empty((3, 3))  # east, north, up by the three measured quantities
    axes = np.empty((3, 3))
    for j in range(len(origin)):
        if j and (
            origin[j, 0] == origin[j - 1, 0]
            and origin[j, 1] == origin[j - 1, 1]
            and origin[j, 2] == origin[j - 1, 2]
        ):
            turn[j] = turn[j - 1]
        else:
            lat, lon, _ = geographic_of(origin[j, 0], origin[j, 1], origin[j, 2])
            turn[j] = enu_axes(lat, lon)
        point[j] = origin[j]
        slope[:] = 0.0
        if own_place:
            slope[0, 0], slope[1, 1], slope[2, 2] = own[j, 0], own[j, 0], own[j, 1]
        else:
            sin_a, cos_a = np.sin(z[j, 1]), np.cos(z[j, 1])
            sin_e, cos_e = np.sin(z[j, 2]), np.cos(z[j, 2])
            slope[0, 0], slope[1, 0], slope[2, 0] = cos_e * sin_a, cos_e * cos_a, sin_e
            slope[0, 1], slope[1, 1] = z[j, 0] * cos_e * cos_a, -z[j, 0] * cos_e * sin_a
            slope[0, 2], slope[1, 2] = -z[j, 0] * sin_e * sin_a, -z[j, 0] * sin_e * cos_a
            slope[2, 2] = z[j, 0] * cos_e
            for k in range(3):
                for i in range(3):
                    sight[j, k] += turn[j, i, k] * slope[i, 0]
                point[j, k] += z[j, 0] * sight[j, k]
            sight[j, 3] = 1.0 / z[j, 0]
            for k in range(3):
                for i in range(3):
                    slope[i, k] *= sigma[j, k]
        for k in range(3):
            for i in range(3):
                axes[k, i] = 0.0
                for a in range(3):
                    axes[k, i] += turn[j, a, k] * slope[a, i]
        for k in range(3):
            for i in range(3):
                noise[j, k, i] = 0.0
                for a in range(3):
                    noise[j, k, i] += axes[k, a] * axes[i, a]
        noise_m[j] = np.sqrt(noise[j, 0, 0] + noise[j, 1, 1] + noise[j, 2, 2])


@kernel
def _guess(
    origin: FloatArray,
    turn: FloatArray,
    z: FloatArray,
    sigma: FloatArray,
    point: FloatArray,
    noise: FloatArray,
    sight: FloatArray,
    guess: FloatArray,
    guess_noise: FloatArray,
) -> None:
    """Where plots lie, taken at LEVEL_M where they tell range and azimuth alone.

    `sight` of those is set too. What comes of the height's being another must be added by
    whoever uses it: two plots of one target are off in the same way.
    """
    for j in range(len(z)):
        if np.isfinite(point[j, 0]) or not np.isfinite(z[j, 0]):
            for k in range(3):
                guess[j, k] = point[j, k]
                for i in range(3):
                    guess_noise[j, k, i] = noise[j, k, i]
            continue
        _, _, height = geographic_of(origin[j, 0], origin[j, 1], origin[j, 2])
        sin_e = (LEVEL_M - height) / z[j, 0] - z[j, 0] / (2.0 * EARTH_A_M)
        sin_e = min(max(sin_e, -0.1), 0.7)
        cos_e, sin_a, cos_a = np.sqrt(1.0 - sin_e * sin_e), np.sin(z[j, 1]), np.cos(z[j, 1])
        sight[j, 3] = 1.0 / z[j, 0]
        for k in range(3):
            e, n, u = turn[j, 0, k], turn[j, 1, k], turn[j, 2, k]
            sight[j, k] = cos_e * (e * sin_a + n * cos_a) + sin_e * u
            guess[j, k] = origin[j, k] + z[j, 0] * sight[j, k]
        for k in range(3):
            for i in range(3):
                across = (turn[j, 0, k] * cos_a - turn[j, 1, k] * sin_a) * (
                    turn[j, 0, i] * cos_a - turn[j, 1, i] * sin_a
                )
                guess_noise[j, k, i] = (
                    sigma[j, 0] ** 2 * sight[j, k] * sight[j, i]
                    + (sigma[j, 1] * z[j, 0] * cos_e) ** 2 * across
                )
