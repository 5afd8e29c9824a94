"""The figures of flights: measured on few, all there, and what they are held against."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from forewarn.bench import flying, forecast, rocketpy_world
from forewarn.bench.flying import AIR, ROCKET, Plain, bodies, choose_peer, fly, fly_fine
from forewarn.bench.result import Ask
from forewarn.dynamics import drag_table
from forewarn.errors import ConfigError


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few flights that a test can wait for them."""
    monkeypatch.setattr(forecast, "BATCH", 64)
    monkeypatch.setattr(forecast, "TIMED", 3)
    monkeypatch.setattr(forecast, "CHECKED", 2)
    monkeypatch.setattr(forecast, "TRIED", 2)
    monkeypatch.setattr(forecast, "TRACKS", 10)
    monkeypatch.setattr(flying, "ROUNDS", 1)
    monkeypatch.setattr(flying, "TOLERANCES", (1e-4, 1e-6))
    monkeypatch.setattr(rocketpy_world, "importable", lambda: False)


@pytest.mark.usefixtures("few")
def test_every_figure_of_flights_is_measured(shared_data: Path) -> None:
    waited = []
    ask = Ask(aircraft=shared_data / "adsb/any.csv.gz")
    result = forecast.measure(ask, lambda: waited.append(None))
    assert all(np.isfinite(one.value) for one in result.figures)
    true = [one for one in result.figures if one.unit in ("m", "ms", "")]
    assert len(true) == 11
    assert all(one.met for one in true), [one.label for one in true if not one.met]
    assert len(result.figures) == 15
    assert len(result.table) == 19
    assert len(waited) == 5


@pytest.mark.usefixtures("few")
def test_figures_that_need_reference_data_are_left_out_without(tmp_path: Path) -> None:
    result = forecast.measure(Ask(aircraft=tmp_path / "adsb/none.csv.gz"), lambda: None)
    assert len(result.figures) == 8


def test_plain_forces_are_the_compiled_ones() -> None:
    those = bodies(ROCKET, 5, 0.0, 1)
    drag = drag_table()
    by_hand = Plain(AIR, drag)
    for state, ln_beta in zip(those.state, those.ln_beta, strict=True):
        per_beta = float(np.exp(-ln_beta))
        ours = flying.compiled_slope(0.0, state, ln_beta, AIR, drag)
        assert_allclose(by_hand.slope(0.0, state, per_beta), ours, atol=1e-10)
        height = flying.compiled_height(0.0, state, ln_beta, AIR, drag)
        assert_allclose(by_hand.height(0.0, state, per_beta), height, atol=1e-6)


def test_a_peer_is_as_true_as_it_is_compared_at() -> None:
    those, drag = bodies(ROCKET, 3, 0.0, 2), drag_table()
    truth = fly_fine(those, drag)
    peer = choose_peer(those, truth, drag, plain=False)
    assert peer.worst_m <= flying.CLOSE_M
    assert flying.apart_m(fly(those, drag), truth).max() <= flying.CLOSE_M


def test_a_folder_without_the_standard_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=tmp_path.name):
        forecast.air_figures(tmp_path)
