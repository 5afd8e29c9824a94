"""Two radars, states in their axes, and a small salvo: what tests of tracks share."""

from dataclasses import replace

import numpy as np

from forewarn.atmosphere import standard_air
from forewarn.bench.ground import LAT, LON, RADAR, SOUTH, TURN
from forewarn.dynamics import drag_tables
from forewarn.geodesy import FloatArray, ecef_from_geographic
from forewarn.records import Tracks
from forewarn.sim.raids import Generated, Raid, RaidKeys, RegionKeys, SalvoKeys, generate
from forewarn.track import Tracker

AIR, DRAG = standard_air(), drag_tables()


def state(enu_m: tuple[float, ...], enu_mps: tuple[float, ...]) -> FloatArray:
    here = np.array(ecef_from_geographic(LAT, LON, 0.0))
    return np.array([*(here + np.array(enu_m) @ TURN), *(np.array(enu_mps) @ TURN), 8.5])


def salvo(count: int = 3, clutter: float = 20.0, ripple_s: float = 2.0) -> Generated:
    sensors = tuple(
        replace(s, clutter_per_scan=clutter, simulated=True) for s in (RADAR, SOUTH)
    )
    aim = SalvoKeys(56.1, 9.3, range_km=40.0, from_deg=80.0, count=count, ripple_s=ripple_s)
    raid = Raid(RaidKeys("test"), RegionKeys("x", 56.0, 9.0, 50.0), sensors, (aim,))
    return generate(raid, 5)


def follow(drawn: Generated, tracker: Tracker, until: int | None = None) -> list[Tracks]:
    return [
        tracker.step(replace(batch, seq=seq))
        for seq, batch in enumerate(drawn.batches[:until], start=1)
    ]
