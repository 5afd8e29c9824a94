"""The score as one HTML file that needs nothing else: figures, a map, a histogram."""

import json
from collections.abc import Callable, Sequence
from html import escape
from math import cos

import numpy as np

from forewarn.app.score_table import Section, number, people_text, percent, sections
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray
from forewarn.score import Fate, Judged, Score
from forewarn.score.summary import COULD

WIDTH, HEIGHT = 760, 620
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:1180px;margin:2rem auto;padding:0 1rem;
color:#1c2430;background:#fff}
h1{font-size:1.5rem;margin:0}h2{font-size:1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}td{padding:.2rem .6rem .2rem 0;
border-bottom:1px solid #e6e9ee;vertical-align:top}td.v{text-align:right;
white-space:nowrap;font-variant-numeric:tabular-nums}td.n{color:#5b6675}
td:first-child{white-space:pre}.two{display:grid;gap:2rem;grid-template-columns:1fr}
@media(min-width:1100px){.two{grid-template-columns:1fr 1fr}}
svg{width:100%;height:auto;background:#f5f7fa;border-radius:6px}
.key span{display:inline-block;margin-right:1rem}.key i{display:inline-block;width:.8rem;
height:.8rem;border-radius:2px;margin-right:.35rem;vertical-align:-1px}
.big{display:flex;gap:2.5rem;margin:1rem 0}.big b{display:block;font-size:1.9rem}
"""
COLOURS = {
    "in_time": ("#2f8f5b", "hit, warned in time"),
    "failed": ("#c4262e", "hit, late or unwarned"),
    "unseen": ("#5b6675", "hit, not in view long enough"),
    "vain": ("#f0a63c", "warned, not hit"),
    "quiet": ("#dfe4ea", "not warned, not hit"),
}


def report(score: Score, runs: Sequence[Judged]) -> str:
    """The page; its map shows the first run, its histogram all of them."""
    tables = "".join(_table(part) for part in sections(score))
    keys = "".join(
        f'<span><i style="background:{colour}"></i>{text}</span>'
        for colour, text in COLOURS.values()
    )
    names = ", ".join(score.runs[:4]) + (" ..." if len(score.runs) > 4 else "")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Forewarn score</title>"
        '<meta name=viewport content="width=device-width">'
        f"<style>{STYLE}</style><h1>Forewarn score: {escape(names)}</h1>"
        f"<p>Runs: {len(score.runs)}. Threats: {score.threats}, of which "
        f"{score.impacts} came down.</p>{_headline(score)}"
        f"<div class=two><div>{_map(runs[0])}<p class=key>{keys}</p>"
        f"{_histogram(runs)}</div><div>{tables}</div></div>"
        "<p>In harm's way: people within the harmful radius of a true impact. In vain: "
        "minutes under take cover or stay of people that no impact reached.</p></html>"
    )


def _headline(score: Score) -> str:
    found = [
        (
            percent(score.people.in_time_share.value),
            "of those who could be warned, in time",
        ),
        (number(score.minutes.per_person) + " min", "under alert per person"),
    ]
    for practice in score.minutes.practices[:1]:
        found.append(
            (
                number(practice.ratio.value) + " times",
                f"as many minutes in vain if the whole {practice.name} were warned",
            )
        )
    boxes = "".join(f"<div><b>{big}</b>{small}</div>" for big, small in found)
    return f"<div class=big>{boxes}</div>"


def _table(part: Section) -> str:
    rows = "".join(
        f"<tr><td>{escape(line.label)}</td><td class=v>{escape(line.value)}</td>"
        f"<td class=n>{escape(line.note)}</td></tr>"
        for line in part.lines
    )
    return f"<h2>{escape(part.title)}</h2><table>{rows}</table>"


def _map(run: Judged) -> str:
    zones = run.case.zones
    fill = _colours(run)
    loud = fill != "quiet"
    at = _projection(zones.centre_rad[loud] if loud.any() else zones.centre_rad)
    centre = at(zones.centre_rad)
    near = np.all((centre > -40) & (centre < [WIDTH + 40, HEIGHT + 40]), axis=1)
    shapes = []
    for row in np.flatnonzero(near):
        told = f"<title>{escape(zones.name[row])}</title>" if loud[row] else ""
        outline = " ".join(_path(at(ring)) for ring in _rings(zones.polygons[row]))
        shapes.append(
            f'<path d="{outline}" fill="{COLOURS[fill[row]][0]}" stroke="#fff" '
            f'stroke-width=".4">{told}</path>'
        )
    for row in run.case.lands:
        x, y = at(run.case.impact_rad[row])
        shapes.append(
            f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6" stroke="#111" '
            f'stroke-width="1.2"><title>{escape(run.case.kind[row])} '
            f"{escape(run.case.threat_id[row])}</title></path>"
        )
    return (
        f"<h2>Where: {escape(run.case.name)} (crosses: impacts)</h2>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role=img>{"".join(shapes)}</svg>'
    )


def _projection(places_rad: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """From latitude, longitude to the picture's x, y, so that all places fit in."""
    low, high = places_rad.min(axis=0), places_rad.max(axis=0)
    middle = (low + high) / 2
    squeeze = np.array([1.0, cos(middle[0])])
    span = np.maximum((high - low) * squeeze, 1.5e-3) * 1.08
    scale = min(HEIGHT / span[0], WIDTH / span[1])

    def at(place_rad: FloatArray) -> FloatArray:
        moved = (place_rad - middle) * squeeze * scale
        return np.stack([WIDTH / 2 + moved[..., 1], HEIGHT / 2 - moved[..., 0]], axis=-1)

    return at


def _colours(run: Judged) -> FloatArray:
    """(z,) the name of each zone's colour; the worst that happened there."""
    fill = np.full(len(run.case.zones.zone_id), "quiet", dtype=object)
    fill[run.alarms.zone] = "vain"
    fates = np.array(run.rows.fate, dtype=object)
    for name, which in (
        ("unseen", ~_among(fates, COULD)),
        ("in_time", _among(fates, frozenset({Fate.IN_TIME}))),
        ("failed", _among(fates, COULD - {Fate.IN_TIME})),
    ):
        fill[run.rows.zone[which]] = name
    return fill


def _among(fates: FloatArray, wanted: frozenset[Fate]) -> BoolArray:
    return np.array([fate in wanted for fate in fates], bool)


def _rings(polygon: str) -> list[FloatArray]:
    """Outer and inner rings (r, 2) latitude, longitude in radians of a GeoJSON geometry."""
    shape = json.loads(polygon) if polygon else {"type": "MultiPolygon", "coordinates": []}
    parts = shape["coordinates"]
    if shape["type"] == "Polygon":
        parts = [parts]
    return [np.radians(np.array(ring)[:, 1::-1]) for part in parts for ring in part]


def _path(points: FloatArray) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def _histogram(runs: Sequence[Judged]) -> str:
    """People who could be warned, by seconds given; red where that was not enough."""
    given, people, need = (
        np.concatenate([getattr(run.rows, name) for run in runs])
        for name in ("given_s", "people", "shelter_s")
    )
    could = np.concatenate([_among(np.array(run.rows.fate), COULD) for run in runs])
    heard = could & np.isfinite(given)
    if not heard.any():
        return "<h2>Seconds given</h2><p>Nobody who could be warned was under alert.</p>"
    step = 5.0 if given[heard].max() < 200 else 20.0
    edges = np.arange(
        step * np.floor(given[heard].min() / step), given[heard].max() + step, step
    )
    enough = heard & (given >= need)
    total = np.histogram(given[heard], edges, weights=people[heard])[0]
    good = np.histogram(given[enough], edges, weights=people[enough])[0]
    return (
        "<h2>Seconds given: people by seconds between hearing and impact "
        "(red: fewer than they need)</h2>"
        f'<svg viewBox="0 0 {WIDTH} 226" role=img>{_bars(edges, good, total)}</svg>'
    )


def _bars(edges: FloatArray, good: FloatArray, total: FloatArray) -> str:
    wide, unit = WIDTH / len(total), 180.0 / total.max()
    bars = []
    for i, (part, whole) in enumerate(zip(good, total, strict=True)):
        title = f"{edges[i]:.0f}-{edges[i + 1]:.0f} s: {people_text(whole)} people"
        for foot, top, name in ((0.0, part, "in_time"), (part, whole, "failed")):
            bars.append(
                f'<rect x="{i * wide + 0.5:.1f}" y="{200 - top * unit:.1f}" '
                f'width="{wide - 1:.1f}" height="{(top - foot) * unit:.1f}" '
                f'fill="{COLOURS[name][0]}"><title>{title}</title></rect>'
            )
        if i % max(len(total) // 10, 1) == 0:
            bars.append(
                f'<text x="{i * wide:.1f}" y="220" font-size="15">{edges[i]:.0f}</text>'
            )
    return "".join(bars)
