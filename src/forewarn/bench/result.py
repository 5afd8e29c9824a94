"""A measured figure on record: what, where, when, with which command and version."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import isnan
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. low, high: 95 % interval where there is one, else nan.

    goal : what it is held against, as ">= 0.95" or "<= 250"; "" = only told
    """

    label: str
    value: float
    unit: str = ""
    goal: str = ""
    low: float = float("nan")
    high: float = float("nan")
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal."""
        if not self.goal:
            return None
        sign, bound = self.goal.split()
        if isnan(self.value):
            return False
        return self.value >= float(bound) if sign == ">=" else self.value <= float(bound)


@dataclass(frozen=True, slots=True)
class Result:
    """What one measurement gave.

    table : rows of text behind the figures, a heading first; may be empty
    """

    name: str
    title: str
    figures: tuple[Figure, ...]
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a measurement is asked for.

    seeds    : drawings of a raid
    raid     : which one
    errors   : true errors of its sensors over those that they state
    minutes  : of real traffic
    aircraft : CSV of real aircraft
    scenarios: files of tracking scenes, none = our own
    """

    seeds: int = 20
    raid: str = "rockets"
    errors: float = 1.0
    minutes: float = 60.0
    aircraft: Path = Path("../shared/data/adsb/paris_2021-10-07.csv.gz")
    scenarios: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what a result was measured."""

    command: str
    date: str
    version: str
    commit: str
    python: str
    machine: str
    cores: int


def setting(command: str) -> Setting:
    """This machine, now."""
    return Setting(
        command=command,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        version=version("forewarn"),
        commit=_commit(),
        python=platform.python_version(),
        machine=f"{_processor()}, {platform.system()} {platform.machine()}",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
    )


def save(result: Result, made: Setting, folder: Path) -> Path:
    """Write `folder`/NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.name}.json"
    path.write_text(as_json(result, made) + "\n", encoding="utf-8")
    return path


def as_json(result: Result, made: Setting) -> str:
    """The record as text; nan becomes null."""
    figures = [
        {key: _number(value) for key, value in asdict(one).items()} | {"met": one.met}
        for one in result.figures
    ]
    record = {
        "schema": 1,
        "name": result.name,
        "title": result.title,
        "figures": figures,
        "table": result.table,
        "setting": asdict(made),
    }
    return json.dumps(record, indent=1, ensure_ascii=False)


def load(path: Path) -> tuple[Result, Setting]:
    """Read what `save` wrote."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        figures = tuple(_figure(row) for row in record["figures"])
        table = tuple(tuple(row) for row in record["table"])
        made = Setting(**record["setting"])
        return Result(record["name"], record["title"], figures, table), made
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: no result of `forewarn bench`: {error!r}") from error


def docs_page(results: Sequence[tuple[Result, Setting]]) -> str:
    """`docs/figures.md`: every result with machine, date and command."""
    parts = [
        "# Measured figures\n",
        "Each table was written by the command above it; `forewarn bench docs` gathers"
        " them\nfrom `bench/results`. Intervals are 95 %.\n",
    ]
    for result, made in results:
        parts.append(f"## {result.title}\n")
        parts.append(
            f"`{made.command}` - {made.date}, {made.machine}, {made.cores} cores, "
            f"Python {made.python}, Forewarn {made.version} ({made.commit})\n"
        )
        rows = [("figure", "measured", "goal", ""), ("---", "---:", "---:", "---")]
        rows += [
            (
                one.label,
                interval_text(one),
                one.goal + {None: "", True: " met", False: " NOT met"}[one.met],
                one.note,
            )
            for one in result.figures
        ]
        parts.append("".join(f"| {' | '.join(row)} |\n" for row in rows))
        if result.table:
            rule = ("---:",) * len(result.table[0])
            rows_of_text = [result.table[0], rule, *result.table[1:]]
            parts.append("".join(f"| {' | '.join(row)} |\n" for row in rows_of_text))
    return "\n".join(parts)


def interval_text(one: Figure) -> str:
    """Value, unit and interval of a figure."""
    text = f"{_short(one.value)} {one.unit}".strip()
    return text if isnan(one.low) else f"{text} ({_short(one.low)}-{_short(one.high)})"


def _short(value: float) -> str:
    if isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _figure(row: dict[str, Any]) -> Figure:
    def number(key: str) -> float:
        return float("nan") if row[key] is None else float(row[key])

    return Figure(
        label=str(row["label"]),
        value=number("value"),
        unit=str(row["unit"]),
        goal=str(row["goal"]),
        low=number("low"),
        high=number("high"),
        note=str(row["note"]),
    )


def _commit() -> str:
    """Short hash of the sources, a plus behind it if they were changed since."""
    here = Path(__file__).parents[1]
    try:
        commit = _git(here, "rev-parse", "--short", "HEAD")
        return commit + ("+" if _git(here, "status", "--porcelain", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return "released package"


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"
