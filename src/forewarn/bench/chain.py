"""Figure: from a scan to its alerts on record, under load."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.bench.result import Ask, Figure, Result
from forewarn.records import PlotBatch
from forewarn.sim import raids
from forewarn.stores import sqlite_store
from forewarn.words import render


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each scan of the load raid: journalled, acted on, alerts with texts on record."""
    raid = raids.load("load")
    zones = region_zones(raid)
    names = dict(zip(zones.zone_id, zones.name, strict=True))
    drawn = raids.generate(raid, seed=1)
    pipeline = default_chain(drawn.sensors, zones)
    took, plots, steps, most = [], 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        store = sqlite_store(Path(folder) / "bench.sqlite", ("cap",))
        for event in numbered(drawn):
            before = time.perf_counter()
            store.append([event])
            outcome = pipeline.step(event)
            texts = {
                a.zone_id: {"en": render(a, names[a.zone_id], "en")} for a in outcome.alerts
            }
            store.record([outcome], texts)
            passed = time.perf_counter() - before
            steps += len(outcome.alerts)
            if isinstance(event, PlotBatch):
                took.append(passed)
                plots += len(event.time_s)
                most = max(most, int(outcome.tracks.confirmed.sum()))
            progress()
        store.close()
    ms = 1e3 * np.array(took)
    return Result(
        "chain",
        "Scan to alerts on record: 200 rockets, 10 drones, 2 radars, 100 false plots each",
        (
            Figure("p50", float(np.percentile(ms, 50)), "ms"),
            Figure("p99", float(np.percentile(ms, 99)), "ms", "<= 250"),
            Figure("longest", float(ms.max()), "ms"),
            Figure("scans", float(len(ms)), note=f"{plots:,} plots, {steps:,} alert steps"),
            Figure("most tracks at once", float(most)),
        ),
    )
