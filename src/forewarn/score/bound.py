"""How small the area of a falling body could be at best, at a given moment.

The bound is that of a flight whose forces are known but for its state, its ballistic
coefficient and the wind: nobody who measures with these sensors can know more. It begins
when the motor has burnt out and the body has come into view; what was seen under thrust is
left out, and a guess of what it tells stands in for it.
Source: Van Trees, "Detection, Estimation, and Modulation Theory", part I (1968), section
2.4 (Cramer-Rao bound with prior knowledge); Niu, Willett, Bar-Shalom, "Matrix CRLB scaling
due to measurements of uncertain origin", IEEE Transactions on Signal Processing 49(7), 2001
(each scan counts with its chance of detection).
"""

import numpy as np
from scipy.optimize import least_squares

from forewarn.atmosphere import standard_air
from forewarn.cover import in_cover
from forewarn.dynamics import drag_table
from forewarn.flight import follow_path, level_ground
from forewarn.geodesy import (
    WGS84,
    FloatArray,
    ecef_points,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)
from forewarn.records import Sensor, SensorKind
from forewarn.score.case import Case

FALLS = frozenset({"rocket", "ballistic_missile"})
# of place m and velocity m/s, ln(ballistic coefficient), wind m/s: known at burn-out of
# what was seen under thrust; known of what comes into view later
KNOWN = np.array([50.0, 50.0, 50.0, 30.0, 30.0, 30.0, 0.6, 3.0, 3.0])
UNKNOWN = np.array([1e4, 1e4, 1e4, 1e3, 1e3, 1e3, 0.6, 3.0, 3.0])
NUDGE = np.array([10.0, 10.0, 10.0, 1.0, 1.0, 1.0, 0.02, 0.5, 0.5])
LEAST_S = 2.0  # of falling seen, below which there is nothing to hold an area against
THRUST_MPS2 = 2.0  # along its way, beyond gravity: a motor burns
MISS_M = 50.0  # a flight fitted to a true fall must end this near it
SLOWEST_MPS = 200.0  # a second of the fit's end counts for so many metres
CHI2_95 = 5.991  # of two degrees of freedom: the ellipse that holds 95 % of a Gaussian
GM_M3PS2 = 3.986004418e14


def least_area_m2(case: Case, row: int, decided_s: float) -> float:
    """95 % area that a threat's impact could be known to at a moment; nan = no telling.

    There is none while its motor burns, for what steers itself, or where the flight of
    the truth is not that of a falling body.
    """
    if case.kind[row] not in FALLS or case.paths is None or not case.sensors:
        return float("nan")
    own = slice(case.paths.start[row], case.paths.start[row + 1])
    times, place = case.paths.time_s[own], case.paths.place_rad[own]
    pos = ecef_points(place[:, 0], place[:, 1], case.paths.height_m[own])
    if len(times) < 8:
        return float("nan")
    burnt = _burnt_out(times, pos)
    start = max(burnt, int(np.searchsorted(times, case.seen_s[row])))
    if start > len(times) - 4:
        return float("nan")
    begun_s = float(times[start])
    if decided_s < begun_s + LEAST_S or decided_s >= case.impact_s[row]:
        return float("nan")
    speed = np.gradient(pos, times, axis=0)[start]
    whole = _fitted(
        np.concatenate([pos[start], speed]),
        float(case.impact_s[row]) - begun_s,
        case.impact_rad[row],
    )
    if whole is None:
        return float("nan")
    told = np.diag(1.0 / (KNOWN if start == burnt else UNKNOWN) ** 2)
    for sensor in case.sensors:
        told += _information(whole, sensor, decided_s - begun_s)
    ends = [
        (_end(whole + step)[:2] - _end(whole - step)[:2]) / (2 * nudge)
        for step, nudge in zip(np.diag(NUDGE), NUDGE, strict=True)
    ]
    slope = (
        np.stack(ends, axis=1)
        * np.array(metres_per_radian(case.impact_rad[row, 0]))[:, None]
    )
    cov = slope @ np.linalg.inv(told) @ slope.T
    return float(np.pi * CHI2_95 * np.sqrt(np.linalg.det(cov)))


def _burnt_out(times: FloatArray, pos_m: FloatArray) -> int:
    """The row from which on nothing but gravity and drag moves it."""
    velocity = np.gradient(pos_m, times, axis=0)
    push = np.gradient(velocity, times, axis=0)
    push += GM_M3PS2 * pos_m / np.linalg.norm(pos_m, axis=1)[:, None] ** 3
    speed = np.linalg.norm(velocity, axis=1)
    along = (push * velocity).sum(axis=1) / np.maximum(speed, 1.0)
    burning = np.flatnonzero(along[:-3] > THRUST_MPS2)
    return int(min(burning[-1] + 2 if len(burning) else 1, len(times) - 4))


def _fly(whole: FloatArray, times_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """States (k, 6) at some seconds, or with none the end (7,)."""
    states, end = follow_path(
        whole[:6],
        float(np.exp(-whole[6])),
        whole[7:],
        times_s,
        level_ground(0.0),
        AIR,
        DRAG,
        WGS84,
        1.0,
    )
    return states, end


AIR, DRAG = standard_air(), drag_table()


def _end(whole: FloatArray) -> FloatArray:
    """(3,) latitude, longitude and seconds of coming down."""
    end = _fly(whole, np.zeros(0))[1]
    lat, lon, _ = geographic_points(end[None, 1:4])
    return np.array([lat[0], lon[0], end[0]])


def _fitted(state: FloatArray, seconds: float, impact_rad: FloatArray) -> FloatArray | None:
    """(9,) the flight that ends where and when the true one did; None = there is none."""
    scale = np.array([*metres_per_radian(float(impact_rad[0])), SLOWEST_MPS])
    target = np.array([*impact_rad, seconds])

    def miss(rest: FloatArray) -> FloatArray:
        off = (_end(np.concatenate([state, rest])) - target) * scale
        return np.asarray(np.nan_to_num(off, nan=1e6))

    bounds = ([5.5, -60.0, -60.0], [11.0, 60.0, 60.0])
    start = np.array([8.8, 0.0, 0.0])
    found = least_squares(
        miss, start, bounds=bounds, x_scale=[0.3, 5.0, 5.0], diff_step=[1e-3] * 3
    )
    if np.linalg.norm(found.fun[:2]) > MISS_M:
        return None
    return np.concatenate([state, found.x])


def _information(whole: FloatArray, sensor: Sensor, seconds: float) -> FloatArray:
    """(9, 9) what a sensor's scans tell of the flight within some seconds."""
    told = np.zeros((9, 9))
    if sensor.kind is SensorKind.POSITION or not np.isfinite(
        sensor.lat_rad + sensor.scan_s
    ):
        return told
    times = np.arange(0.0, seconds, sensor.scan_s)
    states = _fly(whole, times)[0]
    seen = in_cover(sensor, states[:, :3])
    measured = np.isfinite(sensor.sigma)
    slope = np.zeros((len(times), int(measured.sum()), 9))
    for i, step in enumerate(np.diag(NUDGE)):
        ahead, behind = (
            _measured(_fly(whole + s, times)[0], sensor) for s in (step, -step)
        )
        apart = ahead - behind
        apart[:, 1] = (apart[:, 1] + np.pi) % (2 * np.pi) - np.pi
        slope[:, :, i] = (apart / (2 * NUDGE[i] * sensor.sigma))[:, measured]
    slope = np.nan_to_num(slope[seen])
    told += sensor.detection_probability * np.einsum("kqi,kqj->ij", slope, slope)
    return told


def _measured(states: FloatArray, sensor: Sensor) -> FloatArray:
    """(k, 4) range, azimuth, elevation, range rate of states (k, 6)."""
    turn = enu_from_ecef(sensor.lat_rad, sensor.lon_rad).T
    east, north, up = ((states[:, :3] - sensor.origin_ecef_m) @ turn).T
    range_m = np.maximum(np.sqrt(east**2 + north**2 + up**2), 1.0)
    away = (states[:, :3] - sensor.origin_ecef_m) / range_m[:, None]
    rate = (away * states[:, 3:]).sum(axis=1)
    return np.stack(
        [range_m, np.arctan2(east, north), np.arcsin(up / range_m), rate], axis=1
    )
