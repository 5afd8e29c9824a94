"""Parts of a study's runs: worked out anywhere, kept on disk, read again after a kill."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.parquet import numbers, read_table, write_table
from forewarn.geodesy import FloatArray
from forewarn.sim.studies.keys import Scenario
from forewarn.sim.studies.measures import METRICS
from forewarn.sim.studies.plan import Plan

T = TypeVar("T")
J = TypeVar("J")
RAIDS = 120_000  # of a part: some two seconds of a core
BLOCK = 500  # runs drawn at once: what is drawn stays near the processor
AHEAD = 3  # parts that wait for each worker

Scenarios = tuple[Scenario, ...]
Progress = Callable[[str, int, int], None]  # what, done, at most


@dataclass(frozen=True, slots=True)
class Part:
    """Runs first up to last of all scenarios."""

    number: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a part gave.

    values : (scenarios, runs, WIDTH + layers)
    heat   : people reached under the first scenario, by where it came down, summed up
    """

    values: FloatArray
    heat: FloatArray


def parts_of(runs: int, scenarios: int, raids: int) -> list[Part]:
    """Alike whatever the number of workers, so that all of them give the same."""
    size = min(max(RAIDS // (scenarios * raids), 1), 5000)
    return [
        Part(i, first, min(first + size, runs))
        for i, first in enumerate(range(0, runs, size))
    ]


@lru_cache(maxsize=2)
def plan_of(scenarios: Scenarios) -> Plan:
    """Made once by each worker."""
    return Plan(scenarios)


def play_part(scenarios: Scenarios, part: Part) -> Played:
    """The runs of a part; what a worker does."""
    plan = plan_of(scenarios)
    blocks = [
        _play_block(plan, first, min(first + BLOCK, part.last))
        for first in range(part.first, part.last, BLOCK)
    ]
    values = np.concatenate([one.values for one in blocks], axis=1)
    return Played(values, np.sum([one.heat for one in blocks], axis=0))


def _play_block(plan: Plan, first: int, last: int) -> Played:
    drawn = plan.draw(first, last)
    played = [plan.play(policy, drawn, first) for policy in plan.policies]
    return Played(np.stack([out for out, _ in played]), played[0][1])


def play_points(scenarios: Scenarios, runs: int) -> FloatArray:
    """(scenarios, WIDTH + layers) means over the first runs."""
    plan = Plan(scenarios)
    drawn = plan.draw(0, runs)
    return np.stack([plan.play(one, drawn, 0)[0].mean(axis=0) for one in plan.policies])


@dataclass(frozen=True, slots=True)
class Crew:
    """Who works: an executor and its workers; without one, this process alone."""

    executor: Executor | None = None
    workers: int = 1


def in_order(crew: Crew, work: Callable[[J], T], jobs: Iterable[J]) -> Iterator[T]:
    """Outcomes in the order of the jobs, some worked out ahead."""
    if crew.executor is None:
        yield from map(work, jobs)
        return
    waiting: list[Future[T]] = []
    try:
        for job in jobs:
            waiting.append(crew.executor.submit(work, job))
            if len(waiting) >= AHEAD * crew.workers:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for future in waiting:
            future.cancel()


class Folder:
    """Where a study's parts are kept: `runs/part-00000.parquet` and so on.

    A part is renamed into its place when it is whole, so a kill leaves whole parts only.
    """

    def __init__(self, path: Path, version: str, layers: Sequence[str]) -> None:
        self.path = path
        self._runs = path / "runs"
        self._columns = (*METRICS, *(f"rounds_{name}" for name in layers))
        self._claim(version)

    def _claim(self, version: str) -> None:
        self._runs.mkdir(parents=True, exist_ok=True)
        mark = self._runs / "_study.json"
        if mark.exists():
            try:
                found = json.loads(mark.read_text(encoding="utf-8"))["version"]
            except (ValueError, KeyError, TypeError):
                found = "of no study"
            if found != version:
                raise ConfigError(
                    f"{self.path}: holds runs of another study or build ({found}, this is "
                    f"{version}): name another folder, or remove it"
                )
        mark.write_text(json.dumps({"schema": 1, "version": version}), encoding="utf-8")

    def holds(self, part: Part) -> bool:
        return self._place(part).exists()

    def read(self, part: Part) -> Played:
        """A part that is there."""
        path = self._place(part)
        table = read_table(path)
        runs = part.last - part.first
        columns = [numbers(path, table, name) for name in self._columns]
        values = np.stack(columns, axis=-1).reshape(-1, runs, len(columns))
        return Played(values, np.load(self._heat(part)))

    def write(self, part: Part, played: Played) -> None:
        """Keep a part; whole, or not at all."""
        policies, runs, _ = played.values.shape
        rows = played.values.reshape(policies * runs, -1)
        table: dict[str, Any] = {
            "scenario": np.repeat(np.arange(policies), runs),
            "run": np.tile(np.arange(part.first, part.last), policies),
        }
        table |= {name: rows[:, i] for i, name in enumerate(self._columns)}
        with self._heat(part).open("wb") as file:
            np.save(file, played.heat)
        half = self._runs / f"_half-{part.number:05d}"
        write_table(half, table)
        half.replace(self._place(part))

    def _place(self, part: Part) -> Path:
        return self._runs / f"part-{part.number:05d}.parquet"

    def _heat(self, part: Part) -> Path:
        return self._runs / f"_heat-{part.number:05d}.npy"
