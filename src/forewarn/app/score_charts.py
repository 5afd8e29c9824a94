"""Charts of a score: what became of people, seconds given, practices, calibration."""

from collections.abc import Sequence
from math import log10

import numpy as np

from forewarn.app.page import WIDTH, key, line, rect, svg, text
from forewarn.app.score_maps import COLOURS, among
from forewarn.app.score_table import WHY, number, people_text
from forewarn.geodesy import FloatArray
from forewarn.score import Bin, Judged, Score, Share
from forewarn.score.calibration import FACTOR
from forewarn.score.measures import Minutes
from forewarn.score.summary import COULD

HALF = 500  # width of a chart beside another
FATES = (
    ("in_time", "var(--good)", "in time"),
    ("late", "var(--vain)", "late"),
    ("missed", "var(--bad)", "missed"),
    ("cleared_early", "#8d3b72", "cleared early"),
    ("too_short", "var(--none)", "in view too short"),
    ("out_of_sight", "var(--ink)", "out of sight"),
)


def fate_bar(score: Score) -> str:
    """All people in harm's way in one bar."""
    people = score.people
    whole = max(people.in_harm, 1e-9)
    shapes, x = [], 0.0
    for name, colour, told in FATES:
        count = getattr(people, name)
        wide = WIDTH * count / whole
        shapes.append(rect(x, 0, wide, 34, colour, f"{told}: {people_text(count)}"))
        x += wide
    named = [
        (colour, f"{told} {people_text(getattr(people, name))}")
        for name, colour, told in FATES
    ]
    bar = svg(WIDTH, 34, shapes, "people in harm's way by what became of them")
    return bar + key(named) + _why(score)


def _why(score: Score) -> str:
    if not score.people.causes:
        return ""
    told = [
        ("var(--bad)", f"{WHY[cause]}: {people_text(count)}")
        for cause, count in score.people.causes
    ]
    return f"<p>Why those who could be warned were not, in time:</p>{key(told)}"


def histogram(runs: Sequence[Judged]) -> str:
    """People who could be warned, by seconds given; red where that was not enough."""
    given, people, need = (
        np.concatenate([getattr(run.rows, name) for run in runs])
        for name in ("given_s", "people", "shelter_s")
    )
    could = np.concatenate([among(np.array(run.rows.fate), COULD) for run in runs])
    heard = could & np.isfinite(given)
    if not heard.any():
        return "<p>Nobody who could be warned was under alert.</p>"
    step = 5.0 if given[heard].max() < 200 else 20.0
    edges = np.arange(
        step * np.floor(given[heard].min() / step), given[heard].max() + step, step
    )
    enough = heard & (given >= need)
    total = np.histogram(given[heard], edges, weights=people[heard])[0]
    good = np.histogram(given[enough], edges, weights=people[enough])[0]
    return svg(HALF, 262, _bars(edges, good, total), "people by seconds given")


def _bars(edges: FloatArray, good: FloatArray, total: FloatArray) -> list[str]:
    wide, unit, floor = HALF / len(total), 200.0 / total.max(), 226.0
    shapes = []
    for i, (part, whole) in enumerate(zip(good, total, strict=True)):
        told = f"{edges[i]:.0f} to {edges[i + 1]:.0f} s: {people_text(whole)} people"
        for foot, top, name in ((0.0, part, "in_time"), (part, whole, "failed")):
            high = (top - foot) * unit
            x, y = i * wide + 0.75, floor - top * unit
            shapes.append(rect(x, y, wide - 1.5, high, COLOURS[name][0], told))
        if i % max(len(total) // 8, 1) == 0:
            shapes.append(text(i * wide, floor + 17, f"{edges[i]:.0f}"))
    top = int(total.argmax())
    peak = text(
        min(max((top + 0.5) * wide, 50), HALF - 60),
        16,
        f"{people_text(total[top])} people",
        "ink",
        "middle",
    )
    unit_name = text(HALF, floor + 33, "seconds from hearing to impact", "", "end")
    return [*shapes, peak, unit_name, line(0, floor, HALF, floor)]


def practice_dots(minutes: Minutes) -> str:
    """Minutes in vain of others, in times ours, on a scale of powers of ten."""
    rows = [row for row in _others(minutes) if row[1].value > 0]
    values = np.array([[row[1].value, row[1].low, row[1].high] for row in rows])
    low = min(float(np.floor(np.nanmin(np.log10(values)))), -1.0)
    high = max(float(np.ceil(np.nanmax(np.log10(values)))), 1.0)
    left, right, pitch = 265.0, WIDTH - 150.0, 30.0
    floor = pitch * len(rows) + 8

    def at(value: float) -> float:
        return left + (log10(value) - low) / (high - low) * (right - left)

    one = 'stroke="var(--ours)" stroke-dasharray="3 3"'
    shapes = [line(at(1.0), 0, at(1.0), floor, one)]
    for power in range(int(low), int(high) + 1):
        x = at(10.0**power)
        shapes += [
            line(x, 0, x, floor),
            text(x, floor + 18, f"{10.0**power:g}", "", "middle"),
        ]
    for i, (name, share, colour) in enumerate(rows):
        y = pitch * (i + 0.5) + 4
        shapes.append(text(left - 16, y + 4, name, "ink", "end"))
        if np.isfinite(share.low):
            look = f'stroke="{colour}" stroke-width="5" opacity=".3" stroke-linecap="round"'
            shapes.append(line(at(share.low), y, at(share.high), y, look))
        dot = f'<circle cx="{at(share.value):.1f}" cy="{y:.1f}" r="5.5" fill="{colour}"/>'
        shapes += [dot, text(right + 14, y + 4, _times(share), "ink")]
    return svg(WIDTH, floor + 26, shapes, "minutes in vain of practices, in times ours")


def _others(minutes: Minutes) -> list[tuple[str, Share, str]]:
    """Names, times ours, colours; the dearest first."""
    rows = [
        (f"the whole {p.name} warned", p.ratio, "var(--bad)") for p in minutes.practices
    ]
    rows += [
        (f"{p.name}, held {p.held_min:g} min as in practice", p.held_ratio, "var(--bad)")
        for p in minutes.practices
    ]
    rows.append(("Forewarn", Share(1.0, np.nan, np.nan), "var(--ours)"))
    knowing = (
        ("drones' paths known, impacts of the rest", minutes.path_ratio),
        ("all impacts known", minutes.oracle_ratio),
    )
    return rows + [(name, _inverse(share), "var(--good)") for name, share in knowing]


def _times(share: Share) -> str:
    if np.isnan(share.low):
        return f"{number(share.value)} times"
    return f"{number(share.value)} ({number(share.low)} to {number(share.high)})"


def _inverse(share: Share) -> Share:
    def over(value: float) -> float:
        return 1.0 / value if value > 0 else float("nan")

    return Share(over(share.value), over(share.high), over(share.low))


LEFT, TOP, SIDE = 52.0, 8.0, 390.0  # of the square from 1e-4 to 1


def _spot(stated: float, observed: float) -> tuple[float, float]:
    """Where a pair of probabilities stands; below 1e-4 on the edge."""
    x, y = (SIDE * (log10(max(value, 1e-4)) + 4.0) / 4.0 for value in (stated, observed))
    return LEFT + x, TOP + SIDE - y


def reliability(score: Score) -> str:
    """Observed against stated probability, both on scales of powers of ten."""
    shapes = _honest_band()
    for power in range(-4, 1):
        x, y = _spot(10.0**power, 10.0**power)
        shapes += [line(x, TOP, x, TOP + SIDE), line(LEFT, y, LEFT + SIDE, y)]
        shapes.append(text(x, TOP + SIDE + 18, f"{10.0**power:g}", "", "middle"))
        shapes.append(text(LEFT - 8, y + 4, f"{10.0**power:g}", "", "end"))
    for one in score.calibration:
        if one.low > 0 and one.expected > 0:
            shapes += _bin(one)
    shapes.append(text(LEFT + SIDE, TOP + SIDE + 36, "stated probability", "", "end"))
    shapes.append(text(LEFT + 8, TOP + 16, "observed share"))
    return svg(HALF, TOP + SIDE + 42, shapes, "observed against stated probability")


def _honest_band() -> list[str]:
    shift = SIDE * log10(FACTOR) / 4.0
    low, high = _spot(1e-4, 1e-4), _spot(1.0, 1.0)
    corners = " ".join(
        f"{x:.1f},{y + part:.1f}"
        for (x, y), part in ((low, -shift), (high, -shift), (high, shift), (low, shift))
    )
    square = f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}"/>'
    look = 'fill="var(--good)" opacity=".14" clip-path="url(#square)"'
    return [
        f'<clipPath id="square">{square}</clipPath><polygon points="{corners}" {look}/>',
        line(*low, *high, 'stroke="var(--good)" stroke-width="1.2"'),
    ]


def _bin(one: Bin) -> list[str]:
    stated = one.expected / one.samples
    x, y = _spot(stated, one.observed / one.samples)
    shapes = []
    if one.low_ratio > 0:
        ends = [_spot(1.0, stated * ratio)[1] for ratio in (one.low_ratio, one.high_ratio)]
        look = 'stroke="var(--ours)" stroke-width="1.4"'
        shapes.append(line(x, ends[0], x, ends[1], look))
    inside = "var(--ours)" if one.judged else "var(--paper)"
    told = f"{one.observed:.1f} of {one.expected:.1f} expected"
    shapes.append(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{inside}" stroke="var(--ours)" '
        f'stroke-width="1.6"><title>{told}</title></circle>'
    )
    return shapes
