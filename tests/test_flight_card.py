"""A body to the ground by the form that a graphics card runs, on the processor; and on a
card where there is one."""

import sys
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from forewarn.atmosphere import standard_air, with_profile
from forewarn.bench.flying import FAMILIES, bodies
from forewarn.dynamics import drag_table
from forewarn.errors import ConfigError
from forewarn.flight import Ground, fall, level_ground
from forewarn.flight.card import card_name, fall_on_card
from forewarn.flight.ground import ground_grid
from forewarn.flight.single import World, fly_row
from forewarn.geodesy import WGS84, FloatArray

AIR = with_profile(
    standard_air(), np.array([0.0, 10e3]), np.array([[5.0, 2.0], [20.0, 10.0]])
)
DRAG = drag_table()
COUNT = 24
ALIKE = 1e-3  # m, m/s, s: the same steps, rounded otherwise
HILLS = ground_grid(
    50.0 * np.random.default_rng(3).standard_normal((40, 40)),
    (np.radians(55.0), np.radians(57.0)),
    (np.radians(8.0), np.radians(12.0)),
)
Case = tuple[FloatArray, FloatArray, FloatArray]


def drawn(family: str, lifted: bool) -> Case:
    """Bodies of a family in gusts, one of them under the ground and one no number."""
    state, ln_beta, gust = bodies(family, COUNT, 3.0, 7)
    state[3, :3] *= 0.99
    state[5, 4] = np.nan
    lift = 0.2 * np.random.default_rng(11).standard_normal((COUNT, 3))
    return state, ln_beta, np.hstack((gust, lift)) if lifted else gust


def one_by_one(case: Case, ground: Ground) -> FloatArray:
    out = np.empty((COUNT, 7))
    world = World(ground, AIR, DRAG, WGS84)
    for i in range(COUNT):
        fly_row(*case, world, i, out)
    return out


@pytest.mark.parametrize("ground", [level_ground(12.0), HILLS], ids=["level", "hills"])
@pytest.mark.parametrize("lifted", [False, True], ids=["falls", "lifted"])
@pytest.mark.parametrize("family", FAMILIES)
def test_both_forms_come_down_alike(family: str, lifted: bool, ground: Ground) -> None:
    case = drawn(family, lifted)
    many, single = fall(*case, ground, AIR, DRAG), one_by_one(case, ground)
    np.testing.assert_array_equal(np.isnan(single), np.isnan(many))
    np.testing.assert_allclose(single, many, rtol=0.0, atol=ALIKE)


@pytest.mark.parametrize("library", [None, SimpleNamespace(is_available=lambda: False)])
def test_where_no_card_is_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, library: object
) -> None:
    """Neither the library, nor a card that it finds."""
    monkeypatch.setitem(sys.modules, "numba.cuda", library)
    monkeypatch.setattr(numba, "cuda", library, raising=False)
    if library is None:
        monkeypatch.delattr(numba, "cuda")
    assert not card_name()
    with pytest.raises(ConfigError, match=r"forewarn\[gpu\].*forewarn\.flight\.fall"):
        fall_on_card(*drawn("wreck", False), level_ground(0.0), AIR, DRAG)


@pytest.mark.skipif(not card_name(), reason="no graphics card answers here")
@pytest.mark.parametrize("lifted", [False, True], ids=["falls", "lifted"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_card_says_what_the_processor_says(family: str, lifted: bool) -> None:
    case = drawn(family, lifted)
    there = fall_on_card(*case, HILLS, AIR, DRAG).copy_to_host()
    np.testing.assert_allclose(there, one_by_one(case, HILLS), rtol=0.0, atol=ALIKE)
