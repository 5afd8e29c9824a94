"""The public page shows the state of my place, big, in my language, and knows its age."""

import time
from pathlib import Path

import pytest
from public_page import (
    DESK,
    HURRY,
    PHONE,
    browser,
    kept,
    pictures,
    region,
    site,
    stage,
    step,
    visit,
)

from forewarn.bench.browser import Browser, Page
from forewarn.bench.site import Site

__all__ = ["browser", "pictures", "site"]
pytestmark = pytest.mark.browser

ANNOUNCED = """
window.heard = [];
addEventListener("DOMContentLoaded", () => {
  for (const id of ["alarm", "update"])
    new MutationObserver(() => heard.push([id, document.getElementById(id).textContent]))
      .observe(document.getElementById(id), { childList: true });
});
"""


def seconds(page: Page) -> int:
    return int(page.text(".count"))


@pytest.mark.parametrize("language", ["en", "he", "uk"])
@pytest.mark.parametrize("device", ["phone", "desk"])
def test_every_stage_is_shown_and_can_be_read_by_everyone(
    browser: Browser, site: Site, pictures: Path, language: str, device: str
) -> None:
    size = PHONE if device == "phone" else DESK
    mapped = (device, language) == ("desk", "he")  # one map: each costs seconds
    page = visit(browser, site, kept("k1"), size=size, language=language, good=mapped)
    stage(page, "clear")
    steps = [step("prepare", 0, 200), step("take_cover", 1, 43), step("stay", 2)]
    steps.append(step("all_clear", 3))
    site.tell([step("take_cover", 0, 60, "b1"), step("prepare", 0, 250, "c1")], 1)
    for seq, one in enumerate([None, *steps], start=2):
        if one:
            site.tell([one], seq)
        stage(page, one["state"] if one else "clear")
        if one:
            assert one["text"][language] in page.text(".card")
        name = one["state"] if one else "clear"
        if mapped:
            page.until("document.querySelector('#map').dataset.drawn || false")
        page.do("shot", path=str(pictures / f"{language}-{device}-{name}.png"))
        assert page.do("axe") == []
    assert page.evaluate("document.documentElement.dir") == (
        "rtl" if language == "he" else "ltr"
    )
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} px wider than the screen"
    assert page.do("seen")["faults"] == []
    page.do("close")


def test_seconds_count_down_and_follow_the_estimate(browser: Browser, site: Site) -> None:
    lies = "const wall = Date.now.bind(Date); Date.now = () => wall() - 7_200_000;"
    page = visit(browser, site, kept("k1"), lies)  # a phone whose clock is two hours late
    site.tell([step("take_cover", 0, 60)], 1)
    stage(page, "take_cover")
    assert abs(seconds(page) - 60) <= 1
    first = seconds(page)
    page.until(f"document.querySelector('.count').innerText <= {first - 2}", 4)
    site.tell([step("take_cover", 1, 25)], 2)
    page.until("document.querySelector('.count').innerText <= 25", 2)
    assert seconds(page) >= 22
    site.tell([step("take_cover", 2, -1)], 3)
    page.until("document.querySelector('.count').innerText === 'Now'", 2)
    page.do("close")


def test_a_correction_begins_no_stage_anew(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"), ANNOUNCED)
    stage(page, "clear")
    first = step("take_cover", 0, 60)
    first["issued_s"] -= 3600
    site.tell([first], 1)
    stage(page, "take_cover")
    since = page.text(".times")
    site.tell([step("take_cover", 1, 30)], 2)
    page.until("document.querySelector('.count').innerText <= 30")
    assert page.text(".times") == since
    page.until("heard.some(([id]) => id === 'update')", 7)
    alarms = [text for where, text in page.evaluate("heard") if where == "alarm"]
    assert len(alarms) == 1
    assert alarms[0].startswith("Kyiv, Podil: Take cover. ")
    assert "Take cover now: nearest shelter." in alarms[0]
    page.do("close")


def test_silence_is_never_taken_for_safety(
    browser: Browser, site: Site, pictures: Path
) -> None:
    page = visit(browser, site, kept("k1", "b1"), HURRY)
    site.tell([step("take_cover", 0, 90, "b1")], 1)
    stage(page, "take_cover", "b1")
    stage(page, "clear", "k1")
    page.do("offline", on=True)
    page.evaluate("window.skip += 15_500")
    page.until("document.querySelector('#trouble').innerText.includes('not reachable')", 2)
    stage(page, "unknown", "k1", 1)
    stage(page, "take_cover", "b1", 1)  # what was told last stands, and counts on
    assert page.evaluate("document.querySelectorAll('.card[data-sure=false]').length") == 2
    page.do("shot", path=str(pictures / "unreachable.png"))
    assert page.do("axe") == []
    page.do("offline", on=False)
    page.until("document.querySelector('#trouble').innerText === ''", 7)
    stage(page, "clear", "k1", 1)
    page.do("close")


def test_a_dead_service_is_told_within_20_s_of_its_last_word(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, kept("k1"))
    stage(page, "clear")
    spoke = time.monotonic()
    site.__exit__()
    told = "document.querySelector('#trouble').innerText.includes('not reachable')"
    page.until(told, 20)
    took = time.monotonic() - spoke
    print(f"not reachable: told {took:.1f} s after the service died")
    assert 5 < took <= 20
    page.do("close")


def test_a_device_that_slept_believes_nothing_it_knew(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"), HURRY)
    stage(page, "clear")
    asked = (
        "performance.getEntriesByType('resource').filter(r => r.name.includes('stream'))"
    )
    before = page.evaluate(f"{asked}.length")
    # the wall clock went on for an hour, the monotonic one stood still
    page.evaluate("(() => { const go = Date.now; Date.now = () => go() + 3_600_000; })()")
    time.sleep(0.6)
    stage(page, "clear")
    again = [r["url"] for r in page.do("seen")["requests"] if "stream" in r["url"]]
    assert len(again) >= 2, f"{before} streams: it did not ask anew"
    page.do("close")


@pytest.mark.parametrize(
    ("service", "told", "shown"),
    [
        ("starting", "not ready", "unknown"),
        ("degraded", "only in part", "clear"),
        ("stopped", "not ready", "unknown"),
    ],
)
def test_a_service_that_is_not_whole_is_not_taken_for_calm(
    browser: Browser, site: Site, service: str, told: str, shown: str
) -> None:
    page = visit(browser, site, kept("k1"))
    stage(page, "clear")
    site.ask(site.board.become, service, "for a test")
    page.until(f"document.querySelector('#trouble').innerText.includes('{told}')")
    stage(page, shown)
    page.do("close")


def test_what_is_not_watched_is_told(browser: Browser, site: Site) -> None:
    site.board.reduced = ["Northern oblast", ""]
    page = visit(browser, site, kept("k1"))
    told = "Not all of this area is watched just now. Listen to radio and sirens too."
    page.until(f"document.querySelector('#trouble').innerText.includes('{told}')")
    assert page.text("#trouble").endswith("(Northern oblast)")
    page.do("close")


def test_who_lost_the_line_hears_what_was_missed(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"))
    stage(page, "clear")
    page.do("offline", on=True)
    site.tell([step("take_cover", 0, 60)], 1)
    time.sleep(0.3)
    page.do("offline", on=False)
    stage(page, "take_cover", limit_s=8)
    page.do("close")


def test_who_comes_after_the_all_clear_is_told_of_it(browser: Browser, site: Site) -> None:
    site.tell([step("stay")], 1)
    site.tell([step("all_clear", 1)], 2)
    page = visit(browser, site, kept("k1"))
    stage(page, "all_clear")
    assert "You may leave shelter." in page.text(".card")
    page.do("close")


def test_an_exercise_says_so_all_the_time(browser: Browser, pictures: Path) -> None:
    with Site(region(simulated=True)) as site:
        site.tell([step("take_cover", 0, 43)], 1)
        page = visit(browser, site, kept("k1"))
        stage(page, "take_cover")
        assert "EXERCISE" in page.text("#exercise")
        page.do("shot", path=str(pictures / "exercise.png"))
        assert page.do("axe") == []
        page.do("close")
