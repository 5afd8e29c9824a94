"""A study as one HTML file that needs nothing else."""

from collections.abc import Sequence

from forewarn.app.page import cards, figure, page, tables, two
from forewarn.app.score_table import people_text
from forewarn.app.study_charts import (
    ends_chart,
    frontier_chart,
    magazine_chart,
    policy_table,
    tornado,
)
from forewarn.app.study_map import exposure_map
from forewarn.app.study_table import frontier, sections, told
from forewarn.sim.studies.known import Check
from forewarn.sim.studies.measures import NEEDLESS, UNSHELTERED
from forewarn.sim.studies.running import Results

FOOT = (
    "SIMULATED. Model output, not a prediction: coarse public odds, invented or given "
    "places, drawn impacts. Raids are inputs; no study varies or seeks them. Intervals "
    "are 95 %, over runs; differences are of the same runs. How everything is counted: "
    "docs/studies.md."
)


def report(found: Results, checks: Sequence[Check]) -> str:
    """The page."""
    some = len(told(found)) < len(found.study.variants)
    body = [
        cards(_headline(found, checks)),
        figure(
            "Policies side by side",
            "Means of a run: people, person-minutes, rounds. Below each, what it differs "
            "by from A in the very same runs: green surely fewer, red surely more, grey "
            "neither."
            + (" Told are A and policies of the frontier; all are in Parquet." * some),
            policy_table(found),
        ),
        *_frontier(found),
        figure(
            f"Where people are reached: {found.study.variants[0].name}",
            "People within the harmful radius of what comes down there, mean of a run.",
            exposure_map(found),
        ),
        *_defence(found),
        *_sensitivity(found),
        tables(sections(found, checks)),
    ]
    return page("Study · simulated", _title(found), _lede(found), body, FOOT)


def _frontier(found: Results) -> list[str]:
    if len(found.study.variants) == 1:
        return []
    return [
        figure(
            "What an alert in vain buys",
            "Each point is a policy; lines are its intervals. Towards the lower left is "
            "better in both, and along the dashed line one is bought with the other.",
            frontier_chart(found),
        )
    ]


def _policies(found: Results) -> str:
    count = len(found.study.variants)
    return f"{count:,} policies" if count > 1 else "one policy"


def _title(found: Results) -> str:
    """The policies that are best in one of the two, by name."""
    variants = found.study.variants
    if len(variants) == 1:
        mean = found.stated.whole.mean[0]
        return (
            f"{people_text(mean[UNSHELTERED])} people reached in the open a run, "
            f"{people_text(mean[NEEDLESS])} alerted in vain"
        )
    best = frontier(found.stated)
    if len(best) == 1:
        return f"Fewest in the open, and fewest alerted in vain: {_said(found, best[0])}"
    return (
        f"Fewest in the open: {_said(found, best[-1])}. "
        f"Fewest alerted in vain: {_said(found, best[0])}"
    )


def _said(found: Results, row: int) -> str:
    return found.study.variants[row].name


def _lede(found: Results) -> str:
    keys = found.study.scenario.study
    until = (
        "until the interval of every policy was narrow enough"
        if found.stopped
        else "as many as the file asks for"
    )
    words = keys.description.rstrip(".")
    return (
        f"{keys.name}. {words + '. ' if words else ''}"
        f"{_policies(found).capitalize()}, each against the same {found.runs:,} "
        f"simulated runs, {until}. Model output, not a prediction."
    )


def _headline(found: Results, checks: Sequence[Check]) -> list[tuple[str, str]]:
    mean = found.stated.whole.mean
    open_, vain = mean[:, UNSHELTERED], mean[:, NEEDLESS]
    held = sum(one.holds for one in checks)
    return [
        (
            _span(open_.min(), open_.max()),
            "people reached in the open a run, over policies",
        ),
        (_span(vain.min(), vain.max()), "people alerted in vain a run, over policies"),
        (f"{found.runs:,}", f"runs of {_policies(found)}"),
        (f"{held} of {len(checks)}", "known answers met by this build"),
    ]


def _span(low: float, high: float) -> str:
    ends = [_short(value) for value in (low, high)]
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def _short(people: float) -> str:
    """Thousands where they would not fit."""
    if people >= 1e6:
        return f"{people / 1e6:,.1f}M"
    return f"{people / 1000:,.0f}k" if people >= 10_000 else people_text(people)


def _defence(found: Results) -> list[str]:
    if not found.study.scenario.layer:
        return []
    magazines = figure(
        "How long the magazines last",
        "Share of runs in which no wanted engagement has failed for want of rounds yet.",
        magazine_chart(found),
    )
    if not found.ends or len(found.study.variants) == 1:
        return [magazines]
    ends = [one.p_intercept.disputed for one in found.study.scenario.layer]
    low, high = next(one for one in ends if one)
    return [
        two(
            magazines,
            figure(
                "If the odds are not what they are said to be",
                "Policies in order of people in the open, fewest on top, with every "
                f"disputed probability at its lowest ({low:g}), as stated, and at its "
                f"highest ({high:g}).",
                ends_chart(found),
            ),
        )
    ]


def _sensitivity(found: Results) -> list[str]:
    charts = [
        figure(
            f"What decides: {one.metric.replace('_', ' ')}",
            "Share of the variance that each input explains (Sobol indices), over the "
            "ranges of the file. It holds for this siting of places and batteries.",
            tornado(one),
        )
        for one in found.indices
    ]
    pairs = [charts[k : k + 2] for k in range(0, len(charts), 2)]
    return [two(*pair) if len(pair) == 2 else two(pair[0], "") for pair in pairs]
