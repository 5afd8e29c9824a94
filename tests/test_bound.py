"""The least area a falling body could be known to, against an estimator that reaches it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares

from forewarn.geodesy import (
    ecef_from_geographic,
    enu_from_ecef,
    geographic_points,
    metres_per_radian,
)
from forewarn.records import Sensor, SensorKind
from forewarn.score import Case, Paths
from forewarn.score import bound as b
from test_score import line_of_zones

RADAR = Sensor(
    "r",
    SensorKind.RADAR,
    lat_rad=0.0,
    lon_rad=0.0,
    height_m=0.0,
    scan_s=1.0,
    sigma_range_m=20.0,
    sigma_azimuth_rad=2e-3,
    sigma_elevation_rad=2e-3,
    range_max_m=100e3,
    detection_probability=1.0,
)
WHOLE = np.array([*[0.0] * 6, 9.0, 4.0, -2.0])
PLACE = np.array(ecef_from_geographic(0.0, 0.006, 2000.0))  # 38 km east of the radar
WHOLE[:3] = PLACE
WHOLE[3:6] = np.array([-350.0, 30.0, 330.0]) @ enu_from_ecef(0.0, 0.006)


def falling(sensor: Sensor = RADAR, seen_s: float = 0.0, kind: str = "rocket") -> Case:
    """A body that has just burnt out, and falls."""
    seconds = float(b._end(WHOLE)[2])
    times = np.append(np.arange(0.0, seconds, 0.5), seconds - 1e-3)
    states = b._fly(WHOLE, times)[0]
    lat, lon, height = geographic_points(states[:, :3])
    end = b._end(WHOLE)
    return Case(
        name="falling",
        threat_id=("r1",),
        kind=(kind,),
        appears_s=np.zeros(1),
        impact_s=np.array([seconds]),
        impact_rad=end[None, :2],
        harmful_m=np.array([150.0]),
        seen_s=np.array([seen_s]),
        zones=line_of_zones(),
        alerts=(),
        until_s=seconds,
        paths=Paths(np.array([0, len(times)]), times, np.stack([lat, lon], axis=1), height),
        sensors=(sensor,),
    )


def test_area_shrinks_with_time_and_with_better_radars() -> None:
    case = falling()
    by_time = [b.least_area_m2(case, 0, when) for when in (6.0, 12.0, 24.0)]
    assert by_time[0] > by_time[1] > by_time[2] > 1e3
    sharper = falling(replace(RADAR, sigma_azimuth_rad=1e-3, sigma_elevation_rad=1e-3))
    assert b.least_area_m2(sharper, 0, 12.0) < by_time[1]
    later = falling(seen_s=8.0)
    assert b.least_area_m2(later, 0, 12.0) > by_time[1]


def test_nothing_is_told_of_what_steers_itself_or_was_hardly_seen() -> None:
    assert np.isnan(b.least_area_m2(falling(kind="drone"), 0, 20.0))
    assert np.isnan(b.least_area_m2(falling(), 0, 1.0))
    assert np.isnan(b.least_area_m2(replace(falling(), sensors=()), 0, 20.0))
    blind = falling(replace(RADAR, range_max_m=1e3))
    seeing = b.least_area_m2(falling(), 0, 20.0)
    assert b.least_area_m2(blind, 0, 20.0) > 5 * seeing  # only what is known beforehand


def test_best_estimator_there_is_reaches_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monte Carlo: flights drawn around what is known, measured, fitted with all of it.

    Little doubt of drag keeps the flights alike: the bound is that of the true one.
    """
    known = b.KNOWN.copy()
    known[6] = 0.05
    monkeypatch.setattr(b, "KNOWN", known)
    case, seconds = falling(), 12.0
    rng = np.random.default_rng(5)
    start = float(case.paths.time_s[1]) if case.paths else 0.0
    times = np.arange(0.0, seconds - start, RADAR.scan_s)
    scale = np.array(metres_per_radian(0.0))
    sigma = RADAR.sigma[:3]
    off = []
    for _ in range(100):
        true = WHOLE + rng.normal(size=9) * b.KNOWN
        seen = b._measured(b._fly(true, times)[0], RADAR)[:, :3]
        seen = seen + rng.normal(size=seen.shape) * sigma

        def miss(step: np.ndarray, seen: np.ndarray = seen) -> np.ndarray:
            whole = WHOLE + step * b.KNOWN
            apart = (b._measured(b._fly(whole, times)[0], RADAR)[:, :3] - seen) / sigma
            return np.append(apart.ravel(), step)

        fit = least_squares(miss, np.zeros(9), diff_step=[1e-3] * 9, max_nfev=12).x
        off.append((b._end(WHOLE + fit * b.KNOWN)[:2] - b._end(true)[:2]) * scale)
    cov = np.cov(np.array(off).T)
    area = np.pi * b.CHI2_95 * np.sqrt(np.linalg.det(cov))
    # 100 draws know an area to 10 %
    assert area == pytest.approx(b.least_area_m2(case, 0, seconds), rel=0.3)
