"""What is published of sensors: nothing that was missed falls out of a figure."""

from pathlib import Path

import numpy as np
import pytest

from forewarn.bench.aircraft import FlightScore, read_flights
from forewarn.bench.clutter import ClutterScore
from forewarn.bench.microphones import HeardScore
from forewarn.bench.result import Figure
from forewarn.bench.sensing import (
    clutter_figures,
    flight_figures,
    heard_figures,
    told_figures,
)
from forewarn.bench.witnesses import ToldScore
from forewarn.errors import ConfigError

NEVER = np.inf


def by_end(figures: list[Figure], end: str) -> Figure:
    return next(one for one in figures if one.label.endswith(end))


def test_a_drone_never_tracked_is_counted_and_one_never_in_cover_is_not() -> None:
    score = HeardScore(
        cover_s=np.array([15.0, 15.0, NEVER]),
        found_s=np.array([19.0, NEVER, NEVER]),
        error_m=np.array([60.0, 70.0, 90.0]),
        shown=100,
        nothing=3,
    )
    figures = heard_figures([score])
    assert by_end(figures, "cover to track").value == 4.0
    assert by_end(figures, "never tracked").value == 1.0
    assert not by_end(figures, "never tracked").met
    assert "of 2 that" in by_end(figures, "never tracked").note
    assert by_end(figures, "across the ground").value == 70.0
    assert by_end(figures, "of nothing").value == pytest.approx(0.03)


def test_drawings_in_which_people_found_nothing_are_told() -> None:
    told = [ToldScore(20.0, np.array([500.0])), ToldScore(NEVER, np.empty(0))]
    assert "1 of 2" in told_figures(told)[0].note
    assert not np.isfinite(told_figures(told[1:])[0].value)


def test_tracks_of_clutter_are_told_by_the_hour() -> None:
    figures = clutter_figures(ClutterScore(0.5, 1000, likely=3, confirmed=2, threats=1))
    assert by_end(figures, "likely tracks an hour").value == 6.0
    assert by_end(figures, "confirmed tracks an hour").value == 4.0
    assert by_end(figures, "raise a warning").met is False


def test_real_flights_count_together_and_the_worst_error_counts() -> None:
    scores = {
        "a": FlightScore(18, 1, 0, 0.0, 40.0, 0.2),
        "b": FlightScore(2, 0, 0, 0.0, 90.0, 0.6),
    }
    figures = flight_figures(scores, Path("adsb"))
    assert by_end(figures, "change name").value == pytest.approx(0.05)
    assert by_end(figures, "change name").met
    assert by_end(figures, "the worst file").met is False


def test_absent_flights_are_told_not_passed(tmp_path: Path) -> None:
    (only,) = flight_figures({}, tmp_path)
    assert only.value == 0.0
    assert "not here" in only.note
    broken = tmp_path / "uav.csv"
    broken.write_text("time\n1\n")
    with pytest.raises(ConfigError, match=r"uav\.csv"):
        read_flights(broken)
