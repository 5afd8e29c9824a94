"""A real live service: people sign in, send by hand and take it back; then a drill."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
from typer.testing import CliRunner

from authenticator import Authenticator
from forewarn.app.command_line import cli
from forewarn.channels.cap.ledger import NAME, read_entries
from forewarn.errors import ConfigError
from forewarn.files import StoreKeys
from forewarn.records import Act, Command, CommandAction
from forewarn.signing import KeyRing, Matter, World, canonical
from forewarn.stores import read_store
from forewarn.web.orders.order import holds, read_proof
from test_service import free_port, wait_for

CORRECTION_S = 30.0  # what the issue allows; measured below
FOREWARN = [sys.executable, "-c", "from forewarn.app.command_line import app; app()"]


def site_text(web: int, world: World) -> str:
    exercise = str(world is World.EXERCISE).lower()
    return f"""
schema = 1
[site]
name = "By hand"
languages = ["en", "he", "uk"]
time_zone = "Europe/Copenhagen"
region = {{lat_deg = 56.45, lon_deg = 9.4, radius_km = 8.0}}
exercise = {exercise}
[web]
port = {web}
[operators]
accounts = "accounts.json"
[[channel]]
kind = "cap"
exercise = {exercise}
[[sensor]]
id = "radar"
kind = "radar"
lat_deg = 56.45
lon_deg = 9.4
height_m = 50
scan_s = 4
range_max_m = 60000
sigma_range_m = 50
sigma_azimuth_deg = 0.1
sigma_elevation_deg = 0.1
feed = "udp://127.0.0.1:{free_port()}"
sac = 1
sic = 1
"""


def forewarn(*typed: str) -> str:
    """What a command prints; of one that is refused, why."""
    told = CliRunner().invoke(cli, typed)
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        assert isinstance(told.exception, ConfigError), told.exception
        return str(told.exception)
    return told.output


def refused(site: Path) -> str:
    """Why a service does not start."""
    told = subprocess.run(
        [*FOREWARN, "run", str(site)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 2
    return told.stderr


class Person:
    """Somebody with a passkey and a browser of their own."""

    def __init__(self, address: str, link: str) -> None:
        self.client = httpx.Client(
            base_url=f"{address}/api/operators/v1/", timeout=10, headers={"origin": address}
        )
        self.key = Authenticator(address)
        token = link.partition("#")[2]
        made = self.key.create(self.post("invitation/options", token=token)["publicKey"])
        self.post("invitation/passkey", token=token, credential=made)
        got = self.key.get(self.post("signin/options")["publicKey"])
        session = self.post("signin/passkey", credential=got)
        self.client.headers["x-csrf-token"] = session["csrf"]

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def send(self, echo: dict[str, Any], how: str) -> Any:
        draft = f"drafts/{echo['draft_id']}"
        body = {"confirm": echo["confirm"], "digest": echo["digest"]}
        if echo["needs_two"]:
            options = self.post(f"{draft}/challenge")["publicKey"]
            body["proof"] = {"credential": self.key.get(options)}
        return self.post(f"{draft}/{how}", **body)


async def heard(address: str, count: int, ready: asyncio.Event) -> list[dict[str, Any]]:
    """The steps that the public is told, as they come."""
    told: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("GET", f"{address}/api/public/v1/stream") as stream,
    ):
        ready.set()
        async for line in stream.aiter_lines():
            if line.startswith("data:") and '"alerts":[{' in line:
                now = time.monotonic()
                for alert in json.loads(line.removeprefix("data:"))["alerts"]:
                    told.append({**alert, "heard_s": now})
            if len(told) >= count:
                return told
    return told


async def story(address: str, folder: Path, ann: Person, eve: Person) -> dict[str, Any]:
    """Take cover in three zones by two people, then one of them takes it back."""
    zones = httpx.get(f"{address}/api/public/v1/zones").json()["features"]
    zone_ids = sorted(zone["properties"]["zone_id"] for zone in zones)[:3]
    ready = asyncio.Event()
    listening = asyncio.create_task(heard(address, 6, ready))
    await ready.wait()

    def act() -> tuple[dict[str, Any], float]:
        echo = ann.post("drafts", action="take_cover", threat="rocket", zone_ids=zone_ids)
        assert ann.send(echo, "send")["state"] == "waiting"
        assert eve.send(echo, "approve")["state"] == "sent"
        time.sleep(1.0)
        words = f"{echo['world'].upper()}: sent in error in 3 zones"
        began_s = time.monotonic()
        ann.post("corrections", draft_id=echo["draft_id"], confirm=words)
        return echo, began_s

    echo, began_s = await asyncio.to_thread(act)
    steps = await asyncio.wait_for(listening, 40)
    keys = {(step["alert_id"], step["step"]) for step in steps}
    while not keys <= {
        key for one in read_entries(folder / "cap" / NAME) for key in one.keys
    }:
        assert time.monotonic() - began_s < CORRECTION_S
        await asyncio.sleep(0.02)
    return {
        "echo": echo,
        "steps": steps,
        "public_s": max(step["heard_s"] for step in steps) - began_s,
        "cap_s": time.monotonic() - began_s,
    }


def test_two_people_send_and_one_takes_it_back_on_every_channel_in_seconds(
    tmp_path: Path,
) -> None:
    web = free_port()
    site = tmp_path / "site.toml"
    site.write_text(site_text(web, World.LIVE))
    links = {}
    for name, role in (("ann", "operator"), ("eve", "approver")):
        made = forewarn("operators", "add", str(site), name, "--role", role)
        links[name] = made.split()[-1]
    address = f"http://localhost:{web}"
    assert links["ann"].startswith(f"{address}/signin#")
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen([*FOREWARN, "run", str(site)], stdout=log, stderr=log)
    try:
        wait_for(address, "live", 90)
        assert httpx.get(f"{address}/api/operators/v1/picture").status_code == 401
        ann, eve = (Person(address, links[name]) for name in ("ann", "eve"))
        told = asyncio.run(story(address, tmp_path, ann, eve))
        for person in (ann, eve):
            person.client.close()
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=20)
    print(f"correction: public {told['public_s']:.2f} s, CAP {told['cap_s']:.2f} s")
    assert told["cap_s"] < CORRECTION_S
    check_steps(told, tmp_path)
    check_record(tmp_path, site)
    check_drill(tmp_path, web)


def check_steps(told: dict[str, Any], folder: Path) -> None:
    """The same zones, channels and words, in every language; signed by the live key."""
    cover, correction = told["steps"][:3], told["steps"][3:]
    assert {step["state"] for step in cover} == {"take_cover"}
    assert {step["state"] for step in correction} == {"all_clear"}
    assert {s["zone_id"] for s in cover} == {s["zone_id"] for s in correction}
    assert {s["alert_id"] for s in cover} == {s["alert_id"] for s in correction}
    ring, now_s = KeyRing.from_file(folder / "keys" / "ring.json"), time.time()
    for step in told["steps"]:
        bare = {name: v for name, v in step.items() if name not in ("signature", "heard_s")}
        signature = b64decode(step["signature"])
        assert ring.verify(World.LIVE, Matter.ALERT, canonical(bare), signature, now_s)
    # word for word what was echoed
    echoed = {
        text["language"]: text["text"]
        for text in told["echo"]["texts"]
        if text["form"] == "normal"
    }
    zone_id = told["echo"]["text_zone_id"]
    (said,) = [step["text"] for step in cover if step["zone_id"] == zone_id]
    assert said == echoed
    assert "sent in error" in correction[0]["text"]["en"]
    space = {"cap": "urn:oasis:names:tc:emergency:cap:1.2"}
    kinds = {}
    for one in read_entries(folder / "cap" / NAME):
        root = ElementTree.parse(folder / "cap" / f"{one.identifier}.xml").getroot()
        (step,) = {step for _, step in one.keys}
        kinds[step] = root.findtext("cap:msgType", "", space)
        assert root.findtext("cap:status", "", space) == "Actual"
        assert len(root.findall("cap:info/cap:area", space)) == 3 * 3  # in each language
    assert kinds == {0: "Alert", 1: "Cancel"}


def check_record(folder: Path, site: Path) -> None:
    """Everything stands in the journal, signatures and all."""
    store = read_store(StoreKeys(folder / "forewarn.sqlite"))
    events = list(store.done())
    assert store.verify() >= len(events)
    store.close()
    cover, correction = [event for event in events if isinstance(event, Command)]
    assert (cover.action, correction.action) == (
        CommandAction.TAKE_COVER,
        CommandAction.TAKE_BACK,
    )
    order, signed = read_proof(cover.proof)
    assert [one.account_id for one in signed] == ["ann", "eve"]
    assert all(holds(order, one, "localhost") for one in signed)
    acts = [(e.operator_id, e.act) for e in events if isinstance(e, Act)]
    assert {("ann", "signed in"), ("eve", "signed in"), ("ann", "drafted")} <= set(acts)
    shown = forewarn("verify", str(site), "--acts")
    assert '"operator_id": "ann and eve", "action": "take_cover"' in shown
    listed = forewarn("operators", "list", str(site))
    assert "approver   1 passkeys" in listed


def check_drill(folder: Path, web: int) -> None:
    """The same folder as an exercise: neither its channel nor its record can be used."""
    drill = folder / "drill.toml"
    text = site_text(web, World.EXERCISE)
    drill.write_text(text.replace('kind = "cap"\nexercise = true', 'kind = "cap"'))
    told = refused(drill)
    assert "may only use channels with exercise = true" in told
    drill.write_text(text)
    told = refused(drill)
    assert "holds live data, and this service is exercise" in told


def test_a_site_without_accounts_is_told_what_to_write(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    text = site_text(8080, World.LIVE).replace('accounts = "accounts.json"', "")
    site.write_text(text)
    told = forewarn("operators", "list", str(site))
    assert 'accounts is missing; write accounts = "accounts.json"' in told
