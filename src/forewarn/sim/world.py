"""How things truly fly in a simulated raid. Shares no dynamics with the chain it judges.

Rockets and missiles: point masses in Earth-fixed axes, thrust along the velocity, drag by
a Mach curve of their own, wind. Drones and aircraft: kinematic, on the ellipsoid.
"""

from dataclasses import dataclass

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import (
    FloatArray,
    ecef_points,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)

STEP_S = 0.25
LONGEST_S = 900.0  # a flight that takes longer is not followed to its end
LIFT_S = 2.5  # for so long a tumbling body is pulled to one side
# what is braked harder than by its own weight (m/s2) tumbles too fast to be carried aside
_HEAVY = 9.8
_GM, _A, _F, _RATE, _J2 = (
    3.986004418e14,
    6378137.0,
    1 / 298.257223563,
    7.292115e-5,
    1.08263e-3,
)
# US Standard Atmosphere 1976 every 2 km to 80 km, ln of density (kg/m3) and sound (m/s)
_HEIGHT = np.arange(0.0, 82e3, 2e3)


def _standard() -> tuple[FloatArray, FloatArray]:
    base = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3, 85e3])
    warm = np.array([288.15, 216.65, 216.65, 228.65, 270.65, 270.65, 214.65, 186.95])
    fine = np.arange(0.0, 82e3, 20.0)
    potential = fine * 6356766.0 / (6356766.0 + fine)
    temperature = np.interp(potential, base, warm)
    slope = 9.80665 / (287.053 * temperature)
    fall = np.concatenate(
        [[0.0], np.cumsum((slope[1:] + slope[:-1]) / 2 * np.diff(potential))]
    )
    density = 101325.0 * np.exp(-fall) / (287.053 * temperature)
    sound = np.sqrt(1.4 * 287.053 * temperature)
    return np.interp(_HEIGHT, fine, np.log(density)), np.interp(_HEIGHT, fine, sound)


_LN_DENSITY, _SOUND = _standard()
# drag over its subsonic value, a finned body with a slender nose (wind-tunnel shapes of
# sounding rockets; another curve than the chain assumes, on purpose)
FINNED = np.array(
    [
        [0.0, 0.7, 0.9, 1.0, 1.1, 1.3, 1.7, 2.2, 3.0, 4.0, 6.0],
        [1.0, 1.02, 1.25, 1.75, 2.1, 2.0, 1.7, 1.45, 1.2, 1.05, 0.95],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Launch:
    """What sets off: one row per body.

    site_rad  : (n, 2) latitude, longitude
    azimuth, elevation : (n,) rad
    speed_mps : (n,) that thrust alone would give
    burn_s    : (n,)
    beta      : (n,) subsonic ballistic coefficient, kg/m2
    """

    site_rad: FloatArray
    azimuth: FloatArray
    elevation: FloatArray
    speed_mps: FloatArray
    burn_s: FloatArray
    beta: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Where one object was: (k,) seconds and (k, 6) Earth-fixed states."""

    time_s: FloatArray
    state: FloatArray

    def at(self, time_s: FloatArray) -> FloatArray:
        """(n, 6) states at (n,) times inside the path: cubic places, linear velocities."""
        k = np.clip(np.searchsorted(self.time_s, time_s) - 1, 0, len(self.time_s) - 2)
        dt = (self.time_s[k + 1] - self.time_s[k])[:, None]
        u = (time_s - self.time_s[k])[:, None] / dt
        a, b = self.state[k], self.state[k + 1]
        h = (
            2 * u**3 - 3 * u**2 + 1,
            u**3 - 2 * u**2 + u,
            -2 * u**3 + 3 * u**2,
            u**3 - u**2,
        )
        place = h[0] * a[:, :3] + dt * (h[1] * a[:, 3:] + h[3] * b[:, 3:]) + h[2] * b[:, :3]
        return np.concatenate([place, a[:, 3:] + u * (b[:, 3:] - a[:, 3:])], axis=1)


@kernel
def _height(x: float, y: float, z: float) -> float:
    r = np.sqrt(x * x + y * y + z * z)
    sin2 = (z / r) ** 2
    # radius of the ellipsoid to the second order of its flattening
    return r - _A * (1 - _F * sin2 * (1 + 1.5 * _F * (1 - sin2)))  # type: ignore[no-any-return]


def wind_strength(height_m: FloatArray) -> FloatArray:
    """Wind at heights over that aloft: a third at the ground, all of it from 5 km on."""
    return np.clip(1 / 3 + height_m / 7500.0, 1 / 3, 1.0)


@kernel
def _slope(
    s: FloatArray,
    thrust: float,
    beta: float,
    wind: FloatArray,
    even: float,
    lift: FloatArray,
    curve: FloatArray,
    out: FloatArray,
) -> None:
    """Rate of change of one Earth-fixed state (6,) into `out`; curve: Mach and drag.

    even : 1 = the same wind at all heights
    lift : (4,) share of drag that pulls aside; ln of how much more drag there is
    """
    r2 = s[0] * s[0] + s[1] * s[1] + s[2] * s[2]
    flat = 1.5 * _J2 * _A**2 / r2
    z2 = 5 * s[2] * s[2] / r2
    pull = -_GM / (r2 * np.sqrt(r2))
    height = max(_height(s[0], s[1], s[2]), 0.0)
    density = 0.0
    if height <= _HEIGHT[-1]:
        density = np.exp(np.interp(height, _HEIGHT, _LN_DENSITY))
    strength = max(even, min(1 / 3 + height / 7500.0, 1.0))  # as `wind_strength`
    speed2 = own2 = 0.0
    for i in range(3):
        out[i] = s[3 + i]
        speed2 += (s[3 + i] - strength * wind[i]) ** 2
        own2 += s[3 + i] ** 2
    speed, own = np.sqrt(speed2), max(np.sqrt(own2), 1.0)
    drag = np.interp(speed / np.interp(height, _HEIGHT, _SOUND), curve[0], curve[1])
    brake = 0.5 * density * speed * drag / beta * np.exp(lift[3])
    for i in range(3):
        out[3 + i] = pull * s[i] * (1 + flat * (1 - z2))
        out[3 + i] += thrust * s[3 + i] / own - brake * (s[3 + i] - strength * wind[i])
    along = 0.0
    for i in range(3):
        along += lift[i] * (s[3 + i] - strength * wind[i]) / max(speed, 1.0)
    for i in range(3):
        aside = lift[i] - along * (s[3 + i] - strength * wind[i]) / max(speed, 1.0)
        out[3 + i] += min(brake * speed, _HEAVY) * aside
    out[3] += _RATE**2 * s[0] + 2 * _RATE * s[4]
    out[4] += _RATE**2 * s[1] - 2 * _RATE * s[3]
    out[5] += 2 * pull * s[2] * flat


@kernel
def _fly(
    first: FloatArray,
    gain: FloatArray,
    burn_s: FloatArray,
    beta: FloatArray,
    wind: FloatArray,
    even: float,
    lift: FloatArray,
    curve: FloatArray,
    path: FloatArray,
    down: FloatArray,
) -> None:
    """RK4 at STEP_S of each body into path (k, n, 6) until just under the ground."""
    slope = np.empty((4, 6))
    for j in range(first.shape[0]):
        path[0, j] = first[j]
        height = _height(first[j, 0], first[j, 1], first[j, 2])
        for step in range(path.shape[0] - 1):
            s, t = path[step, j], step * STEP_S
            pull = lift[j, min(int(t / LIFT_S), lift.shape[1] - 1)]
            # thrust over the part of the step it burns, as an even push over all of it
            push = gain[j] * min(max((burn_s[j] - t) / STEP_S, 0.0), 1.0)
            _slope(s, push, beta[j], wind[j], even, pull, curve, slope[0])
            _slope(
                s + STEP_S / 2 * slope[0],
                push,
                beta[j],
                wind[j],
                even,
                pull,
                curve,
                slope[1],
            )
            _slope(
                s + STEP_S / 2 * slope[1],
                push,
                beta[j],
                wind[j],
                even,
                pull,
                curve,
                slope[2],
            )
            _slope(
                s + STEP_S * slope[2], push, beta[j], wind[j], even, pull, curve, slope[3]
            )
            rate = slope[0] + 2 * slope[1] + 2 * slope[2] + slope[3]
            path[step + 1, j] = s + STEP_S / 6 * rate
            if not np.isnan(down[j]):
                break  # one step beyond the ground, to be cut at it
            now = path[step + 1, j]
            lower = _height(now[0], now[1], now[2])
            if lower <= 0 and step > 4:
                down[j] = t + STEP_S * max(height, 0.0) / max(height - lower, 1e-9)
            height = lower


def fly(
    launch: Launch,
    wind_enu_mps: tuple[float, float],
    longest_s: float = LONGEST_S,
    curve: FloatArray = FINNED,
    tumbling: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Fly all bodies to the ground.

    curve   : (2, k) Mach numbers, and drag there over that at rest
    tumbling: (n, k, 4) over LIFT_S each since launch: share of drag that pulls aside (east,
              north, up), ln of how much more drag there is; None = nothing tumbles
    returns : (k,) seconds since launch, (k, n, 6) states (nan once a body is down), (n,)
              seconds of impact (nan = still up at longest_s), (n, 2) its latitude,
              longitude in rad
    """
    n = len(launch.speed_mps)
    site = ecef_points(launch.site_rad[:, 0], launch.site_rad[:, 1], np.full(n, 5.0))
    turns = np.array([enu_from_ecef(lat, lon) for lat, lon in launch.site_rad])
    flat = np.cos(launch.elevation)
    nose = np.stack(
        [
            flat * np.sin(launch.azimuth),
            flat * np.cos(launch.azimuth),
            np.sin(launch.elevation),
        ],
        1,
    )
    rail = 30.0
    first = np.concatenate([site, rail * np.einsum("ni,nij->nj", nose, turns)], axis=1)
    wind = np.einsum("i,nij->nj", np.array([*wind_enu_mps, 0.0]), turns)
    gain = (launch.speed_mps - rail) / launch.burn_s
    path = np.full((round(longest_s / STEP_S) + 1, n, 6), np.nan)
    down = np.full(n, np.nan)
    pull = np.zeros((n, 1, 4)) if tumbling is None else tumbling.copy()
    pull[:, :, :3] = np.einsum("nki,nij->nkj", pull[:, :, :3], turns)
    _fly(first, gain, launch.burn_s, launch.beta, wind, 0.0, pull, curve, path, down)
    used = int(np.flatnonzero(np.isfinite(path[:, :, 0]).any(axis=1))[-1]) + 1
    flown: FloatArray = path[:used]
    return np.arange(0.0, used) * STEP_S, flown, np.asarray(down), _landing(flown, down)


def coast(
    first: FloatArray,
    beta: FloatArray,
    wind_enu_mps: tuple[float, float],
    seconds: float,
    curve: FloatArray = FINNED,
) -> FloatArray:
    """(k, n, 6) states every STEP_S of bodies that only fall, from states (n, 6) on."""
    n = len(first)
    wind = _over_ground(first, np.tile([*wind_enu_mps, 0.0], (n, 1)))
    none = np.zeros((n, 1, 4))
    return _coast(first, beta, wind, 0.0, none, seconds, curve)[0]


def tumble(
    first: FloatArray,
    beta: FloatArray,
    wind_enu_mps: FloatArray,
    lift_enu: FloatArray,
    more_drag: FloatArray,
    seconds: float,
    curve: FloatArray = FINNED,
) -> tuple[FloatArray, FloatArray]:
    """Where bodies come down that fall in winds of their own and are pulled aside.

    first        : (n, 6) Earth-fixed states
    wind_enu_mps : (n, 2) of each, the same at all heights
    lift_enu     : (n, k, 3) share of drag (at most of its weight) that pulls aside, over
                   LIFT_S each; what of it lies along the way does nothing
    more_drag    : (n, k) ln of how much more drag there is meanwhile
    returns      : (n,) seconds, (n, 2) latitude, longitude rad; nan = still up
    """
    n, turns = lift_enu.shape[:2]
    wind = _over_ground(first, np.column_stack([wind_enu_mps, np.zeros(n)]))
    lift = np.stack([_over_ground(first, lift_enu[:, k]) for k in range(turns)], axis=1)
    tumbles = np.concatenate([lift, more_drag[:, :, None]], axis=2)
    path, down = _coast(first, beta, wind, 1.0, tumbles, seconds, curve)
    return down, _landing(path, down)


def _over_ground(first: FloatArray, enu: FloatArray) -> FloatArray:
    """(n, 3) Earth-fixed, of what is east, north, up (n, 3) where bodies (n, 6) are."""
    lat, lon, _ = geographic_points(first[:, :3].copy())
    turns = np.array([enu_from_ecef(*place) for place in zip(lat, lon, strict=True)])
    return np.asarray(np.einsum("ni,nij->nj", enu, turns))


def _coast(
    first: FloatArray,
    beta: FloatArray,
    wind: FloatArray,
    even: float,
    lift: FloatArray,
    seconds: float,
    curve: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    n = len(first)
    none, down = np.zeros(n), np.full(n, np.nan)
    path = np.full((round(seconds / STEP_S) + 1, n, 6), np.nan)
    _fly(first, none, none, beta, wind, even, lift, curve, path, down)
    return path, down


def _landing(path: FloatArray, down: FloatArray) -> FloatArray:
    rows = np.arange(path.shape[1])
    last = np.nan_to_num(down / STEP_S, nan=0.0)
    k = np.minimum(last.astype(int), len(path) - 2)
    u = (last - k)[:, None]
    place = path[k, rows, :3] * (1 - u) + path[k + 1, rows, :3] * u
    lat, lon, _ = geographic_points(np.ascontiguousarray(place))
    spot = np.stack([lat, lon], axis=1)
    spot[np.isnan(down)] = np.nan
    return spot


def steer(
    start_rad: FloatArray,
    legs: list[tuple[float, float, float, float]],
    height_m: float,
    start_s: float,
) -> Path:
    """A path flown by legs of (seconds, course rad, speed m/s, climb m/s), at 1 s steps."""
    lat, lon = start_rad
    time_s, height = start_s, height_m
    rows = [np.array([[time_s, lat, lon, height]])]
    for seconds, course, speed, climb in legs:
        whole = max(int(np.ceil(seconds)), 1)
        gone = seconds / whole * np.arange(1, whole + 1)
        per_lat, per_lon = metres_per_radian(lat)
        north = lat + speed * np.cos(course) * gone / per_lat
        east = lon + speed * np.sin(course) * gone / per_lon
        rows.append(np.stack([time_s + gone, north, east, height + climb * gone], axis=1))
        time_s, lat, lon, height = rows[-1][-1]
    return path_of_places(*np.concatenate(rows).T)


def path_of_places(
    time_s: FloatArray, lat_rad: FloatArray, lon_rad: FloatArray, height_m: FloatArray
) -> Path:
    """A path through places, its velocity by central differences."""
    place = ecef_points(lat_rad, lon_rad, height_m)
    velocity = np.gradient(place, time_s, axis=0)
    return Path(time_s, np.concatenate([place, velocity], axis=1))
