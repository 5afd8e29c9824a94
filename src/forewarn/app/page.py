"""One HTML file that needs nothing else: the frame of all reports, shapes to draw with."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from math import cos
from pathlib import Path

import numpy as np

from forewarn.app.score_table import Section
from forewarn.geodesy import FloatArray

WIDTH = 1040  # of a picture as wide as the page
AXIS = 'class="axis"'
Project = Callable[[FloatArray], FloatArray]
STYLE = Path(__file__).with_name("page.css")


def page(kind: str, title: str, lede: str, body: Iterable[str], foot: str) -> str:
    """The whole file. title, lede, foot are text; body is HTML."""
    style = STYLE.read_text(encoding="utf-8")
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f"<title>{escape(title)}</title>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<style>{style}</style><header><div class=kicker><span>Forewarn</span>"
        f"<span>{escape(kind)}</span></div><h1>{escape(title)}</h1>"
        f"<p class=lede>{escape(lede)}</p></header><main>{''.join(body)}</main>"
        f"<footer>{escape(foot)}</footer></html>\n"
    )


def cards(found: Sequence[tuple[str, str]]) -> str:
    """Large figures, each with what it is."""
    inside = "".join(
        f"<div><b>{escape(big)}</b>{escape(small)}</div>" for big, small in found
    )
    return f"<div class=cards>{inside}</div>"


def figure(title: str, told: str, drawn: str) -> str:
    """A picture under its title and a sentence on how to read it; drawn is HTML."""
    head = f"<h2>{escape(title)}</h2>" if title else ""
    return f"<figure>{head}<figcaption>{escape(told)}</figcaption>{drawn}</figure>"


def two(left: str, right: str) -> str:
    """Side by side where there is room."""
    return f"<div class=two>{left}{right}</div>"


def key(colours: Iterable[tuple[str, str]]) -> str:
    """What each colour means."""
    spans = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for colour, name in colours
    )
    return f"<div class=key>{spans}</div>"


def tables(parts: Iterable[Section]) -> str:
    """All figures in words."""
    found = []
    for part in parts:
        rows = "".join(
            f"<tr><td>{escape(line.label)}</td><td class=v>{escape(line.value)}</td>"
            f"<td class=n>{escape(line.note)}</td></tr>"
            for line in part.lines
        )
        found.append(f"<table><caption>{escape(part.title)}</caption>{rows}</table>")
    return "".join(found)


def svg(
    width: float, height: float, shapes: Iterable[str], name: str, kind: str = ""
) -> str:
    """A picture; name is what it shows, for those who hear it."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role=img aria-label="{escape(name)}" '
        f'class="{kind}">{"".join(shapes)}</svg>'
    )


def rect(x: float, y: float, wide: float, high: float, fill: str, told: str = "") -> str:
    """A bar."""
    title = f"<title>{escape(told)}</title>" if told else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(wide, 0):.1f}" '
        f'height="{max(high, 0):.1f}" fill="{fill}">{title}</rect>'
    )


def line(x: float, y: float, to_x: float, to_y: float, look: str = "") -> str:
    """A straight line, of an axis unless `look` says otherwise."""
    return (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" {look or AXIS}/>'
    )


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    """Words; kind: ink, big, halo."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def projection(places_rad: FloatArray, width: float, height: float) -> Project:
    """From latitude, longitude to a picture's x, y, so that all places fit in."""
    low, high = places_rad.min(axis=0), places_rad.max(axis=0)
    middle = (low + high) / 2
    squeeze = np.array([1.0, cos(middle[0])])
    span = np.maximum((high - low) * squeeze, 1.5e-3) * 1.1
    scale = min(height / span[0], width / span[1])

    def at(place_rad: FloatArray) -> FloatArray:
        moved = (place_rad - middle) * squeeze * scale
        return np.stack([width / 2 + moved[..., 1], height / 2 - moved[..., 0]], axis=-1)

    return at


def scale_bar(at: Project, place_rad: FloatArray, height: float) -> str:
    """A round number of kilometres, in the lower left corner."""
    ends = at(np.stack([place_rad, place_rad + np.array([1.0 / 6371.0, 0.0])]))
    per_km = float(ends[0, 1] - ends[1, 1])
    for km in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if km * per_km > 70:
            break
    y = height - 18.0
    look = 'stroke="var(--ink)" stroke-width="2"'
    return line(20, y, 20 + km * per_km, y, look) + text(20, y - 7, f"{km} km", "ink halo")


def path(rings: Iterable[FloatArray]) -> str:
    """Closed outlines (n, 2) of x, y as the data of an SVG path."""
    return " ".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z" for ring in rings
    )
