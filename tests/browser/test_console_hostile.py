"""Hostile strings in all that the console shows: none runs, none is reported by the policy.

`make api COUNT=10000` shows it so many. Names come from the site's files, from sensors and
other people's systems: the console may not trust one of them.
"""

import json
import os
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from console_page import area, channel, region, sensor, step, track, visit
from console_page import weighed as held
from public_page import browser

from forewarn.bench.browser import Browser, Page
from forewarn.bench.console_site import ConsoleSite
from forewarn.web.board import Board
from forewarn.web.past import Look
from hostile_strings import hostile

__all__ = ["browser"]
pytestmark = pytest.mark.browser

COUNT = int(os.environ.get("FOREWARN_API", "60"))
SEED = int(os.environ.get("FOREWARN_API_SEED", "7"))
SMALL = {"width": 800, "height": 500}
TOGETHER = min(80, COUNT // 2)  # strings of one site
SPOTTED = """
window.ran = [];
window.alert = (what) => ran.push(`alert ${what}`);
document.addEventListener("securitypolicyviolation",
  ({violatedDirective, blockedURI}) => ran.push(`${violatedDirective} ${blockedURI}`));
"""
# what no text of ours is made of
MARKUP = (
    "document.querySelectorAll('img, iframe, object, embed, base, "
    "script:not([src]), [onerror], [onload], [srcdoc], a[href^=javascript]').length"
)


def country(texts: Sequence[str], rounds: int) -> Board:
    """A site in which every name, and every id that is not ours, is one of the strings."""
    board = region()
    board.site, board.detail, board.service = texts[0], texts[1], "degraded"
    board.reduced = list(texts[:3])
    board.sensors = [sensor(text, 50.5, False, text) for text in _unlike(texts[:10])]
    board.channels = [channel(text, text) for text in _unlike(texts)]
    board.refused = [{"source": t, "reason": t, "count": 3} for t in texts]
    board.faults.extend(texts[:20])
    board.drills = {text: _drilled(text) for text in texts}
    shape = json.loads(board.zones)["features"][0]["geometry"]
    features = [
        {"type": "Feature", "geometry": shape, "properties": _zone(row, text)}
        for row, text in enumerate(texts)
    ]
    body = {"type": "FeatureCollection", "features": features}
    board.zones, board.zones_version = json.dumps(body).encode(), f"v{rounds}"
    board.blind, board.coarse = [_id(0, texts[0])], [_id(1, texts[1])]
    return board


def _unlike(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _id(row: int, text: str) -> str:
    """Some zones are called like members of any object; the others are told apart."""
    return text if text == "__proto__" else f"{row}{text[:150]}"


def _zone(row: int, text: str) -> dict[str, Any]:
    told = {"zone_id": _id(row, text), "name": text, "names": {"en": text}}
    return told | {"population": 900, "shelter_s": 60.0}


def _drilled(text: str) -> dict[str, Any]:
    told = {"channel": text, "time_s": time.time(), "state": "failed"}
    return told | {"said": text, "delay_s": 0.1}


async def film(look: Look) -> AsyncGenerator[bytes]:
    """What is played again, and counted, is hostile too."""
    stage = {"state": "<b>x</b>", "zones": 1, "people": 9.0, "person_minutes": 1.0}
    carried = {"channel": "<img src=x onerror=alert(1)>", "steps": 1, "waiting": 0}
    carried |= dict.fromkeys(("delay_p50_s", "delay_p95_s", "delay_max_s"))
    told = {"from_s": 0.0, "to_s": 1.0, "steps": 2, "by_hand": 0, "in_error": 0}
    told |= {"population": 1.0, "stages": [stage | {"longest_min": 0.5}]}
    yield json.dumps(told | {"channels": [carried]}).encode()


def happen(site: ConsoleSite, texts: Sequence[str]) -> None:
    """A raid over such a site."""
    board = site.board
    names = [_id(row, text) for row, text in enumerate(texts)]

    tracks = [
        track(row, "drone", 50.5, 30.5, identity=text, groups=[text])
        for row, text in enumerate(texts)
    ]
    nothing: dict[str, Any] = {"moved": [], "gone": []}
    near = [{**held(name, 0.01), "threats": [["T1", 0.01]]} for name in names]
    site.ask(board.show, {
        "seq": 1, "at_s": time.time(), "reset": True, "people_at_risk": 1.0,
        "tracks": {"set": tracks, **nothing},
        "areas": {"set": [area(1, "drone", 50.5, 30.5)], "gone": []},
        "weighed": {"set": near, "gone": []},
    })  # fmt: skip
    steps = []
    for name, text in zip(names, texts, strict=True):
        told, why = step(name, "prepare", sources=[text], reason=text)
        steps.append((told, why))
    site.ask(board.tell, steps, 1)
    board.marks = [
        {"lat_deg": 50.5, "lon_deg": 30.5, "text": t, "colour": t} for t in texts[:10]
    ]
    site.ask(tell_all, board, texts)
    site.ask(board.tell, [step(names[0], "take_cover", sources=[texts[0]])], 2)


def tell_all(board: Board, texts: Sequence[str]) -> None:
    """Lines of the time line: of people, and of what is called by these names."""
    for text in texts:
        board.note(text, "operator", zone_ids=[text], sensor_id=text)
    board.note("all of it was told")


def press(page: Page, selector: str) -> None:
    """Click without waiting for the map, which moves under each of so many clicks."""
    page.evaluate(f"document.querySelector({json.dumps(selector)}).click()")


def look_everywhere(page: Page, texts: Sequence[str], plain: str) -> None:
    """Each tab, the card of a zone and of a track, a draft, and the past."""
    page.until("document.querySelector('#log').innerText.includes('all of it was told')")
    page.until("document.querySelectorAll('#zones li').length >= 10")
    press(page, "#zones li button")
    press(page, "#details .threat")
    press(page, "#log li button")
    press(page, "#tab-health")
    assert page.text("#refused").count(plain) == 2
    press(page, "#sensors button")
    press(page, "#cover button")
    press(page, "#tab-send")
    for text in (*texts[:4], plain):
        page.do("fill", selector="#find", text=text)
    page.until("document.querySelector('#found button')")
    press(page, "#found button")
    press(page, "#make-draft")
    page.until("document.querySelector('.echo blockquote')")
    press(page, "#tab-past")
    page.do("fill", selector="#from", text=texts[0].replace("\n", ""))
    page.evaluate("document.querySelector('#preset').dispatchEvent(new Event('change'))")
    press(page, "#count")
    page.until("document.querySelector('#counted table')")
    press(page, "#tab-now")


@pytest.mark.parametrize("first", range(0, COUNT, TOGETHER))
def test_no_string_is_run_wherever_it_comes_from(browser: Browser, first: int) -> None:
    texts = list(hostile(COUNT, SEED))[first : first + TOGETHER]
    plain = f"Place {first}"
    texts[-1] = plain  # something that can be found by its name
    with ConsoleSite(country(texts, first), film) as site:
        page = visit(browser, site, SPOTTED, size=SMALL, drawn=False)
        page.until("document.querySelector('#site').innerText !== 'Forewarn'")
        happen(site, texts)
        look_everywhere(page, texts, plain)
        assert page.evaluate("ran") == []
        assert page.evaluate(MARKUP) == 0
        assert page.do("seen")["faults"] == []
        page.do("close")


def test_a_string_that_was_run_would_have_been_seen(browser: Browser) -> None:
    with ConsoleSite(region()) as site:
        page = visit(browser, site, SPOTTED, size=SMALL, drawn=False)
        page.until("document.querySelector('#site').innerText === 'Region'")
        page.evaluate(
            "document.querySelector('#log').insertAdjacentHTML('beforeend', "
            "'<li><img src=x onerror=alert(1)></li>')"
        )
        page.until("ran.length > 0")
        assert page.evaluate(MARKUP) == 1
        assert page.do("seen")["faults"] != []
        page.do("close")
