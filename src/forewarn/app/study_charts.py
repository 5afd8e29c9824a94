"""Charts of a study: policies, frontier, magazines, both ends of the odds, what matters."""

from collections.abc import Sequence
from html import escape
from math import floor, log10

import numpy as np

from forewarn.app.page import WIDTH, key, line, rect, svg, text
from forewarn.app.score_table import people_text
from forewarn.app.study_table import ODDS, frontier, ranks, told, with_half
from forewarn.geodesy import FloatArray
from forewarn.sim.studies.measures import (
    HARMED,
    LEAKERS,
    NEEDLESS,
    NEEDLESS_MINUTES,
    ROUNDS,
    ROUNDS_COST,
    UNSHELTERED,
)
from forewarn.sim.studies.running import BINS, CONFIDENCE, Results
from forewarn.sim.studies.sensitivity import Indices

HALF = 500  # width of a chart beside another
LETTERS = "ABCDEFGHIJKL"
COLUMNS = (
    (UNSHELTERED, "reached in the open"),
    (HARMED, "harmed, expected"),
    (NEEDLESS, "alerted in vain"),
    (NEEDLESS_MINUTES, "minutes in vain"),
    (LEAKERS, "leakers at places"),
    (ROUNDS, "rounds"),
    (ROUNDS_COST, "money"),
)
INKS = ("var(--ours)", "var(--bad)", "var(--good)", "var(--vain)", "#8d3b72", "var(--none)")


def policy_table(found: Results) -> str:
    """One row for each policy told; below each mean, the difference from the first."""
    whole, apart = found.stated.whole, found.stated.apart
    columns = [one for one in COLUMNS if whole.mean[:, one[0]].any()]
    units = [_unit(float(whole.mean[:, k].max())) for k, _ in columns]
    heads = "".join(
        f"<th>{escape(name)}{unit and f', {unit}'}</th>"
        for (_, name), (_, unit) in zip(columns, units, strict=True)
    )
    half, apart_half = whole.half_width(CONFIDENCE), apart.half_width(CONFIDENCE)
    rows = []
    for place, row in enumerate(told(found)):
        cells = []
        for (k, _), (size, _) in zip(columns, units, strict=True):
            mean = with_half(whole.mean[row, k] / size, half[row, k] / size)
            cells.append(f"<td><b>{mean}</b>")
            if row:
                cells.append(
                    _difference(apart.mean[row, k] / size, apart_half[row, k] / size)
                )
            cells.append("</td>")
        name = escape(found.study.variants[row].name)
        rows.append(
            f"<tr><td><i>{LETTERS[place]}</i></td><td>{name}</td>{''.join(cells)}</tr>"
        )
    return (
        f"<table class=policies><thead><tr><th></th><th>policy</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _unit(most: float) -> tuple[float, str]:
    """So that no figure of a column is longer than it need be."""
    for size, name in ((1e6, "millions"), (1e3, "thousands")):
        if most >= 10 * size:
            return size, name
    return 1.0, ""


def _difference(mean: float, half: float) -> str:
    """What a policy changes: green where surely fewer, red where surely more."""
    kind = "same" if abs(mean) <= half else "fewer" if mean < 0 else "more"
    words = "same" if mean == half == 0.0 else with_half(mean, half)
    if mean > 0:
        words = f"+{words}"
    return f"<span class={kind}>{words}</span>"


class _Axis:
    """Values along a line of a picture, with round marks."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        span = max(high - low, 1e-9 * max(abs(high), 1.0))
        step = 10.0 ** floor(log10(span / 4))
        step *= next(one for one in (1, 2, 5, 10) if span / (one * step) <= 6)
        self._low, self._high = floor(low / step) * step, -floor(-high / step) * step
        self._start, self._end = start, end
        count = round((self._high - self._low) / step)
        self.marks = [self._low + k * step for k in range(count + 1)]
        self._places = max(0, -floor(log10(step) + 1e-9))

    def told(self, mark: float) -> str:
        return f"{mark:,.{self._places}f}"

    def at(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)


def frontier_chart(found: Results) -> str:
    """People in the open against people alerted in vain: one point for each policy."""
    mean = found.stated.whole.mean
    half = found.stated.whole.half_width(CONFIDENCE)
    left, right, top, bottom = 84.0, WIDTH - 40.0, 16.0, 380.0
    across = _axis_of(mean[:, NEEDLESS], half[:, NEEDLESS], left, right)
    up = _axis_of(mean[:, UNSHELTERED], half[:, UNSHELTERED], bottom, top)
    shapes = []
    for mark in across.marks:
        x = across.at(mark)
        shapes += [
            line(x, top, x, bottom),
            text(x, bottom + 20, across.told(mark), "", "middle"),
        ]
    for mark in up.marks:
        y = up.at(mark)
        shapes += [
            line(left, y, right, y),
            text(left - 10, y + 4, up.told(mark), "", "end"),
        ]
    best = frontier(found.stated)
    points = " ".join(
        f"{across.at(mean[row, NEEDLESS]):.1f},{up.at(mean[row, UNSHELTERED]):.1f}"
        for row in best
    )
    shapes.append(
        f'<polyline points="{points}" fill="none" stroke="var(--ours)" '
        'stroke-width="1.6" stroke-dasharray="5 4"/>'
    )
    shapes += _points(found, best, across, up)
    shapes += [
        text(right, bottom + 42, "people alerted in vain, a run", "", "end"),
        text(left + 8, top + 12, "people reached in the open, a run", "halo"),
    ]
    named = (("var(--ours)", "on the frontier"), ("var(--none)", "beaten in both"))
    told_as = "people in the open against people alerted in vain"
    return svg(WIDTH, bottom + 48, shapes, told_as, "plain") + key(named)


def _points(found: Results, best: list[int], across: _Axis, up: _Axis) -> list[str]:
    """A dot for each policy; intervals and letters for those that are told."""
    mean = found.stated.whole.mean
    half = found.stated.whole.half_width(CONFIDENCE)
    shown = {row: LETTERS[place] for place, row in enumerate(told(found))}
    shapes = []
    for row, variant in enumerate(found.study.variants):
        vain, open_ = mean[row, NEEDLESS], mean[row, UNSHELTERED]
        x, y = across.at(vain), up.at(open_)
        ink = "var(--ours)" if row in best else "var(--none)"
        if row in shown:
            look = f'stroke="{ink}" stroke-width="1.4"'
            wide, high = half[row, NEEDLESS], half[row, UNSHELTERED]
            shapes += [
                line(across.at(vain - wide), y, across.at(vain + wide), y, look),
                line(x, up.at(open_ - high), x, up.at(open_ + high), look),
                text(x + 9, y - 8, shown[row], "big halo"),
            ]
        shapes.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{5.5 if row in shown else 3}" '
            f'fill="{ink}"><title>{escape(variant.name)}</title></circle>'
        )
    return shapes


def _axis_of(mean: FloatArray, half: FloatArray, start: float, end: float) -> _Axis:
    room = 0.06 * max(float(np.ptp(mean)), 1e-9)
    low, high = float((mean - half).min()) - room, float((mean + half).max()) + room
    return _Axis(max(low, 0.0), high, start, end)


def magazine_chart(found: Results) -> str:
    """Share of runs whose magazines have not run dry, by time; alike curves are one."""
    curves: dict[bytes, list[int]] = {}
    for place, row in enumerate(told(found)):
        curves.setdefault(found.dry[row].tobytes(), []).append(place)
    rows = told(found)
    left, right, top, bottom = 52.0, HALF - 46.0, 14.0, 250.0
    shapes = []
    for k in range(5):
        y = bottom - (bottom - top) * k / 4
        shapes += [line(left, y, right, y), text(left - 8, y + 4, f"{25 * k} %", "", "end")]
    unit, span = _time_unit(found.span_s)
    for mark in _Axis(0.0, span, left, right).marks:
        if mark <= span * 1.0001:
            x = left + (right - left) * mark / span
            shapes.append(text(x, bottom + 19, f"{mark:g}", "", "middle"))
    spots: list[float] = []
    for ink, places in zip(INKS * 2, curves.values(), strict=False):
        kept = 1.0 - np.cumsum(found.dry[rows[places[0]]]) / found.runs
        steps = [(left, top)]
        for k, share in enumerate(kept):
            x = left + (right - left) * (k + 1) / BINS
            steps.append((x, bottom - (bottom - top) * share))
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in steps)
        shapes.append(
            f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="2.2"/>'
        )
        spots.append(_apart(steps[-1][1] + 4, spots))
        names = "".join(LETTERS[place] for place in places)
        shapes.append(
            f'<text x="{right + 6:.0f}" y="{spots[-1]:.1f}" style="fill:{ink}" '
            f"class=letter>{names}</text>"
        )
    shapes.append(text(right, bottom + 37, f"{unit} into the run", "", "end"))
    return svg(HALF, bottom + 42, shapes, "share of runs with rounds left, by time")


def _time_unit(span_s: float) -> tuple[str, float]:
    for name, seconds in (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if span_s >= 2 * seconds:
            return name, span_s / seconds
    return "seconds", span_s


def _apart(y: float, others: Sequence[float]) -> float:
    """Moved down until it stands over no other."""
    while any(abs(y - other) < 13 for other in others):
        y += 13
    return y


def ends_chart(found: Results) -> str:
    """Ranks by people in the open, with the lowest, stated and highest odds."""
    rows = told(found)
    sets = (found.ends[0], found.stated, found.ends[1])
    names = (ODDS[1], ODDS[0], ODDS[2])
    places = np.array([ranks(one, rows) for one in sets])
    pitch, top = 27.0, 44.0
    at = (HALF * 0.18, HALF * 0.5, HALF * 0.82)
    shapes = [
        text(x, 18, f"odds {name}", "ink", "middle")
        for x, name in zip(at, names, strict=True)
    ]
    for k in range(len(rows)):
        y = [top + pitch * (rank - 0.5) for rank in places[:, k]]
        moved = len(set(places[:, k])) > 1
        ink = "var(--bad)" if moved else "var(--none)"
        look = f'stroke="{ink}" stroke-width="2"'
        shapes += [line(at[j] + 42, y[j], at[j + 1] - 42, y[j + 1], look) for j in (0, 1)]
        for j, one in enumerate(sets):
            people = people_text(one.whole.mean[rows[k], UNSHELTERED])
            shapes.append(text(at[j], y[j] + 4, f"{LETTERS[k]}  {people}", "big", "middle"))
    named = (("var(--bad)", "its rank depends on the odds"), ("var(--none)", "it does not"))
    drawn = svg(HALF, top + pitch * len(rows) + 6, shapes, "ranks at both ends of the odds")
    return drawn + key(named)


def tornado(indices: Indices) -> str:
    """Bars of each input, the one that matters most on top."""
    order = np.argsort(-indices.total)
    left, pitch, top = 236.0, 30.0, 6.0
    scale = (HALF - left - 46.0) / max(1.0, float(indices.total.max()))
    shapes = []
    for place, k in enumerate(order):
        y = top + pitch * place
        whole, alone = max(indices.total[k], 0.0), max(indices.first[k], 0.0)
        name = indices.inputs[k].replace("_", " ")
        words = name.split(".")
        shapes += [
            text(left - 12, y + 16, _short(words), "ink", "end"),
            rect(left, y + 3, whole * scale, 18, "var(--land)", f"{name}: {whole:.2f}"),
            rect(left, y + 3, alone * scale, 18, "var(--ours)", f"{name}: {alone:.2f}"),
            line(
                left + max(whole - indices.total_half[k], 0.0) * scale,
                y + 12,
                left + (whole + indices.total_half[k]) * scale,
                y + 12,
                'stroke="var(--ink)" stroke-width="1.2"',
            ),
            text(
                left + (whole + indices.total_half[k]) * scale + 7,
                y + 16,
                f"{whole:.2f}",
                "ink",
            ),
        ]
    named = (("var(--ours)", "by itself"), ("var(--land)", "with what it acts together"))
    drawn = svg(HALF, top + pitch * len(order) + 6, shapes, f"inputs to {indices.metric}")
    return drawn + key(named)


def _short(words: Sequence[str]) -> str:
    """Two words of a key, or one where two are too long."""
    both = " ".join(words[-2:])
    return both if len(both) <= 34 else words[-1]
