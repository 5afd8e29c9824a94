"""A history of sirens as one HTML file: a calendar, a map, curves, all figures."""

from datetime import UTC, datetime, timedelta
from math import sqrt

import numpy as np

from forewarn.app.history_table import NAMES, sections
from forewarn.app.page import (
    WIDTH,
    cards,
    figure,
    key,
    line,
    page,
    path,
    projection,
    rect,
    scale_bar,
    svg,
    tables,
    text,
    two,
)
from forewarn.app.score_table import number, percent
from forewarn.geodesy import FloatArray
from forewarn.score.history import MOST, History, Pictures

HALF = 500
DAY_S = 86_400.0
RAMP = ("#f3e6c8", "#efc988", "#e8a552", "#dc7a35", "#c3272b")
LEVELS = (0.0, 0.1, 0.3, 0.6, MOST)  # lowest share of each colour
FOOT = (
    "It tells when and where people were warned, not where anything hit: it measures the "
    "cost of warning as it is practised, not its worth. How each figure is counted: "
    "docs/score.md."
)


def report(history: History, pictures: Pictures, time_zone: str) -> str:
    """The page."""
    all_of = f"all {history.counted}"
    levels = _levels(history.at_once.most)
    body = [
        cards(_headline(history)),
        figure(
            f"Day by day: the most {history.counted} under alert at one moment",
            "One square for each day, one column for each week, Monday on top.",
            _calendar(pictures, levels) + key(_ramp(levels)),
        ),
        _map(pictures),
        two(
            figure(
                "How much of the country at once",
                f"Share of all time with at least so many {history.counted} under alert.",
                _curve(pictures.above, f"of {all_of} under alert"),
            ),
            figure(
                "Hour by hour",
                f"Mean share of {all_of} under alert by hour of the day, {time_zone}.",
                _hours(pictures.hour_share),
            ),
        ),
        _durations(history),
        *([_saved(history)] if history.saved else []),
        tables(sections(history)),
    ]
    return page("History", _title(history), _lede(history, pictures), body, FOOT)


def _headline(history: History) -> list[tuple[str, str]]:
    once, one = history.at_once, history.everyone
    mean = f"mean of all {history.counted}"
    found = [
        (
            f"{once.whole_days} of {once.days:,}",
            "days with 90 % or more under alert at once",
        ),
        (f"{number(one.minutes_a_day)} min", f"under alert a day, {mean}"),
        (f"{number(100 * one.nights)} %", f"of nights with an alert, {mean}"),
    ]
    for saved in history.saved[-1:]:
        told = f"of person-minutes saved by {NAMES[saved.level]} alerts"
        found.append((f"{number(100 * saved.share)} %", told))
    return found


def _title(history: History) -> str:
    once = history.at_once
    if once.whole_days:
        return (
            f"On {percent(round(once.whole_days / once.days, 3))} of days nine in ten were "
            "under alert at the same moment"
        )
    return (
        f"At the worst moment {number(100 * once.most)} % of all {history.counted} were "
        "under alert"
    )


def _lede(history: History, pictures: Pictures) -> str:
    first = _date(pictures.first_day_s)
    last = _date(pictures.first_day_s + DAY_S * (len(pictures.day_share) - 1))
    return (
        f"{history.alerts:,} alerts from {first:%d %B %Y} to {last:%d %B %Y}, in "
        f"{history.places:,} places; {history.people:,.0f} {history.counted} counted."
    )


def _date(local_s: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=local_s)


def _levels(most: float) -> tuple[float, ...]:
    """Lowest share of each colour: fixed ones, unless all days would look alike."""
    return LEVELS if most >= LEVELS[-2] else tuple(most * level for level in LEVELS)


def _ramp(levels: tuple[float, ...]) -> list[tuple[str, str]]:
    names = [f"{100 * low:.2g} % or more" for low in levels[1:]]
    return list(zip(RAMP, [f"less than {100 * levels[1]:.2g} %", *names], strict=True))


def _calendar(pictures: Pictures, levels: tuple[float, ...]) -> str:
    share = pictures.day_share
    first = _date(pictures.first_day_s)
    ahead = first.weekday()
    weeks = (len(share) + ahead + 6) // 7
    rows = int(np.ceil(weeks / 105))  # two years to a line
    pitch = WIDTH / min(weeks, 105)
    high = 7 * pitch + 30.0
    shapes = []
    for number_, part in enumerate(share):
        day = first + timedelta(days=number_)
        week, weekday = divmod(number_ + ahead, 7)
        x, y = week % 105 * pitch, week // 105 * high + 22.0 + weekday * pitch
        told = f"{day:%d %B %Y}: {100 * part:.2g} %"
        colour = RAMP[int(np.searchsorted(levels, part, side="right")) - 1]
        shapes.append(rect(x, y, pitch - 1.2, pitch - 1.2, colour, told))
        if day.day == 1 and day.month % 3 == 1 and x < WIDTH - 60:
            shapes.append(text(x, week // 105 * high + 14.0, f"{day:%b %Y}"))
    return svg(WIDTH, rows * high, shapes, "most people under alert at once, by day")


def _map(pictures: Pictures) -> str:
    if not len(pictures.people):
        return ""
    high = 640.0
    at = projection(pictures.centre_rad, WIDTH, high)
    top = max(float(np.quantile(pictures.minutes_a_day, 0.98)), 1e-9)
    shade = np.minimum(pictures.minutes_a_day / top, 1.0)
    size = np.sqrt(pictures.people / pictures.people.max()) * 26.0
    shapes = []
    for i in np.argsort(-size):
        colour = RAMP[min(int(shade[i] * len(RAMP)), len(RAMP) - 1)]
        told = f"<title>{pictures.minutes_a_day[i]:.3g} min a day</title>"
        if pictures.outline[i]:
            rings = [np.radians(np.array(r)[:, 1::-1]) for r in pictures.outline[i]]
            shapes.append(
                f'<path d="{path(at(ring) for ring in rings)}" fill="{colour}" '
                f'stroke="{colour}" stroke-width="1">{told}</path>'
            )
        else:
            x, y = at(pictures.centre_rad[i])
            shapes.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{max(size[i], 2.0):.1f}" '
                f'fill="{colour}" stroke="var(--shade)" stroke-width=".6">{told}</circle>'
            )
    shapes.append(scale_bar(at, pictures.centre_rad[0], high))
    steps = [top * i / len(RAMP) for i in range(len(RAMP))]
    named = [
        (colour, f"from {number(low)} min") for colour, low in zip(RAMP, steps, strict=True)
    ]
    drawn = any(pictures.outline)
    return figure(
        "Where: minutes a day under alert",
        "Zones as their file draws them."
        if drawn
        else "One circle for each place; its area is that of its people.",
        svg(WIDTH, high, shapes, "map of minutes a day under alert", "map") + key(named),
    )


def _curve(above: FloatArray, name: str) -> str:
    left, floor, side = 58.0, 236.0, HALF - 62.0
    top = max(float(above[1]), 1e-9)
    shapes = []
    for part in range(0, 101, 20):
        x = left + side * part / 100.0
        shapes.append(
            text(x, floor + 18, f"{part} %", "", "end" if part == 100 else "middle")
        )
    for i in range(5):
        y = floor - 210.0 * i / 4
        shapes += [
            line(left, y, left + side, y),
            text(left - 8, y + 4, f"{25 * top * i:.2g} %", "", "end"),
        ]
    points = " ".join(
        f"{left + side * i / 100:.1f},{floor - 210.0 * min(value / top, 1.0):.1f}"
        for i, value in enumerate(above)
        if i
    )
    shapes.append(
        f'<polyline points="{points}" fill="none" stroke="var(--bad)" stroke-width="2.4"/>'
    )
    shapes.append(text(left + side, floor + 35, name, "", "end"))
    return svg(HALF, floor + 40, shapes, "share of time by share of people under alert")


def _hours(share: FloatArray) -> str:
    floor, wide = 236.0, HALF / 24.0
    top = max(float(share.max()), 1e-9)
    shapes = []
    for hour, part in enumerate(share):
        night = hour >= 22 or hour < 6
        high = 200.0 * part / top
        colour = "var(--ours)" if night else "var(--vain)"
        told = f"{hour}:00: {100 * part:.3g} %"
        shapes.append(rect(hour * wide + 1, floor - high, wide - 2, high, colour, told))
        if hour % 4 == 0:
            shapes.append(text(hour * wide, floor + 18, f"{hour}:00"))
    most = int(share.argmax())
    x = min(max((most + 0.5) * wide, 25.0), HALF - 25.0)
    shapes.append(text(x, floor - 208, f"{100 * top:.2g} %", "ink", "middle"))
    shapes.append(line(0, floor, HALF, floor))
    named = (("var(--ours)", "night"), ("var(--vain)", "day"))
    return svg(HALF, floor + 26, shapes, "share under alert by hour") + key(named)


def _durations(history: History) -> str:
    if all(one.p05 == one.p95 for one in history.durations):
        return ""  # a rule, not an observation
    left, right, pitch = 130.0, WIDTH - 30.0, 44.0
    most = max(one.p95 for one in history.durations) * 1.04
    floor = pitch * len(history.durations) + 6
    scale = (right - left) / sqrt(most)  # roots: short and long are both seen

    def at(minutes: float) -> float:
        return left + sqrt(max(minutes, 0.0)) * scale

    shapes = []
    for mark in (0, 5, 15, 30, 60, 120, 240, 480, 960):
        if mark <= most:
            x = at(mark)
            shapes += [
                line(x, 0, x, floor),
                text(x, floor + 18, f"{mark} min", "", "middle"),
            ]
    for i, one in enumerate(history.durations):
        y = pitch * (i + 0.5) + 3
        shapes.append(text(left - 16, y + 4, NAMES[one.level], "ink", "end"))
        thin = 'stroke="var(--ours)" stroke-width="2"'
        thick = 'stroke="var(--ours)" stroke-width="12" opacity=".35"'
        shapes += [
            line(at(one.p05), y, at(one.p95), y, thin),
            line(at(one.p25), y, at(one.p75), y, thick),
            f'<circle cx="{at(one.p50):.1f}" cy="{y:.1f}" r="6" fill="var(--ours)"/>',
            text(at(one.p50), y - 12, f"{one.p50:.0f}", "big", "middle"),
        ]
    return figure(
        "How long an alert lasts",
        "Minutes, by the level it was declared at: the thin line holds 90 % of alerts, "
        "the thick one half of them, the dot is the median.",
        svg(WIDTH, floor + 24, shapes, "minutes an alert lasts, by level"),
    )


def _saved(history: History) -> str:
    left, pitch = 130.0, 56.0
    side = WIDTH - left - 120.0
    shapes = []
    for i, one in enumerate(history.saved):
        y = pitch * i
        shapes += [
            text(left - 16, y + 26, NAMES[one.level], "ink", "end"),
            rect(left, y + 6, side, 16, "var(--land)", "the whole region warned"),
            rect(left, y + 24, side * (1 - one.share), 16, "var(--good)", "as it was"),
            text(left + side + 14, y + 28, f"{100 * one.share:.1f} % saved", "big"),
        ]
    named = (
        ("var(--land)", "if the whole region were warned"),
        ("var(--good)", "as it was"),
    )
    return figure(
        "What smaller alerts saved",
        "Person-minutes of alerts declared below the region, and what they would have been "
        "if the whole region had been warned at those times.",
        svg(WIDTH, pitch * len(history.saved), shapes, "person-minutes saved") + key(named),
    )
