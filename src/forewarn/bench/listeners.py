"""Many subscribers of the public stream in one process: when each message reached each."""

import asyncio
import multiprocessing
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.web.serving import raise_file_limit

TOGETHER = 200  # connections opened at once
SMALL_BYTES = 4096  # what the system keeps for a reader that is going to stall
LANGUAGE = "uk"  # of who asks for one zone
_END = re.compile(rb"\r?\n\r?\n")
_ID = re.compile(rb"^id: ?(?:\w+-)?(\d+)", re.MULTILINE)


class Reader(asyncio.Protocol):
    """One subscriber: (number of the message, when its last byte came), in order.

    wish : of what it asks for, as the query has it
    """

    def __init__(self, wish: str = "") -> None:
        self._wish = wish
        self.heard: list[tuple[int, float]] = []
        self.greeted = asyncio.Event()
        self.lost = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        path = f"/api/public/v1/stream?{self._wish}"
        transport.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Note each whole message that has a number; the first is the state of now."""
        now_s = time.monotonic()
        *whole, self._rest = _END.split(self._rest + data)
        for message in whole:
            found = _ID.search(message)
            if found:
                self.greeted.set()
                self.heard.append((int(found.group(1)), now_s))

    def connection_lost(self, error: Exception | None) -> None:
        """It is over."""
        self.lost = True

    def arrivals(self, first: int, last: int) -> FloatArray:
        """When messages first .. last came; nan = never; all nan if out of order."""
        out = np.full(last - first + 1, np.nan)
        numbers = [number for number, _ in self.heard]
        if numbers != sorted(set(numbers)):
            return out
        for number, time_s in self.heard:
            if first <= number <= last:
                out[number - first] = time_s
        return out


class Crowd:
    """Steady readers, and shaky ones that stop to read when told to.

    zones : each asks for one of so many, z0 z1 ...; 0 = for all there are
    """

    def __init__(self, port: int, zones: int = 0) -> None:
        self._port = port
        self._zones = zones
        self._gate = asyncio.Semaphore(TOGETHER)
        self.steady: list[Reader] = []
        self.shaky: list[Reader] = []

    async def connect(self, steady: int, shaky: int) -> None:
        """Open so many; returns once each was told the state of now."""
        wishes = (self._wish(number) for number in range(steady))
        self.steady = await asyncio.gather(*(self._one(0, wish) for wish in wishes))
        self.shaky = await asyncio.gather(*(self._one(SMALL_BYTES) for _ in range(shaky)))

    def stall(self) -> None:
        """The shaky ones read no more."""
        for reader in self.shaky:
            reader.transport.pause_reading()

    async def come_back(self) -> int:
        """Connect the shaky ones anew; returns how many are told anything old first."""
        for reader in self.shaky:
            reader.transport.abort()
        newest = max(reader.heard[-1][0] for reader in self.steady)
        count = len(self.shaky)
        self.shaky = await asyncio.gather(*(self._one(SMALL_BYTES) for _ in range(count)))
        return sum(reader.heard[0][0] != newest for reader in self.shaky)

    def _wish(self, number: int) -> str:
        return f"zone=z{number % self._zones}&language={LANGUAGE}" if self._zones else ""

    async def _one(self, buffer_bytes: int, wish: str = "") -> Reader:
        async with self._gate:
            loop = asyncio.get_running_loop()
            ours = socket.socket()
            if buffer_bytes:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
            ours.setblocking(False)
            await loop.sock_connect(ours, ("127.0.0.1", self._port))
            _, reader = await loop.create_connection(lambda: Reader(wish), sock=ours)
            await reader.greeted.wait()
            return reader


@contextmanager
def apart(target: Callable[..., None], *args: Any) -> Iterator[Connection]:
    """A process of its own, and the line to it; stopped in the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *args), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
        process.join(10)
    finally:
        process.kill()
        process.join()


def read_on(
    pipe: Connection, port: int, steady: int, shaky: int = 0, zones: int = 0
) -> None:
    """Life of the process: subscribers of the server at `port`, and what `pipe` asks for.

    It says how many there are once each was told the state of now.

    ("stall",)             : shaky readers read no more
    ("back",)              : they come back; answers how many were told anything old
    ("heard", first, last) : answers (steady readers, messages): when each came to each
    ("end",)
    """
    raise_file_limit()
    asyncio.run(_read_on(pipe, Crowd(port, zones), steady, shaky))


async def _read_on(pipe: Connection, crowd: Crowd, steady: int, shaky: int) -> None:
    await crowd.connect(steady, shaky)
    pipe.send(steady + shaky)
    while True:
        match await asyncio.to_thread(pipe.recv):
            case ("stall",):
                crowd.stall()
                pipe.send(None)
            case ("back",):
                pipe.send(await crowd.come_back())
            case ("heard", int(first), int(last)):
                pipe.send(
                    np.array([reader.arrivals(first, last) for reader in crowd.steady])
                )
            case _:
                return
