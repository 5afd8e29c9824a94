"""A real service: ASTERIX over UDP in, alerts over HTTP and as CAP files out."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

import httpx

from forewarn.channels.siren_frame import SirenGuard, Trust
from forewarn.files import read_recording, write_recording
from forewarn.signing import KeyRing, Matter, World, canonical
from forewarn.sim import raids
from forewarn.sim.raid_keys import Raid, RaidKeys, RegionKeys, SalvoKeys
from mosquitto import Broker, Subscriber
from push_phone import Phone
from receiver import Receiver
from servers import free_port


def site_text(sensors: str, udp: int, web: int, mqtt: int, more: str) -> str:
    """A site around the sensors of a recording, each with a feed of its own."""
    broker = f"exercise = true\nbroker = {{port = {mqtt}}}\n"
    head, *tables = sensors.split("[[sensor]]\n")
    assert head.strip() == "schema = 1"
    fed = "".join(
        f'[[sensor]]\nfeed = "udp://127.0.0.1:{udp}"\nsac = 1\nsic = {sic}\n{table}'
        for sic, table in enumerate(tables, start=1)
    )
    return (
        'schema = 1\n[site]\nname = "UDP"\nlanguages = ["en", "uk"]\n'
        "region = {lat_deg = 56.45, lon_deg = 9.4, radius_km = 12.0}\n"
        f'[web]\nport = {web}\n[[channel]]\nkind = "cap"\nexercise = true\n'
        f'[[channel]]\nkind = "mqtt"\n{broker}'
        f'[[channel]]\nkind = "siren"\n{broker}siren = [{{id = "s", zones = ["*"]}}]\n'
        f"{more}{fed}"
    )


def wait_for(address: str, service: str, limit_s: float) -> dict[str, object]:
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        try:
            status = httpx.get(f"{address}/api/public/v1/status", timeout=2).json()
            if status["service"] == service:
                return dict(status)
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the service was not {service} within {limit_s} s")


def subscribed(address: str, service: Receiver) -> Phone:
    """A phone that wants to hear of the zones around the place that is hit."""
    phone = Phone(service)
    p256dh, auth = phone.keys
    keys = {"p256dh": p256dh, "auth": auth}
    zones = httpx.get(f"{address}/api/public/v1/zones").json()["features"]

    def off(zone: dict[str, Any]) -> float:
        lon, lat = zone["geometry"]["coordinates"][0][0]
        return float(abs(lat - 56.4532) + abs(lon - 9.4020) / 2)

    nearest = [z["properties"]["zone_id"] for z in sorted(zones, key=off)[:50]]
    wish = {
        "subscription": {"endpoint": phone.endpoint, "keys": keys},
        "zone_ids": nearest,
        "language": "uk",
    }
    answer = httpx.post(f"{address}/api/public/v1/push", json=wish)
    assert answer.status_code == 204, answer.text
    return phone


def core_of(service: int) -> int:
    """The process that decides: it was there before the one that stands by."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    spawned = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return spawned[0]


def test_plots_over_udp_become_alerts_over_http_mqtt_and_cap_files(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    listener = Subscriber(broker.port, "forewarn/exercise/#")
    shipped = raids.load("rockets")
    salvo = SalvoKeys(56.4532, 9.4020, range_km=30.0, from_deg=100.0, count=3)
    small = Raid(
        RaidKeys("udp"), RegionKeys("k", 56.45, 9.4, 12.0), shipped.sensors, (salvo,)
    )
    made = raids.generate(small, 2, start_s=time.time())
    write_recording(tmp_path / "recording", made.sensors, made.batches)
    udp, web = free_port(socket.SOCK_DGRAM), free_port()
    site = tmp_path / "site.toml"
    away = Receiver()
    site.write_text(
        site_text(
            (tmp_path / "recording" / "sensors.toml").read_text(),
            udp,
            web,
            broker.port,
            f'[[channel]]\nkind = "webhook"\nexercise = true\nurl = "{away.address}/hook"\n'
            'plain_http = true\n[[channel]]\nkind = "web_push"\nexercise = true\n'
            f'contact = "mailto:a@example.org"\nservices = ["{away.address}"]\n',
        )
    )
    address = f"http://127.0.0.1:{web}"
    command = ["-c", "from forewarn.app.command_line import app; app()", "run", str(site)]
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
    try:
        wait_for(address, "live", 60)
        phone = subscribed(address, away)
        told = asyncio.run(feed_and_watch(tmp_path, address, udp))
        heartbeat = httpx.get(f"{address}/api/public/v1/heartbeat").content
        os.kill(core_of(service.pid), signal.SIGSTOP)  # it hangs
        wait_for(address, "degraded", 30)
        wait_for(address, "live", 30)
        status = httpx.get(f"{address}/api/operators/v1/status").json()
        mine = f"{address}/api/public/v1/state?zone=my-own-place"
        assert httpx.get(mine).json()["alerts"] == []
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=20)
        listener.close()
        broker.close()
        away.close()
    posted = [json.loads(post.body) for post in away.got if post.path == "/hook"]
    heard = [(alert["alert_id"], alert["step"]) for alert in told]
    assert set(heard) <= {(one["data"]["alert_id"], one["data"]["step"]) for one in posted}
    assert {one["world"] for one in posted} == {"exercise"}
    assert "take_cover" in {message["state"] for message in phone.messages()}
    seen = {alert["state"] for alert in told}
    assert "take_cover" in seen, (tmp_path / "log").read_text()
    ring, now_s = KeyRing.from_file(tmp_path / "keys" / "ring.json"), time.time()
    for alert in told:
        signature = b64decode(alert.pop("signature"))
        body = canonical(alert)
        assert ring.verify(World.EXERCISE, Matter.ALERT, body, signature, now_s)
    sign_of_life = ring.opened(World.EXERCISE, Matter.HEARTBEAT, heartbeat, now_s)
    assert sign_of_life is not None
    assert sign_of_life["service"] == "live"
    assert sum(sensor["plots"] for sensor in status["sensors"]) > 100
    assert [r["reason"] for r in status["refused"]] != []  # the garbage was counted
    assert os.listdir(tmp_path / "cap")
    # nobody can read later who asked for which place
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"my-own-place" not in path.read_bytes(), path
    assert_told_over_mqtt(tmp_path, listener, ring, told)
    assert (tmp_path / "forewarn.sqlite").exists()


def assert_told_over_mqtt(
    folder: Path, listener: Subscriber, ring: KeyRing, told: list[dict[str, Any]]
) -> None:
    """The same steps, signs of life, and a siren that sounded by one of them."""
    by_topic: dict[str, list[bytes]] = {}
    for one in listener.heard:
        by_topic.setdefault(one.topic, []).append(one.body)
    root = "forewarn/exercise"
    trust = Trust("UDP", World.EXERCISE, lambda: ring)
    guard = SirenGuard(("s",), trust, folder / "siren.state")
    assert guard.hear(by_topic[f"{root}/sirens/all"][-1]) is not None
    assert guard.hear(by_topic[f"{root}/sirens/s"][-1]) is not None
    assert guard.sounding == "wail"
    life = by_topic[f"{root}/heartbeat"][0]
    assert ring.opened(World.EXERCISE, Matter.HEARTBEAT, life, time.time()) is not None
    assert by_topic[f"{root}/availability"][-1] == b"offline"
    states = [
        {k: v for k, v in json.loads(body).items() if k not in ("signature", "exercise")}
        for topic, bodies in by_topic.items()
        if topic.startswith(f"{root}/zones/")
        for body in bodies
    ]
    assert all(alert in states for alert in told)


async def feed_and_watch(folder: Path, address: str, udp: int) -> list[dict[str, Any]]:
    """Send garbage and the recording; what is heard until people take cover."""
    heard: list[dict[str, Any]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as garbage:
        for frame in (b"", b"\x30", b"\x30\x00\x05\xff\xff", bytes(range(256))):
            garbage.sendto(frame, ("127.0.0.1", udp))
    assert read_recording(folder / "recording").refused_count == 0
    sender = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "forewarn.sources.send_recording",
            str(folder / "recording"),
            f"--to=udp://127.0.0.1:{udp}",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        async with (
            httpx.AsyncClient(timeout=90) as client,
            client.stream("GET", f"{address}/api/public/v1/stream") as stream,
        ):
            async for line in stream.aiter_lines():
                if line.startswith("data:") and '"alerts"' in line:
                    heard += json.loads(line.removeprefix("data:"))["alerts"]
                told = any(alert["state"] == "take_cover" for alert in heard)
                if told or sender.poll() is not None:
                    break
        await asyncio.sleep(1.0)  # for the CAP files
    finally:
        sender.kill()
        sender.wait()
    return heard
