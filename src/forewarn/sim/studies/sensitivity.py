"""Which inputs matter: Sobol indices, by SALib, over points that all meet the same raids.

Source: Saltelli et al., "Variance based sensitivity analysis of model output" (2010).
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.sim.studies.measures import AVERAGED
from forewarn.sim.studies.parts import Crew, Progress, in_order, play_points
from forewarn.sim.studies.reading import Study

RAIDS = 60_000  # of a part


@dataclass(frozen=True, slots=True, eq=False)
class Indices:
    """Of one metric: shares (inputs,) of its variance, with half widths at 95 %.

    first : by the input alone;  total: by it and all it acts together with
    """

    metric: str
    inputs: tuple[str, ...]
    first: FloatArray
    first_half: FloatArray
    total: FloatArray
    total_half: FloatArray


def explain(
    study: Study, path: Path, crew: Crew, progress: Progress
) -> tuple[Indices, ...]:
    """Indices of every metric that the file names. Points worked out are kept."""
    keys = study.sensitivity
    assert keys is not None  # the caller asks only then
    try:
        from SALib.analyze import sobol as analyse
        from SALib.sample import sobol as sample
    except ImportError:
        raise ConfigError(
            "[sensitivity] needs SALib: install forewarn with the extra `studies`"
        ) from None
    problem = {
        "num_vars": len(keys.inputs),
        "names": [one[0] for one in keys.inputs],
        "bounds": [[one[1], one[2]] for one in keys.inputs],
    }
    seed = study.scenario.study.seed % 2**32
    points = sample.sample(problem, keys.n, calc_second_order=False, seed=seed)
    means = _means(study, points, path, crew, progress)
    found = []
    for metric in keys.metrics:
        outcome = means[:, AVERAGED.index(metric)]
        if np.ptp(outcome) == 0.0:
            continue  # nothing to explain
        indices: dict[str, Any] = analyse.analyze(
            problem, outcome, calc_second_order=False, seed=seed
        )
        found.append(
            Indices(
                metric,
                tuple(problem["names"]),  # type: ignore[arg-type]
                *(np.array(indices[name]) for name in ("S1", "S1_conf", "ST", "ST_conf")),
            )
        )
    return tuple(found)


def _means(
    study: Study,
    points: FloatArray,
    path: Path,
    crew: Crew,
    progress: Progress,
) -> FloatArray:
    """(points, columns), part after part; parts are kept as the runs are."""
    keys = study.sensitivity
    assert keys is not None  # as in explain
    folder = path / "sensitivity"
    folder.mkdir(exist_ok=True)
    raids = keys.runs * study.scenario.campaign.raids
    size = max(RAIDS // raids, 1)
    parts = [points[k : k + size] for k in range(0, len(points), size)]
    places = [folder / f"part-{number:05d}.npy" for number in range(len(parts))]
    kept = {place for place in places if place.exists()}
    missing = (
        tuple(study.at_point(point.tolist()) for point in part)
        for part, place in zip(parts, places, strict=True)
        if place not in kept
    )
    fresh = in_order(crew, partial(play_points, runs=keys.runs), missing)
    found = []
    for number, place in enumerate(places):
        if place not in kept:
            half = place.with_suffix(".half")
            with half.open("wb") as file:
                np.save(file, next(fresh))
            half.replace(place)
        found.append(np.load(place))
        progress("sensitivity", number + 1, len(places))
    return np.concatenate(found)
