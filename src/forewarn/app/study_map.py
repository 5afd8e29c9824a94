"""The map of a study: where people are reached, places, what batteries cover."""

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from forewarn.app.page import WIDTH, key, line, path, rect, svg, text
from forewarn.app.score_table import number
from forewarn.sim.studies.keys import Scenario
from forewarn.sim.studies.running import Results
from forewarn.sim.studies.world import World, world_of

HEIGHT = 640.0
RAMP = ("#f3e6c8", "#efc988", "#e8a552", "#dc7a35", "#c3272b")
At = Callable[[float, float], tuple[float, float]]
LABELS = 16  # places that are named


def exposure_map(found: Results) -> str:
    """People reached a run, square by square, under the first policy."""
    scenario = found.study.variants[0].scenario
    world = world_of(scenario.area, [0.1])
    wide, high = world.size_km
    scale = min(WIDTH / wide, HEIGHT / high)
    west, height = (WIDTH - wide * scale) / 2, high * scale
    side = found.heat_km

    def at(x: float, y: float) -> tuple[float, float]:
        return west + x * scale, height - y * scale

    levels = _levels(found)
    shapes = [rect(west, 0, wide * scale, height, "var(--land)")]
    for row, column in np.argwhere(found.heat > levels[0]):
        people = float(found.heat[row, column])
        colour = RAMP[int(np.searchsorted(levels, people, side="left")) - 1]
        x, y = at(column * side, (row + 1) * side)
        size = side * scale
        shapes.append(
            rect(x, y, size + 0.3, size + 0.3, colour, f"{number(people)} people")
        )
    for outline in world.outlines:
        rings = [np.array([at(*p) for p in ring.coords]) for ring in _rings(outline)]
        shapes.append(
            f'<path d="{path(rings)}" fill="none" stroke="var(--none)" stroke-width=".6"/>'
        )
    shapes += _places(scenario, at, scale) + _batteries(scenario, world, at, scale)
    shapes += _scale(wide, scale, west, height)
    named = [
        (colour, f"from {number(low)} people a run")
        for colour, low in zip(RAMP, levels, strict=True)
    ]
    drawn = svg(WIDTH, height, shapes, "map of people reached", "map")
    if scenario.layer:
        named.append(("var(--ours)", "simulated batteries and their reach"))
    return drawn + key(named)


def _levels(found: Results) -> list[float]:
    """Lowest value of each colour: each a third of the next."""
    top = float(found.heat.max())
    return [top / 3.0 ** (len(RAMP) - k) for k in range(len(RAMP))]


def _rings(outline: Any) -> list[Any]:
    parts = getattr(outline, "geoms", [outline])
    return [part.exterior for part in parts]


def _places(scenario: Scenario, at: At, scale: float) -> list[str]:
    found = []
    named = sorted(scenario.area.place, key=lambda one: -one.people)
    for k, place in enumerate(named):
        x, y = at(*place.at_km)
        found.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{place.radius_km * scale:.1f}" '
            'fill="none" stroke="var(--ink)" stroke-width=".8" opacity=".6"/>'
        )
        if k < LABELS:
            high = y - place.radius_km * scale - 6
            found.append(text(x, max(high, 12), place.name, "big halo", "middle"))
    return found


def _batteries(scenario: Scenario, world: World, at: At, scale: float) -> list[str]:
    found = []
    for layer in scenario.layer:
        for battery in layer.battery:
            x, y = at(*(battery.at_km or world.places[battery.place]))
            told = f"<title>{escape(layer.name)}: {escape(battery.id)}</title>"
            found.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{battery.footprint_km * scale:.1f}" '
                'fill="none" stroke="var(--ours)" stroke-width="1.3" '
                f'stroke-dasharray="6 5">{told}</circle>'
                f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z" fill="var(--ours)">{told}</path>'
            )
    return found


def _scale(wide: float, scale: float, west: float, height: float) -> list[str]:
    km = next((one for one in (1, 2, 5, 10, 20, 50, 100) if one * scale > 70), 200)
    x, y = west + 18, height - 16
    look = 'stroke="var(--ink)" stroke-width="2"'
    return [
        line(x, y, x + km * scale, y, look),
        text(x, y - 7, f"{km} km", "ink halo"),
    ]
