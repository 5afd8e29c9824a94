"""Tired people at two screens: random scripts, and a checker that trusts nothing of ours.

A script is a seed: drill day, wrong tab, double clicks, other people's drafts, old
answers sent again. `make operators COUNT=1000` runs more of them.

The checker knows the people and their devices, and reads what reached the core of the
live service. It verifies each signature by itself.
"""

import asyncio
import hashlib
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from authenticator import Authenticator, bytes_of
from forewarn.app import control
from forewarn.records import Command
from forewarn.signing import World
from forewarn.web.orders.desk import Desk
from stations import Browser, Station

COUNT = int(os.environ.get("FOREWARN_OPERATORS", "100"))
SEED = int(os.environ.get("FOREWARN_OPERATORS_SEED", "1"))
STEPS = 30
CORRECTION_S = 30.0
PEOPLE = {"ann": "operator", "bob": "operator", "eve": "approver", "dan": "approver",
          "kim": "viewer", "chief": "admin"}  # fmt: skip


@dataclass
class Person:
    """Somebody with a tab for each service; `believes` says where they think they are."""

    name: str
    tabs: dict[World, Browser]
    believes: World = World.LIVE
    last: list[tuple[World, str, dict[str, Any]]] = field(default_factory=list)


class Room:
    """Two services, and people who take the one for the other."""

    def __init__(self, folder: Path) -> None:
        self.stations = {world: Station(folder, world) for world in World}
        self.people: dict[str, Person] = {}
        self.echoes: list[dict[str, Any]] = []
        self.faults: list[str] = []

    async def open(self) -> None:
        for name, role in PEOPLE.items():
            tabs = {w: await s.operator(name, role) for w, s in self.stations.items()}
            self.people[name] = Person(name, tabs)

    async def script(self, seed: int) -> int:
        """One shift; returns how many orders reached the live core."""
        draw = random.Random(seed)
        self.echoes.clear()
        for station in self.stations.values():
            station.commands.clear()
            station.board.alerts.clear()
            station.control.desk.drafts.clear()
        drill = draw.random() < 0.6
        for person in self.people.values():
            exercise = drill and draw.random() < 0.7
            person.believes = World.EXERCISE if exercise else World.LIVE
            person.last.clear()
        for _ in range(STEPS):
            await self._step(draw)
        live = self.stations[World.LIVE]
        self.faults += [
            f"script {seed}: {fault}" for fault in faults_of(self, live.commands)
        ]
        await self._correct_the_last(seed)
        return len(live.commands)

    async def _step(self, draw: random.Random) -> None:
        acts = [self._draft, self._undo, self._again, self._wait, self._sign_in]
        act = draw.choice(acts + [self._draft, self._send, self._approve] * 3)
        often = ("eve", "dan") if act == self._approve else ("ann", "bob", "eve")
        name = draw.choice(often if draw.random() < 0.8 else list(PEOPLE))
        person = self.people[name]
        wrong = World.LIVE if person.believes is World.EXERCISE else World.EXERCISE
        await act(draw, person, person.believes if draw.random() < 0.7 else wrong)

    async def _draft(self, draw: random.Random, person: Person, tab: World) -> None:
        action = draw.choice(("prepare", "take_cover", "take_cover", "all_clear"))
        count = draw.choice((1, 2, 5, 60))
        body: dict[str, Any] = {
            "action": action,
            "zone_ids": [f"z{draw.randrange(100)}" for _ in range(count)],
        }
        if draw.random() < 0.15:
            body.pop("zone_ids")
        answer = await person.tabs[tab].post("/drafts", **body)
        if answer.status_code == 201:
            self.echoes.append(answer.json())

    async def _send(self, draw: random.Random, person: Person, tab: World) -> None:
        await self._click(draw, person, tab, "send")

    async def _approve(self, draw: random.Random, person: Person, tab: World) -> None:
        await self._click(draw, person, tab, "approve")

    async def _click(
        self, draw: random.Random, person: Person, tab: World, how: str
    ) -> None:
        """Read what some screen shows, confirm it as one believes, click once or thrice."""
        if not self.echoes:
            return
        here = [echo for echo in self.echoes[-3:] if echo["world"] == tab]
        echo = draw.choice(here if here and draw.random() < 0.8 else self.echoes)
        browser = person.tabs[tab]
        body: dict[str, Any] = {
            "confirm": meant(echo["confirm"], person.believes),
            "digest": draw.choice((echo, echo, echo, draw.choice(self.echoes)))["digest"],
        }
        if draw.random() < 0.8:
            body["typed"] = str(echo["people"])
        path = f"/drafts/{echo['draft_id']}"
        challenge = await browser.post(f"{path}/challenge")
        if challenge.is_success and draw.random() < 0.9:
            key = browser.key
            if draw.random() < 0.1:  # somebody else's key lies on the desk
                key = self.people[draw.choice(list(PEOPLE))].tabs[tab].key
            body["proof"] = {"credential": key.get(challenge.json()["publicKey"])}
        person.last.append((tab, f"{path}/{how}", body))
        clicks = draw.choice((1, 1, 2, 3))
        await asyncio.gather(
            *(browser.post(f"{path}/{how}", **body) for _ in range(clicks))
        )

    async def _undo(self, draw: random.Random, person: Person, tab: World) -> None:
        if not self.echoes:
            return
        echo = draw.choice(self.echoes)
        browser = person.tabs[tab]
        if draw.random() < 0.3:
            await browser.post(f"/drafts/{echo['draft_id']}/withdraw")
            return
        words = f"LIVE: sent in error in {len(echo['zones'])} zones"
        body = {"draft_id": echo["draft_id"], "confirm": meant(words, person.believes)}
        person.last.append((tab, "/corrections", body))
        await asyncio.gather(*(browser.post("/corrections", **body) for _ in range(2)))

    async def _again(self, draw: random.Random, person: Person, tab: World) -> None:
        """What somebody sent before is sent again, here or in the other service."""
        other = self.people[draw.choice(list(PEOPLE))]
        if other.last:
            _, path, body = draw.choice(other.last)
            if named(body["confirm"]) == person.believes:
                await person.tabs[tab].post(path, **body)

    async def _wait(self, draw: random.Random, person: Person, tab: World) -> None:
        for station in self.stations.values():
            station.now_s += draw.choice((5.0, 60.0, 300.0, 700.0))

    async def _sign_in(self, draw: random.Random, person: Person, tab: World) -> None:
        """Away and back; or with the cookies of the other service."""
        browser = person.tabs[tab]
        if draw.random() < 0.5:
            await browser.post("/signout")
            await browser.sign_in()
        else:
            stray = self.stations[tab].browser()
            elsewhere = person.tabs[draw.choice([w for w in World if w is not tab])]
            stray.cookies, stray.csrf = elsewhere.cookies, elsewhere.csrf
            answer = await stray.get("/session")
            if answer.is_success:
                self.faults.append(f"{person.name}: a session of another service is taken")

    async def _correct_the_last(self, seed: int) -> None:
        """Whatever was sent live: one person takes it back, at once."""
        live = self.stations[World.LIVE]
        sent = [c for c in live.commands if str(c.action) in ("prepare", "take_cover")]
        if not sent:
            return
        began_s, before = live.now_s, len(live.commands)
        words = f"LIVE: sent in error in {len(sent[-1].zone_ids)} zones"
        ann = self.people["ann"].tabs[World.LIVE]
        answer = await ann.post("/corrections", draft_id=sent[-1].order_id, confirm=words)
        done = any(
            str(c.action) == "take_back" and c.zone_ids == sent[-1].zone_ids
            for c in live.commands[: before + 1]
        )
        if not answer.is_success or not done or live.now_s - began_s > CORRECTION_S:
            self.faults.append(f"script {seed}: no correction: {answer.text}")


def meant(words: str, believes: World) -> str:
    """What somebody confirms who thinks to be in one of the two."""
    return f"{believes.upper()}:{words.partition(':')[2]}"


def named(words: str) -> World:
    return World(words.partition(":")[0].lower())


# the checker


def faults_of(room: Room, commands: list[Command]) -> Iterator[str]:
    """What is wrong with the orders that reached the live core."""
    seen: set[str] = set()
    for command in commands:
        told = json.loads(command.proof)
        order, who = told["order"], [one["account_id"] for one in told["signed"]]
        name = f"{command.action} by {' and '.join(who)}"
        if order["world"] != "live":
            yield f"{name}: an order of {order['world']} in the live service"
        if command.order_id in seen:
            yield f"{name}: sent twice"
        seen.add(command.order_id)
        if any(PEOPLE[one] in ("viewer", "admin") for one in who):
            yield f"{name}: by somebody who may not send"
        if any(room.people[one].believes is World.EXERCISE for one in who):
            yield f"{name}: sent live by somebody who thought that it was the drill"
        if str(command.action) == "take_cover":
            yield from cover_faults(room, command, told, name)


def cover_faults(
    room: Room, command: Command, told: dict[str, Any], name: str
) -> Iterator[str]:
    body = json.dumps(
        told["order"], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    good = {
        one["account_id"]
        for one in told["signed"]
        if signed_by(room.people[one["account_id"]].tabs[World.LIVE].key, one, body)
    }
    if len(good) < 2:
        yield f"{name}: take cover with {len(good)} good signatures"
    if not any(PEOPLE[one] == "approver" for one in good):
        yield f"{name}: take cover without an approver"
    if tuple(told["order"]["zone_ids"]) != command.zone_ids:
        yield f"{name}: other zones than were signed"


def signed_by(device: Authenticator, one: dict[str, Any], body: bytes) -> bool:
    """Whether this very device signed these bytes."""
    try:
        response = one["signature"]["response"]
        client = bytes_of(response["clientDataJSON"])
        digest = hashlib.sha256(b"forewarn/1/order/" + body).digest()
        if bytes_of(json.loads(client)["challenge"]) != digest:
            return False
        signed = bytes_of(response["authenticatorData"]) + hashlib.sha256(client).digest()
        device.public.verify(
            bytes_of(response["signature"]), signed, ec.ECDSA(hashes.SHA256())
        )
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts of passkeys are kept at each use; here no power fails."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


async def run(folder: Path, count: int) -> tuple[list[str], int]:
    """Faults found in so many scripts, and orders that reached the live core."""
    room = Room(folder)
    await room.open()
    orders = 0
    for seed in range(SEED, SEED + count):
        orders += await room.script(seed)
    return room.faults, orders


def test_no_script_sends_take_cover_alone_or_a_drill_live(tmp_path: Path) -> None:
    faults, orders = asyncio.run(run(tmp_path, COUNT))
    print(f"{COUNT} scripts: {orders} orders reached the live core, {len(faults)} faults")
    assert faults == []
    assert orders > COUNT / 2  # the scripts do get things sent


def no_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "needs_two", lambda self, draft: False)
    monkeypatch.setattr(control, "check_door", lambda *told: None)


def no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "check", lambda self, draft, told: None)


def twice(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Desk._hand

    async def both(self: Desk, draft: Any, signed: Any) -> None:
        await hand(self, draft, signed)
        await hand(self, draft, signed)

    monkeypatch.setattr(Desk, "_hand", both)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (no_second, "take cover with 0 good signatures"),
        (no_words, "thought that it was the drill"),
        (twice, "sent twice"),
    ],
)
def test_the_checker_finds_a_fault_that_was_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any, found: str
) -> None:
    fault(monkeypatch)
    faults, _ = asyncio.run(run(tmp_path, 30))
    assert any(found in text for text in faults), faults


def test_a_desk_that_forgets_the_second_person_is_stopped_at_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "needs_two", lambda self, draft: False)
    faults, _ = asyncio.run(run(tmp_path, 20))
    assert faults == []
