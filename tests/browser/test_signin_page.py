"""The page to sign in with, in a real browser with a passkey of a virtual device."""

import asyncio
import json
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from browser.test_map import ROOT, STATIC, browser
from forewarn.web.orders.order import holds
from stations import Station


@pytest.mark.browser
def test_a_passkey_is_made_signs_in_and_signs_a_draft(tmp_path: Path) -> None:
    path = browser()
    if not (STATIC / "signin.html").exists():
        pytest.fail("the pages are not built: run `make setup`")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    station: list[Station] = []
    server: list[uvicorn.Server] = []

    async def serve() -> None:
        station.append(Station(tmp_path))
        config = uvicorn.Config(
            station[0].app, host="localhost", port=port, log_level="error", lifespan="off"
        )
        server.append(uvicorn.Server(config))
        await server[0].serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    while not (server and server[0].started):
        assert thread.is_alive()
        time.sleep(0.02)
    token = station[0].invite("ann", "operator")
    seen = subprocess.run(
        [
            "node",
            "tests/signin.mjs",
            f"http://localhost:{port}",
            token,
            str(tmp_path),
            path,
        ],
        cwd=ROOT / "frontend",
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    server[0].should_exit = True
    server[0].force_exit = True  # the console's stream is open
    thread.join(10)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    result = json.loads(seen.stdout.splitlines()[-1])
    assert result["faults"] == []
    assert result["invited"].startswith("For ann alone")
    assert result["cookieSeen"] == ""  # no script can read the session
    assert result["state"] == "waiting"
    assert result["documented"] > 20  # the document's page draws without inline script
    (draft,) = station[0].control.desk.drafts.values()
    assert holds(draft.order, draft.signed[0], "localhost")
    assert station[0].commands == []
