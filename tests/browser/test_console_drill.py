"""A self-drill from the console: one click, and what came of each channel is seen."""

import time
from pathlib import Path

import pytest
from console_page import DESK, PHONE, busy, open_tab, pictures, resize, shot, visit
from public_page import browser

from forewarn.bench.browser import Browser, Page
from forewarn.bench.console_site import ConsoleSite

__all__ = ["browser", "pictures"]
pytestmark = pytest.mark.browser

# a browser whose push service answers, for there is none to reach here
PUSHED = """
const own = {endpoint: "https://push.example/1", keys: {p256dh: "p", auth: "a"}};
PushManager.prototype.subscribe = async () => ({toJSON: () => own});
Notification.requestPermission = async () => "granted";
"""


class PushService:
    """Where devices of operators subscribe."""

    push_key = "BPx"

    def __init__(self) -> None:
        self.devices: list[tuple[str, tuple[str, str]]] = []

    def subscribe(self, *wish: object) -> None: ...

    def unsubscribe(self, endpoint: str) -> None: ...

    def subscribe_to_drills(self, endpoint: str, keys: tuple[str, str]) -> None:
        self.devices.append((endpoint, keys))


def health(browser: Browser, site: ConsoleSite, *before: str) -> Page:
    """The tab, once the page has heard the service."""
    page = visit(browser, site, *before, drawn=False)
    page.until("document.querySelector('#world').innerText !== '…'")
    open_tab(page, "health")
    return page


def row(name: str, state: str, said: str) -> dict[str, object]:
    return {
        "channel": name,
        "time_s": time.time(),
        "state": state,
        "said": said,
        "delay_s": 0.12,
    }


def test_a_drill_shows_of_every_channel_what_came_of_it(
    browser: Browser, pictures: Path
) -> None:
    with busy() as site:
        site.drill = lambda: [
            row("cap", "well", "read back from the folder, its signature holds"),
            row("cells", "failed", "centre answers 503: <b>busy</b>"),
        ]
        page = health(browser, site)
        page.until("!document.querySelector('#drill-now').hidden")
        assert "Never drilled" in page.text("#drill-words")
        page.do("click", selector="#drill-now")
        page.until("document.querySelector('#channels').innerText.includes('Drill at')")
        told = page.text("#channels")
        assert "0.12 s, read back from the folder, its signature holds" in told
        assert "failed, centre answers 503: <b>busy</b>" in told
        assert "Last drilled" in page.text("#drill-words")
        assert page.evaluate("document.querySelectorAll('#channels .failed').length") == 1
        assert page.do("axe") == []
        for size in (DESK, PHONE):
            resize(page, size)
            shot(page, pictures, f"drill-{size['width']}")
        assert page.do("seen")["faults"] == []
        page.do("close")


def test_who_may_only_watch_is_offered_no_drill(browser: Browser) -> None:
    with busy(simulated=False) as site:
        page = health(browser, site)
        page.until("document.querySelector('#drill-words').innerText")
        assert page.evaluate("document.querySelector('#drill-now').hidden")
        page.do("close")


def test_an_operator_gets_drills_pushed_to_the_own_device(browser: Browser) -> None:
    service = PushService()
    with busy(desk=service) as site:
        page = health(browser, site, PUSHED)
        page.until("!document.querySelector('#drill-push').hidden")
        page.do("click", selector="#drill-push")
        page.until("document.querySelector('#drill-push').innerText.startsWith('Drills')")
        assert service.devices == [("https://push.example/1", ("p", "a"))]
        page.do("close")
