"""A whole study: parts in order, means as they come, an end when they are sure enough."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from forewarn.compiled import source_hash
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.sim.studies.keys import StopKeys
from forewarn.sim.studies.measures import AVERAGED, DRY_S, Moments, moments
from forewarn.sim.studies.parts import (
    Crew,
    Folder,
    Part,
    Played,
    Progress,
    in_order,
    parts_of,
    plan_of,
    play_part,
)
from forewarn.sim.studies.reading import Study
from forewarn.sim.studies.sensitivity import Indices, explain

BINS = 60  # of the time in which magazines run dry
LEAST = 200  # runs before a study may stop
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """Means over runs of each variant (v, WIDTH + layers), and of what it differs by.

    apart : of a variant's runs less the same runs of the first variant
    """

    whole: Moments
    apart: Moments


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What a study found.

    runs    : of each variant; stopped: whether its interval was narrow enough by then
    stated  : with the odds of the file;  ends: with the lowest and highest disputed odds
    heat    : people reached a run under the first variant, by where it came down
    heat_km : side of its cells
    dry     : (v, BINS) runs whose magazines ran dry, by when; span_s: time of all bins
    indices : Sobol indices of each metric
    """

    study: Study
    runs: int
    stopped: bool
    stated: Summary
    ends: tuple[Summary, ...]
    heat: FloatArray
    heat_km: float
    dry: IntArray
    span_s: float
    indices: tuple[Indices, ...]


def run_study(study: Study, path: Path, crew: Crew, progress: Progress) -> Results:
    """Run a study, or go on with one."""
    scenarios = tuple(
        one.scenario for each in (study.variants, *study.ends) for one in each
    )
    layers = [layer.name for layer in study.scenario.layer]
    folder = Folder(path, f"{study.version}-{source_hash()}", layers)
    keys = study.scenario.study
    parts = parts_of(keys.runs, len(scenarios), study.scenario.campaign.raids)
    tally = _Tally(study)
    work = partial(play_part, scenarios)
    with closing(_played(folder, parts, work, crew)) as coming:
        for part, played in coming:
            tally.add(played)
            progress("runs", part.last, keys.runs)
            if keys.stop is not None and tally.sure(keys.stop):
                break
    indices = explain(study, path, crew, progress) if study.sensitivity else ()
    return tally.results(study, plan_of(scenarios).heat_km, indices)


def compile_first(study: Study) -> None:
    """One run, so that workers find their kernels compiled."""
    play_part((study.scenario,), Part(0, 0, 1))


def _played(
    folder: Folder, parts: list[Part], work: Callable[[Part], Played], crew: Crew
) -> Generator[tuple[Part, Played], None, None]:
    """Every part in order: read if it is kept, else worked out, and kept."""
    kept = {part for part in parts if folder.holds(part)}
    missing = [part for part in parts if part not in kept]
    fresh = in_order(crew, work, missing)
    for part in parts:
        if part in kept:
            yield part, folder.read(part)
            continue
        played = next(fresh)
        folder.write(part, played)
        yield part, played


class _Tally:
    """Means so far, part after part."""

    def __init__(self, study: Study) -> None:
        self._variants = len(study.variants)
        self._sets = 1 + len(study.ends)
        self._sums: list[Summary] = []
        self._heat: FloatArray | None = None
        self._dry = np.zeros((self._variants, BINS), np.int64)
        self._runs, self._stopped = 0, False
        scenario = study.scenario
        campaign = scenario.campaign
        self._span_s = max(one.window_s for one in scenario.raid)
        if campaign.raids > 1:
            self._span_s += (campaign.raids - 1) * campaign.every_h * 3600.0

    def add(self, played: Played) -> None:
        """One part more."""
        v = self._variants
        self._runs += played.values.shape[1]
        self._heat = played.heat + (0.0 if self._heat is None else self._heat)
        self._count_dry(played.values[:v, :, DRY_S])
        new = [_summary(played.values[k * v : (k + 1) * v]) for k in range(self._sets)]
        old = self._sums
        self._sums = (
            [
                Summary(a.whole.joined(b.whole), a.apart.joined(b.apart))
                for a, b in zip(old, new, strict=True)
            ]
            if old
            else new
        )

    def _count_dry(self, dry_s: FloatArray) -> None:
        for row, times in zip(self._dry, dry_s, strict=True):
            spot = times[np.isfinite(times)] / self._span_s * BINS
            row += np.bincount(np.minimum(spot, BINS - 1).astype(int), minlength=BINS)

    def sure(self, stop: StopKeys) -> bool:
        """Whether the metric's interval is narrow enough in every variant."""
        column = AVERAGED.index(stop.metric)
        whole = self._sums[0].whole
        half = whole.half_width(stop.confidence)[:, column]
        self._stopped = self._runs >= LEAST and bool(
            np.all(half <= stop.half_width_rel * whole.mean[:, column])
        )
        return self._stopped

    def results(
        self, study: Study, heat_km: float, indices: tuple[Indices, ...]
    ) -> Results:
        assert self._heat is not None  # a study has at least two runs
        return Results(
            study,
            self._runs,
            self._stopped,
            self._sums[0],
            tuple(self._sums[1:]),
            self._heat / self._runs,
            heat_km,
            self._dry,
            self._span_s,
            indices,
        )


def _summary(values: FloatArray) -> Summary:
    """values: (variants, runs, columns)."""
    return Summary(moments(values, 1), moments(values - values[:1], 1))
