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

from forewarn.files import read_recording, write_recording
from forewarn.signing import Matter, Signer, World, canonical, opened, verify
from forewarn.sim import raids
from forewarn.sim.raid_keys import Raid, RaidKeys, RegionKeys, SalvoKeys


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def site_text(sensors: str, udp: int, web: int) -> str:
    """A site around the sensors of a recording, each with a feed of its own."""
    head, *tables = sensors.split("[[sensor]]\n")
    assert head.strip() == "schema = 1"
    fed = "".join(
        f'[[sensor]]\nfeed = "udp://127.0.0.1:{udp}"\nsac = 1\nsic = {sic}\n{table}'
        for sic, table in enumerate(tables, start=1)
    )
    return (
        'schema = 1\n[site]\nname = "UDP"\nlanguages = ["en", "uk"]\n'
        "region = {lat_deg = 56.45, lon_deg = 9.4, radius_km = 12.0}\n"
        f'[web]\nport = {web}\n[[channel]]\nkind = "cap"\nexercise = true\n{fed}'
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


def core_of(service: int) -> int:
    """The process that decides, of a service's process."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    spawned = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    assert len(spawned) == 1
    return spawned[0]


def test_plots_over_udp_become_alerts_over_http_and_cap_files(tmp_path: Path) -> None:
    shipped = raids.load("rockets")
    salvo = SalvoKeys(56.4532, 9.4020, range_km=30.0, from_deg=100.0, count=3)
    small = Raid(
        RaidKeys("udp"), RegionKeys("k", 56.45, 9.4, 12.0), shipped.sensors, (salvo,)
    )
    made = raids.generate(small, 2, start_s=time.time())
    write_recording(tmp_path / "recording", made.sensors, made.batches)
    udp, web = free_port(socket.SOCK_DGRAM), free_port()
    site = tmp_path / "site.toml"
    site.write_text(
        site_text((tmp_path / "recording" / "sensors.toml").read_text(), udp, web)
    )
    address = f"http://127.0.0.1:{web}"
    command = ["-c", "from forewarn.app.command_line import app; app()", "run", str(site)]
    with (tmp_path / "log").open("w") as log:
        service = subprocess.Popen([sys.executable, *command], stdout=log, stderr=log)
    try:
        wait_for(address, "live", 60)
        told = asyncio.run(feed_and_watch(tmp_path, address, udp))
        heartbeat = httpx.get(f"{address}/api/public/v1/heartbeat").content
        os.kill(core_of(service.pid), signal.SIGSTOP)  # it hangs
        wait_for(address, "degraded", 30)
        wait_for(address, "live", 30)
        status = httpx.get(f"{address}/api/operators/v1/status").json()
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=20)
    seen = {alert["state"] for alert in told}
    assert "take_cover" in seen, (tmp_path / "log").read_text()
    key = Signer.from_file(tmp_path / "keys" / "exercise.key", World.EXERCISE).public
    for alert in told:
        signature = b64decode(alert.pop("signature"))
        assert verify(key, World.EXERCISE, Matter.ALERT, canonical(alert), signature)
    sign_of_life = opened(key, World.EXERCISE, Matter.HEARTBEAT, heartbeat)
    assert sign_of_life is not None
    assert sign_of_life["service"] == "live"
    assert sum(sensor["plots"] for sensor in status["sensors"]) > 100
    assert [r["reason"] for r in status["refused"]] != []  # the garbage was counted
    assert os.listdir(tmp_path / "cap")
    assert (tmp_path / "forewarn.sqlite").exists()


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
