"""What people were told in a stretch, as one HTML file that needs nothing else."""

from collections.abc import Sequence

from forewarn.app.page import WIDTH, cards, figure, key, line, page, rect, svg, tables, text
from forewarn.app.period import STAGES, Period
from forewarn.app.score_table import Line, Section, number, people_text
from forewarn.units import iso_from_epoch

COLOURS = {"prepare": "#e2a13a", "take_cover": "#c3272b", "stay": "#8a4fd0"}
HIGH, LEFT, FOOT = 260.0, 70.0, 24.0
TICKS = 6


def report(told: Period, site: str) -> str:
    """The page."""
    took = told.stages[1:]
    minutes = sum(stage.person_minutes for stage in took)
    per_person = minutes / told.population if told.population else 0.0
    most = max((row[2] + row[3] for row in told.course), default=0.0)
    headline = [
        (people_text(most), "under cover at the same time, at most"),
        (number(minutes), "person-minutes under take cover or stay"),
        (f"{number(per_person)} min", "of that for each person of the site"),
        (f"{told.by_hand:,}", f"of {told.steps:,} steps by an operator's hand"),
    ]
    body = [
        cards(headline),
        figure(
            "People under alert",
            "How many people's zones were in each stage, one on top of the other. UTC.",
            _course(told) + key((COLOURS[s], _words(s)) for s in map(str, STAGES)),
        ),
        tables([_stages(told), _channels(told), _zones(told)]),
    ]
    foot = (
        "Counted from the record of what people were told. Whether they were warned in "
        "time needs the truth: forewarn export, then forewarn score."
    )
    return page("After action", f"What people were told: {site}", _lede(told), body, foot)


def _lede(told: Period) -> str:
    minutes = (told.to_s - told.from_s) / 60.0
    long = f"{number(minutes)} min" if minutes < 120 else f"{number(minutes / 60)} h"
    corrected = f" {told.in_error:,} alerts were taken back." if told.in_error else ""
    return (
        f"{_moment(told.from_s)} to {_moment(told.to_s)} UTC, {long}; "
        f"{people_text(told.population)} people in the zones of the site.{corrected}"
    )


def _moment(time_s: float) -> str:
    return iso_from_epoch(time_s)[:19].replace("T", " ")


def _words(state: str) -> str:
    return state.replace("_", " ")


def _stages(told: Period) -> Section:
    return Section(
        "Each stage",
        tuple(
            Line(
                _words(stage.state),
                f"{number(stage.person_minutes)} person-min",
                f"{people_text(stage.people)} people in {stage.zones:,} zones; "
                f"at longest {number(stage.longest_min)} min without a break",
            )
            for stage in told.stages
        ),
    )


def _channels(told: Period) -> Section:
    lines = []
    for one in told.channels:
        late = "nothing arrived"
        if one.delay_p50_s is not None and one.delay_p95_s is not None:
            late = f"half in {one.delay_p50_s:.2f} s, 95 % in {one.delay_p95_s:.2f} s"
        waits = f"; {one.waiting:,} not confirmed" if one.waiting else ""
        lines.append(Line(one.channel, f"{one.steps:,} steps", late + waits))
    return Section("Channels, from being on record to having arrived", tuple(lines))


def _zones(told: Period) -> Section:
    lines = []
    for zone in told.zones:
        parts = [f"{_words(s)} {number(m)} min" for s, m in zone.minutes.items() if m]
        lines.append(Line(zone.name, people_text(zone.people), ", ".join(parts)))
    return Section("Zones of most person-minutes", tuple(lines))


def _course(told: Period) -> str:
    """Stacked steps over time."""
    wide = WIDTH - LEFT
    span_s = max(told.to_s - told.from_s, 1.0)
    top = max((sum(row[1:]) for row in told.course), default=0.0) or 1.0
    ends = [row[0] for row in told.course[1:]] + [told.to_s]
    shapes = []
    for row, end_s in zip(told.course, ends, strict=True):
        x = LEFT + wide * (row[0] - told.from_s) / span_s
        run, y = wide * (end_s - row[0]) / span_s, HIGH
        for state, people in zip(map(str, STAGES), row[1:], strict=True):
            high = HIGH * people / top
            y -= high
            if people:
                shapes.append(rect(x, y, run, high, COLOURS[state]))
    shapes += [line(LEFT, HIGH, WIDTH, HIGH), text(0, 12, people_text(top), "ink")]
    shapes += _ticks(told, wide, span_s)
    return svg(WIDTH, HIGH + FOOT, shapes, "people under each stage over time", "steps")


def _ticks(told: Period, wide: float, span_s: float) -> Sequence[str]:
    out = []
    for i in range(TICKS + 1):
        clock = iso_from_epoch(told.from_s + span_s * i / TICKS)[11:19]
        x = LEFT + wide * i / TICKS
        anchor = "end" if i == TICKS else "start" if i == 0 else "middle"
        out.append(text(x, HIGH + 18, clock, anchor=anchor))
    return out
