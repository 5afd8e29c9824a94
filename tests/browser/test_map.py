"""The real demo in a real browser: a zone turns red, later clears, nothing from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from servers import free_port

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "src" / "forewarn" / "web" / "static"


def browser() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    found = found or shutil.which("google-chrome")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: `make test` installs it")
        pytest.skip("no Chromium on this machine: `make test` installs it")
    return found


@pytest.mark.browser
def test_a_zone_turns_red_and_clears_in_a_browser(tmp_path: Path) -> None:
    path = browser()
    if not (STATIC / "console.html").exists():
        pytest.fail("the pages are not built: run `make setup`")
    port = free_port()
    with (tmp_path / "demo.log").open("w") as log:
        demo = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from forewarn.app.command_line import app; app()",
                "demo",
                "--no-open",
                f"--port={port}",
                "--speed=4",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        seen = subprocess.run(
            [
                "node",
                "tests/browser.mjs",
                f"http://127.0.0.1:{port}",
                str(tmp_path),
                "100",
                path,
            ],
            cwd=ROOT / "frontend",
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=20)
    told = (tmp_path / "demo.log").read_text()
    assert seen.returncode == 0, seen.stdout + seen.stderr + told
    result = json.loads(seen.stdout.splitlines()[-1])
    assert result["faults"] == []
    assert result["first"].startswith(("starting", "all parts run"))
    for name in ("map", "public", "phone", "cleared"):
        assert (tmp_path / f"{name}.png").stat().st_size > 20_000
    if os.environ.get("FOREWARN_PICTURES"):
        images = ROOT / "docs" / "images"
        images.mkdir(parents=True, exist_ok=True)
        for name in ("map", "public", "phone"):
            shutil.copy(tmp_path / f"{name}.png", images / f"{name}.png")
