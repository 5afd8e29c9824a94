"""What the shell has loaded by the time at which it says that it starts."""

import json
import subprocess
import sys
from pathlib import Path

from servers import free_port

SITE = """schema = 1
[site]
name = "Testland"
region = {{lat_deg = 56.45, lon_deg = 9.4, radius_km = 12.0}}
[web]
port = {port}
"""
SERVE = """
import asyncio, gc, json, sys
from pathlib import Path
from forewarn.app.core_process import begin
begin()
from forewarn.app.service import Plan, Service
from forewarn.files import read_site
from forewarn.web.board import Clock

def look(board):
    full = gc.get_stats()[2]["collections"]
    print(json.dumps([full, sorted(sys.modules)]))
    return True

site = read_site(Path(sys.argv[1]))
asyncio.run(Service(Plan(site, (), (), Clock(lambda: 0.0), look)).run())
"""
# what only the core needs, or a command that counts and draws
LATER = {
    "scipy.interpolate",
    "forewarn.app.core",
    "forewarn.app.rehearsal",
    "forewarn.score",
}


def test_a_shell_that_says_it_starts_has_loaded_no_more_than_that_takes(
    tmp_path: Path,
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(SITE.format(port=free_port()), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(site)], capture_output=True, check=True
    )
    full_collections, modules = json.loads(done.stdout)
    assert not LATER.intersection(modules)
    assert full_collections == 0  # each would take a tenth of a second of the start
