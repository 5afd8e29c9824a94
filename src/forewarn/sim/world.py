"""How things truly fly in a simulated raid. Shares no dynamics with the chain it judges.

Rockets and missiles: point masses in Earth-fixed axes, thrust along the velocity, drag by
a Mach curve of their own, wind. Drones and aircraft: kinematic, on the ellipsoid.
"""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import (
    FloatArray,
    ecef_points,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)

STEP_S = 0.25
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
_MACH = np.array([0.0, 0.7, 0.9, 1.0, 1.1, 1.3, 1.7, 2.2, 3.0, 4.0, 6.0])
_DRAG = np.array([1.0, 1.02, 1.25, 1.75, 2.1, 2.0, 1.7, 1.45, 1.2, 1.05, 0.95])


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

    def at(self, time_s: float) -> FloatArray:
        """(6,) state at a time inside the path: cubic in place, linear in velocity."""
        k = int(np.clip(np.searchsorted(self.time_s, time_s) - 1, 0, len(self.time_s) - 2))
        dt = self.time_s[k + 1] - self.time_s[k]
        u = (time_s - self.time_s[k]) / dt
        a, b = self.state[k], self.state[k + 1]
        h = (
            2 * u**3 - 3 * u**2 + 1,
            u**3 - 2 * u**2 + u,
            -2 * u**3 + 3 * u**2,
            u**3 - u**2,
        )
        place = h[0] * a[:3] + dt * h[1] * a[3:] + h[2] * b[:3] + dt * h[3] * b[3:]
        return np.concatenate([place, a[3:] + u * (b[3:] - a[3:])])


def _height(pos: FloatArray) -> FloatArray:
    r = np.linalg.norm(pos, axis=1)
    sin2 = (pos[:, 2] / r) ** 2
    return np.asarray(r - _A * (1 - _F * sin2 * (1 - 1.5 * _F * (1 - sin2))))


def _slope(
    s: FloatArray, thrust: FloatArray, beta: FloatArray, wind: FloatArray
) -> FloatArray:
    pos, vel = s[:, :3], s[:, 3:]
    r2 = (pos**2).sum(axis=1)
    r = np.sqrt(r2)
    flat = 1.5 * _J2 * _A**2 / r2
    z2 = 5 * pos[:, 2] ** 2 / r2
    pull = -_GM / (r2 * r)
    acc = pull[:, None] * pos * (1 + flat * (1 - z2))[:, None]
    acc[:, 2] += 2 * pull * pos[:, 2] * flat
    acc[:, 0] += _RATE**2 * pos[:, 0] + 2 * _RATE * vel[:, 1]
    acc[:, 1] += _RATE**2 * pos[:, 1] - 2 * _RATE * vel[:, 0]
    height = np.maximum(_height(pos), 0.0)
    density = np.exp(np.interp(height, _HEIGHT, _LN_DENSITY))
    density = np.where(height > _HEIGHT[-1], 0.0, density)
    # wind grows from a third at the ground to its full value at 5 km
    strength = np.clip(1 / 3 + height / 7500.0, 0.0, 1.0)
    rel = vel - strength[:, None] * wind
    speed = np.linalg.norm(rel, axis=1)
    drag = np.interp(speed / np.interp(height, _HEIGHT, _SOUND), _MACH, _DRAG)
    acc -= (0.5 * density * speed * drag / beta)[:, None] * rel
    along = vel / np.maximum(np.linalg.norm(vel, axis=1), 1.0)[:, None]
    acc += thrust[:, None] * along
    return np.concatenate([vel, acc], axis=1)


def fly(
    launch: Launch, wind_enu_mps: tuple[float, float], longest_s: float = 900.0
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Fly all bodies to the ground.

    returns : (k,) seconds since launch, (k, n, 6) states, (n,) seconds of impact (nan =
              still up at longest_s), (n, 2) its latitude, longitude in rad
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
    s = np.concatenate([site, rail * np.einsum("ni,nij->nj", nose, turns)], axis=1)
    wind = np.einsum("i,nij->nj", np.array([*wind_enu_mps, 0.0]), turns)
    gain = (launch.speed_mps - rail) / launch.burn_s
    states, height = [s], _height(s[:, :3])
    down = np.full(n, np.nan)
    step = 0
    while np.isnan(down).any() and step * STEP_S < longest_s:
        t = step * STEP_S
        # thrust over the part of the step that it burns, as an even push over all of it
        push = gain * np.clip((launch.burn_s - t) / STEP_S, 0.0, 1.0)
        k1 = _slope(s, push, launch.beta, wind)
        k2 = _slope(s + STEP_S / 2 * k1, push, launch.beta, wind)
        k3 = _slope(s + STEP_S / 2 * k2, push, launch.beta, wind)
        k4 = _slope(s + STEP_S * k3, push, launch.beta, wind)
        s = s + STEP_S / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        lower = _height(s[:, :3])
        hit = np.isnan(down) & (lower <= 0) & (step > 4)
        down[hit] = t + STEP_S * (height / np.maximum(height - lower, 1e-9))[hit]
        states.append(s)
        height = lower
        step += 1
    path = np.array(states)
    return np.arange(step + 1.0) * STEP_S, path, np.asarray(down), _landing(path, down)


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
    rows = [(start_s, lat, lon, height_m)]
    for seconds, course, speed, climb in legs:
        whole = max(int(np.ceil(seconds)), 1)
        for _ in range(whole):
            dt = seconds / whole
            per_lat, per_lon = metres_per_radian(lat)
            lat += speed * np.cos(course) * dt / per_lat
            lon += speed * np.sin(course) * dt / per_lon
            time_s, _, _, height = rows[-1]
            rows.append((time_s + dt, lat, lon, height + climb * dt))
    times, lats, lons, heights = np.array(rows).T
    return path_of_places(times, lats, lons, heights)


def path_of_places(
    time_s: FloatArray, lat_rad: FloatArray, lon_rad: FloatArray, height_m: FloatArray
) -> Path:
    """A path through places, its velocity by central differences."""
    place = ecef_points(lat_rad, lon_rad, height_m)
    velocity = np.gradient(place, time_s, axis=0)
    return Path(time_s, np.concatenate([place, velocity], axis=1))
