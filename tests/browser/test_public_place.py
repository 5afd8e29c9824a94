"""My place: typed, tapped or by position; kept on the device, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest
from public_page import (
    DESK,
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


def places(page: Page) -> list[str]:
    kept = json.loads(page.evaluate("localStorage['forewarn.places'] ?? '[]'"))
    return [place["zone_id"] for place in kept]


def test_a_place_is_typed_in_any_language_and_chosen_with_keys(
    browser: Browser, site: Site, pictures: Path
) -> None:
    page = visit(browser, site, language="en")
    page.do("click", selector="#search")
    page.do("type", text="київ")
    page.until("document.querySelectorAll('#found li').length === 2")
    page.do("shot", path=str(pictures / "typed.png"))
    assert page.do("axe") == []
    page.do("press", key="ArrowDown")
    page.do("press", key="ArrowDown")
    assert page.text("#found [aria-selected=true]") == "Kyiv, Podil"
    page.do("press", key="Enter")
    stage(page, "clear", "k1")
    assert page.text(".card bdi") == "Kyiv, Podil"
    assert page.evaluate("document.querySelector('#picker').hidden")
    page.do("reload")
    stage(page, "clear", "k1")
    page.do("close")


def test_a_name_that_is_none_says_so(browser: Browser, site: Site) -> None:
    page = visit(browser, site)
    page.do("fill", selector="#search", text="Atlantis")
    page.until("document.querySelector('#picker-told').innerText.includes('No place')")
    page.do("close")


def here(lat: float, lon: float, accuracy: float = 10.0) -> dict[str, Any]:
    return {
        "geolocation": {"latitude": lat, "longitude": lon, "accuracy": accuracy},
        "permissions": ["geolocation"],
    }


def test_a_position_is_looked_up_here_and_never_sent(browser: Browser, site: Site) -> None:
    page = visit(browser, site, **here(50.4321, 30.5678))
    page.do("click", selector="#position")
    stage(page, "clear", "k1")
    assert places(page) == ["k1"]
    sent = json.dumps([page.do("seen")["requests"], page.evaluate("({...localStorage})")])
    assert "k1" in sent
    for part in ("50.43", "30.56", "50,43"):
        assert part not in sent
    page.do("close")


def test_near_a_border_both_sides_are_watched(browser: Browser, site: Site) -> None:
    page = visit(browser, site, **here(50.45, 30.5998))  # 14 m west of it
    page.do("click", selector="#position")
    stage(page, "clear", "k2")
    assert sorted(places(page)) == ["k1", "k2"]
    page.do("close")


@pytest.mark.parametrize(
    ("lat", "lon", "accuracy", "told"),
    [(48.0, 30.5, 10, "none of the places"), (50.45, 30.55, 5000, "could not be found")],
)
def test_a_position_elsewhere_or_too_vague_chooses_nothing(
    browser: Browser, site: Site, lat: float, lon: float, accuracy: float, told: str
) -> None:
    page = visit(browser, site, **here(lat, lon, accuracy))
    page.do("click", selector="#position")
    page.until(f"document.querySelector('#picker-told').innerText.includes('{told}')")
    assert places(page) == []
    page.do("close")


def test_a_place_is_tapped_on_the_map(browser: Browser, site: Site, pictures: Path) -> None:
    page = visit(browser, site, kept("k1"), good=True)
    page.until("document.querySelector('#map').dataset.drawn")
    page.evaluate("document.querySelector('#map').scrollIntoView()")
    box = page.evaluate("document.querySelector('#map').getBoundingClientRect().toJSON()")
    # my zone is in the middle of the map; k2 is the next to the right
    page.do("tap", x=box["right"] - 20, y=box["top"] + box["height"] / 2)
    page.until("!document.querySelector('#pick').hidden")
    assert page.text("#pick") == "Watch Kyiv, Obolon"
    page.do("shot", path=str(pictures / "tapped.png"))
    page.do("click", selector="#pick")
    stage(page, "clear", "k2")
    assert places(page) == ["k1", "k2"]
    assert page.do("seen")["faults"] == []
    page.do("close")


def test_several_places_are_watched_the_gravest_first(
    browser: Browser, site: Site, pictures: Path
) -> None:
    page = visit(browser, site, kept("k1", "b1", "c1"), size=DESK)
    stage(page, "clear", "c1")
    site.tell([step("take_cover", 0, 70, "c1"), step("prepare", 0, 200, "b1")], 1)
    stage(page, "take_cover", "c1")
    order = "[...document.querySelectorAll('.card')].map((card) => card.dataset.zoneId)"
    page.until(f"{order}.join() === 'c1,b1,k1'")
    page.do("shot", path=str(pictures / "several.png"))
    page.do("click", selector="#change")
    page.do("shot", path=str(pictures / "kept.png"))
    assert page.do("axe") == []
    page.do("click", selector="#kept li:nth-child(2) button")
    page.until("document.querySelectorAll('.card').length === 2")
    assert places(page) == ["k1", "c1"]
    page.do("close")


def test_a_phone_asks_only_for_its_own_zones(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"))
    stage(page, "clear")
    site.tell([step("take_cover", 0, 60, "b1")], 1)
    site.tell([step("prepare", 0, 60, "k1")], 2)
    stage(page, "prepare")
    requests = [request["url"] for request in page.do("seen")["requests"]]
    streams = [url for url in requests if "stream" in url]
    assert all("zone=k1" in url and "others" not in url for url in streams)
    for lazy in ("/places", "/assets/map", "land-10m", "maplibre"):
        assert not [url for url in requests if lazy in url]
    page.do("click", selector="#show-map")
    page.until("document.querySelector('#list li')?.dataset.zoneId === 'b1'")
    page.until("document.querySelector('#map').dataset.drawn")
    page.do("close")


def test_a_zone_drawn_anew_is_found_again_by_where_it_lies(
    browser: Browser, site: Site
) -> None:
    old = kept("k1", version="older").replace('\\"k1\\"', '\\"was-k1\\"')
    page = visit(browser, site, old)
    stage(page, "clear", "k1")
    site.tell([step("take_cover", 0, 60)], 1)
    stage(page, "take_cover", "k1")
    page.do("close")


def test_a_place_that_is_no_zone_any_more_says_so(
    browser: Browser, site: Site, pictures: Path
) -> None:
    lost = kept("k1", version="older").replace('\\"k1\\"', '\\"gone\\"')
    lost = lost.replace("50.45", "10.45")
    page = visit(browser, site, lost)
    page.until("document.querySelector('.card')?.innerText.includes('Choose it again')")
    assert "No alert known" not in page.text(".card")
    page.do("shot", path=str(pictures / "gone.png"))
    page.do("close")


def test_hostile_names_and_texts_stay_text(browser: Browser) -> None:
    evil = "<img src=x onerror='window.hit=1'><script>window.hit=1</script>"
    board = region()
    board.zones = board.zones.replace(b"Kyiv, Podil", json.dumps(evil)[1:-1].encode())
    board.site = evil
    with Site(board) as site:
        told = step("take_cover", 0, 60)
        told["text"] = {"en": evil}
        site.tell([told], 1)
        page = visit(browser, site, kept("k1").replace("Kyiv, Podil", "<b onload=hit()>"))
        stage(page, "take_cover")
        page.do("click", selector="#change")
        page.do("fill", selector="#search", text="img src")
        page.until("document.querySelectorAll('#found li').length === 1")
        assert evil in page.text(".card .advice")
        assert page.evaluate("window.hit ?? null") is None
        assert page.do("seen")["faults"] == []
        page.do("close")
