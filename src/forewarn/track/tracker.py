"""The stage: from plots to tracks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.association import assign
from forewarn.atmosphere import with_wind
from forewarn.dynamics import drag_table
from forewarn.errors import PlotError
from forewarn.gate import in_cover, near_pairs
from forewarn.geodesy import FloatArray, enu_from_ecef
from forewarn.motion import predict_all
from forewarn.records import (
    BoolArray,
    Event,
    IntArray,
    PlotBatch,
    Sensor,
    SensorKind,
    Tracks,
    Weather,
)
from forewarn.track import table as tables
from forewarn.track.classify import classify
from forewarn.track.kernels import (
    blend,
    plot_covariances,
    speed_sigma,
    start_pairs,
    take_plots,
)
from forewarn.track.pairs import score_pairs
from forewarn.track.params import TrackParams
from forewarn.track.scan import Scan, read_scan

_SEEDS = {"time_s": (), "point": (3,), "cov": (3, 3), "span_s": ()}


class Tracker:
    """Follows every target. Same plots in the same order, same tracks to the last bit."""

    def __init__(
        self, sensors: Sequence[Sensor], air: FloatArray, params: TrackParams
    ) -> None:
        self._sensors = {sensor.sensor_id: sensor for sensor in sensors}
        self._groups = tuple(sorted({sensor.group for sensor in sensors}))
        self._air = air
        self._calm = air
        self._drag = drag_table()
        self._params = params
        self._table = tables.empty()
        # plots that no track took, each a start of something new
        self._seeds: dict[str, FloatArray] = {
            name: np.zeros((0, *shape)) for name, shape in _SEEDS.items()
        }
        self.late_plots = 0

    def step(self, event: Event) -> Tracks:
        """Tracks as known after this event."""
        if isinstance(event, Weather):
            self._air = with_wind(self._calm, event.height_m, event.wind_mps)
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
        taken, looked = self._associate(scan, batch, sensor)
        self._update(scan, batch, sensor, taken, keep)
        self._miss(sensor, looked & (taken < 0))
        free = np.ones(len(scan.time_s), bool)
        free[taken[taken >= 0]] = False
        self._start(scan, free, batch, sensor, np.flatnonzero(keep))

    def _associate(
        self, scan: Scan, batch: PlotBatch, sensor: Sensor
    ) -> tuple[IntArray, BoolArray]:
        """Plot of each track (-1 = none), and which tracks this scan looked at."""
        t = self._table
        n = len(t["track_id"])
        if not n:
            return np.zeros(0, np.int64), np.zeros(0, bool)
        when_s = float(np.median(scan.time_s)) if len(scan.time_s) else batch.received_s
        mean, cov, weight = t["mean"].copy(), t["cov"].copy(), t["weight"].copy()
        predict_all(
            mean, cov, weight, np.maximum(when_s - t["time_s"], 0.0), self._air, self._drag
        )
        at_s = np.maximum(t["time_s"], when_s)
        looked = self._looked_at(blend(mean, weight), batch, sensor)
        tracks, plots = near_pairs(mean, cov, at_s, scan.time_s, scan.point, scan.noise_m)
        inside, log_l = score_pairs(
            tracks,
            plots,
            mean,
            cov,
            weight,
            at_s,
            scan.time_s,
            scan.z,
            scan.sigma,
            scan.origin,
            scan.turn,
            scan.own_place,
        )
        tracks, plots, log_l = tracks[inside], plots[inside], log_l[inside]
        # what a plot adds to the belief in a track, above its being clutter or new
        gain = log_l - _log_clutter(sensor) + np.log(sensor.detection_probability)
        gain -= np.log1p(-min(sensor.detection_probability, 0.99))
        # a track proven by many plots outbids one that only might be
        sure = np.minimum(t["log_odds"], 0.0)[tracks]
        taken = assign(tracks, plots, gain + sure, (n, len(scan.time_s)))
        best = np.full(n, -np.inf)
        for_taken = taken[tracks] == plots
        best[tracks[for_taken]] = gain[for_taken]
        t["log_odds"] = np.where(
            taken >= 0,
            np.minimum(
                t["log_odds"] + np.clip(best, -2.0, 6.0), self._params.most_log_odds
            ),
            t["log_odds"],
        )
        return taken, looked

    def _looked_at(self, state: FloatArray, batch: PlotBatch, sensor: Sensor) -> BoolArray:
        if sensor.kind is SensorKind.POSITION or not np.isfinite(sensor.lat_rad):
            return np.zeros(len(state), bool)  # silence of a reporter says nothing
        return in_cover(
            np.ascontiguousarray(state[:, :3]),
            sensor.origin_ecef_m,
            enu_from_ecef(sensor.lat_rad, sensor.lon_rad),
            np.array(
                [
                    sensor.range_min_m,
                    sensor.range_max_m,
                    sensor.elevation_min_rad,
                    sensor.elevation_max_rad,
                ]
            ),
            np.array(batch.sector_rad),
        )

    def _update(
        self, scan: Scan, batch: PlotBatch, sensor: Sensor, taken: IntArray, keep: BoolArray
    ) -> None:
        t = self._table
        rows = np.flatnonzero(taken >= 0)
        if not len(rows):
            return
        plots = taken[rows]
        before_s = t["time_s"].copy()
        take_plots(
            rows,
            plots,
            t["mean"],
            t["cov"],
            t["weight"],
            t["time_s"],
            scan.time_s,
            scan.z,
            scan.sigma,
            scan.origin,
            scan.turn,
            scan.own_place,
            self._air,
            self._drag,
        )
        t["hits"][rows] += 1
        t["trusted_hits"][rows] += int(sensor.trusted)
        t["group_mask"][rows] |= 1 << self._groups.index(sensor.group)
        t["scan_s"][rows] = np.fmax(t["scan_s"][rows], sensor.scan_s)
        self._identify(batch, sensor, rows, np.flatnonzero(keep)[plots])
        state = blend(t["mean"], t["weight"])
        vague_mps = speed_sigma(t["cov"], t["weight"])
        classify(
            state,
            t["weight"],
            vague_mps,
            t["fastest_mps"],
            t["highest_m"],
            t["level_s"],
            t["time_s"] - before_s,
            t["identified"],
            rows,
            t["prob"],
            t["looks"],
        )
        p = self._params
        speed = np.linalg.norm(state[:, 3:6], axis=1)
        # nothing that flies this fast is traffic, and seconds count; of the rest it must
        # first be seen what it is
        fast = speed - vague_mps > p.fast_mps
        settled = (t["looks"] >= p.looks_slow) & (t["time_s"] - t["first_s"] >= p.settle_s)
        clear = settled | (fast & (t["looks"] >= p.looks_fast))
        t["confirmed"] |= clear & self._sure()

    def _sure(self) -> BoolArray:
        """Which tracks are of something: what it is may still be open."""
        t, p = self._table, self._params
        return np.asarray(
            (t["hits"] >= p.confirm_hits) & (t["log_odds"] >= p.confirm_log_odds)
        )

    def _identify(
        self, batch: PlotBatch, sensor: Sensor, rows: IntArray, plots: IntArray
    ) -> None:
        if sensor.reports != "traffic" or sensor.kind is not SensorKind.POSITION:
            return
        names = np.array(batch.identity, dtype="U16")[plots]
        self._table["identity"][rows] = names
        self._table["identified"][rows] = (names != "").astype(np.float64)

    def _miss(self, sensor: Sensor, missed: BoolArray) -> None:
        self._table["log_odds"][missed] += np.log1p(
            -min(sensor.detection_probability, 0.95)
        )

    def _start(
        self, scan: Scan, free: BoolArray, batch: PlotBatch, sensor: Sensor, rows: IntArray
    ) -> None:
        """Pair plots that nobody took with earlier ones, and keep them for later."""
        p = self._params
        free = free & np.isfinite(scan.point[:, 0])
        z, sigma, turn = scan.z[free], scan.sigma[free], scan.turn[free]
        plot, mean, cov = start_pairs(
            self._seeds["time_s"],
            self._seeds["point"],
            self._seeds["cov"],
            self._seeds["span_s"],
            scan.time_s[free],
            scan.point[free],
            z,
            sigma,
            turn,
            scan.own_place,
            np.array([p.start_speed_mps, p.start_span_s, p.ln_beta_mean, p.ln_beta_sigma]),
            p.start_pairs,
        )
        if len(plot):
            born = self._born(plot, mean, cov, scan.time_s[free], sensor)
            # numbered by event and pair: the same in every replay
            born["track_id"] = (batch.seq << 16) + np.arange(len(plot))
            self._table = tables.join(self._table, born)
        span_s = 1.6 * sensor.scan_s if np.isfinite(sensor.scan_s) else p.start_span_s
        new = {
            "time_s": scan.time_s[free],
            "point": scan.point[free],
            "cov": plot_covariances(z, sigma, turn, scan.own_place),
            "span_s": np.full(int(free.sum()), max(span_s, p.start_span_s)),
        }
        young = self._seeds["time_s"] + self._seeds["span_s"] > batch.received_s
        self._seeds = {
            name: np.concatenate([self._seeds[name][young], new[name]]) for name in _SEEDS
        }

    def _born(
        self,
        plot: IntArray,
        mean: FloatArray,
        cov: FloatArray,
        time_s: FloatArray,
        sensor: Sensor,
    ) -> tables.Table:
        born = tables.empty(len(plot))
        born["time_s"] = time_s[plot]
        born["first_s"] = time_s[plot]
        born["mean"] = np.repeat(mean[:, None, :], 3, axis=1)
        born["cov"] = np.repeat(cov[:, None, :, :], 3, axis=1)
        speed = np.linalg.norm(mean[:, 3:6], axis=1)
        fast = speed > 150.0
        born["weight"] = np.where(fast[:, None], [0.4, 0.45, 0.15], [0.1, 0.1, 0.8])
        born["log_odds"][:] = self._params.start_log_odds
        born["hits"][:] = 2
        born["trusted_hits"][:] = 2 * int(sensor.trusted)
        born["group_mask"][:] = 1 << self._groups.index(sensor.group)
        born["scan_s"][:] = sensor.scan_s if np.isfinite(sensor.scan_s) else 0.0
        return born

    def _end(self, now_s: float) -> None:
        """Drop what is no longer believed, coasted too long, or lies below the ground."""
        t, p = self._table, self._params
        coast_s = np.maximum(p.coast_s, p.coast_scans * t["scan_s"])
        tentative = ~(t["confirmed"] | self._sure())
        coast_s = np.where(tentative, np.maximum(1.6, 1.6 * t["scan_s"]), coast_s)
        keep = (t["log_odds"] > p.drop_log_odds) & (now_s - t["time_s"] < coast_s)
        if not keep.all():
            self._table = tables.select(t, keep)

    def _record(self, now_s: float) -> Tracks:
        t = {name: column.copy() for name, column in self._table.items()}
        confirm = t["trusted_hits"] >= self._params.confirm_hits
        return Tracks(
            received_s=now_s,
            track_id=t["track_id"],
            time_s=t["time_s"],
            mean=t["mean"],
            cov=t["cov"],
            mode_weight=t["weight"],
            class_prob=t["prob"],
            existence=1.0 / (1.0 + np.exp(-t["log_odds"])),
            confirmed=t["confirmed"],
            trusted=t["confirmed"] & confirm,
            group_mask=t["group_mask"],
            first_s=t["first_s"],
            hits=t["hits"],
            identity=tuple(t["identity"].tolist()),
            group_names=self._groups,
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            **self._table,
            **{f"seed_{name}": column for name, column in self._seeds.items()},
            "air": self._air,
            "late_plots": np.array(self.late_plots),
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._table = {name: memory[name].copy() for name in tables.COLUMNS}
        self._seeds = {name: memory[f"seed_{name}"].copy() for name in _SEEDS}
        self._air = memory["air"].copy()
        self.late_plots = int(memory["late_plots"])


def _log_clutter(sensor: Sensor) -> float:
    """Log density of false plots in the sensor's own quantities, and of new targets."""
    if sensor.kind is SensorKind.POSITION:
        return float(np.log(1e-12))  # per m3: reports are of something
    reach = min(sensor.range_max_m, 500e3) - sensor.range_min_m
    high = max(sensor.elevation_max_rad - sensor.elevation_min_rad, 0.01)
    volume = reach * 2 * np.pi
    if np.isfinite(sensor.sigma_elevation_rad):
        volume *= high
    if np.isfinite(sensor.sigma_range_rate_mps):
        volume *= 2400.0  # m/s over which clutter may lie
    return float(np.log((sensor.clutter_per_scan + 1.0) / volume))
