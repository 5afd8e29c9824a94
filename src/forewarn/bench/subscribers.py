"""Thousands of subscribers of one process: when an alert has reached each of them, and
whether those who do not read hold up the others."""

import asyncio
import gc
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI

from forewarn.bench.listeners import apart, read_on
from forewarn.bench.result import Ask, Figure, Result
from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import Alert, AlertState
from forewarn.signing import alert_values
from forewarn.web.board import Board, Clock
from forewarn.web.health import health_routes
from forewarn.web.pages import web_application
from forewarn.web.picture import operators_zone
from forewarn.web.public import public_api
from forewarn.web.serving import STALLED_S, WebServer, listener, raise_file_limit, tidy
from forewarn.words import render

HEARTBEAT_S = 5.0
SPARE_FILES = 200  # of a process, besides its connections
ZONES = 3  # that each message warns
LANGUAGES = ("uk", "en")
WARNED = Alert(
    "0" * 16, 0, 0, "z", AlertState.TAKE_COVER, 1.7e9, 1.7e9 + 78, 1.7e9 + 81, 0.01, 1e-4,
    1200.0, "rocket", ("T1",), ("north",), "threat",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """How many read, of whom `shaky` stall in every second part of the time.

    messages  : in each part, one every `every_s`
    rounds    : of a calm part and a part with stalled readers: short ones, by turns, so
                that whatever else the machine does weighs on both alike
    stalled_s : after which the server lets a stalled reader go
    """

    readers: int = 9000
    shaky: int = 90
    messages: int = 8
    every_s: float = 0.6
    rounds: int = 8
    stalled_s: float = STALLED_S


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What came of it.

    calm, stalled  : (steady readers, messages) s from publishing to the last byte;
                     nan = never came, or not in order
    connected_s    : until every reader was told the state of now
    let_go, stale  : readers that the server let go when they stalled for good; readers
                     that came back and were told anything but the state of now
    memory_mb      : of the server, at most
    """

    calm: FloatArray
    stalled: FloatArray
    connected_s: float
    let_go: int
    stale: int
    memory_mb: float


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """9,000 subscribers on this machine, the server and all of them on its cores."""
    load = Load()
    told = run(load, progress)
    calm, stalled = (_typical_p99(part) for part in (told.calm, told.stalled))
    both = np.concatenate([told.calm, told.stalled], axis=1)
    last = np.nanmax(told.calm, axis=0)
    never = int(np.isnan(both).sum())
    return Result(
        "subscribers",
        f"{load.readers:,} SSE subscribers of one process, clients on the same machine",
        (
            Figure(
                "last byte, p99 of readers and messages", _p99(told.calm), "s", "<= 1.5"
            ),
            Figure("the last reader has it, p99 of messages", _p99(last), "s", "<= 1.5"),
            Figure("the same, median", float(np.median(last)), "s"),
            Figure("lost or out of order", never, "", "<= 0", note=f"of {both.size:,}"),
            Figure(
                "1 % stalled: others' p99 changes by",
                100.0 * (stalled / calm - 1.0),
                "%",
                "<= 5",
                note=f"of the median message: {calm:.3f} s, {stalled:.3f} s",
            ),
            Figure("1 % stalled: last byte, p99", _p99(told.stalled), "s", "<= 1.5"),
            Figure(
                "stalled readers let go",
                told.let_go / load.shaky,
                "",
                ">= 1",
                note=f"after {load.stalled_s:.0f} s",
            ),
            Figure("told anything old when they come back", told.stale, "", "<= 0"),
            Figure("all connect within", told.connected_s, "s"),
            Figure("memory of the server", told.memory_mb, "MB"),
        ),
    )


def run(load: Load, progress: Callable[[], None] = lambda: None) -> Told:
    """The server in one process, all readers in another; rounds of calm and stalled."""
    if raise_file_limit() < load.readers + SPARE_FILES:
        raise ConfigError(
            f"{load.readers:,} connections need as many open files; expected a limit "
            f"(ulimit -Hn) of at least {load.readers + SPARE_FILES:,}"
        )
    calm, stalled = [], []
    stale = 0
    with apart(_serve, load.stalled_s) as server:
        port = server.recv()
        begun = time.monotonic()
        with apart(read_on, port, load.readers - load.shaky, load.shaky) as readers:
            readers.recv()
            connected_s = time.monotonic() - begun
            progress()
            for turn in range(load.rounds):
                calm.append(_part(server, readers, load))
                _asked(readers, "stall")
                stalled.append(_part(server, readers, load))
                if turn == load.rounds - 1:
                    let_go = load.readers - _fewest(server, load)
                stale += _asked(readers, "back")
                progress()
            readers.send(("end",))
        memory_mb = _asked(server, "memory")
        server.send(("end",))
    return Told(
        np.concatenate(calm, axis=1),
        np.concatenate(stalled, axis=1),
        connected_s,
        let_go,
        stale,
        memory_mb,
    )


def _part(server: Connection, readers: Connection, load: Load) -> FloatArray:
    """Some messages: (steady readers, messages) s until each had each."""
    first, published_s = _asked(server, "publish", load.messages, load.every_s)
    time.sleep(1.0)  # for the last of them
    came_s = _asked(readers, "heard", first, first + load.messages - 1)
    return np.asarray(came_s - np.array(published_s))


def _fewest(server: Connection, load: Load) -> int:
    """Readers that are left once the server has let the stalled ones go, or should have."""
    limit_s = time.monotonic() + 2 * load.stalled_s
    while (count := int(_asked(server, "readers"))) > load.readers - load.shaky:
        if time.monotonic() > limit_s:
            break
        time.sleep(0.1)
    return count


def _asked(pipe: Connection, *words: Any) -> Any:
    pipe.send(words)
    return pipe.recv()


def _typical_p99(part: FloatArray) -> float:
    """p99 over readers of each message; the median over messages, for others' load."""
    return float(np.median(np.nanpercentile(part, 99, axis=0)))


def _p99(values: FloatArray) -> float:
    return float(np.nanpercentile(values, 99))


def _serve(pipe: Connection, stalled_s: float) -> None:
    """Life of the server: the application that `forewarn run` serves, over a board."""
    raise_file_limit()
    gc.disable()  # as the service does, see `tidy`
    asyncio.run(_answer(pipe, listener("127.0.0.1", 0, stalled_s)))


async def _answer(pipe: Connection, listening: socket.socket) -> None:
    board = Board("bench", LANGUAGES, False, Clock(time.monotonic))
    app = web_application(
        public_api(board, None),
        FastAPI(),  # nobody operates a bench
        health_routes(board, lambda: True),
    )
    server = WebServer(app)
    port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    beating = asyncio.create_task(_beat(board))
    while not server.started:
        await asyncio.sleep(0.01)
    pipe.send(port)
    while True:
        match await asyncio.to_thread(pipe.recv):
            case ("publish", int(count), float(every_s)):
                pipe.send(await _publish(board, count, every_s))
            case ("readers",):
                pipe.send(len(board.public))
            case ("memory",):
                pipe.send(_most_memory_mb())
            case _:
                break
    beating.cancel()
    board.public.close()
    server.should_exit = True
    await serving


async def _beat(board: Board) -> None:
    while True:
        board.beat()
        tidy(quiet=not board.alerts)
        await asyncio.sleep(HEARTBEAT_S)


def _most_memory_mb() -> float:
    """Of this process; getrusage would tell that of whoever started it, if it had more."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(row for row in lines if row.startswith("VmHWM:")).split()[1]) / 1024


async def _publish(board: Board, count: int, every_s: float) -> tuple[int, list[float]]:
    """So many scans that warn zones: number of the first, and when each was told."""
    first = board.seq + 1
    published_s = []
    for seq in range(first, first + count):
        published_s.append(time.monotonic())
        board.tell(_steps(seq), seq)
        await asyncio.sleep(max(0.0, published_s[-1] + every_s - time.monotonic()))
    return first, published_s


def _steps(seq: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """A scan that tells some zones to take cover, as the core hands it on."""
    steps = []
    for k in range(ZONES):
        alert = replace(WARNED, alert_id=f"{seq:014x}{k:02x}", seq=seq, zone_id=f"z{k}")
        texts = {language: render(alert, "Viborg", language) for language in LANGUAGES}
        told = alert_values(alert, texts) | {"signature": "s" * 88}
        steps.append((told, operators_zone(alert)))
    return steps
