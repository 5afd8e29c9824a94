"""`forewarn study`, as it is typed: report, Parquet, going on, failures in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from forewarn.app.study_report import report
from forewarn.app.study_table import frontier, told, with_half
from forewarn.sim.studies.known import Check
from forewarn.sim.studies.parts import Crew
from forewarn.sim.studies.reading import read_study
from forewarn.sim.studies.running import Results, run_study
from test_study import SOBOL, STUDY, quiet

SWEEP = """
[sweep]
"policy.warning.zone_km" = [6, 3]
"policy.defence.engage" = ["populated_only", "nothing"]
"""
CHECKS = (Check("A", "a case", 1.0, 1.01, 0.01), Check("K", "another", 1.0, 2.0, 0.01))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("report")
    path = folder / "study.toml"
    path.write_text(STUDY.replace("runs = 60", "runs = 300") + SWEEP + SOBOL)
    return run_study(read_study(path), folder / "out", Crew(), quiet)


def test_report_tells_what_it_is_and_needs_nothing_else(found: Results) -> None:
    page = report(found, CHECKS)
    assert "Model output, not a prediction" in page
    assert "SIMULATED" in page
    assert not re.search(r"(src|href)=|url\(|@import|<script", page)


def test_report_has_every_picture_and_table(found: Results) -> None:
    page = report(found, CHECKS)
    for title in (
        "Policies side by side",
        "What an alert in vain buys",
        "Where people are reached",
        "How long the magazines last",
        "If the odds are not what they are said to be",
        "What decides: unsheltered",
        "Of what each share is a share",
        "Self-test: 2 known answers, 1 FAIL",
    ):
        assert title in page
    assert page.count("<svg") == 6
    assert "of every round fired" in page
    assert "of every engagement: all rounds between two looks" in page
    for variant in found.study.variants:
        assert variant.name in page


def test_report_of_one_policy_without_defence(tmp_path: Path) -> None:
    start, end = STUDY.index("[[layer]]"), STUDY.index("[policy.warning]")
    path = tmp_path / "study.toml"
    path.write_text(STUDY[:start] + STUDY[end:])
    found = run_study(read_study(path), tmp_path / "out", Crew(), quiet)
    page = report(found, CHECKS)
    assert "How long the magazines last" not in page
    assert "alerted in vain" in page


def test_nobody_beats_a_policy_of_the_frontier(found: Results) -> None:
    from forewarn.sim.studies.measures import NEEDLESS, UNSHELTERED

    mean = found.stated.whole.mean[:, [NEEDLESS, UNSHELTERED]]
    best = frontier(found.stated)
    for row in range(len(mean)):
        beaten = [(mean[k] <= mean[row]).all() and k != row for k in range(len(mean))]
        assert (row in best) != any(beaten)


def test_few_policies_are_told_all_and_many_by_the_frontier(found: Results) -> None:
    assert told(found) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (1234.567, 12.3, "1,235 ± 12"),
        (1.23456, 0.0123, "1.235 ± 0.012"),
        (509.3868, 0.0074, "509.4 ± <0.1"),
        (0.0, 0.0, "0"),
        (-0.2, 0.011, "-0.200 ± 0.011"),
    ],
)
def test_interval_says_how_many_figures_are_told(
    mean: float, half: float, text: str
) -> None:
    assert with_half(mean, half) == text


def typed(*words: str) -> "subprocess.CompletedProcess[str]":
    code = "from forewarn.app.command_line import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True
    )


def test_study_is_run_as_it_is_typed(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY + SWEEP)
    out = tmp_path / "out"
    first = typed("study", str(path), "--out", str(out), "--workers", "1")
    assert first.returncode == 0, first.stderr
    assert "60 runs of 4 policies" in first.stdout
    page = (out / "report.html").read_text()
    table = pq.read_table(out / "policies.parquet").to_pylist()
    assert len(table) == 3 * 4  # as stated, at the lowest, at the highest odds
    assert {row["odds"] for row in table} == {"as stated", "lowest", "highest"}
    assert table[0]["unsheltered_apart"] == 0.0
    (out / "report.html").unlink()
    again = typed("study", str(path), "--out", str(out), "--workers", "1")
    assert again.returncode == 0, again.stderr
    assert (out / "report.html").read_text() == page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("study", "nowhere.toml", "--out", "out"), "nowhere.toml: no such file"),
        (("study", "FILE", "--out", "out"), "a raid is an input"),
        (
            ("study", "town_rockets", "--out", "out", "--dask", "tcp://127.0.0.1:9"),
            "--dask",
        ),
    ],
)
def test_failure_is_one_line(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY + '[sweep]\n"raid.window_s" = [1]\n')
    out = str(tmp_path / "out")
    done = typed(*({"FILE": str(path), "out": out}.get(word, word) for word in words))
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
