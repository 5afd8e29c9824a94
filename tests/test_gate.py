"""The hashed grid and the coarse gate, against going through everything."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forewarn.gate import around, lay_out, near_pairs
from tracking import state


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(10.0, 40e3))
def test_a_grid_finds_all_within_reach(seed: int, reach_m: float) -> None:
    rng = np.random.default_rng(seed)
    centre = state((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))[:3]
    point = centre + rng.normal(0.0, 20e3, (200, 3))
    point[rng.random(200) < 0.1] = np.nan
    grid, out = lay_out(point), np.empty(200, np.int64)
    place = centre + rng.normal(0.0, 20e3, 3)
    found = out[: around(grid, *place, reach_m, out)]
    assert len(set(found.tolist())) == len(found)
    away = np.linalg.norm(point - place, axis=1)
    assert set(np.flatnonzero(away <= reach_m)) <= set(found.tolist())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_no_plot_within_the_coarse_gate_is_left_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 20, 60
    centre = state((0.0, 0.0, 5e3), (0.0, 0.0, 0.0))
    mean = np.tile(centre, (n, 3, 1))
    mean[:, :, :3] += rng.normal(0.0, 3e3, (n, 1, 3))
    mean[:, :, 3:6] += rng.normal(0.0, 300.0, (n, 1, 3))
    cov = np.tile(np.diag([900.0] * 3 + [100.0] * 3 + [0.1]), (n, 3, 1, 1))
    cov *= rng.uniform(0.5, 4.0, (n, 1, 1, 1))
    time_s, plot_time_s = np.zeros(n), rng.uniform(-2.0, 2.0, m)
    point = centre[:3] + rng.normal(0.0, 3e3, (m, 3))
    noise_m = rng.uniform(20.0, 200.0, m)
    weight = np.tile([0.2, 0.5, 0.3], (n, 1))
    start, plot = near_pairs(
        mean, cov, weight, time_s, plot_time_s, point, noise_m, lay_out(point), point, 1e5
    )
    for i in range(n):
        lagged = mean[i, 1, :3] + plot_time_s[:, None] * mean[i, 1, 3:6]
        away = np.linalg.norm(point - lagged, axis=1)
        spread = np.sqrt(np.trace(cov[i, 1, :3, :3]))
        near = np.flatnonzero(away < 4.5 * (spread + noise_m))
        assert set(near) <= set(plot[start[i] : start[i + 1]].tolist())
