"""The console shows all that is known, why, and how well what warns is."""

from pathlib import Path

import pytest
from console_page import (
    DESK,
    PHONE,
    begin,
    busy,
    desk,
    open_tab,
    picture,
    pictures,
    raid,
    resize,
    shot,
    step,
    tap,
    tell,
    visit,
)
from public_page import HURRY, browser

from forewarn.bench.browser import Browser, Page
from forewarn.bench.console_site import ConsoleSite

__all__ = ["browser", "desk", "pictures", "raid"]
pytestmark = pytest.mark.browser

ROWS = "[...document.querySelectorAll('#zones li')].map(row => row.dataset.zoneId)"


@pytest.mark.parametrize(("theme", "language"), [("dark", "uk"), ("light", "he")])
def test_what_goes_on_is_seen_at_a_glance(
    browser: Browser, pictures: Path, theme: str, language: str
) -> None:
    with busy(language) as site:
        page = visit(browser, site, colorScheme=theme)
        begin(site)
        page.until(f"{ROWS}.length === 3")
        assert page.evaluate(ROWS) == ["z0", "z2", "z1"]  # cover, stay, prepare
        assert page.text("#n-cover") == "52,000"
        assert page.text("#n-prepare") == "52,000"
        assert page.text("#n-threats") == "4"
        assert 50 < int(page.text("#n-first").removesuffix(" s")) <= 63
        assert page.text("#world") == "EXERCISE"
        assert not page.evaluate("document.querySelector('#exercise').hidden")
        for size in (DESK, PHONE):
            resize(page, size)
            name = f"{'phone' if size == PHONE else 'desk'}-{theme}-{language}"
            open_tab(page, "now")
            shot(page, pictures, f"{name}-now")
            page.do("click", selector='#zones li[data-zone-id="z0"] button')
            shot(page, pictures, f"{name}-why")
            assert page.do("axe") == []
            for tab in ("send", "health", "past"):
                open_tab(page, tab)
                shot(page, pictures, f"{name}-{tab}")
            page.do("click", selector="#tab-now")
            page.do("click", selector=".shut")
        for tab in ("send", "health", "past"):
            open_tab(page, tab)
            assert page.do("axe") == []
        assert page.do("seen")["faults"] == []
        page.do("close")


def test_a_zone_says_why_it_is_told_something_or_not(desk: Page) -> None:
    open_tab(desk, "now")
    desk.do("click", selector='#zones li[data-zone-id="z0"] button')
    told = desk.text("#details")
    assert "Київ, Поділ" in told
    assert "34,000 people, 60 s to shelter" in told
    assert "take cover" in told
    assert "1.2 %" in told  # now
    assert "1 in 5,000" in told  # the threshold
    assert "1.1 % against 1 in 5,000, seen by north and south" in told  # when decided
    desk.do("click", selector="#details .threat")
    assert "rocket" in desk.text("#details h3")
    assert "at the earliest" in desk.text("#details")
    desk.do("click", selector=".shut")
    assert desk.evaluate("document.querySelector('#details').hidden")


def test_a_quiet_zone_is_asked_on_the_map_why_it_is_quiet(
    browser: Browser, raid: ConsoleSite
) -> None:
    page = visit(browser, raid)
    for down, why in ((0.3, "50 % of the threshold"), (0.6, "take cover")):
        tap(page, 0.3, down)
        page.until(f"document.querySelector('#details').innerText.includes('{why}')")
    # what stands still in the middle of the map is picked there, not the zone below it
    middle = picture(3)
    middle["tracks"]["set"] = [
        {**middle["tracks"]["set"][1], "place": [50.5, 30.55, 900, 0.0, 0.0, 0.0]}
    ]
    raid.ask(raid.board.show, middle)
    page.until("document.querySelector('#n-threats').innerText === '1'")
    page.evaluate("new Promise((done) => setTimeout(done, 900))")
    tap(page, 0.5, 0.5)
    page.until("document.querySelector('#details h3').innerText.includes('drone')")
    raid.ask(raid.board.show, picture(4))
    page.do("close")


def test_the_time_line_is_filtered_and_leads_there(desk: Page) -> None:
    open_tab(desk, "now")
    desk.until("document.querySelectorAll('#log li').length >= 4")
    before = desk.text(".maplibregl-ctrl-scale")
    chips = "[...document.querySelectorAll('#log-filter button')]"
    desk.evaluate(f"{chips}.find(chip => chip.innerText === 'alerts').click()")
    assert "take cover" not in desk.text("#log")
    assert "sensor south" in desk.text("#log")
    desk.evaluate(f"{chips}.find(chip => chip.innerText === 'alerts').click()")
    desk.do("click", selector="#log li.alert button")
    desk.until(f"document.querySelector('.maplibregl-ctrl-scale').innerText !== '{before}'")


def test_what_is_not_well_is_seen_first(desk: Page) -> None:
    desk.until("document.querySelector('#n-trouble').innerText === '4'")
    open_tab(desk, "health")
    first = desk.text("#sensors li")
    assert "south" in first
    assert "silent" in first
    assert "errs 1.6 times what it states" in desk.text("#sensors")
    assert "centre refused: 503" in desk.text("#channels")
    assert "5 wait" in desk.text("#channels")
    assert "1.3 s for 95 of 100" in desk.text("#channels")
    assert "Nobody watches (cross-hatched): 1 zone" in desk.text("#cover")


def test_ends_of_keys_are_shown_and_stand_out_as_they_near(
    desk: Page, raid: ConsoleSite
) -> None:
    open_tab(desk, "health")
    alerts, cap = (f"document.querySelectorAll('#keys li')[{row}]" for row in (0, 1))
    assert desk.evaluate(f"{alerts}.className") == ""
    assert "within 30 days: forewarn keys rotate" in desk.text("#keys li:nth-child(2)")
    looks = []
    kept = raid.board.keys
    for days in (30, 7, 1, 0):
        raid.board.keys = [kept[0], {**kept[1], "days": days}]
        raid.ask(raid.board.beat)
        desk.until(f"{cap}.dataset.days === '{days}'")
        weight = f"getComputedStyle({cap}.querySelector('.what')).fontWeight"
        looks.append((desk.evaluate(f"{cap}.className"), desk.evaluate(weight)))
    assert looks == [("soon", "400"), ("soon", "400"), ("bad", "700"), ("bad", "700")]
    assert "no signature is taken any more" in desk.text("#keys li:nth-child(2)")
    raid.board.keys = kept
    raid.ask(raid.board.beat)


def test_a_name_is_never_markup(desk: Page, raid: ConsoleSite) -> None:
    open_tab(desk, "now")
    tell(raid, [step("z4", "take_cover", 900)], 5)
    desk.until(f"{ROWS}.includes('z4')")
    assert "<img" in desk.text('#zones li[data-zone-id="z4"]')
    raid.ask(raid.board.note, "<script>alert(1)</script>", "operator")
    raid.ask(raid.board.show, picture(6))
    desk.until("document.querySelector('#log').innerText.includes('<script>')")
    assert desk.evaluate("document.querySelectorAll('#log script, #zones img').length") == 0
    tell(raid, [step("z4", "all_clear", 900)], 7)
    desk.until(f"!{ROWS}.includes('z4')")


def test_silence_and_a_page_not_yet_told_anything_are_no_calm(browser: Browser) -> None:
    with busy() as site:
        page = visit(browser, site, HURRY, drawn=False)
        page.until("document.querySelector('#clock').innerText")
        assert page.evaluate("document.querySelector('#silence').hidden")
        site.ask(site.board.operators.close)  # no more heartbeats
        page.evaluate("(window.skip = 21_000, 0)")
        page.until("!document.querySelector('#silence').hidden", 3)
        page.do("close")


def test_live_and_exercise_cannot_be_taken_for_each_other(browser: Browser) -> None:
    with busy(simulated=False) as site:
        page = visit(browser, site, drawn=False)
        page.until("document.querySelector('#world').innerText === 'LIVE'")
        assert page.evaluate("document.querySelector('#exercise').hidden")
        # without accounts a live site is watched, not worked
        open_tab(page, "send")
        assert page.evaluate("document.querySelector('#order').hidden")
        assert "You may watch" in page.text("#send")
        page.do("close")
