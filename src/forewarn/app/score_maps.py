"""Maps of a judged run: zones hit and warned, hit and not, warned for nothing."""

import json
from html import escape

import numpy as np

from forewarn.app.page import (
    WIDTH,
    Project,
    figure,
    key,
    path,
    projection,
    scale_bar,
    svg,
    text,
)
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray, Zones
from forewarn.score import Fate, Judged
from forewarn.score.summary import COULD

HEIGHT = 680
LABELS = 9  # names of places on the large map
COLOURS = {
    "in_time": ("var(--good)", "hit, warned in time"),
    "failed": ("var(--bad)", "hit, late or unwarned"),
    "unseen": ("var(--none)", "hit, not in view long enough"),
    "vain": ("var(--vain)", "warned, not hit"),
    "quiet": ("var(--land)", "left in peace"),
}
SMALL = (
    ("Hit and warned in time", ("in_time",)),
    ("Hit and late, missed, or not in view long enough", ("failed", "unseen")),
    ("Warned for nothing", ("vain",)),
)


def maps(run: Judged) -> str:
    """All zones and impacts of one run; below, a map for each that can happen to a zone."""
    fill = colours(run)
    zones = run.case.zones
    loud = fill != "quiet"
    at = projection(
        zones.centre_rad[loud] if loud.any() else zones.centre_rad, WIDTH, HEIGHT
    )
    spot = at(zones.centre_rad)
    near = np.flatnonzero(np.all((spot > -40) & (spot < [WIDTH + 40, HEIGHT + 40]), axis=1))
    land = path(
        at(ring) for row in near[~loud[near]] for ring in _rings(zones.polygons[row])
    )
    told = [
        f'<path id="land" d="{land}" fill="var(--land)"/>',
        *(_zone(zones, row, at, str(fill[row])) for row in near[loud[near]]),
        *(_impact(run, row, at) for row in run.case.lands),
        *_labels(zones, near, at),
        scale_bar(at, zones.centre_rad[near[0]], HEIGHT),
    ]
    large = svg(WIDTH, HEIGHT, told, f"map of {run.case.name}", "map")
    return large + key(COLOURS.values()) + _small_maps(run, fill, at)


def _small_maps(run: Judged, fill: FloatArray, at: Project) -> str:
    zones = run.case.zones
    found = []
    for title, names in SMALL:
        shown = np.flatnonzero(np.isin(fill, list(names)))
        shapes = ['<use href="#land"/>']
        for row in shown:
            shapes.append(_zone(zones, int(row), at, str(fill[row])))
            if fill[row] != "vain":  # few, and small: a dot shows where
                x, y = at(zones.centre_rad[row])
                colour = COLOURS[str(fill[row])][0]
                dot = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="11" fill="{colour}"/>'
                shapes.append(dot)
        people = float(zones.population[shown].sum())
        words = f"{title}: {len(shown):,} zones in which {people:,.0f} people live."
        found.append(figure("", words, svg(WIDTH, HEIGHT, shapes, title, "map")))
    return f"<div class=three>{''.join(found)}</div>"


def _impact(run: Judged, row: int, at: Project) -> str:
    """A dot in the colour of the worst that it did; a cross where it reached nobody."""
    x, y = at(run.case.impact_rad[row])
    name = f"{run.case.kind[row].replace('_', ' ')} {run.case.threat_id[row]}"
    fates = {run.rows.fate[i] for i in np.flatnonzero(run.rows.threat == row)}
    if not fates:
        return (
            f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0-6l-6 6" stroke="var(--ink)" '
            f'stroke-width="1.2"><title>{escape(name)}: reached nobody</title></path>'
        )
    could = fates & COULD
    worst = "failed" if could - {Fate.IN_TIME} else "in_time" if could else "unseen"
    colour, told = COLOURS[worst]
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}" stroke="var(--paper)" '
        f'stroke-width="1.2"><title>{escape(name)}: {told}</title></circle>'
    )


def colours(run: Judged) -> FloatArray:
    """(z,) the name of each zone's colour; the worst that happened there."""
    fill = np.full(len(run.case.zones.zone_id), "quiet", dtype=object)
    fill[run.alarms.zone] = "vain"
    fates = np.array(run.rows.fate, dtype=object)
    for name, which in (
        ("unseen", ~among(fates, COULD)),
        ("in_time", among(fates, frozenset({Fate.IN_TIME}))),
        ("failed", among(fates, COULD - {Fate.IN_TIME})),
    ):
        fill[run.rows.zone[which]] = name
    return fill


def among(fates: FloatArray, wanted: frozenset[Fate]) -> BoolArray:
    """Which fates are among those wanted."""
    return np.array([fate in wanted for fate in fates], bool)


def _zone(zones: Zones, row: int, at: Project, name: str) -> str:
    told = f"<title>{escape(zones.name[row])}: {COLOURS[name][1]}</title>"
    outline = path(at(ring) for ring in _rings(zones.polygons[row]))
    return (
        f'<path d="{outline}" fill="{COLOURS[name][0]}" stroke="var(--shade)" '
        f'stroke-width=".5">{told}</path>'
    )


def _rings(polygon: str) -> list[FloatArray]:
    """Outer and inner rings (r, 2) latitude, longitude in radians of a GeoJSON geometry."""
    shape = json.loads(polygon) if polygon else {"type": "MultiPolygon", "coordinates": []}
    parts = shape["coordinates"]
    if shape["type"] == "Polygon":
        parts = [parts]
    return [np.radians(np.array(ring)[:, 1::-1]) for part in parts for ring in part]


def _labels(zones: Zones, near: IntArray, at: Project) -> list[str]:
    """Names of the largest places, none over another; a place may have many zones."""
    people: dict[str, float] = {}
    best: dict[str, int] = {}
    for row in near:
        name = zones.name[row].rstrip("0123456789 ")
        people[name] = people.get(name, 0.0) + float(zones.population[row])
        if name not in best or zones.population[row] > zones.population[best[name]]:
            best[name] = int(row)
    found: list[str] = []
    taken: list[FloatArray] = []
    for name in sorted(people, key=lambda one: -people[one]):
        spot = at(zones.centre_rad[best[name]])
        if not (40 < spot[0] < WIDTH - 90 and 24 < spot[1] < HEIGHT - 30):
            continue
        if name and all(np.any(np.abs(spot - other) > [110, 26]) for other in taken):
            taken.append(spot)
            found.append(text(spot[0], spot[1] - 9, name, "big halo", "middle"))
        if len(found) == LABELS:
            break
    return found
