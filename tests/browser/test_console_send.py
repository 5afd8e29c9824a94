"""From zones to what people are told, by hand: one person, two people, and taken back."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from console_page import (
    DESK,
    PHONE,
    begin,
    busy,
    desk,
    open_tab,
    pictures,
    raid,
    shot,
    tap,
    visit,
)
from public_page import browser

from forewarn.bench.browser import Browser, Page
from forewarn.bench.console_site import ConsoleSite
from forewarn.records import CommandAction
from forewarn.signing import World
from stations import Station

__all__ = ["browser", "desk", "pictures", "raid"]
pytestmark = pytest.mark.browser

SENT = "document.querySelector('#sent').innerText"
# heads of what was sent: the button that sends says the same words before
HEADS = "[...document.querySelectorAll('#sent h3')].map(head => head.innerText)"
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_zones_are_found_by_name_and_told_after_their_echo(
    desk: Page, raid: ConsoleSite, pictures: Path
) -> None:
    open_tab(desk, "send")
    assert desk.evaluate("document.querySelector('#make-draft').disabled")
    desk.do("fill", selector="#find", text="вишг")
    desk.do("click", selector="#found button")
    assert desk.text("#picked-words") == "1 zone, 22,000 people"
    desk.do("click", selector='#order input[value="prepare"]')
    desk.do("select", selector='#order [name="threat"]', value="drone")
    desk.do("click", selector="#make-draft")
    desk.until("document.querySelector('.echo[data-state=\"drafted\"]')")
    echo = desk.text(".echo")
    assert "EXERCISE: prepare in 1 zones" in echo
    assert "22,000 people" in echo
    assert "Вишгород" in echo
    assert "НАВЧАННЯ" in echo  # the text itself, word for word
    assert raid.commands == []
    shot(desk, pictures, "echo")
    assert desk.do("axe") == []
    desk.do("click", selector=".echo .go")
    desk.until("document.querySelector('.echo[data-state=\"sent\"]')")
    (command,) = raid.commands
    assert (command.action, command.zone_ids, command.threat) == (
        "prepare",
        ("z5",),
        "drone",
    )
    # taken back by the same person in two clicks
    desk.do("click", selector=".echo .doing button")
    desk.do("click", selector=".echo .go.correct")
    desk.until(f"{HEADS}.includes('EXERCISE: sent in error in 1 zones')")
    assert raid.commands[-1].action is CommandAction.TAKE_BACK


def test_an_area_is_drawn_and_so_many_people_are_typed(
    browser: Browser, pictures: Path
) -> None:
    with busy() as site:
        page = visit(browser, site)
        begin(site)
        open_tab(page, "send")
        page.do("click", selector="#draw")
        for across, down in ((0.3, 0.7), (0.5, 0.7), (0.5, 0.5), (0.3, 0.5)):
            tap(page, across, down)
        page.do("click", selector="#draw")
        assert "every zone that it touches" in page.text("#picked-words")
        page.do("click", selector="#make-draft")
        page.until("document.querySelector('.echo')")
        shot(page, pictures, "drawn")
        told = page.text(".echo")
        assert "in 4 zones" in told
        assert "94,300 people" in told  # of z0, z1, z3, z4
        page.do("click", selector=".echo .go")
        page.until("document.querySelector('.echo .said').innerText.includes('typed')")
        assert site.commands == []
        page.do("fill", selector='.echo input[inputmode="numeric"]', text="94300")
        page.do("click", selector=".echo .go")
        page.until("document.querySelector('.echo').dataset.state === 'sent'")
        assert site.commands[0].zone_ids == ("z0", "z1", "z3", "z4")
        page.do("close")


def test_on_a_phone_an_order_for_a_zone_begins_where_it_is_looked_at(
    browser: Browser, pictures: Path
) -> None:
    with busy("he") as site:
        page = visit(browser, site, size=PHONE)
        begin(site)
        page.until("document.querySelectorAll('#zones li').length === 3")
        page.do("click", selector='#zones li[data-zone-id="z0"] button')
        clear = "[...document.querySelectorAll('#details .acts button')]"
        page.evaluate(f"{clear}.find(one => one.innerText === 'All clear…').click()")
        assert page.text("#picked-words") == "1 zone, 34,000 people"
        page.do("click", selector="#make-draft")
        page.until("document.querySelector('.echo')")
        assert page.evaluate("document.querySelector('.echo blockquote').dir") == "rtl"
        shot(page, pictures, "phone-echo")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px wider than the screen"
        page.do("close")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[tuple[Station, str]]:
    """A live site with accounts; whoever uses it signs in."""
    made: list[Station] = []
    server: list[uvicorn.Server] = []

    async def serve() -> None:
        made.append(Station(tmp_path))
        config = uvicorn.Config(
            made[0].app, host="localhost", port=0, log_level="error", lifespan="off"
        )
        server.append(uvicorn.Server(config))
        await server[0].serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not (server and server[0].started):
        assert thread.is_alive()
        time.sleep(0.02)
    port = server[0].servers[0].sockets[0].getsockname()[1]
    yield made[0], f"http://localhost:{port}"
    server[0].should_exit = True
    server[0].force_exit = True  # the console's stream is open
    thread.join(10)


def person(browser: Browser, at: tuple[Station, str], name: str, role: str) -> Page:
    """Somebody who takes up an invitation with a passkey, and looks at the console."""
    station, address = at
    token = station.invite(name, role)
    page = browser.open(
        f"{address}/signin#{token}", {"viewport": DESK, "locale": "en-GB"}, ()
    )
    page.do("cdp", method="WebAuthn.enable", params={})
    page.do("cdp", method="WebAuthn.addVirtualAuthenticator", params={"options": KEY})
    page.until("document.querySelector('#who').innerText.includes('alone')")
    page.do("click", selector="#use-passkey")
    page.until("location.hash === '' && document.readyState === 'complete'")
    page.until("document.querySelector('#use-passkey').innerText.includes('Sign in')")
    page.do("click", selector="#use-passkey")
    page.until("location.pathname === '/console'", 20)
    page.until("document.querySelector('#map')?.dataset.drawn === 'zones'", 30)
    return page


def test_take_cover_goes_out_by_two_peoples_keys_and_back_by_one(
    browser: Browser, station: tuple[Station, str], pictures: Path
) -> None:
    station[0].board.service = "live"
    ann = person(browser, station, "ann", "operator")
    bob = person(browser, station, "bob", "approver")
    open_tab(ann, "send")
    ann.do("fill", selector="#find", text="Town 7")
    ann.do("click", selector="#found button")
    ann.do("click", selector='#order input[value="take_cover"]')
    ann.do("click", selector="#make-draft")
    ann.until("document.querySelector('.echo .go')")
    ann.do("click", selector=".echo .go")
    ann.until("document.querySelector('.echo').dataset.state === 'waiting'")
    assert "ann signed. Waits for a second person" in ann.text(".echo")
    assert ann.evaluate("!document.querySelector('.echo .go')")  # not by the same person
    assert station[0].commands == []
    bob.until("!document.querySelector('#waiting').hidden")
    assert "LIVE: TAKE COVER in 1 zones waits for a second person" in bob.text("#waiting")
    bob.do("click", selector="#waiting")
    shot(bob, pictures, "approve")
    bob.do("click", selector=".echo .go")
    ann.until("document.querySelector('.echo').dataset.state === 'sent'")
    assert "Sent by ann and bob" in ann.text(".echo")
    (command,) = station[0].commands
    assert (command.action, command.zone_ids) == (CommandAction.TAKE_COVER, ("z7",))
    bob.do("click", selector=".echo .doing button")
    bob.do("click", selector=".echo .go.correct")
    ann.until(f"{SENT}.includes('LIVE: sent in error in 1 zones')")
    assert station[0].commands[-1].action is CommandAction.TAKE_BACK
    for page in (ann, bob):
        assert page.do("seen")["faults"] == []
    # a session that ended leads to where one signs in
    bob.do("click", selector="#signout")
    bob.until("location.pathname === '/signin'")
    ann.do("close")
    bob.do("close")


def test_who_is_not_signed_in_is_sent_to_sign_in(
    browser: Browser, station: tuple[Station, str]
) -> None:
    assert station[0].world is World.LIVE
    context: dict[str, Any] = {"viewport": DESK}
    page = browser.open(f"{station[1]}/console", context)
    page.until("location.pathname === '/signin'")
    page.do("close")
