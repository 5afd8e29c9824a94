"""Every compiled kernel has a twin: the same lines, run by Python and NumPy alone."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.crowd import crowd
from forewarn.records import Tracks
from forewarn.track import Tracker, TrackParams

TARGETS, SCANS = 25, 8
COLUMNS = ("track_id", "mean", "cov", "mode_weight", "class_prob", "existence", "hits")
TOLD = """
import sys
import numpy as np
sys.path.insert(0, {here!r})
from test_twins import COLUMNS, followed
tracks = followed()
np.savez({out!r}, **{{name: getattr(tracks, name) for name in COLUMNS}})
"""


def followed() -> Tracks:
    """A small crowd, led from its first plots to tracks that count."""
    sensor, batches = crowd(TARGETS, SCANS)
    tracker = Tracker((sensor,), standard_air(), TrackParams())
    for batch in batches:
        tracks = tracker.step(batch)
    return tracks


def test_kernels_and_their_plain_twins_agree(tmp_path: Path) -> None:
    out = tmp_path / "plain.npz"
    script = TOLD.format(here=str(Path(__file__).parent), out=str(out))
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=300)
    compiled = followed()
    assert len(compiled.track_id) >= TARGETS
    with np.load(out) as plain:
        for name in COLUMNS:
            np.testing.assert_allclose(
                getattr(compiled, name), plain[name], rtol=1e-6, atol=1e-6, err_msg=name
            )
