"""What the tests of the console share: a small region, what is seen over it, operators."""

import json
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from forewarn.bench.browser import Browser, Page
from forewarn.bench.console_site import ConsoleSite
from forewarn.web.board import Board, Clock
from forewarn.web.past import Look
from forewarn.web.push import PushDesk
from forewarn.web.scene import alert_line

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# name in the first language of the site, people
UKRAINIAN = [
    ("Київ, Поділ", 34_000),
    ("Київ, Оболонь", 52_000),
    ("Бориспіль", 18_000),
    ("Кам'янка-Бузька", 7_400),
    ("<img src=x onerror=alert(1)>", 900),
    ("Вишгород", 22_000),
]
HEBREW = [
    ("אשקלון דרום", 34_000),
    ("שדרות", 52_000),
    ("נתיבות", 18_000),
    ("יד מרדכי", 7_400),
    ("<img src=x onerror=alert(1)>", 900),
    ("זיקים", 22_000),
]
STEP = 0.1  # degrees of a zone
WEST, SOUTH = 30.4, 50.4


def region(language: str = "uk", simulated: bool = True) -> Board:
    """A site of six zones z0 .. z5, three to a row; two radars, one of them silent."""
    languages = (language, "en")
    board = Board("Region", languages, simulated, Clock(time.time), "live", "all parts run")
    board.time_zone = "Europe/Kyiv" if language == "uk" else "Asia/Jerusalem"
    features = []
    for row, (name, people) in enumerate(HEBREW if language == "he" else UKRAINIAN):
        west, south = WEST + STEP * (row % 3), SOUTH + STEP * (row // 3)
        corners = [(0, 0), (STEP, 0), (STEP, STEP), (0, STEP), (0, 0)]
        ring = [[round(west + x, 4), round(south + y, 4)] for x, y in corners]
        told = {"zone_id": f"z{row}", "name": name, "names": {"en": f"Town {row}"}}
        told |= {"population": people, "shelter_s": 60.0}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": told, "geometry": geometry})
    body = {"type": "FeatureCollection", "features": features}
    board.zones, board.zones_version = json.dumps(body).encode(), "v1"
    board.blind, board.coarse, board.reduced = ["z4"], ["z5"], ["Oblast"]
    board.sensors = [
        sensor("north", 50.62, True, error_ratio=1.6),
        sensor("south", 50.36, False, "silent"),
    ]
    day = 86_400.0
    board.keys = [
        {"kind": "alerts", "ends_s": time.time() + 300 * day, "days": None},
        {"kind": "cap", "ends_s": time.time() + 20 * day, "days": 30},
    ]
    board.channels = [channel("cap"), channel("cells", last_error="centre refused: 503")]
    return board


def sensor(
    name: str, lat: float, fresh: bool, trouble: str = "", error_ratio: float = 1.0
) -> dict[str, Any]:
    return {
        "sensor_id": name,
        "kind": "radar",
        "lat_deg": lat,
        "lon_deg": 30.5,
        "range_max_m": 40_000.0,
        "scans": 1200,
        "plots": 84_000,
        "last_s": time.time(),
        "fresh": fresh,
        "trouble": trouble,
        "error_ratio": error_ratio,
        "simulated": True,
    }


def channel(name: str, last_error: str = "") -> dict[str, Any]:
    return {
        "channel": name,
        "delivered": 412,
        "failures": 3 if last_error else 0,
        "waiting": 5 if last_error else 0,
        "dropped": 0,
        "last_error": last_error,
        "delay_s": 1.3,
    }


def track(number: int, kind: str, lat: float, lon: float, **more: Any) -> dict[str, Any]:
    return {
        "id": f"T{number}",
        "kind": kind,
        "kind_probability": 0.93,
        "confirmed": True,
        "named": True,
        "identity": "",
        "groups": ["north"],
        "first_s": time.time() - 60,
        "threat_probability": 0.0 if kind in ("aircraft", "clutter") else 0.97,
        "place": [lat, lon, 1800, 80.0, 60.0, -20.0],
    } | more


def area(
    number: int, kind: str, lat: float, lon: float, size: float = 1.0
) -> dict[str, Any]:
    """Two futures; `size` 0 = it is down, and its area is a point."""
    futures = [
        [0.6, lat, lon, 4e6 * size + 1e-5, 1e6 * size, 2e6 * size + 1e-5],
        [
            0.4,
            lat + 0.02 * size,
            lon + 0.03 * size,
            3e6 * size + 1e-5,
            0,
            3e6 * size + 1e-5,
        ],
    ]
    now_s = time.time()
    return {
        "track_id": f"T{number}",
        "kind": kind,
        "probability": 0.97,
        "onset_p05_s": now_s + 60,
        "onset_p50_s": now_s + 75,
        "futures": futures,
    }


def weighed(zone_id: str, soon: float, due: float = 0.0) -> dict[str, Any]:
    now_s = time.time()
    return {
        "zone_id": zone_id,
        "due": due,
        "soon": soon,
        "threshold": 2e-4,
        "prepare_at": 2e-3,
        "onset_p05_s": round(now_s + 60),
        "onset_p50_s": round(now_s + 75),
        "threats": [["T1", soon]],
    }


def picture(seq: int = 1, reset: bool = True) -> dict[str, Any]:
    """One threat of each kind, an aircraft, something not confirmed; two areas."""
    sky = [
        track(1, "rocket", 50.48, 30.46),
        track(2, "drone", 50.52, 30.56),
        track(3, "cruise_missile", 50.57, 30.43, named=False),
        track(4, "ballistic_missile", 50.43, 30.63),
        track(5, "aircraft", 50.55, 30.66, identity="LOT 451"),
        track(6, "drone", 50.44, 30.52, confirmed=False),
    ]
    return {
        "seq": seq,
        "at_s": time.time(),
        "reset": reset,
        "people_at_risk": 3.2,
        "tracks": {"set": sky, "moved": [], "gone": []},
        "areas": {
            "set": [
                area(1, "rocket", 50.45, 30.45),
                area(2, "drone", 50.47, 30.58),
                area(4, "ballistic_missile", 50.43, 30.63, size=0.0),
            ],
            "gone": [],
        },
        "weighed": {
            "set": [
                weighed("z0", 0.012, due=0.012),
                weighed("z1", 0.004),
                weighed("z3", 1e-4),
            ],
            "gone": [],
        },
    }


def step(zone_id: str, state: str, people: int = 34_000, **more: Any) -> Any:
    """One step of an alert: as anyone is told it, as operators see it."""
    now_s = time.time()
    left_s = more.pop("left_s", 60)
    told = {"zone_id": zone_id, "alert_id": f"a-{zone_id}", "step": 0, "state": state}
    told |= {"issued_s": now_s, "onset_s": None, "kind": "rocket", "text": {}}
    why = {
        "zone_id": zone_id,
        "state": state,
        "issued_s": now_s,
        "probability": 0.011,
        "threshold": 2e-4,
        "onset_p05_s": now_s + left_s,
        "onset_p50_s": now_s + left_s + 15,
        "people": people,
        "kind": "rocket",
        "threats": ["T1"],
        "sources": ["north", "south"],
        "reason": "threat",
    }
    return told | {"signature": ""}, why | more


def alerted() -> list[Any]:
    """One zone in each stage."""
    return [
        step("z0", "take_cover", 34_000, left_s=63),
        step("z1", "prepare", 52_000, left_s=200),
        step("z2", "stay", 18_000),
    ]


def tell(site: ConsoleSite, steps: Sequence[Any], seq: int = 1) -> None:
    """Alert steps, and the lines that the service writes of them."""

    def note() -> None:
        for told, _ in steps:
            text, where = alert_line(told["state"], [told["zone_id"]])
            site.board.note(text, "alert", **where)

    site.ask(note)
    site.ask(site.board.tell, list(steps), seq)


def busy(
    language: str = "uk", simulated: bool = True, desk: PushDesk | None = None
) -> ConsoleSite:
    """A site on which a raid goes on."""
    return ConsoleSite(region(language, simulated), film_of_two, desk)


def begin(site: ConsoleSite) -> None:
    """Let the raid begin."""
    site.ask(site.board.show, picture())
    tell(site, alerted())
    site.ask(site.board.note, "sensor south: silent", "sensor")
    site.ask(site.board.show, picture(2))


async def film_of_two(look: Look) -> AsyncGenerator[bytes]:
    """A minute in which one zone is told to take cover, and cleared after 30 s."""
    from_s = look.span_s[0]
    if look.what == "period":
        stage = {"state": "take_cover", "zones": 1, "people": 34_000.0}
        stage |= {"person_minutes": 17_000.0, "longest_min": 0.5}
        told = {"from_s": from_s, "to_s": look.span_s[1], "steps": 2, "by_hand": 0}
        told |= {"in_error": 0, "population": 134_300.0, "stages": [stage], "channels": []}
        yield json.dumps(told).encode() + b"\n"
        return
    for second in range(61):
        at_s = from_s + second
        first = {"n": 1, "time_s": from_s + 1, "kind": "alert", "text": "take cover"}
        body: dict[str, Any] = {"seq": second, "at_s": at_s, "people_at_risk": 0.0}
        body |= {"time_s": at_s, "reset": second % 30 == 0, "log": [first]}
        here = [50.45, 30.40 + 0.005 * second, 900, 300.0, 0.0, 0.0]
        alert = {**step("z0", "take_cover")[1], "onset_p05_s": from_s + 40}
        if second % 30 == 0:
            body["tracks"] = {
                "set": [track(9, "drone", 0, 0, place=here)],
                "moved": [],
                "gone": [],
            }
            body["areas"] = body["weighed"] = {"set": [], "gone": []}
            body["zones"] = {"set": [] if second else [alert], "gone": []}
            body["trails"] = {}
        else:
            body["tracks"] = {"set": [], "moved": [["T9", *here]], "gone": []}
        yield json.dumps(body).encode() + b"\n"


def visit(
    browser: Browser,
    site: ConsoleSite,
    *before: str,
    size: Any = DESK,
    drawn: bool = True,
    **more: Any,
) -> Page:
    """The console; `drawn`: once its map is."""
    context = {"viewport": size, "locale": "en-GB", "reducedMotion": "reduce"} | more
    page = browser.open(f"{site.address}/console", context, before)
    if drawn:
        page.until("document.querySelector('#map').dataset.drawn === 'zones'", 30)
    return page


def resize(page: Page, size: Mapping[str, int]) -> None:
    """The same page on another screen; nothing may be wider than that."""
    page.do("resize", size=size)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} px wider than the screen"
    page.evaluate("new Promise((done) => setTimeout(done, 400))")


def shot(page: Page, folder: Path, name: str) -> None:
    page.do("shot", path=str(folder / f"{name}.png"), whole=False)


@pytest.fixture
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.getbasetemp() / "console"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def raid() -> Iterator[ConsoleSite]:
    with busy() as site:
        begin(site)
        yield site


@pytest.fixture(scope="module")
def desk(browser: Browser, raid: ConsoleSite) -> Iterator[Page]:
    """One page for many tests: a map takes seconds to draw without a graphics card."""
    page = visit(browser, raid)
    page.until("document.querySelectorAll('#zones li').length === 3")
    yield page
    assert page.do("seen")["faults"] == []
    page.do("close")


def tap(page: Page, across: float, down: float) -> None:
    """Tap the map at parts of its width and height."""
    map_box = "document.querySelector('#map').getBoundingClientRect().toJSON()"
    box = page.evaluate(map_box)
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.do("tap", x=x, y=y)


def open_tab(page: Page, name: str) -> None:
    page.do("click", selector=f"#tab-{name}")
