"""Figure: from a plot received to its alerts signed and on record, under load.

Events are taken one after the other at the times they arrive, as the core does: one that
comes while another is worked on waits for it, and that wait counts.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.bench.result import Ask, Figure, Result
from forewarn.records import Outcome, PlotBatch
from forewarn.signing import Matter, Signer, World, alert_values, canonical
from forewarn.sim import raids
from forewarn.stores import sqlite_store
from forewarn.words import render

USUAL = "load"


class Record:
    """What the core does with an outcome: texts, signatures, alerts on record."""

    def __init__(self, folder: Path, names: dict[str, str]) -> None:
        self.store = sqlite_store(folder / "bench.sqlite", ("cap",))
        self._names = names
        self._signer = Signer.from_file(folder / "exercise.key", World.EXERCISE)

    def take(self, outcome: Outcome) -> None:
        """Put its alerts on record, and sign them."""
        alerts = outcome.alerts
        texts = {a.zone_id: {"en": render(a, self._names[a.zone_id], "en")} for a in alerts}
        self.store.record([outcome], texts)
        for alert in alerts:
            body = canonical(alert_values(alert, texts[alert.zone_id]))
            self._signer.sign(Matter.ALERT, body)


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """Each event of a raid: journalled, acted on, its alerts signed and on record."""
    name = USUAL if ask.raid == Ask().raid else ask.raid
    raid = raids.load(name)
    zones = region_zones(raid)
    drawn = raids.generate(raid, seed=1)
    pipeline = default_chain(drawn.sensors, zones)
    waits, works, plots, steps, most = [], [], 0, 0, 0
    free_s = 0.0  # in the raid's time: when the core is done with what came before
    with tempfile.TemporaryDirectory() as folder:
        record = Record(Path(folder), dict(zip(zones.zone_id, zones.name, strict=True)))
        for event in numbered(drawn):
            before = time.perf_counter()
            record.store.append([event])
            outcome = pipeline.step(event)
            record.take(outcome)
            passed = time.perf_counter() - before
            free_s = max(free_s, event.received_s) + passed
            steps += len(outcome.alerts)
            if isinstance(event, PlotBatch):
                works.append(passed)
                waits.append(free_s - event.received_s)
                plots += len(event.time_s)
                most = max(most, int(outcome.tracks.confirmed.sum()))
            progress()
        record.store.close()
    ms, work_ms = 1e3 * np.array(waits), 1e3 * np.array(works)
    return Result(
        "chain" if name == USUAL else f"chain_{name}",
        f"Plot received to alert signed and on record: {raid.raid.description}",
        (
            Figure("p50", float(np.percentile(ms, 50)), "ms"),
            Figure("p99", float(np.percentile(ms, 99)), "ms", "<= 250"),
            Figure("longest", float(ms.max()), "ms", "<= 2000"),
            Figure("p99 of the work alone", float(np.percentile(work_ms, 99)), "ms"),
            Figure("scans", float(len(ms)), note=f"{plots:,} plots, {steps:,} alert steps"),
            Figure("most tracks at once", float(most)),
        ),
    )
