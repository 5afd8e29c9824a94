"""What `forewarn fly` says of a case: path, end, areas."""

from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.case import Case, geographic_over
from forewarn.flight import follow_path
from forewarn.forecast import ForecastParams
from forewarn.forecast.areas import area_m2, levels, outlines, spread, times
from forewarn.forecast.falling import falling_futures
from forewarn.geodesy import WGS84, FloatArray, enu_from_ecef
from forewarn.units import DEG_PER_RAD

STEP_S = 0.25  # an analyst waits a millisecond longer for a path without a visible error
_SHARES = (0.5, 0.9, 0.99)

Row = dict[str, float]


def path_rows(case: Case) -> tuple[list[Row], FloatArray]:
    """The body at each chosen time and on the ground; (7,) seconds and state there."""
    states, end = follow_path(
        case.state,
        case.per_beta,
        np.zeros(2),
        case.times_s,
        case.ground,
        case.air,
        case.drag,
        case.earth,
        STEP_S,
    )
    rows = [
        _row(case, time_s, state)
        for time_s, state in zip(case.times_s, states, strict=True)
        if np.isfinite(state[0])
    ]
    if np.isfinite(end[0]):
        rows.append(_row(case, end[0], end[1:]))
    elif np.isnan(case.until_s):
        raise ConfigError("it does not come down: give [path] until_s or times_s")
    return rows, end


def end_of(rows: list[Row], end: FloatArray) -> dict[str, Any]:
    """The last row, and whether that is on the ground."""
    last = rows[-1]
    speed = float(np.linalg.norm([last["vx_mps"], last["vy_mps"], last["vz_mps"]]))
    return {
        "down": bool(np.isfinite(end[0])),
        "time_s": round(last["time_s"], 4),
        "lat_deg": round(last["lat_deg"], 8),
        "lon_deg": round(last["lon_deg"], 8),
        "height_m": round(last["height_m"], 3),
        "speed_mps": round(speed, 3),
    }


def _row(case: Case, time_s: float, state: FloatArray) -> Row:
    lat, lon, height = geographic_over(case.earth, state[:3])
    east, north, up = enu_from_ecef(lat, lon) @ state[3:]
    return {
        "time_s": float(time_s),
        "lat_deg": lat * DEG_PER_RAD,
        "lon_deg": lon * DEG_PER_RAD,
        "height_m": height,
        "x_m": state[0],
        "y_m": state[1],
        "z_m": state[2],
        "vx_mps": state[3],
        "vy_mps": state[4],
        "vz_mps": state[5],
        "vn_mps": north,
        "ve_mps": east,
        "vd_mps": -up,
    }


def areas_of(case: Case) -> dict[str, Any]:
    """When it may come down (5 %, median, 95 %), and the areas that hold 50, 90, 99 %."""
    if case.earth != WGS84:
        raise ConfigError("areas are told on our own Earth: leave out [earth]")
    if case.per_beta <= 0.0:
        raise ConfigError("a body without drag has no ballistic coefficient to doubt")
    sigma = np.repeat([case.sigma.position_m, case.sigma.velocity_mps], 3)
    params = ForecastParams()
    futures = falling_futures(
        np.array([[*case.state, -np.log(case.per_beta)]]),
        np.diag(np.append(sigma, case.sigma.ln_beta) ** 2)[None],
        np.zeros(1),
        # how its drag goes is told, so nothing of it is left to be seen
        params.fall_noise._replace(unseen=0.0),
        case.ground,
        case.air,
        case.drag,
    )[0]
    if not np.isfinite(futures).all():
        raise ConfigError("it does not come down: there is no area to tell")
    futures = futures[futures[:, 0] > 0.0]
    weight, cov = futures[:, 0], futures[:, 3:6]
    early, median, late = times(weight, cov, futures[:, 6], futures[:, 7:9], futures[:, 9])
    likely = spread(weight, futures[:, 1:3], cov)
    return {
        "time_p05_s": round(float(early), 3),
        "time_p50_s": round(float(median), 3),
        "time_p95_s": round(float(late), 3),
        **{
            f"area_{100 * share:.0f}_km2": round(area_m2(likely, level) / 1e6, 4)
            for share, level in zip(_SHARES, levels(likely, _SHARES), strict=True)
        },
        "outlines": {
            f"{100 * share:.0f}": [
                (ring * DEG_PER_RAD).round(7).tolist() for ring in outlines(likely, level)
            ]
            for share, level in zip(_SHARES, levels(likely, _SHARES), strict=True)
        },
    }
