"""After the rehearsal nothing is left to compile: the first scan of a raid is no slower."""

import subprocess
import sys

COUNT = """
import sys
from forewarn.app.rehearsal import rehearse
from forewarn.bench import microphones, witnesses
from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.sim import raids

def compiled():
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("forewarn.") and not name.startswith("forewarn.sim"):
            for value in vars(module).values():
                if hasattr(value, "signatures") and hasattr(value, "py_func"):
                    found[value.py_func.__qualname__] = len(value.signatures)
    return found

for _ in rehearse():
    pass
raid = raids.load("rockets")
drawn = raids.generate(raid, 1)
chain = default_chain(drawn.sensors, region_zones(raid))
before = compiled()
for event in list(numbered(drawn))[:150]:
    chain.step(event)
microphones.follow_heard(microphones.hear(1))
witnesses.follow_told(witnesses.tell(1))
more = [name for name, count in compiled().items() if count > before.get(name, 0)]
print("left:", sorted(more))
"""


def test_nothing_is_left_to_compile() -> None:
    told = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "left: []"
