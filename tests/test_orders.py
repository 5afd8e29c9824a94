"""Sending by hand, and the case file: each false or lost alert of the past is a test."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forewarn.app import control
from forewarn.records import CommandAction
from forewarn.signing import World
from forewarn.web.orders import desk as desks
from forewarn.web.orders.order import check_door, holds, read_proof
from forewarn.web.refusal import RefusedError
from forewarn.web.signin import keys
from forewarn.words import CORRECTION, LANGUAGES, Form, Voice, lint, sample
from stations import PASSWORD, Browser, Station

Story = Callable[[Station], Awaitable[None]]
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[9.4, 56.2], [9.43, 56.2], [9.43, 56.22], [9.4, 56.22], [9.4, 56.2]]],
}
RP_ID = "localhost"


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "COST", (1, 8, 1))


def play(folder: Path | None, story: Story, **more: Any) -> None:
    async def run() -> None:
        await story(Station(folder, **more))

    asyncio.run(run())


async def two(station: Station) -> tuple[Browser, Browser]:
    """An operator and an approver, signed in."""
    return await station.operator("ann", "operator"), await station.operator(
        "eve", "approver"
    )


# drafts and their echo


def test_a_draft_echoes_zones_people_area_and_every_text_and_sends_nothing(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        echo = await ann.draft("take_cover", ["z3", "z1", "z3"], threat="drone")
        assert [zone["zone_id"] for zone in echo["zones"]] == ["z1", "z3"]
        assert echo["people"] == 101 + 103
        assert echo["area_km2"] == pytest.approx(2 * 0.8**2, rel=0.01)
        assert echo["text_zone_id"] == "z3"  # of most people
        assert len(echo["texts"]) == len(LANGUAGES) * len(Form)
        for text in echo["texts"]:
            voice = Voice(text["language"], form=Form(text["form"]))
            assert text["text"] == voice.render(
                sample("take_cover", "drone", float("nan"), station.now_s), "Town 3"
            )
        other = (await ann.get(f"/drafts/{echo['draft_id']}/texts/z1")).json()
        assert all("Town 1" in text["text"] for text in other)
        assert (await ann.get(f"/drafts/{echo['draft_id']}/texts/z9")).status_code == 404
        assert station.commands == []

    play(tmp_path, story)


def test_an_area_drawn_on_the_map_means_the_zones_that_it_touches(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        answer = await ann.post("/drafts", action="prepare", area=SQUARE)
        zones = {zone["zone_id"] for zone in answer.json()["zones"]}
        assert 4 <= len(zones) <= 16
        inside = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
        again = await ann.post("/drafts", action="prepare", area=inside)
        assert {zone["zone_id"] for zone in again.json()["zones"]} == zones

    play(tmp_path, story)


def ring(*positions: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [list(positions)]}


LOST = {
    "none": {},
    "null": {"area": None},
    "both": {"area": SQUARE, "zone_ids": ["z1"]},
    "no zones": {"zone_ids": []},
    "unknown zone": {"zone_ids": ["z1", "everywhere"]},
    "star": {"zone_ids": ["*"]},
    "no rings": {"area": {"type": "Polygon", "coordinates": []}},
    "empty ring": {"area": {"type": "Polygon", "coordinates": [[]]}},
    "a line": {"area": ring([9, 56], [10, 56], [9, 56])},
    "open": {"area": ring([9, 56], [10, 56], [10, 57], [9, 57])},
    "crossing itself": {"area": ring([9, 56], [10, 57], [10, 56], [9, 57], [9, 56])},
    "no area": {"area": ring([9, 56], [10, 56], [10, 56], [9, 56])},
    "degrees in metres": {"area": ring([9, 5600], [10, 5600], [10, 5700], [9, 5600])},
    "latitude first": {"area": ring([56.2, 9.4], [56.2, 9.5], [56.3, 9.5], [56.2, 9.4])},
    "far away": {"area": ring([0, 0], [1, 0], [1, 1], [0, 0])},
    "text": {"area": ring(["9", "56"], ["x", "56"], ["y", "57"], ["9", "56"])},
    "huge": {"area": ring([10**400, 1], [1, 1], [2, 2], [10**400, 1])},
    "no list": {"area": {"type": "Polygon", "coordinates": [5]}},
    "a point": {"area": {"type": "Point", "coordinates": [9, 56]}},
    "a feature": {"area": {"type": "Feature", "geometry": SQUARE}},
}


@pytest.mark.parametrize("name", LOST)
def test_los_angeles_2025_a_lost_polygon_is_refused_and_never_means_everywhere(
    tmp_path: Path, name: str
) -> None:
    """A polygon got lost on the way, and ten million people were told to flee."""

    async def story(station: Station) -> None:
        ann, _ = await two(station)
        answer = await ann.post("/drafts", action="prepare", **LOST[name])
        assert answer.status_code in (400, 422), answer.text
        assert station.control.desk.drafts == {}
        assert station.commands == []

    play(tmp_path, story)


def test_los_angeles_2025_many_people_take_typing_and_the_text_names_the_place(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        echo = await ann.draft("prepare", [f"z{i}" for i in range(30)])
        assert echo["needs_typing"]
        assert echo["share"] > 0.2
        for typed in ("", "everyone", str(echo["people"] + 1)):
            answer = await ann.send(echo, typed=typed)
            assert answer.status_code == 409
            assert str(echo["people"]) in answer.text
        assert station.commands == []
        assert (await ann.send(echo)).json()["state"] == "sent"
        assert all(
            "Town 29" in text["text"] or text["form"] == "short" for text in echo["texts"]
        )
        small = await ann.draft("prepare", ["z1"])
        assert not small["needs_typing"]

    play(tmp_path, story)


def test_taiwan_2024_one_message_speaks_every_language_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Chinese text said satellite, the English one missile."""

    async def story(station: Station) -> None:
        ann, _ = await two(station)
        for threat in ("rocket", "ballistic_missile", "cruise_missile", "drone"):
            echo = await ann.draft("take_cover", ["z1"], threat=threat)
            for text in echo["texts"]:
                language, form = text["language"], Form(text["form"])
                assert lint(text["text"], "Town 1", language, form) == []
                alone = Voice(language, form=form).render(
                    sample("take_cover", threat, float("nan"), station.now_s), "Town 1"
                )
                assert text["text"] == alone

        def torn(self: Voice, alert: Any, zone_name: str) -> str:
            return (
                "A satellite." if self.language == "uk" else render(self, alert, zone_name)
            )

        render = Voice.render
        monkeypatch.setattr(Voice, "render", torn)
        answer = await ann.post("/drafts", action="take_cover", zone_ids=["z1"])
        assert answer.status_code == 409
        assert "uk, normal: the text lacks" in answer.text
        assert len(station.control.desk.drafts) == 4

    play(tmp_path, story)


# two people


def test_take_cover_is_sent_by_two_people_with_keys_of_their_own_both_on_record(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await ann.draft("take_cover", ["z1"], threat="rocket")
        assert echo["needs_two"]
        assert (await ann.send(echo)).json()["state"] == "waiting"
        assert station.commands == []
        seen = (await eve.get(f"/drafts/{echo['draft_id']}")).json()
        assert seen["signed"] == [{"account_id": "ann", "how": "passkey"}]
        assert (await eve.approve(seen)).json()["state"] == "sent"
        (command,) = station.commands
        assert (command.action, command.zone_ids) == (CommandAction.TAKE_COVER, ("z1",))
        assert (command.threat, command.operator_id) == ("rocket", "ann and eve")
        order, signed = read_proof(command.proof)
        assert [(one.account_id, one.how) for one in signed] == [
            ("ann", "passkey"),
            ("eve", "passkey"),
        ]
        assert all(holds(order, one, RP_ID) for one in signed)
        changed = replace(order, zone_ids=("z1", "z2"))
        assert not any(holds(changed, one, RP_ID) for one in signed)

    play(tmp_path, story)


def test_a_password_opens_a_key_that_signs_as_well(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        people = []
        for name, role in (("bob", "operator"), ("dan", "approver")):
            token = station.invite(name, role)
            browser = station.browser()
            await browser.post("/invitation/password", token=token, password=PASSWORD)
            await browser.sign_in_by_password(name, PASSWORD)
            people.append(browser)
        bob, dan = people
        echo = await bob.draft()
        answer = await bob.post(f"/drafts/{echo['draft_id']}/challenge")
        assert answer.status_code == 409  # no passkey
        wrong = await bob.send(echo, proof={"password": "x" * 12})
        assert wrong.status_code == 401
        assert (await bob.send(echo, proof={"password": PASSWORD})).is_success
        assert (await dan.approve(echo, proof={"password": PASSWORD})).is_success
        order, signed = read_proof(station.commands[0].proof)
        assert [one.how for one in signed] == ["password", "password"]
        assert all(holds(order, one, RP_ID) for one in signed)
        assert not holds(replace(order, people=1), signed[0], RP_ID)

    play(tmp_path, story)


def test_one_person_never_sends_take_cover_in_whatever_way_it_is_tried(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await eve.draft()
        draft_id = echo["draft_id"]
        assert (await eve.approve(echo)).status_code == 409  # nobody signed first
        assert (await eve.send(echo, proof=None)).status_code == 401
        theirs = await ann.proof(draft_id)
        assert (await eve.send(echo, proof=theirs)).status_code == 401  # not her key
        assert (await eve.send(echo)).is_success
        assert (await eve.approve(echo)).status_code == 403  # the same person
        second = station.browser()
        second.key = eve.key
        await second.sign_in()
        assert (await second.approve(echo)).status_code == 403  # in another browser
        more = station.browser()
        await more.take_up(station.invite("eve", "approver"))
        await more.sign_in()
        assert (await more.approve(echo)).status_code == 403  # with another key
        assert (await ann.approve(echo)).status_code == 403  # who may not approve
        mine = await eve.proof(draft_id)
        viewer = await station.operator("kim", "viewer")
        assert (await viewer.approve(echo, proof=mine)).status_code == 403
        assert station.commands == []

    play(tmp_path, story)


def test_a_signature_is_good_for_its_own_draft_only(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        small, large = await ann.draft(zone_ids=["z1"]), await ann.draft(zone_ids=["z2"])
        proof = await ann.proof(small["draft_id"])
        assert (await ann.send(large, proof=proof)).status_code == 401
        assert (await ann.send(large)).is_success
        old = await eve.proof(large["draft_id"])
        assert (await eve.approve(large, proof=old)).is_success
        assert (await eve.send(small, proof=old)).status_code == 401

    play(tmp_path, story)


def test_a_second_person_has_ten_minutes(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await ann.draft()
        await ann.send(echo)
        station.now_s += 601.0
        assert (await eve.approve(echo)).status_code == 409
        assert (await eve.get(f"/drafts/{echo['draft_id']}")).json()["state"] == "expired"
        assert station.commands == []

    play(tmp_path, story)


def test_the_door_lets_nothing_pass_that_came_another_way(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await ann.draft(zone_ids=["z1"])
        await ann.send(echo)
        await eve.approve(echo)
        (good,) = station.commands
        assert station.file is not None
        known = station.file.all()
        check_door(good, World.LIVE, known, RP_ID)
        told = json.loads(good.proof)
        ann_s, eve_s = told["signed"]
        forged = [
            replace(good, proof=""),
            replace(good, proof="[]"),
            replace(good, zone_ids=("z1", "z2")),
            replace(good, threat="drone"),
            replace(good, action=CommandAction.PREPARE),
            *(
                replace(good, proof=json.dumps({**told, "signed": signed}))
                for signed in (
                    [ann_s],
                    [eve_s, eve_s],
                    [ann_s, {**ann_s, "account_id": "eve"}],
                    [ann_s, {**eve_s, "signature": "AAAA"}],
                    [ann_s, {**eve_s, "how": "session"}],
                    [],
                )
            ),
        ]
        for command in forged:
            with pytest.raises(RefusedError):
                check_door(command, World.LIVE, known, RP_ID)
        with pytest.raises(RefusedError, match="of live, this service is exercise"):
            check_door(good, World.EXERCISE, known, RP_ID)
        with pytest.raises(RefusedError, match="takes no orders"):
            check_door(good, World.LIVE, None, RP_ID)
        without = {name: one for name, one in known.items() if name != "eve"}
        with pytest.raises(RefusedError, match="two people"):
            check_door(good, World.LIVE, without, RP_ID)

    play(tmp_path, story)


# one click, two clicks


@pytest.mark.parametrize("action", ["prepare", "all_clear", "extend", "take_cover"])
def test_one_click_sends_nothing_and_two_clicks_send_once(
    tmp_path: Path, action: str
) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        await ann.send(await ann.draft("prepare", ["z1"]))
        station.commands.clear()
        echo = await ann.draft(action, ["z1"])
        bare = await ann.post(f"/drafts/{echo['draft_id']}/send")
        assert bare.status_code == 422
        for wrong in ({"confirm": "yes"}, {"digest": "0"}):
            assert (await ann.send(echo, **wrong)).status_code == 409
        assert station.commands == []
        answers = await asyncio.gather(*(ann.send(echo, proof=None) for _ in range(3)))
        if action == "take_cover":
            assert {answer.status_code for answer in answers} == {401}
            proof = await ann.proof(echo["draft_id"])
            await asyncio.gather(*(ann.send(echo, proof=proof) for _ in range(3)))
            proof = await eve.proof(echo["draft_id"])
            answers = await asyncio.gather(
                *(eve.approve(echo, proof=proof) for _ in range(3))
            )
        assert {answer.json()["state"] for answer in answers} == {"sent"}
        assert [str(command.action) for command in station.commands] == [action]

    play(tmp_path, story)


def test_what_was_withdrawn_is_never_sent(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        echo = await ann.draft("prepare")
        path = f"/drafts/{echo['draft_id']}/withdraw"
        assert (await ann.post(path)).json()["state"] == "withdrawn"
        assert (await ann.send(echo)).status_code == 409
        sent = await ann.draft("prepare")
        await ann.send(sent)
        answer = await ann.post(f"/drafts/{sent['draft_id']}/withdraw")
        assert answer.status_code == 409
        assert "correction" in answer.text
        assert len(station.commands) == 1

    play(tmp_path, story)


def test_an_order_that_the_core_did_not_take_is_not_called_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ACTED_S", 0.05)

    async def story(station: Station) -> None:
        ann, _ = await two(station)
        echo = await ann.draft("prepare")
        station.deaf = True
        assert (await ann.send(echo)).status_code == 503
        station.ready.clear()
        assert (await ann.send(echo)).status_code == 503
        station.deaf = False
        station.ready.set()
        assert (await ann.send(echo)).json()["state"] == "sent"
        assert len(station.commands) == 1

    play(tmp_path, story)


def test_extend_and_all_clear_need_an_alert_and_say_where_there_is_none(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        for action in ("extend", "all_clear"):
            answer = await ann.post("/drafts", action=action, zone_ids=["z1"])
            assert answer.status_code == 409
        await ann.send(await ann.draft("prepare", ["z1"]))
        echo = await ann.draft("extend", ["z1", "z2"])
        assert echo["texts"] == []
        assert echo["notes"][0].startswith("1 of these zones are under no alert")
        echo = await ann.draft("all_clear", ["z1"])
        assert (await ann.send(echo)).is_success
        assert station.board.alerts == {}

    play(tmp_path, story)


# corrections


def test_hawaii_2018_a_drill_sent_live_is_taken_back_by_one_person_at_once(
    tmp_path: Path,
) -> None:
    """One man, one click; 38 minutes until a correction, for want of text and leave."""

    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await ann.draft("take_cover", ["z1", "z2"], threat="ballistic_missile")
        await ann.send(echo)
        await eve.approve(echo)
        words = "LIVE: sent in error in 2 zones"
        answer = await ann.post("/corrections", draft_id=echo["draft_id"], confirm=words)
        assert answer.status_code == 200, answer.text
        cover, correction = station.commands
        assert correction.action is CommandAction.TAKE_BACK
        assert correction.zone_ids == cover.zone_ids
        assert correction.operator_id == "ann"
        told = answer.json()["texts"]
        assert len(told) == len(LANGUAGES) * len(Form)
        for text in told:
            voice = Voice(text["language"], form=Form(text["form"]))
            assert text["text"].endswith(voice.instruction(CORRECTION))

    play(tmp_path, story)


def test_a_correction_clicked_twice_is_one_and_a_second_mistake_another(
    tmp_path: Path,
) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        words = "LIVE: sent in error in 1 zones"
        for _ in range(2):
            echo = await ann.draft("prepare", ["z1"])
            await ann.send(echo)
            body = {"draft_id": echo["draft_id"], "confirm": words}
            answers = [await ann.post("/corrections", **body) for _ in range(3)]
            assert {answer.json()["state"] for answer in answers} == {"sent"}
        await ann.send(await ann.draft("prepare", ["z1"]))
        body = {"zone_ids": ["z1"], "confirm": words}
        answers = await asyncio.gather(
            *(ann.post("/corrections", **body) for _ in range(3))
        )
        assert sum(answer.is_success for answer in answers) >= 1
        taken_back = [c for c in station.commands if c.action is CommandAction.TAKE_BACK]
        corrected = [c for c in station.commands if c.action is CommandAction.CORRECT]
        assert (len(taken_back), len(corrected)) == (2, 1)

    play(tmp_path, story)


def test_a_correction_says_whom_it_means_and_of_what(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, _ = await two(station)
        assert (await ann.post("/corrections")).status_code == 400
        assert (await ann.post("/corrections", zone_ids=["z1"])).status_code == 409
        assert (await ann.post("/corrections", draft_id="none")).status_code == 404
        echo = await ann.draft("prepare", ["z1"])
        answer = await ann.post("/corrections", draft_id=echo["draft_id"])
        assert answer.status_code == 409  # it was never sent
        await ann.send(echo)
        answer = await ann.post("/corrections", draft_id=echo["draft_id"])
        assert answer.status_code == 409
        assert "LIVE: sent in error in 1 zones" in answer.text
        assert len(station.commands) == 1
        over = await ann.draft("all_clear", ["z1"])
        await ann.send(over)
        answer = await ann.post("/corrections", draft_id=over["draft_id"])
        assert answer.status_code == 409  # an all-clear is no alert: alert anew
        assert "all_clear raised no alert" in answer.text

    play(tmp_path, story)


# exercise and live


def test_an_exercise_never_asks_to_confirm_in_the_words_of_live(tmp_path: Path) -> None:
    """Test and live missile alert stood side by side, and asked the same question."""

    async def story() -> None:
        words = {}
        for world in World:
            station = Station(tmp_path, world)
            ann = await station.operator("ann", "operator")
            for action in ("prepare", "take_cover"):
                echo = await ann.draft(action)
                words[world, action] = echo["confirm"]
                assert echo["world"] == world
                other = echo["confirm"].replace("LIVE", "X").replace("EXERCISE", "LIVE")
                assert (await ann.send(echo, confirm=other)).status_code == 409
            told = (await ann.get("/status")).json()
            assert told["world"] == world
            assert set(told["banner"]) == (set(LANGUAGES) if world == "exercise" else set())
        assert len(set(words.values())) == 4

    asyncio.run(story())


def test_every_text_of_an_exercise_says_that_it_is_one(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann = await station.operator("ann", "operator")
        banner = station.board.status()["banner"]
        for action in ("prepare", "take_cover"):
            for text in (await ann.draft(action, ["z1"]))["texts"]:
                assert (
                    text["text"].lstrip("\u200e\u200f").startswith(banner[text["language"]])
                )

    play(tmp_path, story, world=World.EXERCISE)


def test_nothing_of_an_exercise_is_good_in_the_live_service(tmp_path: Path) -> None:
    """Session, draft, signature, invitation: the other tab has no use for any of them."""

    async def story() -> None:
        drill, live = Station(tmp_path, World.EXERCISE), Station(tmp_path, World.LIVE)
        there = await drill.operator("ann", "operator")
        second = await drill.operator("eve", "approver")
        ann = await live.operator("ann", "operator")
        echo = await there.draft("prepare")
        assert (await ann.send(echo)).status_code == 404
        wrong_tab = live.browser()
        wrong_tab.cookies, wrong_tab.csrf = there.cookies, there.csrf
        assert (await wrong_tab.send(echo)).status_code == 401
        token = drill.invite("kim", "operator")
        answer = await live.browser().post("/invitation/options", token=token)
        assert answer.status_code == 401
        cover = await there.draft()
        await there.send(cover)
        await second.approve(cover)
        with pytest.raises(RefusedError):
            await live.control.hand(drill.commands[0])
        assert live.commands == []
        assert len(drill.commands) == 1

    asyncio.run(story())


def test_an_exercise_without_accounts_is_one_persons(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        here = station.browser()
        echo = await here.draft()
        assert not echo["needs_two"]
        assert (await here.send(echo)).json()["state"] == "sent"
        assert station.commands[0].operator_id == "local"

    play(None, story, world=World.EXERCISE)


def test_old_drafts_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "DRAFTS_MAX", 5)

    async def story(station: Station) -> None:
        ann, _ = await two(station)
        made = [await ann.draft("prepare") for _ in range(8)]
        lines = (await ann.get("/drafts")).json()
        assert [line["draft_id"] for line in lines] == [
            echo["draft_id"] for echo in reversed(made[3:])
        ]

    play(tmp_path, story)


def test_what_operators_do_is_noted(tmp_path: Path) -> None:
    async def story(station: Station) -> None:
        ann, eve = await two(station)
        echo = await ann.draft("take_cover", ["z1"], threat="drone")
        await ann.send(echo)
        await eve.approve(echo)
        await asyncio.sleep(0.01)
        told = [(act.operator_id, act.act) for act in station.acts]
        assert told[-3:] == [("ann", "drafted"), ("ann", "signed"), ("eve", "sent")]
        assert station.acts[-1].detail.endswith("take_cover drone in 1 zones, 101 people")

    play(tmp_path, story)
