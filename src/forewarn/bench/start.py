"""How soon after its command the demo shows a page, a live service, a first track; and how
soon it says that it is starting where no kernel was ever compiled."""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from forewarn.bench.result import Ask, Figure, Result
from forewarn.errors import ForewarnError

LONGEST_S = 60.0
STARTS = 5
COMMAND = "from forewarn.app.command_line import app; app()"


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Start `forewarn demo` and ask its page until the map lives, `STARTS` times over."""
    starts, cold = [], []
    for _ in range(STARTS):
        starts.append(_one_start("track"))
        progress()
        with tempfile.TemporaryDirectory() as empty:
            cold.append(_one_start("page", NUMBA_CACHE_DIR=empty)["page"])
        progress()
    page, live, track = (
        [start[key] for start in starts] for key in ("page", "live", "track")
    )
    return Result(
        "start",
        f"Command to living map, the longest of {STARTS} starts",
        (
            Figure("page answers", max(page), "s", "<= 3", note=_median(page)),
            Figure("service is live", max(live), "s", "<= 2", note=_median(live)),
            Figure("first track on the map", max(track), "s", "<= 10", note=_median(track)),
            Figure(
                "nothing compiled: says that it starts",
                max(cold),
                "s",
                "<= 1",
                note=_median(cold),
            ),
        ),
    )


def _median(values: list[float]) -> str:
    return f"median {statistics.median(values):.1f} s"


def _one_start(until: str, **environment: str) -> dict[str, float]:
    """Seconds until it shows a page, is live, shows a track; stopped after one of them."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}/api/operators/v1"
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "demo", "--no-open", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    seen: dict[str, float] = {}
    try:
        while until not in seen:
            passed = time.monotonic() - begun
            if passed > LONGEST_S or process.poll() is not None:
                raise ForewarnError(f"the demo shows no {until} after {passed:.0f} s")
            for key in _shown(address):
                seen.setdefault(key, passed)
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(LONGEST_S)  # who compiles hears nothing meanwhile
    return seen


def _shown(address: str) -> list[str]:
    """What there is by now, of page, live, track."""
    try:
        status, picture = _get(f"{address}/status"), _get(f"{address}/picture")
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return []
    live = ["live"] if status["service"] == "live" else []
    return ["page", *live, *(["track"] if picture["tracks"]["set"] else [])]


def _get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=2) as answer:
        return json.load(answer)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
