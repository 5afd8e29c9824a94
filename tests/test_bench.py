"""Measured figures on record: written, read, gathered."""

from pathlib import Path

import pytest

from forewarn.bench.result import Figure, Result, docs_page, load, save, setting
from forewarn.errors import ConfigError

RESULT = Result(
    "sample",
    "A sample",
    (
        Figure("share warned in time", 0.97, goal=">= 0.95", low=0.96, high=0.98),
        Figure("p99", 300.0, "ms", "<= 250"),
        Figure("told only", 3.0),
    ),
    (("seed", "share"), ("1", "0.97")),
)


def test_figure_says_whether_its_goal_is_met() -> None:
    assert [one.met for one in RESULT.figures] == [True, False, None]
    assert Figure("unmeasured", float("nan"), goal=">= 1").met is False


def test_result_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = setting("forewarn bench sample")
    read, again = load(save(RESULT, made, tmp_path))
    assert again == made
    assert repr(read) == repr(RESULT)  # by text: nan is not equal to itself


def test_page_of_figures_tells_command_machine_and_goal() -> None:
    made = setting("forewarn bench sample")
    page = docs_page([(RESULT, made)])
    assert "forewarn bench sample" in page
    assert made.machine in page
    assert "0.97 (0.96-0.98) | >= 0.95 met" in page
    assert "300 ms | <= 250 NOT met" in page


def test_file_that_is_no_result_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{}")
    with pytest.raises(ConfigError, match=r"broken\.json"):
        load(path)
