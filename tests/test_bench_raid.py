"""What `bench raid` publishes of a score: the worst bin, and areas against the least."""

from dataclasses import replace

import numpy as np
import pytest

from forewarn.bench.raid import told_figures
from forewarn.score import Samples, Score, bins, summarise
from forewarn.score.measures import Area
from test_evidence import ROCKET, judged


def score(*, came: float, over: float = 1.2, bounded: int = 9) -> Score:
    """Of 400 zones said to be hit once in ten times, of which so many were."""
    stated = np.full(400, 0.1)
    observed = (np.arange(400) < came).astype(float)
    told = bins([Samples(stated, observed)])
    area = Area("rocket", 10, 3.0, bounded, over)
    whole = summarise([judged([(0, ROCKET, 910.0, 925.0, 0.2)])])
    return replace(whole, calibration=told, sharpness=(area,))


@pytest.mark.parametrize(("came", "off"), [(20, 2.0), (80, 2.0), (40, 1.0)])
def test_too_many_are_as_wrong_as_too_few(came: float, off: float) -> None:
    (figure,) = [one for one in told_figures("", score(came=came)) if "bins" in one.label]
    assert figure.value == pytest.approx(off)
    assert figure.met is (off <= 1.5)
    assert f"{came:.1f} of 40.0 came" in figure.note


def test_where_none_came_nothing_is_honest() -> None:
    (figure,) = [one for one in told_figures("", score(came=0)) if "bins" in one.label]
    assert figure.value == np.inf
    assert not figure.met


def test_areas_are_held_against_the_least_where_there_is_one() -> None:
    def areas(some: Score) -> list[bool | None]:
        return [one.met for one in told_figures("", some) if "over the least" in one.label]

    assert areas(score(came=40, over=1.2)) == [True]
    assert areas(score(came=40, over=1.6)) == [False]
    assert areas(score(came=40, over=np.nan, bounded=0)) == []
