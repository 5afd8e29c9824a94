"""What the tests of the public page share: a small region, its alerts, phones and desks."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forewarn.bench.browser import Browser, Page, find_browser
from forewarn.bench.site import Site
from forewarn.web.board import Board, Clock

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "forewarn" / "web" / "static"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
NAMES = {  # of zones, in the first language of the site and in others
    "k1": ("Київ, Поділ", {"en": "Kyiv, Podil", "he": "קייב, פודיל"}),
    "k2": ("Київ, Оболонь", {"en": "Kyiv, Obolon", "he": "קייב, אובולון"}),
    "b1": ("Бориспіль", {"en": "Boryspil", "he": "בוריספיל"}),
    "c1": ("Кам'янка-Бузька", {"en": "Kamianka-Buzka"}),
}
TEXT = {
    "prepare": {
        "uk": "{uk}: можлива балістична ракета, близько 14:32. Будьте готові.",
        "en": "{en}: ballistic missile possible, around 14:32. Stay near shelter.",
        "he": "{he}: ייתכן טיל בליסטי, בסביבות 14:32. היערכו.",
    },
    "take_cover": {
        "uk": "{uk}: ракетний обстріл, влучання очікується зараз. Негайно в укриття.",
        "en": "{en}: rocket fire, impact expected now. Take cover now: nearest shelter.",
        "he": "{he}: ירי רקטי, פגיעה צפויה עכשיו. היכנסו מיד למרחב מוגן.",
    },
    "stay": {
        "uk": "{uk}: небезпека не минула. Лишайтеся в укритті до відбою.",
        "en": "{en}: the danger is not over. Stay in shelter until the all-clear.",
        "he": "{he}: הסכנה לא חלפה. הישארו במרחב המוגן.",
    },
    "all_clear": {
        "uk": "{uk}: відбій. Можна вийти. Не торкайтеся уламків.",
        "en": "{en}: all clear. You may leave shelter. Do not touch debris.",
        "he": "{he}: האירוע הסתיים. ניתן לצאת. אין לגעת בשברים.",
    },
}
BAD_LINE = "Object.defineProperty(navigator, 'connection', {value: {effectiveType: '3g'}});"
# both clocks of a device, moved on together by `window.skip` ms
HURRY = """
window.skip = 0;
const [wall, mono] = [Date.now.bind(Date), performance.now.bind(performance)];
Date.now = () => wall() + window.skip;
performance.now = () => mono() + window.skip;
"""


def found_browser() -> str:
    """The browser to test in; without one the test is skipped, or fails where CI runs."""
    found = find_browser()
    if found is None:
        told = "no Chromium, node or playwright-core: `make test` installs them"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    if not (STATIC / "worker.js").exists():
        pytest.fail("the pages are not built: run `make setup`")
    return found


@pytest.fixture(scope="module")  # every module that imports it has one of its own
def browser() -> Iterator[Browser]:
    with Browser(found_browser()) as one:
        yield one


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(region()) as one:
        yield one


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "public-page"
    folder.mkdir(exist_ok=True)
    return folder


def region(simulated: bool = False) -> Board:
    """A live service of four zones in two rows: k1 west of k2, b1 below k1."""
    board = Board(
        "Київщина",
        ("uk", "en", "he"),
        simulated,
        Clock(time.time),
        service="live",
        detail="all parts run",
        time_zone="Europe/Kyiv",
    )
    features = []
    for row, (zone_id, (name, names)) in enumerate(NAMES.items()):
        west, south = 30.5 + 0.1 * (row % 2), 50.4 - 0.1 * (row // 2)
        east, north = west + 0.1, south + 0.1
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        told = {"zone_id": zone_id, "name": name, "names": names}
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": told, "geometry": shape})
    body = {"type": "FeatureCollection", "features": features}
    board.zones, board.zones_version = json.dumps(body).encode(), "v1"
    return board


def step(
    state: str, number: int = 0, left_s: float | None = None, zone_id: str = "k1"
) -> dict[str, Any]:
    """One step of an alert as anyone is told it, `left_s` before the first impact."""
    name, names = NAMES[zone_id]
    called = {"uk": name, "en": name, "he": name} | names
    return {
        "alert_id": f"a-{zone_id}",
        "step": number,
        "zone_id": zone_id,
        "state": state,
        "issued_s": time.time(),
        "onset_s": None if left_s is None else round(time.time() + left_s),
        "kind": "rocket",
        "text": {tongue: text.format(**called) for tongue, text in TEXT[state].items()},
        "signature": "c2lnbmVk",
    }


def place(zone_id: str, version: str = "v1") -> dict[str, Any]:
    """A place as the page keeps it on a device."""
    name, names = NAMES[zone_id]
    row = list(NAMES).index(zone_id)
    point = [30.55 + 0.1 * (row % 2), 50.45 - 0.1 * (row // 2)]
    told = {"zone_id": zone_id, "name": name, "names": names}
    return told | {"point": point, "version": version}


def kept(*zone_ids: str, version: str = "v1", **more: str) -> str:
    """A script that puts places, and more, on a device before the page starts."""
    stored = {"places": json.dumps([place(one, version) for one in zone_ids])} | more
    lines = [
        f"localStorage['forewarn.{key}'] ??= {json.dumps(text)};"
        for key, text in stored.items()
    ]
    return "".join(lines)


def visit(
    browser: Browser,
    site: Site,
    *before: str,
    size: dict[str, int] = PHONE,
    language: str = "en",
    good: bool = False,
    **more: Any,
) -> Page:
    """The public page on a device that speaks a language; a good line brings the map."""
    permissions = more.pop("permissions", ())
    before = before if good else (BAD_LINE, *before)
    context = {"viewport": size, "locale": language, "serviceWorkers": "block"} | more
    return browser.open(f"{site.address}/", context, before, permissions)


def stage(page: Page, wanted: str, zone_id: str = "k1", limit_s: float = 10.0) -> None:
    """Wait until a place is shown in a stage."""
    shown = f"""document.querySelector('.card[data-zone-id="{zone_id}"]')?.dataset.stage"""
    page.until(f"{shown} === '{wanted}'", limit_s)
