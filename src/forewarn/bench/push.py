"""How many phones a second are pushed to, encrypting for each, on one core."""

import asyncio
import base64
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from forewarn.bench.result import Ask, Figure, Result
from forewarn.channels import Context
from forewarn.channels.web_push import WebPushChannel, WebPushKeys
from forewarn.records import Alert, AlertState, Key, Parcel
from forewarn.signing import Signer, World

PHONES = 3000
ROUNDS = 5
ZONE = "z"


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """One step to so many phones of one zone, at a push service on this machine."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    service = context.Process(target=_serve, args=(theirs,), daemon=True)
    service.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            wall_s, core_s = _rounds(Path(folder), ours.recv(), progress)
    finally:
        service.kill()
        service.join()
    return Result(
        "push",
        f"Web Push to {PHONES:,} phones, each message encrypted for its phone",
        (
            Figure(
                "phones a second, median round", PHONES / float(np.median(wall_s)), "/s"
            ),
            Figure("slowest round", PHONES / max(wall_s), "/s"),
            Figure(
                "work for one phone",
                1e3 * float(np.median(core_s)) / PHONES,
                "ms",
                note="of one core, encryption and request",
            ),
        ),
    )


def _rounds(
    folder: Path, port: int, progress: Callable[[], None]
) -> tuple[list[float], list[float]]:
    """Seconds, and seconds of a core, that each round took."""
    origin = f"http://127.0.0.1:{port}"
    arrived = threading.Event()

    def delivered(keys: list[Key]) -> None:
        arrived.set()

    keys = WebPushKeys(
        "mailto:bench@example.invalid",
        folder / "push.pem",
        folder / "push.sqlite",
        services=(origin,),
    )
    channel = WebPushChannel(keys, _site(delivered))
    for i in range(PHONES):
        channel.subscribe(f"{origin}/{i}", _phone_keys(), (ZONE,), "en")
    wall_s, core_s = [], []
    for step in range(ROUNDS):
        arrived.clear()
        begun_s, worked_s = time.perf_counter(), time.process_time()
        channel.offer([_parcel(step)])
        arrived.wait()
        wall_s.append(time.perf_counter() - begun_s)
        core_s.append(time.process_time() - worked_s)
        progress()
    channel.close()
    return wall_s, core_s


def _site(delivered: Callable[[list[Key]], None]) -> Context:
    return Context(
        site="bench",
        languages=("en",),
        time_zone="UTC",
        own_texts=None,
        exercise=False,
        zone_names={ZONE: {"": "Viborg"}},
        signer=Signer(Ed25519PrivateKey.generate(), World.LIVE),
        delivered=delivered,
    )


def _phone_keys() -> tuple[str, str]:
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    )
    p256dh, auth = (
        base64.urlsafe_b64encode(raw).decode().rstrip("=")
        for raw in (point, os.urandom(16))
    )
    return p256dh, auth


def _parcel(step: int) -> Parcel:
    now_s = time.time()
    alert = Alert(
        "bench", step, step + 1, ZONE, AlertState.TAKE_COVER, now_s, now_s + 60, now_s + 70,
        0.01, 1e-4, 1200.0, "rocket", (), (), "threat",
    )  # fmt: skip
    return Parcel(alert, {}, "Viborg", "")


class _Service(asyncio.Protocol):
    """Takes every push."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while b"\r\n\r\n" in self._rest:
            head, _, body = self._rest.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            if len(body) < length:
                return
            self._rest = body[length:]
            self._transport.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")


def _serve(pipe: Connection) -> None:
    async def take() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Service, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(take())
