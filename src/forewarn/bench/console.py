"""The operators' console in a real browser without a graphics card: how many frames it
draws with thousands of tracks and zones, and whether it takes up every picture."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from forewarn.bench.browser import Browser, Page, find_browser
from forewarn.bench.console_site import ConsoleSite
from forewarn.bench.page import country
from forewarn.bench.result import Ask, Figure, Result
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.threats import CLASSES

TRACKS = 5000
CHANGED = 100  # zones whose alert changes with each picture
AREAS = 300  # threats with an area, a sixth of them made anew with each picture
FUTURES = 6
SECONDS = 20
SCREEN = {"viewport": {"width": 1280, "height": 800}}
METRES_PER_DEG = 111_195.0
# times of all frames, of pictures taken up, and of symbols drawn
WATCH = """
window.frames = []; window.taken = []; window.drawn = [];
(function frame(ms) { frames.push(ms); requestAnimationFrame(frame); })(0);
addEventListener("DOMContentLoaded", () => new MutationObserver(() =>
  taken.push(Date.now() / 1000)).observe(document.querySelector("#map"),
  {attributes: true, attributeFilter: ["data-pictures"]}));
const draw = WebGL2RenderingContext.prototype.drawArrays;
WebGL2RenderingContext.prototype.drawArrays = function (mode, ...rest) {
  if (mode === this.POINTS) drawn.push(performance.now());
  return draw.call(this, mode, ...rest);
};
"""
LOADED = "document.querySelector('#map').dataset.drawn === 'zones'"


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Still and moving, with every track of every picture elsewhere than before."""
    found = find_browser()
    if found is None:
        raise ConfigError("bench console: needs Chromium, node and frontend/node_modules")
    crowd = Crowd(np.random.default_rng(ask.seeds))
    board = country()
    board.simulated = True  # nobody signs in to an exercise on this machine
    with ConsoleSite(board) as site, Browser(found) as browser:
        with Feed(site, crowd) as feed:
            page = browser.open(f"{site.address}/console", SCREEN, [WATCH])
            page.until(LOADED, 120)
            page.until("taken.length > 3", 60)
            progress()
            still = watched(page, feed, lambda: time.sleep(SECONDS))
            progress()
            moving = watched(page, feed, lambda: pan(page))
            progress()
        faults = page.do("seen")["faults"]
    if faults:
        raise ConfigError(f"bench console: the page failed: {faults[0]}")
    return Result(
        "console",
        f"The operators' console, {TRACKS:,} tracks at 1 Hz, 5,000 zones, no graphics card",
        (
            Figure(
                "frames a second, map still", still.rate, "1/s", ">= 30", note=still.note
            ),
            Figure("frames a second, map moving", moving.rate, "1/s", note=moving.note),
            Figure(
                "pictures not taken up",
                float(still.missed + moving.missed),
                "",
                "<= 0",
                note=f"of {still.sent + moving.sent}",
            ),
            Figure("picture sent to taken up, 95 %", still.late_s, "s", note="map still"),
        ),
    )


class Crowd:
    """Tracks on straight ways over the country, and what is sent of them."""

    def __init__(self, rng: np.random.Generator) -> None:
        low, high = np.array([47.0, 24.0]), np.array([49.5, 31.0])
        self._rng = rng
        self._place: FloatArray = rng.uniform(low, high, (TRACKS, 2))
        course, speed = rng.uniform(0, 2 * np.pi, TRACKS), rng.uniform(60, 280, TRACKS)
        self._velocity: FloatArray = np.stack(
            [speed * np.sin(course), speed * np.cos(course)], 1
        )
        self._kind = rng.integers(0, len(CLASSES) - 1, TRACKS)
        self._seq = 0

    def picture(self) -> dict[str, Any]:
        """One second later."""
        first, self._seq = self._seq == 0, self._seq + 1
        east, north = self._velocity.T
        across = METRES_PER_DEG * np.cos(np.radians(self._place[:, 0]))
        self._place += np.stack([north / METRES_PER_DEG, east / across], 1)
        rows = np.column_stack([self._place, np.full(TRACKS, 3000.0), self._velocity])
        places = [[*row, 0.0] for row in np.round(rows, 5).tolist()]
        moved = [[f"T{i}", *place] for i, place in enumerate(places)]
        new = [self._track(i, place) for i, place in enumerate(places)] if first else []
        due = range(AREAS) if first else range(self._seq % 6, AREAS, 6)
        return {
            "seq": self._seq,
            "at_s": time.time(),
            "reset": first,
            "people_at_risk": 0.0,
            "tracks": {"set": new, "moved": [] if first else moved, "gone": []},
            "areas": {"set": [self._area(i) for i in due], "gone": []},
            "weighed": {"set": [], "gone": []},
        }

    def _track(self, row: int, place: list[float]) -> dict[str, Any]:
        return {
            "id": f"T{row}",
            "kind": CLASSES[self._kind[row]],
            "kind_probability": 0.9,
            "confirmed": row % 5 > 0,
            "named": True,
            "identity": "",
            "groups": ["north"],
            "first_s": time.time(),
            "threat_probability": 0.9,
            "place": place,
        }

    def _area(self, row: int) -> dict[str, Any]:
        futures = [
            [1 / FUTURES, *(self._place[row] + 0.02 * k).tolist(), 2e6, 5e5, 1e6]
            for k in range(FUTURES)
        ]
        now_s = time.time()
        return {
            "track_id": f"T{row}",
            "kind": CLASSES[self._kind[row]],
            "probability": 0.9,
            "onset_p05_s": now_s + 50,
            "onset_p50_s": now_s + 60,
            "futures": futures,
        }


class Feed:
    """Sends a picture and changed alerts every second, in a thread of its own."""

    def __init__(self, site: ConsoleSite, crowd: Crowd) -> None:
        self.sent_s: list[float] = []
        self._site, self._crowd = site, crowd
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._over.wait(1.0 - time.time() % 1.0):
            number = len(self.sent_s)
            picture = self._crowd.picture()
            self.sent_s.append(time.time())
            self._site.ask(self._site.board.show, picture)
            self._site.ask(self._site.board.tell, alerts(number), number)


def alerts(number: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Steps in CHANGED zones: others each second, one state after the other."""
    state = ("prepare", "take_cover", "stay", "all_clear")[number // 10 % 4]
    now_s = time.time()
    out = []
    for k in range(CHANGED):
        zone_id = f"z{(number * CHANGED + k) % 1000}"
        told = {"zone_id": zone_id, "alert_id": zone_id, "step": number, "state": state}
        told |= {"issued_s": now_s, "onset_s": None, "kind": "drone", "text": {}}
        why = {"zone_id": zone_id, "state": state, "issued_s": now_s, "probability": 0.01}
        why |= {"threshold": 2e-4, "onset_p05_s": now_s + 60, "onset_p50_s": now_s + 70}
        why |= {"people": 900, "kind": "drone", "threats": [], "sources": ["north"]}
        out.append((told | {"signature": ""}, why | {"reason": "threat"}))
    return out


class Watched:
    """What a stretch of time showed.

    frames_ms : when frames were drawn
    taken_s   : when pictures were taken up; each second has two, of tracks and of alerts
    """

    def __init__(
        self, frames_ms: list[float], taken_s: list[float], sent_s: list[float]
    ) -> None:
        gaps = np.diff(frames_ms)
        self.rate = float(1000 / gaps.mean()) if len(gaps) else 0.0
        worst = float(np.percentile(gaps, 99)) if len(gaps) else float("nan")
        self.note = f"99 of 100 within {worst:.0f} ms, median {np.median(gaps):.0f} ms"
        self.sent = 2 * len(sent_s)
        self.missed = max(self.sent - len(taken_s), 0)
        late = np.array(taken_s[: self.sent : 2]) - np.array(sent_s)[: len(taken_s[::2])]
        self.late_s = float(np.percentile(late, 95)) if len(late) else float("nan")


def watched(page: Page, feed: Feed, doing: Callable[[], None]) -> Watched:
    """Look on while something is done, from one whole second to another."""
    _pause_between(feed)
    first = len(feed.sent_s)
    page.evaluate("frames.length = taken.length = drawn.length = 0")
    doing()
    _pause_between(feed)
    sent_s = feed.sent_s[first:]
    found = page.evaluate("({frames, taken, drawn})")
    moved = len(found["drawn"]) > 0.5 * len(found["frames"])
    return Watched(found["drawn" if moved else "frames"], found["taken"], sent_s)


def _pause_between(feed: Feed) -> None:
    """Until half a second after a picture was sent: none is on its way."""
    count = len(feed.sent_s)
    while len(feed.sent_s) == count:
        time.sleep(0.02)
    time.sleep(0.6)


def pan(page: Page) -> None:
    """Move the map to and fro with the keys for SECONDS."""
    page.evaluate("document.querySelector('#map canvas').focus()")
    end_s = time.monotonic() + SECONDS
    for turn in range(10_000):
        if time.monotonic() > end_s:
            return
        page.do("press", key=("ArrowRight", "ArrowLeft")[turn // 4 % 2])
        time.sleep(0.15)
