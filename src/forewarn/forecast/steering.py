"""Futures of what steers itself: a fixed set of ways on, and a chance to dive at each step.

The set of ways is the same for every target and every event, so that an estimate does
not tremble because other numbers were drawn; it is spread evenly (Sobol points), not at
random.
"""

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.geodesy import FloatArray

WAYS = 32
STEEP = 0.15  # sine of the path angle beyond which a steered threat counts as diving
# metres ahead per metre of height in a dive: public footage of attack drones
AHEAD_PER_HEIGHT = 1.5


def ways(turn_sigma_radps: float) -> FloatArray:
    """(WAYS, 6): speed error east, north (sigmas), turn rate 1, seconds it lasts, turn
    rate 2, seconds it lasts; all zero in the first row: straight on."""
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Sobol(6, scramble=False).random(2 * WAYS)[WAYS:]
    table = ndtri(np.clip(points, 1e-3, 1 - 1e-3))
    table[:, 2] *= turn_sigma_radps * 0.5
    table[:, 4] *= turn_sigma_radps
    table[:, 3] = 20.0 + 60.0 * points[:, 3]
    table[:, 5] = 20.0 + 60.0 * points[:, 5]
    table[0] = 0.0
    rows: FloatArray = np.ascontiguousarray(table)
    return rows


@kernel
def steering_futures(
    mean: FloatArray,
    cov: FloatArray,
    time_s: FloatArray,
    table: FloatArray,
    settings: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Futures of m steered targets: WAYS ways times the steps to the horizon, each.

    mean     : (m, 7), cov : (m, 7, 7), time_s : (m,)
    table    : of `ways`
    settings : dive rate 1/s, horizon s, step s, least and most way in a dive m, ground m
    returns  : (m, WAYS * steps, 9) columns as `falling_futures`,
               (m, WAYS * steps) weights; they sum to the chance of a dive by the horizon
    """
    rate, horizon, step, least, most, ground = settings
    steps = int(horizon / step)
    jobs = len(mean)
    out = np.empty((jobs, WAYS * steps, 9))
    weight = np.empty((jobs, WAYS * steps))
    for job in range(jobs):
        lat, lon, height = geographic_of(mean[job, 0], mean[job, 1], mean[job, 2])
        turn = enu_axes(lat, lon)
        per_lat = 6.367e6
        per_lon = per_lat * np.cos(lat)
        v = turn @ mean[job, 3:6]
        pos_cov = turn @ np.ascontiguousarray(cov[job, :3, :3]) @ turn.T
        vel_cov = turn @ np.ascontiguousarray(cov[job, 3:6, 3:6]) @ turn.T
        speed_sigma_e = np.sqrt(max(vel_cov[0, 0], 0.0))
        speed_sigma_n = np.sqrt(max(vel_cov[1, 1], 0.0))
        total = np.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)
        above = max(height - ground, 0.0)
        steepness = -v[2] / max(total, 1.0)
        diving = 1.0 / (1.0 + np.exp(-(steepness - STEEP) / 0.02))
        row = 0
        for way in range(WAYS):
            ve = v[0] + table[way, 0] * speed_sigma_e
            vn = v[1] + table[way, 1] * speed_sigma_n
            speed = max(np.sqrt(ve * ve + vn * vn), 5.0)
            course = np.arctan2(ve, vn)
            east, north, age, cruising = 0.0, 0.0, 0.0, 1.0
            for k in range(steps):
                # the first chance is now: how likely depends on how steeply it sinks
                chance = diving if k == 0 else 1.0 - np.exp(-rate * step)
                reach = min(max(AHEAD_PER_HEIGHT * above, least), most)
                if k == 0:
                    reach = min(above / max(steepness, 0.05), most)
                sin_c, cos_c = np.sin(course), np.cos(course)
                spot_e, spot_n = east + reach * sin_c, north + reach * cos_c
                along = (0.3 * reach + 0.5 * speed * step * (k > 0)) ** 2 + 2500.0
                across = (0.15 * reach) ** 2 + 2500.0
                out[job, row, 0] = lat + spot_n / per_lat
                out[job, row, 1] = lon + spot_e / per_lon
                out[job, row, 2] = along * sin_c**2 + across * cos_c**2 + pos_cov[0, 0]
                out[job, row, 3] = (along - across) * sin_c * cos_c + pos_cov[0, 1]
                out[job, row, 4] = along * cos_c**2 + across * sin_c**2 + pos_cov[1, 1]
                out[job, row, 5] = time_s[job] + age + reach / (1.2 * speed)
                out[job, row, 6] = 0.0
                out[job, row, 7] = 0.0
                out[job, row, 8] = 0.3 * reach / speed + 0.5 * step
                weight[job, row] = cruising * chance / WAYS
                cruising *= 1.0 - chance
                row += 1
                if age < table[way, 3]:
                    course += table[way, 2] * step
                elif age < table[way, 3] + table[way, 5]:
                    course += table[way, 4] * step
                east += speed * np.sin(course) * step
                north += speed * np.cos(course) * step
                age += step
    return out, weight
