"""The public page in a real browser: how soon it shows a state on a bad line, how soon an
alert on record is seen, alone and under thousands of other readers, and how big it is."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from forewarn.bench.browser import Browser, Page, find_browser
from forewarn.bench.listeners import apart, read_on
from forewarn.bench.result import Ask, Figure, Result
from forewarn.bench.site import Site
from forewarn.errors import ConfigError
from forewarn.web.board import Board, Clock
from forewarn.web.pages import STATIC

# WebPageTest's "3G", and a phone a quarter as fast as this machine
SLOW = {"cpu": 4.0, "latency_ms": 300.0, "down_kbps": 1600.0, "up_kbps": 768.0}
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "en"}
DESK = {"viewport": {"width": 1280, "height": 800}, "locale": "en"}
ZONES = 5000
CHANGED = 300  # zones that change in the same second
TRIALS = 100
PAUSE_S = 0.25  # between two changes, plus the time to be seen
STARTS = 10
OTHERS = 9000
LANGUAGES = ("en", "uk", "he", "ar", "ru")
MINE = "z7"
# when each stage of the card was painted, in ms of this machine's clock and of the page's
WATCH = """
window.painted = [];
let last = "";
new MutationObserver(() => {
  const stage = document.querySelector(".card")?.dataset.stage ?? "unknown";
  if (stage === last || stage === "unknown") return;
  last = stage;
  requestAnimationFrame(() => requestAnimationFrame(() =>
    painted.push([stage, Date.now(), performance.now()])));
}).observe(document, {subtree: true, childList: true, attributes: true});
"""


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Everything there is a bar for, in one browser."""
    found = find_browser()
    if found is None:
        raise ConfigError("bench page: needs Chromium, node and frontend/node_modules")
    gc.disable()  # as the service does
    with Browser(found) as browser:
        opened = [first_paint(browser) for _ in range(STARTS)]
        progress()
        alone = seen_after(browser, TRIALS)
        progress()
        phone = seen_after(browser, TRIALS, others=OTHERS, context=PHONE)
        progress()
    return Result(
        "page",
        f"The public page, {CHANGED} of {ZONES} zones changing at once",
        (
            _worst("state on the page, 3G, 4x slower processor", opened, 2.5),
            _p99("alert on record to pixels, map open", alone),
            _p99(f"the same on a phone, under {OTHERS} others", phone),
            Figure("scripts before the map, packed", script_kb(), "kB", "<= 120"),
        ),
    )


def _worst(label: str, taken_s: list[float], bar_s: float) -> Figure:
    note = f"longest of {len(taken_s)}, median {np.median(taken_s):.2f} s"
    return Figure(label, max(taken_s), "s", f"<= {bar_s}", note=note)


def _p99(label: str, taken_s: list[float]) -> Figure:
    note = f"{len(taken_s)} changes, median {np.median(taken_s):.3f} s"
    return Figure(label, float(np.percentile(taken_s, 99)), "s", "<= 1", note=note)


def script_kb() -> float:
    """What the page loads of scripts before the map, packed."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    names = [part.split('"')[0] for part in page.split('"/assets/')[1:]]
    scripts = [STATIC / "assets" / f"{name}.gz" for name in names if name.endswith(".js")]
    return sum(path.stat().st_size for path in scripts) / 1000


def first_paint(browser: Browser) -> float:
    """Seconds from following a link to one's own alert on the screen, nothing cached."""
    with Site(country()) as site:
        site.tell(steps("take_cover", 0), 1)
        page = browser.open(f"{site.address}/", PHONE, [WATCH, own_place()], slow=SLOW)
        page.until("painted.length > 0", 20)
        painted_ms = page.evaluate("painted[0][2]")
        page.do("close")
    return float(painted_ms) / 1000


def seen_after(
    browser: Browser, trials: int, others: int = 0, context: Any = DESK
) -> list[float]:
    """Seconds from an alert on record to its pixels, for each of so many changes."""
    with Site(country()) as site, readers(site.address, others):
        page = browser.open(f"{site.address}/", context, [WATCH, own_place()])
        page.until("painted.length === 1", 30)
        page.until("document.querySelector('#map').dataset.drawn", 60)
        return [_change(site, page, number) for number in range(trials)]


def _change(site: Site, page: Page, number: int) -> float:
    time.sleep(PAUSE_S)
    changed = steps(("prepare", "take_cover")[number % 2], number)
    recorded_ms = time.time() * 1000
    site.tell(changed, number + 1)
    page.until(f"painted.length === {number + 2}", 30)
    return float(page.evaluate(f"painted[{number + 1}][1]") - recorded_ms) / 1000


@contextmanager
def readers(address: str, count: int) -> Iterator[None]:
    """So many other phones on the stream, in a process of their own."""
    if not count:
        yield
        return
    port = urlsplit(address).port
    with apart(read_on, port, count, 0, ZONES) as others:
        try:
            others.recv()
        except EOFError:
            raise ConfigError(f"bench page: {count} readers could not connect") from None
        yield
        others.send(("end",))


def country() -> Board:
    """A live service of square zones, z0 z1 ..., some 5 km wide."""
    board = Board(
        "Country",
        LANGUAGES,
        False,
        Clock(time.time),
        service="live",
        detail="all parts run",
    )
    features = []
    for number in range(ZONES):
        west, south = 24.0 + 0.07 * (number % 100), 47.0 + 0.05 * (number // 100)
        ring = [(0, 0), (0.07, 0), (0.07, 0.05), (0, 0.05), (0, 0)]
        shape = [[[round(west + x, 5), round(south + y, 5)] for x, y in ring]]
        name = f"Town {number}"
        told = {"zone_id": f"z{number}", "name": name, "names": {"uk": f"Місто {number}"}}
        geometry = {"type": "Polygon", "coordinates": shape}
        features.append({"type": "Feature", "properties": told, "geometry": geometry})
    body = {"type": "FeatureCollection", "features": features}
    board.zones, board.zones_version = json.dumps(body).encode(), "v1"
    return board


def steps(state: str, number: int) -> list[dict[str, Any]]:
    """One step in each of the zones that change, mine among them."""
    now_s = time.time()
    text = dict.fromkeys(
        LANGUAGES, "Take cover now: nearest shelter, away from windows." * 2
    )
    return [
        {
            "alert_id": f"a{zone}",
            "step": number,
            "zone_id": f"z{zone}",
            "state": state,
            "issued_s": now_s,
            "onset_s": round(now_s) + 90,
            "kind": "rocket",
            "text": text,
            "signature": "",
        }
        for zone in range(CHANGED)
    ]


def own_place() -> str:
    """A script that puts my place on a device."""
    place = {
        "zone_id": MINE,
        "name": "Town 7",
        "names": {},
        "point": [24.5, 47.02],
        "version": "v1",
    }
    stored = json.dumps(json.dumps([place]))
    return f"localStorage['forewarn.places'] = {stored};"
