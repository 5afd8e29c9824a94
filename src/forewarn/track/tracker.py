"""The stage: from plots to tracks.

A Poisson multi-Bernoulli filter: every track has a probability of existing, plots are
shared out among tracks by belief propagation, and what nobody takes may be something new.
Source: Williams, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and
association-based MeMBer", IEEE Transactions on Aerospace and Electronic Systems 51(3),
2015.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.association import MOST_LOG, odds, share_out
from forewarn.atmosphere import with_wind
from forewarn.dynamics import drag_table
from forewarn.errors import PlotError
from forewarn.geodesy import FloatArray
from forewarn.records import Event, PlotBatch, Sensor, Tracks, Weather
from forewarn.track import table as tables
from forewarn.track.nursery import Nursery
from forewarn.track.params import TrackParams
from forewarn.track.scan import Scan, read_scan
from forewarn.track.steps import (
    Air,
    Pairs,
    absorb,
    chance_seen,
    look_ahead,
    note,
    pair,
)
from forewarn.track.table import Table
from forewarn.track.taking import down

RECORDED = (
    "track_id",
    "time_s",
    "mean",
    "cov",
    "weight",
    "prob",
    "log_odds",
    "hits",
    "trusted_hits",
    "confirmed",
    "group_mask",
    "first_s",
    "identity",
)


class Tracker:
    """Follows every target. Same plots in the same order, same tracks to the last bit."""

    def __init__(
        self, sensors: Sequence[Sensor], air: FloatArray, params: TrackParams
    ) -> None:
        self._sensors = {sensor.sensor_id: sensor for sensor in sensors}
        heights = [s.height_m for s in sensors if np.isfinite(s.height_m)]
        self._ground_m = min(heights, default=0.0) - params.below_m
        self._groups = tuple(sorted({sensor.group for sensor in sensors}))
        self._calm = air
        self._world = Air(air, drag_table())
        self._params = params
        self._table = tables.empty()
        self._nursery = Nursery(params)
        self.late_plots = 0

    def step(self, event: Event) -> Tracks:
        """Tracks as known after this event."""
        if isinstance(event, Weather):
            air = with_wind(self._calm, event.height_m, event.wind_mps)
            self._world = self._world._replace(air=air)
        if isinstance(event, PlotBatch):
            self._take(event)
        self._end(event.received_s)
        return self._record(event.received_s)

    def _take(self, batch: PlotBatch) -> None:
        sensor = self._sensors.get(batch.sensor_id)
        if sensor is None:
            known = ", ".join(sorted(self._sensors))
            raise PlotError(
                f"sensor {batch.sensor_id!r} is unknown, expected one of {known}"
            )
        newest_s = float(self._table["time_s"].max(initial=-np.inf))
        keep = np.asarray(batch.time_s > newest_s - self._params.lag_s)
        self.late_plots += int((~keep).sum())
        scan = read_scan(batch, sensor, keep)
        when_s = float(scan.time_s.max()) if len(scan.time_s) else batch.received_s
        bit = 1 << self._groups.index(sensor.group)
        t, nursery, world = self._table, self._nursery, self._world
        ahead = look_ahead(t, when_s, world)
        pairs, hit = pair(ahead, t, when_s, scan), chance_seen(ahead, batch, sensor)
        ahead_young = look_ahead(nursery.table, when_s, world)
        pairs_young = pair(ahead_young, nursery.table, when_s, scan)
        hit_young = chance_seen(ahead_young, batch, sensor)
        share, missed, free, log_free = self._share(
            scan, pairs, hit, pairs_young, hit_young
        )
        self._believe(t, hit, missed)
        taken = absorb(t, ahead, pairs, share, missed, when_s, scan, world)
        note(t, taken, scan, sensor, bit, self._params)
        nursery.grow(
            scan, sensor, bit, ahead_young, pairs_young, log_free, hit_young, when_s, world
        )
        nursery.begin(scan, free, sensor, bit)
        self._table = tables.join(t, nursery.choose())
        nursery.keep(scan, free, sensor, bit, batch.received_s)

    def _share(
        self,
        scan: Scan,
        pairs: Pairs,
        hit: FloatArray,
        pairs_young: Pairs,
        hit_young: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Share plots out among tracks and young leaders; rivals get what these leave.

        returns : share (p,) and missed (n,) of tracks, free (m,) of each plot, and for each
                  pair of a young track the log chance that no other has its plot
        """
        p, young = len(pairs.plot), self._nursery
        weight = np.empty(p + len(pairs_young.plot))
        leading = np.where(young.leads, young.table["log_odds"], -MOST_LOG)
        both = (
            (pairs, self._table["log_odds"], hit, weight[:p]),
            (pairs_young, leading, hit_young, weight[p:]),
        )
        for some, log_odds, chance, out in both:
            odds(some.start, some.plot, some.log_l, scan.log_clutter, log_odds, chance, out)
        share, missed, free, spare = share_out(
            np.concatenate([pairs.start, pairs_young.start[1:] + p]),
            np.concatenate([pairs.plot, pairs_young.plot]),
            weight,
            len(scan.time_s),
        )
        log_free = np.log(np.maximum(spare[p:], 1e-12))
        return share[:p], missed[: len(hit)], free, log_free

    def _believe(self, t: Table, hit: FloatArray, missed: FloatArray) -> None:
        """Existence after the scan: who was seen exists; who was missed may not."""
        r = 1.0 / (1.0 + np.exp(-t["log_odds"]))
        still = r * (1.0 - hit) / (1.0 - r * hit)
        now = np.clip(1.0 - missed + missed * still, 1e-9, 1.0 - 1e-9)
        most = self._params.most_log_odds
        t["log_odds"][:] = np.clip(np.log(now / (1.0 - now)), -most, most)

    def _end(self, now_s: float) -> None:
        """Drop what is no longer believed, coasted too long, or lies below the ground."""
        t, p = self._table, self._params
        coast_s = np.maximum(p.coast_s, p.coast_scans * t["scan_s"])
        keep = (t["log_odds"] > p.drop_log_odds) & (now_s - t["time_s"] < coast_s)
        keep &= ~down(t["mean"], t["cov"], t["weight"], t["time_s"], now_s, self._ground_m)
        if not keep.all():
            self._table = tables.select(t, keep)
        self._nursery.end(now_s)

    def _record(self, now_s: float) -> Tracks:
        t, y = self._table, self._nursery.table
        lead = np.flatnonzero(self._nursery.leads)
        whole = {
            name: np.concatenate([t[name], y[name][lead]]) if len(lead) else t[name].copy()
            for name in RECORDED
        }
        order = np.argsort(whole["track_id"], kind="stable")
        if (order[1:] < order[:-1]).any():
            whole = {name: column[order] for name, column in whole.items()}
        log_odds = np.clip(whole["log_odds"], -MOST_LOG, MOST_LOG)
        enough = whole["trusted_hits"] >= self._params.confirm_hits
        return Tracks(
            received_s=now_s,
            track_id=whole["track_id"],
            time_s=whole["time_s"],
            mean=whole["mean"],
            cov=whole["cov"],
            mode_weight=whole["weight"],
            class_prob=whole["prob"],
            existence=1.0 / (1.0 + np.exp(-log_odds)),
            confirmed=whole["confirmed"],
            trusted=whole["confirmed"] & enough,
            group_mask=whole["group_mask"],
            first_s=whole["first_s"],
            hits=whole["hits"],
            identity=tuple(whole["identity"].tolist()),
            group_names=self._groups,
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            **self._table,
            **self._nursery.memory(),
            "air": self._world.air,
            "late_plots": np.array(self.late_plots),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._table = {name: memory[name].copy() for name in tables.COLUMNS}
        self._nursery.restore(memory)
        self._world = self._world._replace(air=memory["air"].copy())
        self.late_plots = int(memory["late_plots"])
