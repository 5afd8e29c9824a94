"""From plots to impact points: near the true ones, in areas that hold what they state."""

import sys
from pathlib import Path

import numpy as np
import pytest

from forewarn.atmosphere import standard_air
from forewarn.bench.impact import WINDOWS, Told, bent, figures_of, follow_down, held, own
from forewarn.bench.scenes import FLAT, PLACE, Ends, own_scene, read_scene
from forewarn.dynamics import drag_table
from forewarn.errors import ConfigError
from forewarn.flight import fall, level_ground
from forewarn.geodesy import ecef_from_geographic, enu_from_ecef

SHARED = Path(__file__).parents[2] / "shared" / "bench" / "tracking"


def medians(told: list[Told]) -> list[float]:
    return [figure.value for figure in figures_of("", told, 1.0)]


def test_impact_points_are_near_and_their_areas_honest() -> None:
    told = follow_down(own("finned", 4))
    early, later, late = medians(told)
    assert early < 800.0
    assert later < 250.0
    assert late < 60.0
    for window in range(len(WINDOWS)):
        mine = [one for one in told if one.window == window]
        assert len(mine) > 300
        assert 90.0 < held(mine) <= 100.0


def test_areas_are_honest_with_a_drag_curve_that_is_not_in_the_library() -> None:
    told = follow_down(own("late", 4))
    for window in range(len(WINDOWS)):
        assert held([one for one in told if one.window == window]) > 85.0
    assert medians(told)[2] < 90.0


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not here")
def test_a_scene_of_others_is_forecast_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(SHARED))
    import scenario

    settings = scenario.standard(10, seed=2)
    path = tmp_path / "scene.npz"
    np.savez(path, wind=np.array(settings.wind), **scenario.generate(settings))
    told = follow_down(read_scene(path))
    assert medians(told)[2] < 50.0


def test_over_a_plane_a_body_without_drag_flies_a_parabola() -> None:
    origin, turn = np.array(ecef_from_geographic(*PLACE, 0.0)), enu_from_ecef(*PLACE)
    place, velocity = np.array([20e3, 30e3, 8e3]), np.array([-200.0, 100.0, 50.0])
    mean = np.array([*(place @ turn + origin), *(velocity @ turn), 25.0])
    none = np.full(1, np.nan)
    ends = Ends(none, none, none, standard_air(), FLAT)
    moved = bent(mean, drag_table(), ends)
    calm, ground = np.zeros((1, 2)), level_ground(0.0)
    landed = fall(mean[None, :6], mean[6:], calm, ground, ends.air, drag_table())
    seconds = (50.0 + np.sqrt(50.0**2 + 2 * 9.80665 * 8e3)) / 9.80665
    flat = turn @ (landed[0, 1:4] - moved - origin)
    np.testing.assert_allclose(flat, [*(place + seconds * velocity)[:2], 0.0], atol=0.1)
    assert np.linalg.norm(moved) > 100.0


def test_what_no_forecast_was_made_of_counts_as_missed() -> None:
    told = [Told(0, 10.0, 0.5), Told(0, np.nan, np.nan), Told(0, np.nan, np.nan)]
    assert medians(told)[0] == np.inf
    assert held(told) == pytest.approx(100 / 3)
    assert np.isnan(medians(told)[1])


def test_a_scene_whose_ends_nobody_knows_is_refused() -> None:
    scene = own_scene("load", 1, 1)
    with pytest.raises(ConfigError, match="came down"):
        follow_down(scene)
