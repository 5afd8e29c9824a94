"""The figures of a study in words and as a table: policies, denominators, self-test."""

import json
from collections.abc import Sequence
from math import isnan
from pathlib import Path

import numpy as np

from forewarn.app.score_table import Line, Section, number
from forewarn.files.parquet import write_table
from forewarn.records import IntArray
from forewarn.sim.studies.known import Check
from forewarn.sim.studies.measures import AVERAGED, METRICS, NEEDLESS, UNSHELTERED, WIDTH
from forewarn.sim.studies.running import CONFIDENCE, Results, Summary

FIGURES = 3  # behind the first, at most
TOLD = 12  # policies that are told one by one
ODDS = ("as stated", "lowest", "highest")


def write_policies(found: Results, path: Path) -> None:
    """Mean, half interval and paired difference of every measure of every policy."""
    study = found.study
    layers = [layer.name for layer in study.scenario.layer]
    columns = {name: k for k, name in enumerate(AVERAGED)} | {
        f"rounds_{name}": WIDTH + k for k, name in enumerate(layers)
    }
    sets = (found.stated, *found.ends)
    table: dict[str, object] = {
        "scenario": np.arange(len(sets) * len(study.variants)),
        "policy": [one.name for _ in sets for one in study.variants],
        "settings": [
            json.dumps(dict(one.settings), default=str)
            for _ in sets
            for one in study.variants
        ],
        "odds": [ODDS[k] for k in range(len(sets)) for _ in study.variants],
        "runs": np.full(len(sets) * len(study.variants), found.runs),
    }
    for name, k in columns.items():
        for part, values in (
            (name, [one.whole.mean for one in sets]),
            (f"{name}_half", [one.whole.half_width(CONFIDENCE) for one in sets]),
            (f"{name}_apart", [one.apart.mean for one in sets]),
            (f"{name}_apart_half", [one.apart.half_width(CONFIDENCE) for one in sets]),
        ):
            table[part] = np.concatenate(values)[:, k]
    write_table(path, table)


def frontier(summary: Summary) -> list[int]:
    """Policies that none beats in both: people in the open, people alerted in vain."""
    mean = summary.whole.mean
    order = np.lexsort((mean[:, UNSHELTERED], mean[:, NEEDLESS]))
    found, least = [], np.inf
    for row in order:
        if mean[row, UNSHELTERED] < least:
            found.append(int(row))
            least = float(mean[row, UNSHELTERED])
    return found


def told(found: Results) -> list[int]:
    """Policies told one by one: all if few, else the first and those of the frontier."""
    count = len(found.study.variants)
    if count <= TOLD:
        return list(range(count))
    best = [row for row in frontier(found.stated) if row]
    step = max(1, -(-len(best) // (TOLD - 1)))
    return [0, *best[::step]]


def with_half(mean: float, half: float) -> str:
    """A mean and half of its interval, to the figures that the interval leaves."""
    if isnan(half) or half == 0.0:
        return number(mean)
    places = max(0, 1 - int(np.floor(np.log10(half))))
    places = min(places, max(0, FIGURES - int(np.floor(np.log10(max(abs(mean), half))))))
    wide = f"{half:,.{places}f}"
    if float(wide.replace(",", "")) == 0.0:
        wide = f"<{10.0**-places:g}"
    return f"{mean:,.{places}f} ± {wide}"


def sections(found: Results, checks: Sequence[Check]) -> tuple[Section, ...]:
    """All measures of the first policy; denominators; the self-test."""
    return (_measures(found), _denominators(found), _self_test(checks))


def _measures(found: Results) -> Section:
    whole = found.stated.whole
    mean, half = whole.mean[0], whole.half_width(CONFIDENCE)[0]
    lines = [
        Line(name.replace("_", " "), with_half(mean[k], half[k]), METRICS[name])
        for k, name in enumerate(AVERAGED)
    ]
    lines += [
        Line(f"rounds of {layer.name}", with_half(mean[WIDTH + k], half[WIDTH + k]))
        for k, layer in enumerate(found.study.scenario.layer)
    ]
    name = found.study.variants[0].name
    return Section(f"Every measure of one policy, a run: {name}", tuple(lines))


def _denominators(found: Results) -> Section:
    scenario, lines = found.study.variants[0].scenario, []
    for layer in scenario.layer:
        odds = layer.p_intercept
        ends = odds.disputed
        note = f"of every {odds.denominator}" + (
            " fired" if odds.denominator == "round" else ": all rounds between two looks"
        )
        note += f"; drawn once a run, standard deviation {odds.sd:g}" if odds.sd else ""
        note += f"; disputed: {ends[0]:g} to {ends[1]:g}" if ends else ""
        lines.append(Line(f"success of layer {layer.name}", f"{odds.mean:g}", note))
    for raid in scenario.raid:
        kind = raid.kind.replace("_", " ")
        lines.append(
            Line(f"{kind}s at places", f"{raid.share_to_places:g}", "of all that is fired")
        )
    mean = found.stated.whole.mean[0]
    for label, over, under, note in (
        ("threatening", 1, 0, "of all that is fired, found"),
        ("intercepted", 3, 0, "of all that is fired, found"),
        ("intercepted", 3, 2, "of all that is engaged, found"),
        ("leakers", 5, 1, "of all that is threatening, found"),
    ):
        share = mean[over] / mean[under] if mean[under] else float("nan")
        lines.append(Line(label, number(share), note))
    return Section("Of what each share is a share", tuple(lines))


def _self_test(checks: Sequence[Check]) -> Section:
    lines = [
        Line(
            f"{one.id}  {one.case}",
            f"{one.found:.6g}",
            f"{'at least ' if one.bound else ''}{one.expected:.6g} is known; "
            + ("exact" if not one.error else f"{one.off:+.1f} standard errors")
            + ("" if one.holds else " - FAILS"),
        )
        for one in checks
    ]
    wrong = sum(not one.holds for one in checks)
    verdict = "all hold" if not wrong else f"{wrong} FAIL"
    return Section(f"Self-test: {len(checks)} known answers, {verdict}", tuple(lines))


def ranks(summary: Summary, rows: Sequence[int]) -> IntArray:
    """(rows,) place of each among them by people in the open, 1 = fewest."""
    people = summary.whole.mean[list(rows), UNSHELTERED]
    return np.argsort(np.argsort(people, kind="stable"), kind="stable") + 1
