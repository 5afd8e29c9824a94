"""After the rehearsal nothing is left to compile: the first scan of a raid is no slower.
After `forewarn prepare` neither is anything of a study, or of a simulated defence.
"""

import subprocess
import sys

import pytest

COMPILED = """
import sys
from forewarn.sim import raids

def compiled(simulated):
    found = {}
    for name, module in list(sys.modules.items()):
        inside = name.startswith("forewarn.sim")
        if name.startswith("forewarn.") and inside == simulated:
            for value in vars(module).values():
                if hasattr(value, "signatures") and hasattr(value, "py_func"):
                    found[value.py_func.__qualname__] = len(value.signatures)
    return found

def tell(before, after):
    print("left:", sorted(name for name, n in after.items() if n > before.get(name, 0)))
"""
CHAIN = """
from forewarn.app.rehearsal import rehearse
from forewarn.bench import microphones, witnesses
from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.bench.following import follow
from forewarn.bench.registration import biased
from forewarn.bench.scenes import own_scene

for _ in rehearse():
    pass
raid = raids.load("rockets")
drawn = raids.generate(raid, 1)
chain = default_chain(drawn.sensors, region_zones(raid))
before = compiled(simulated=False)
for event in list(numbered(drawn))[:150]:
    chain.step(event)
follow(biased(own_scene("rockets", seed=1, rockets=5))[0])
microphones.follow_heard(microphones.hear(1))
witnesses.follow_told(witnesses.tell(1))
tell(before, compiled(simulated=False))
"""
STUDY = """
from pathlib import Path
from forewarn.app.demo_defence import DOCTRINE, invented
from forewarn.app.prepare import prepare
from forewarn.bench.defended import defended
from forewarn.bench.drawing import region_zones
from forewarn.sim.studies.parts import Part, play_part
from forewarn.sim.studies.reading import read_study

prepare()
before = compiled(simulated=True)
for name in ("two_layers", "year"):
    play_part((read_study(Path(name)).scenario,), Part(0, 0, 2))
raid = raids.load("volley")
flown = defended(raid, 1, region_zones(raid), invented(raid.region), DOCTRINE).flown
assert flown.books().stopped
tell(before, compiled(simulated=True))
"""


@pytest.mark.parametrize("work", [CHAIN, STUDY], ids=["chain", "study"])
def test_nothing_is_left_to_compile(work: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", COMPILED + work], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "left: []"
