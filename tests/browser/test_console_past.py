"""The past is played again in the same view, counted, and never taken for the present."""

from pathlib import Path

import pytest
from console_page import PHONE, begin, busy, open_tab, pictures, resize, shot, visit
from public_page import browser

from forewarn.bench.browser import Browser, Page

__all__ = ["browser", "pictures"]
pytestmark = pytest.mark.browser

ROWS = "document.querySelectorAll('#zones li').length"
REPLAYING = "!document.querySelector('#replaying').hidden"


def slide(page: Page, part: float) -> None:
    """Put the slider at a part of the film."""
    page.evaluate(
        "(slider => { slider.value = String(Number(slider.min) + "
        f"{part} * (slider.max - slider.min)); "
        "slider.dispatchEvent(new Event('input')); })(document.querySelector('#slider'))"
    )


def play(page: Page) -> None:
    open_tab(page, "past")
    page.do("click", selector="#play")
    page.until("document.querySelector('#film-time').innerText.match(/:/)")
    open_tab(page, "now")


def test_a_stretch_is_played_at_any_speed_and_left_again(
    browser: Browser, pictures: Path
) -> None:
    with busy() as site:
        page = visit(browser, site)
        begin(site)
        page.until(f"{ROWS} === 3")
        play(page)
        assert page.evaluate(REPLAYING)
        page.until(f"{ROWS} === 1")  # one zone in the film, three now
        assert "NOW, not in the replay: take cover in 1 zone" in page.text("#elsewhere")
        page.do("click", selector="#pause")
        still = page.text("#film-time")
        page.evaluate("new Promise((done) => setTimeout(done, 1200))")
        assert page.text("#film-time") == still
        slide(page, 0.75)
        page.until(f"{ROWS} === 0")
        slide(page, 0.25)
        page.until(f"{ROWS} === 1")
        shot(page, pictures, "replay-desk")
        assert page.do("axe") == []
        resize(page, PHONE)
        shot(page, pictures, "replay-phone")
        page.do("select", selector="#speed", value="60")
        page.do("click", selector="#pause")
        page.until(f"{ROWS} === 0", 3)  # 45 s of film in one
        page.do("click", selector="#live")
        page.until(f"{ROWS} === 3")
        assert not page.evaluate(REPLAYING)
        assert page.do("seen")["faults"] == []
        page.do("close")


def test_a_stretch_is_counted_with_one_click_and_can_be_taken_away(
    browser: Browser, pictures: Path
) -> None:
    with busy() as site:
        page = visit(browser, site, drawn=False)
        page.until("document.querySelector('#clock').innerText")
        open_tab(page, "past")
        page.do("fill", selector="#from", text="2026-11-25 22:00:00")
        page.do("fill", selector="#to", text="2026-11-25 23:00:00")
        page.do("press", key="Tab")
        page.do("click", selector="#count")
        page.until("document.querySelector('#counted table')")
        assert "take cover\t1\t34,000\t17,000" in page.text("#counted")
        shot(page, pictures, "counted")
        span = "?from_s=1795644000&to_s=1795647600"
        assert page.evaluate("document.querySelector('#report').href").endswith(
            f"/past/report.html{span}"
        )
        assert page.evaluate("document.querySelector('#take').href").endswith(
            f"/past/recording.zip{span}"
        )
        page.do("close")
