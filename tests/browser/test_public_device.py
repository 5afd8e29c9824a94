"""The public page as an app: installed, offline, heard, in any language and size."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from public_page import (
    STATIC,
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

SERVED = {"serviceWorkers": "allow"}
KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u"
# a browser's push service is on the internet: this stands for it
SUBSCRIBES = """
let own = null;
const made = (options) => (own = {
  endpoint: "https://push.example/1", options,
  toJSON: () => ({endpoint: "https://push.example/1", keys: {p256dh: "p", auth: "a"}}),
  unsubscribe: async () => (own = null, true),
});
PushManager.prototype.subscribe = async (options) => made(options);
PushManager.prototype.getSubscription = async () => own;
Notification.requestPermission = async () => "granted";
"""
CONTROLLED = "navigator.serviceWorker.controller !== null"


def test_what_phones_need_to_install_it_is_there(site: Site) -> None:
    manifest = httpx.get(f"{site.address}/manifest.json").json()
    assert (manifest["display"], manifest["start_url"]) == ("standalone", "/")
    sizes = {icon["sizes"] for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= sizes
    for icon in manifest["icons"]:
        answer = httpx.get(site.address + icon["src"])
        assert answer.headers["content-type"] == icon["type"]
    worker = httpx.get(f"{site.address}/worker.js")
    assert worker.headers["cache-control"] == "no-cache"
    assert "javascript" in worker.headers["content-type"]


def test_offline_the_page_opens_and_says_that_it_knows_nothing(
    browser: Browser, site: Site, pictures: Path
) -> None:
    page = visit(browser, site, kept("k1"), **SERVED)
    site.tell([step("stay")], 1)
    stage(page, "stay")
    page.until(CONTROLLED)
    page.do("offline", on=True)
    page.do("reload")
    page.until("document.querySelector('#trouble').innerText.includes('not reachable')", 2)
    stage(page, "unknown", limit_s=1)
    assert page.text(".card bdi") == "Kyiv, Podil"
    page.do("shot", path=str(pictures / "offline.png"))
    page.do("offline", on=False)
    stage(page, "stay")
    page.do("close")


def test_the_shell_holds_no_state(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"), **SERVED)
    stage(page, "clear")
    page.until(CONTROLLED)
    listed = """(async () => {
      const found = [];
      for (const name of await caches.keys())
        for (const one of await (await caches.open(name)).keys()) found.push(one.url);
      return found;
    })()"""
    found = page.evaluate(listed)
    assert any("/assets/" in url for url in found)
    assert not [url for url in found if "/api/" in url]
    page.do("close")


class Desk:
    """Keeps subscriptions, as the channel that pushes does."""

    push_key = KEY

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def subscribe(self, *asked: Any) -> None:
        self.calls.append(("subscribe", *asked))

    def unsubscribe(self, *asked: Any) -> None:
        self.calls.append(("unsubscribe", *asked))


def test_notifications_are_subscribed_for_my_places_in_my_language(
    browser: Browser,
) -> None:
    desk = Desk()
    subscription = "https://push.example/1", ("p", "a"), ("k1", "b1")
    with Site(region(), desk) as site:
        page = visit(browser, site, kept("k1", "b1"), SUBSCRIBES, **SERVED)
        page.until("!document.querySelector('#push').hidden")
        assert desk.calls == []
        page.do("click", selector="#push")
        page.until("document.querySelector('#push').ariaPressed === 'true'")
        assert desk.calls == [("subscribe", *subscription, "en")]
        page.do("select", selector="#language", value="uk")
        page.until("document.querySelector('#push').innerText.includes('увімкнено')")
        page.do("click", selector="#push")
        page.until("document.querySelector('#push').ariaPressed === 'false'")
        assert desk.calls[1:] == [
            ("subscribe", *subscription, "uk"),
            ("unsubscribe", "https://push.example/1"),
        ]
        page.do("close")


def test_where_the_service_does_not_push_there_is_no_button(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, kept("k1"), **SERVED)
    stage(page, "clear")
    page.until("performance.getEntriesByType('resource').some(r => r.name.endsWith('key'))")
    assert page.evaluate("document.querySelector('#push').hidden")
    page.do("close")


def pushed(state: str, number: int, **more: Any) -> str:
    """What the push channel sends to a phone."""
    return json.dumps(
        {
            "alert_id": "a1",
            "step": number,
            "state": state,
            "issued_s": time.time(),
            "useless_s": time.time() + 600.0,
            "exercise": False,
            "language": "uk",
            "text": "Київ, Поділ: ракетний обстріл о 14:32. В укриття.",
        }
        | more
    )


def test_a_drill_is_one_silent_notification_that_says_test(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, permissions=["notifications"], **SERVED)
    page.until(CONTROLLED)
    shown = """navigator.serviceWorker.ready.then((ready) => ready.getNotifications())
      .then((all) => all.map(({title, body, silent}) => [title, body, silent]))"""
    for text in ("TEST. The first.", "TEST. The second."):
        test = {"alert_id": "drill", "state": "test", "issued_s": time.time()}
        page.do("deliver", text=json.dumps(test | {"language": "en", "text": text}))
    page.until(f"({shown}).then((all) => all[0]?.[1] === 'TEST. The second.')")
    assert page.evaluate(shown) == [["TEST", "TEST. The second.", True]]
    page.do("close")


def test_one_notification_per_alert_sounds_again_only_when_it_rises(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, permissions=["notifications"], **SERVED)
    page.until(CONTROLLED)
    shown = """navigator.serviceWorker.ready
      .then((ready) => ready.getNotifications())
      .then((all) => all.map(({title, body, tag, silent, renotify, lang, data}) =>
        ({title, body, tag, silent, renotify, lang, step: data.step})))"""

    def push(message: str) -> None:
        page.do("deliver", text=message)

    def latest(number: int) -> dict[str, Any]:
        found = f"({shown}).then((all) => all.length === 1 && all[0].step === {number})"
        page.until(found)
        return dict(page.evaluate(shown)[0])

    push(pushed("prepare", 0))
    first = latest(0)
    assert first["title"] == "Готуйтеся"
    assert first["body"] == "Київ, Поділ: ракетний обстріл о 14:32. В укриття."
    assert (first["silent"], first["lang"]) == (False, "uk")
    push(pushed("take_cover", 1, alert_id="late", useless_s=time.time() - 5))
    page.until(f"({shown}).then((all) => all.find((one) => one.tag === 'late')?.silent)")
    page.evaluate(
        "navigator.serviceWorker.ready.then((r) => r.getNotifications({tag: 'late'}))"
        ".then((all) => all.forEach((one) => one.close()))"
    )
    push(pushed("take_cover", 1))
    assert latest(1)["renotify"] is True
    push(pushed("take_cover", 2))
    assert latest(2)["silent"] is True
    push(pushed("prepare", 0))  # overtaken on its way
    push(pushed("stay", 3))
    assert latest(3)["silent"] is True
    push(pushed("all_clear", 4, exercise=True))
    last = latest(4)
    assert last["title"] == "НАВЧАННЯ. Небезпеки немає. Відбій"
    assert (last["silent"], last["tag"]) == (True, "a1")
    page.do("close")


LISTENS = """
window.beeps = 0;
window.shakes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) { window.beeps++; start.call(this, at); };
Navigator.prototype.vibrate = (pattern) => (shakes.push(pattern), true);
"""


def test_sound_and_vibration_come_when_asked_for_and_when_a_stage_rises(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, LISTENS, kept("k1"))
    stage(page, "clear")
    site.tell([step("prepare", 0, 200)], 1)
    stage(page, "prepare")
    assert page.evaluate("[beeps, shakes.length]") == [0, 0]
    page.do("click", selector="#sound")
    page.until("document.querySelector('#sound').ariaPressed === 'true'")
    tried = page.evaluate("beeps")
    assert tried > 0  # it is heard when it is switched on
    site.tell([step("take_cover", 1, 60)], 2)
    stage(page, "take_cover")
    page.until(f"beeps > {tried}")
    alarm = page.evaluate("beeps")
    site.tell([step("take_cover", 2, 40)], 3)
    site.tell([step("stay", 3)], 4)
    stage(page, "stay")
    site.tell([step("all_clear", 4)], 5)
    stage(page, "all_clear")
    assert page.evaluate("beeps") == alarm
    site.ask(site.board.become, "starting", "for a test")
    site.tell([step("take_cover", 5, 60)], 6)  # not believed, and yet it sounds: once
    page.until(f"beeps > {alarm}")
    time.sleep(0.6)
    assert page.evaluate("beeps") == 2 * alarm - tried
    page.do("reload")
    page.until("document.querySelector('#hint').innerText.includes('Tap anywhere')")
    page.do("close")


def test_the_language_is_the_persons_own_choice_and_stays(
    browser: Browser, site: Site
) -> None:
    page = visit(browser, site, kept("k1"), language="de-DE")
    stage(page, "clear")
    offered = "[...document.querySelectorAll('#language option')].map((o) => o.value)"
    assert page.evaluate(offered) == ["uk", "en", "he"]
    assert page.evaluate("document.documentElement.lang") == "uk"  # the site's first
    page.do("select", selector="#language", value="he")
    page.until("document.documentElement.dir === 'rtl'")
    page.do("reload")
    page.until("document.documentElement.lang === 'he'")
    page.do("close")


@pytest.mark.parametrize(("language", "word"), [("ar", "احتموا الآن"), ("ru", "В укрытие")])
def test_other_languages_of_a_site(
    browser: Browser, pictures: Path, language: str, word: str
) -> None:
    board = region()
    board.languages = ("ar", "ru")
    with Site(board) as site:
        site.tell([step("take_cover", 0, 43)], 1)
        page = visit(browser, site, kept("k1"), language=language)
        stage(page, "take_cover")
        assert page.text(".card .stage").casefold() == word.casefold()
        page.do("shot", path=str(pictures / f"{language}-phone-take_cover.png"))
        assert page.do("axe") == []
        page.do("close")


@pytest.mark.parametrize("width", [640, 320])  # 1280 px at 200 and at 400 %
def test_the_page_can_be_zoomed(
    browser: Browser, site: Site, pictures: Path, width: int
) -> None:
    size = {"width": width, "height": 400}
    page = visit(browser, site, kept("k1"), size=size, language="uk")
    site.tell([step("take_cover", 0, 43)], 1)
    stage(page, "take_cover")
    page.do("click", selector="#change")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.do("shot", path=str(pictures / f"zoomed-{width}.png"))
    page.do("close")


def test_whoever_wants_no_motion_sees_none(browser: Browser, site: Site) -> None:
    site.tell([step("take_cover", 0, 43)], 1)
    moving = "document.getAnimations().length"
    for wish, least in (("no-preference", 1), ("reduce", 0)):
        page = visit(browser, site, kept("k1"), reducedMotion=wish)
        stage(page, "take_cover")
        assert page.evaluate(moving) == least
        page.do("close")


def tabbed(page: Page) -> str:
    page.do("press", key="Tab")
    return str(page.evaluate("document.activeElement.id"))


def test_everything_is_reached_by_keyboard_in_order(browser: Browser, site: Site) -> None:
    page = visit(browser, site, kept("k1"))
    stage(page, "clear")
    assert [tabbed(page) for _ in range(4)] == ["language", "change", "sound", "show-map"]
    small = """[...document.querySelectorAll('button, select, input')]
      .filter((one) => one.offsetHeight && one.offsetHeight < 24).length"""
    assert page.evaluate(small) == 0
    page.do("close")


def test_the_page_before_its_map_is_small() -> None:
    page = (STATIC / "index.html").read_text()
    assets = [part.split('"')[0] for part in page.split('"/assets/')[1:]]
    sizes = {
        kind: sum(
            (STATIC / "assets" / f"{name}.gz").stat().st_size
            for name in assets
            if name.endswith(kind)
        )
        for kind in (".js", ".css")
    }
    print(f"before the map, packed: {sizes}")
    assert 1000 < sizes[".js"] <= 120_000
    scripts = [STATIC / "assets" / name for name in assets if name.endswith(".js")]
    assert not [path for path in scripts if "NavigationControl" in path.read_text()]
