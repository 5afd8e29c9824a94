"""Who gets in, as what, and who does not."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forewarn.errors import ConfigError
from forewarn.files import WebKeys
from forewarn.signing import World
from forewarn.web.signin import keys
from forewarn.web.signin.accounts import Account, Accounts, check_name
from forewarn.web.signin.limits import FREE, FREE_ACCOUNT, LONGEST_WAIT_S, Limits
from forewarn.web.signin.roles import RIGHTS, ROUTES, Right, Role
from forewarn.web.signin.sessions import MOST, Sessions
from stations import PASSWORD, Station

Story = Callable[[Station], Awaitable[None]]


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its real cost takes a tenth of a second a time."""
    monkeypatch.setattr(keys, "COST", (1, 8, 1))


def play(folder: Path | None, story: Story, **more: Any) -> None:
    async def run() -> None:
        await story(Station(folder, **more))

    asyncio.run(run())


def test_an_invitation_makes_one_passkey_and_the_passkey_signs_in(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        token = station.invite("ann", "operator")
        ann = station.browser()
        assert (await ann.get("/session")).status_code == 401
        assert (await ann.take_up(token)).status_code == 204
        again = await station.browser().post("/invitation/options", token=token)
        assert again.status_code == 401
        assert (await ann.sign_in()).status_code == 200
        told = (await ann.get("/session")).json()
        assert (told["account_id"], told["role"]) == ("ann", "operator")
        assert told["rights"] == ["act", "see"]
        await asyncio.sleep(0.01)
        assert [(act.operator_id, act.act) for act in station.acts] == [
            ("ann", "took up an invitation"),
            ("ann", "signed in"),
        ]

    play(tmp_path, story)


def test_an_invitation_that_is_old_or_invented_makes_nothing(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        old = station.invite("ann", "operator", lasts_s=-1.0)
        for token in (old, "x" * 43):
            answer = await station.browser().post("/invitation/options", token=token)
            assert answer.status_code == 401

    play(tmp_path, story)


def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        browser = station.browser()
        await browser.take_up(station.invite("ann", "viewer"))
        cookie = (await browser.sign_in()).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) == station.control.gate.place.secure

    play(tmp_path, story)
    behind = WebKeys(name="localhost", behind_proxy=True)
    station = Station(tmp_path, web=behind)
    assert station.control.gate.cookie == "__Host-forewarn-live"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda told: told.update(id="AAAA", rawId="AAAA"),
        lambda told: told["response"].update(signature="AAAA"),
        lambda told: told["response"].update(authenticatorData="AAAA"),
        lambda told: told["response"].update(clientDataJSON="e30"),
        lambda told: told["response"].pop("signature"),
        lambda told: told.pop("response"),
        lambda told: told.update(response=[[[]]]),
    ],
)
def test_a_passkey_that_is_not_right_in_every_part_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], Any]
) -> None:
    async def story(station: Station) -> None:
        ann = station.browser()
        await ann.take_up(station.invite("ann", "operator"))
        options = (await ann.post("/signin/options")).json()["publicKey"]
        told = ann.key.get(options)
        spoil(told)
        assert (await ann.post("/signin/passkey", credential=told)).status_code == 401

    play(tmp_path, story)


def test_a_passkey_is_not_taken_twice_from_elsewhere_unverified_or_as_a_copy(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann = station.browser()
        await ann.take_up(station.invite("ann", "operator"))

        async def challenge() -> dict[str, Any]:
            return dict((await ann.post("/signin/options")).json()["publicKey"])

        async def status(told: dict[str, Any]) -> int:
            return (await ann.post("/signin/passkey", credential=told)).status_code

        told = ann.key.get(await challenge())
        assert [await status(told), await status(told)] == [200, 401]
        ann.key.origin = "https://evil.example"
        assert await status(ann.key.get(await challenge())) == 401
        ann.key.origin, ann.key.verified = ann.origin, False
        assert await status(ann.key.get(await challenge())) == 401
        ann.key.verified, ann.key.count = True, 0  # a copy made before the first use
        assert await status(ann.key.get(await challenge())) == 401
        ann.key.count = 9
        assert await status(ann.key.get(await challenge())) == 200
        made_up = {"challenge": "AAAA", "rpId": "localhost"}
        assert await status(ann.key.get(made_up)) == 401

    play(tmp_path, story)


async def with_password(station: Station, account_id: str = "bob") -> None:
    token = station.invite(account_id, "operator")
    made = await station.browser().post(
        "/invitation/password", token=token, password=PASSWORD
    )
    assert made.status_code == 204


def test_a_password_signs_in_and_is_nowhere_on_disk(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        await with_password(station)
        bob = station.browser()
        assert (await bob.sign_in_by_password("bob", PASSWORD + "!")).status_code == 401
        assert (await bob.sign_in_by_password("bob", PASSWORD)).status_code == 200
        assert (await bob.get("/session")).json()["account_id"] == "bob"
        told = (tmp_path / "live.json").read_text()
        assert PASSWORD not in told
        assert json.loads(told)["accounts"][1]["password"]["cost"] == [1, 8, 1]

    play(tmp_path, story)


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        token = station.invite("bob", "operator")
        answer = await station.browser().post(
            "/invitation/password", token=token, password="12345678901"
        )
        assert answer.status_code == 400
        assert "12 to 200 letters" in answer.text

    play(tmp_path, story)


def test_guessing_is_slowed_and_locks_nobody_else_out(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        await with_password(station, "bob")
        await with_password(station, "eve")
        bob = await station.operator("bob", "operator")
        thief = station.browser(address="192.0.2.7")
        tries = [await thief.sign_in_by_password("bob", f"{i}") for i in range(FREE + 3)]

        codes = [answer.status_code for answer in tries]
        assert codes == [401] * FREE + [429] * 3
        assert int(tries[-1].headers["retry-after"]) >= 1
        right = await thief.sign_in_by_password("bob", PASSWORD)
        assert right.status_code == 429  # not even the right one, for now
        # the same person elsewhere, another person there, and a passkey: all get in
        assert (await station.browser().sign_in_by_password("bob", PASSWORD)).is_success
        assert (await thief.sign_in_by_password("eve", PASSWORD)).is_success
        assert (await bob.sign_in()).is_success

    play(tmp_path, story)


def test_guessing_from_everywhere_closes_a_password_but_not_where_its_owner_was() -> None:
    limits = Limits()
    limits.failed("bob", "desk", 0.0)
    limits.came_in("bob", "desk")
    for k in range(FREE_ACCOUNT + 10):
        limits.failed("bob", f"zombie {k}", float(k))
    now_s = FREE_ACCOUNT + 10.0
    assert limits.wait_s("bob", "new address", now_s) > 0
    assert limits.wait_s("bob", "desk", now_s) == 0
    assert limits.wait_s("ann", "new address", now_s) == 0
    assert limits.wait_s("bob", "new address", now_s + LONGEST_WAIT_S) == 0


def test_a_flood_of_passwords_is_sent_away_and_passkeys_get_in(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "operator")
        crowd = [station.browser(address=f"192.0.2.{k}") for k in range(60)]
        tries = [one.sign_in_by_password("ann", PASSWORD) for one in crowd]
        answers = await asyncio.gather(*tries)
        assert {answer.status_code for answer in answers} == {401, 429}
        assert (await ann.sign_in()).is_success

    play(tmp_path, story)


def test_what_was_right_does_not_count_as_wrong() -> None:
    limits = Limits()
    for k in range(10 * FREE_ACCOUNT):
        assert limits.wait_s("bob", f"a{k % 3}", float(k)) == 0
        limits.failed("bob", f"a{k % 3}", float(k))
        limits.came_in("bob", f"a{k % 3}")


def test_a_session_ends_when_idle_and_at_last_anyway() -> None:
    sessions = Sessions(idle_s=100.0, most_s=1000.0)
    token, _ = sessions.begin("ann", Role.VIEWER, 0.0)
    for now_s in range(90, 1000, 90):
        assert sessions.find(token, float(now_s)) is not None
    assert sessions.find(token, 1001.0) is None
    token, _ = sessions.begin("ann", Role.VIEWER, 0.0)
    assert sessions.find(token, 99.0, touch=False) is not None  # watching is not acting
    assert sessions.find(token, 101.0) is None


def test_sessions_are_bounded_and_the_idlest_goes_first() -> None:
    sessions = Sessions(1e9, 1e9)
    tokens = [sessions.begin("ann", Role.VIEWER, float(k))[0] for k in range(MOST)]
    assert sessions.find(tokens[0], 1e6) is not None
    sessions.begin("ann", Role.VIEWER, 1e6)
    assert sessions.find(tokens[0], 1e6) is not None
    assert sessions.find(tokens[1], 1e6) is None


def test_signing_out_and_being_removed_end_a_session(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        assert station.file is not None
        ann = await station.operator("ann", "operator")
        stolen = station.browser()
        stolen.cookies, stolen.csrf = ann.cookies, ann.csrf
        assert (await stolen.get("/status")).is_success
        assert (await ann.post("/signout")).status_code == 204
        assert (await stolen.get("/status")).status_code == 401
        bob = await station.operator("bob", "operator")
        station.file.change("bob", lambda _: None)
        assert (await bob.get("/status")).status_code == 401
        eve = await station.operator("eve", "approver")
        station.file.change("eve", lambda found: found and replace(found, role=Role.VIEWER))
        assert (await eve.get("/status")).status_code == 401  # a changed role signs in anew

    play(tmp_path, story)


def test_an_admin_throws_out_a_stolen_session_and_reads_the_acts(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "operator")
        chief = await station.operator("chief", "admin")
        told = {one["account_id"]: one for one in (await chief.get("/accounts")).json()}
        assert told["ann"]["sessions"] == 1
        assert (await chief.post("/accounts/ann/signout")).status_code == 204
        assert (await ann.get("/status")).status_code == 401
        assert (await chief.post("/accounts/nobody/signout")).status_code == 404
        acts = (await chief.get("/acts")).json()
        told = {name: acts[0][name] for name in ("operator_id", "act", "detail")}
        assert list(told.values()) == ["chief", "ended sessions", "ann: 1"]

    play(tmp_path, story)


def test_one_table_says_what_each_role_may(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        for role in Role:
            one = await station.operator(f"a-{role}", role)
            for (method, path), right in ROUTES.items():
                if right is Right.NONE or path in ("/v1/stream", "/v1/signout"):
                    continue
                if not path.startswith("/v1"):
                    continue
                answer = await one.ask(method, path.removeprefix("/v1"))
                assert (answer.status_code == 403) == (right not in RIGHTS[role]), path

    play(tmp_path, story)
    assert Right.ACT not in RIGHTS[Role.ADMIN]
    assert Right.APPROVE not in RIGHTS[Role.OPERATOR]


def test_every_route_stands_in_the_table_and_no_other_is_reached(tmp_path: Path) -> None:
    station = Station(tmp_path)
    document = asyncio.run(_document(station))
    offered = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert offered == {route for route in ROUTES if route[1].startswith("/v1")}


async def _document(station: Station) -> dict[str, Any]:
    ann = await station.operator("ann", "viewer")
    assert (await ann.ask("DELETE", "/status")).status_code == 405
    assert (await ann.get("/nowhere")).status_code == 404
    assert (await ann.get("/../../etc/passwd")).status_code == 404
    return dict((await ann.ask("GET", "/../openapi.json")).json())


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"origin": "https://evil.example"}, "another page"),
        ({"origin": "http://localhost:9999"}, "another page"),
        ({"origin": "null"}, "another page"),
        ({"x-csrf-token": ""}, "x-csrf-token"),
        ({"x-csrf-token": "é"}, "x-csrf-token"),
        ({"host": "evil.example"}, "does not go by that name"),
    ],
)
def test_another_page_can_do_nothing_with_the_session_of_this_one(
    tmp_path: Path, headers: dict[str, str], why: str
) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "operator")
        sent = {name: value.encode() for name, value in headers.items()}
        body = {"action": "prepare", "zone_ids": ["z1"]}
        answer = await ann.ask("POST", "/drafts", headers=sent, json=body)
        assert answer.status_code == 403
        assert why in answer.text
        assert (await ann.post("/drafts", **body)).status_code == 201

    play(tmp_path, story)


def test_a_request_without_an_origin_changes_nothing(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        answer = await station.browser().ask(
            "POST", "/signin/options", headers={"origin": ""}
        )

        assert answer.status_code == 403

    play(tmp_path, story)


def test_without_accounts_this_machine_works_an_exercise_and_only_watches_live() -> None:
    async def story(station: Station) -> None:
        here = station.browser()
        told = (await here.get("/session")).json()
        assert (told["account_id"], told["signed_in"]) == ("local", False)
        answer = await here.post("/drafts", action="prepare", zone_ids=["z1"])
        if station.world is World.EXERCISE:
            assert answer.status_code == 201
        else:
            assert answer.status_code == 403
            assert "forewarn operators add" in answer.text
        stranger = station.browser(address="192.0.2.1")
        assert (await stranger.get("/status")).status_code == 403

    play(None, story, world=World.EXERCISE)
    play(None, story, world=World.LIVE)


def test_behind_a_proxy_without_accounts_nobody_counts_as_this_machine() -> None:
    async def story(station: Station) -> None:
        assert (await station.browser().get("/status")).status_code == 403

    play(None, story, web=WebKeys(behind_proxy=True), world=World.EXERCISE)


def test_a_stream_ends_with_its_session(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "viewer")
        heard: list[str] = []

        async def listen() -> None:
            answer = await ann.get("/stream")
            heard.append(answer.text)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.05)
        station.board.beat()
        await asyncio.sleep(0.05)
        station.control.gate.sessions.end_all("ann")
        station.board.beat()
        await asyncio.wait_for(listening, 5)
        assert heard[0].count("event: status") == 2

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no file of accounts"),
        ('{"schema": 2}', "schema is 2"),
        ('{"schema": 1, "accounts": [{"account_id": "a", "role": "king"}]}', "role"),
        (
            '{"schema": 1, "accounts": [{"account_id": "A b", "role": "admin"}]}',
            "expected up",
        ),
        (
            '{"schema": 1, "accounts": [{"account_id": "a", "role": "admin"}, '
            '{"account_id": "a", "role": "viewer"}]}',
            "twice",
        ),
    ],
)
def test_a_file_of_accounts_that_is_not_sound_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=why):
        Accounts(path).all()


def test_a_file_of_accounts_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    path.write_text('{"schema": 1}')
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read it: 640, expected 600"):
        Accounts(path).all()
    with pytest.raises(ConfigError, match="forewarn operators add"):
        Accounts(tmp_path / "none.json").all()


def test_nobody_gets_in_while_the_accounts_cannot_be_read(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "operator")
        (tmp_path / "live.json").write_text("{")
        assert (await ann.get("/status")).status_code == 503

    play(tmp_path, story)


def test_changes_from_two_sides_are_both_kept(tmp_path: Path) -> None:
    one, two = Accounts(tmp_path / "a.json"), Accounts(tmp_path / "a.json")
    for k in range(10):
        (one, two)[k % 2].change(f"a{k}", lambda _, k=k: Account(f"a{k}", Role.VIEWER))  # type: ignore[misc]
    assert len(one.all()) == len(two.all()) == 10
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "A", "a b", "a/b", "-a", "a" * 33, "ä", "<b>"])
def test_an_account_is_named_in_plain_letters(name: str) -> None:
    with pytest.raises(ConfigError):
        check_name(name, "test")
