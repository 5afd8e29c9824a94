"""Raids of studies: what is drawn depends on names alone, and follows its laws."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats

from forewarn.sim.studies.plan import Plan
from test_study import study_of


def test_same_names_same_luck_whatever_else_is_drawn(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    plan = Plan([study.scenario])
    ten, late = plan.draw(0, 10), plan.draw(5, 10)
    begin = ten.first[15]
    for name in ("time_s", "at_km", "error", "seen", "group", "word"):
        assert_array_equal(getattr(ten, name)[begin:], getattr(late, name))
    fewer = replace(study.scenario, raid=study.scenario.raid[:1])
    alone = Plan([fewer]).draw(0, 10)
    rockets = ten.group == 0
    assert_array_equal(ten.at_km[rockets], alone.at_km)
    assert_array_equal(ten.time_s[rockets], alone.time_s)


def test_what_is_drawn_follows_its_laws(tmp_path: Path) -> None:
    study = study_of(tmp_path)
    plan = Plan([study.scenario])
    drawn = plan.draw(0, 3000)
    raids = len(drawn.first) - 1
    raid = np.repeat(np.arange(raids), np.diff(drawn.first))
    for group, law in enumerate((stats.poisson(9), stats.binom(8, 0.5))):
        count = np.bincount(raid[drawn.group == group], minlength=raids)
        z = (count.mean() - law.mean()) / math.sqrt(law.var() / raids)
        assert abs(z) < 4
        assert count.var() == pytest.approx(law.var(), rel=0.05)
    rockets = drawn.group == 0
    assert stats.kstest(drawn.time_s[rockets] / 120.0, "uniform").pvalue > 1e-4
    assert np.all(np.diff(drawn.time_s)[np.diff(raid) == 0] >= 0)
    assert stats.kstest(drawn.error.ravel(), "norm").pvalue > 1e-4
    assert stats.kstest(drawn.seen, "uniform").pvalue > 1e-4
    places = np.array([(6.0, 11.0), (14.0, 5.0)])
    far = np.hypot(*(drawn.at_km[rockets][:, None] - places).transpose(2, 0, 1))
    near = (far < 4.0).any(axis=1)  # four sigma: hardly any of those aimed are further
    assert near.mean() > 0.6
    north = (far[:, 0] < 2.0).sum() / (far < 2.0).any(axis=1).sum()
    assert north == pytest.approx(9 / 13, abs=0.03)
