"""One scan after another: plots shared out among tracks, and new tracks begun.

A Poisson multi-Bernoulli filter: every track has a probability of existing, plots are
shared out among tracks by belief propagation, and what nobody takes may be something new.
Source: Williams, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and
association-based MeMBer", IEEE Transactions on Aerospace and Electronic Systems 51(3),
2015.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.association import MOST_LOG, claim, odds, share_out
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, PlotBatch, Sensor, SensorKind, Tracks, rows_of
from forewarn.track import table as tables
from forewarn.track.denial import ENOUGH, deny
from forewarn.track.health import Health
from forewarn.track.life import (
    HEARD_AGAIN,
    LEAST_HIT,
    Told,
    believe,
    in_order,
    living,
    tell,
)
from forewarn.track.listening import Listening
from forewarn.track.naming import give_names
from forewarn.track.nursery import Nursery, NurseryState
from forewarn.track.params import TrackParams
from forewarn.track.registration import Bias, BiasState, Registration
from forewarn.track.scan import Scan, read_scan
from forewarn.track.silence import count_silence
from forewarn.track.steps import (
    MOST_SEEN,
    Ahead,
    Air,
    Pairs,
    absorb,
    absorb_bearings,
    look_ahead,
    look_for,
    note_plots,
    pair,
    stand,
)
from forewarn.track.table import Table, blend
from forewarn.track.twins import count_alone, find_twins
from forewarn.track.witness import Witnesses

GONE = -1e3  # log odds of a track that was another's twin
CLAIMED = 0.5  # chance of being nobody's below which a report was right


class State(NamedTuple):
    """All that the next scan depends on. Its arrays are never written to again."""

    table: Table
    nursery: NurseryState
    reports: Table
    witnesses: Table
    bias: BiasState
    health: FloatArray
    air: FloatArray


class Engine:
    """Takes scans in the order of their time; the answer depends on nothing else."""

    def __init__(self, sensors: Sequence[Sensor], world: Air, params: TrackParams) -> None:
        heights = [s.height_m for s in sensors if np.isfinite(s.height_m)]
        self._ground_m = min(heights, default=0.0) - params.below_m
        self._groups = tuple(sorted({sensor.group for sensor in sensors}))
        self.world = world
        self._params = params
        self._table = tables.empty()
        self._nursery = Nursery(params)
        self._listening = Listening(params)
        self._witnesses = Witnesses()
        self._registration = Registration(sensors)
        self._health = Health(sensors)
        # kept, for fresh memory is slow: every page of it must be cleared first
        self._room = Ahead.room(0)

    @property
    def state(self) -> State:
        """What is known now."""
        return State(
            self._table,
            self._nursery.state,
            self._listening.reports,
            self._witnesses.known,
            self._registration.state,
            self._health.counts,
            self.world.air,
        )

    @state.setter
    def state(self, state: State) -> None:
        self._table, self._nursery.state = state.table, state.nursery
        self._listening.reports = state.reports
        self._witnesses.known = state.witnesses
        self._registration.state = state.bias
        self._health.counts = state.health
        self.world = self.world._replace(air=state.air)

    @property
    def biases(self) -> dict[str, Bias]:
        """Of each radar, what is known of its bias."""
        return self._registration.biases

    @property
    def doubts(self) -> dict[str, float]:
        """Of each named witness, the chance that a report is of nothing."""
        names = self._witnesses.known["name"]
        return dict(zip(names.tolist(), self._witnesses.doubt(names).tolist(), strict=True))

    def as_seen(self, sensor: Sensor) -> Sensor:
        """The sensor with the detection probability and clutter it is known to have."""
        known = self._health.of(sensor)
        return replace(
            sensor,
            detection_probability=known.detection,
            clutter_per_scan=known.false_plots,
        )

    def error_ratio(self, sensor: Sensor) -> float:
        """Errors of a radar's plots over those that they state, as known now; 1 or more."""
        return self._health.of(sensor).error_ratio

    def lately(self, sensor: Sensor) -> tuple[float, float]:
        """Looks of a radar's last scans at tracks well known that saw them, and all."""
        return self._health.lately(sensor)

    def take(self, batch: PlotBatch, keep: BoolArray, sensor: Sensor) -> int:
        """Tracks after the plots chosen of one scan; returns how many were not heard.

        Not heard is who speaks again within a minute.
        """
        chosen = keep
        if sensor.kind is SensorKind.BEARING:
            keep = self._witnesses.admit(batch, keep)
        bias, known = self._registration.bias(sensor), self._health.of(sensor)
        scan = read_scan(batch, sensor, keep, bias, known)
        # a turning radar sees its plots over seconds: tracks go to the middle of them
        when_s = _middle(scan.time_s) if len(scan.time_s) else batch.received_s
        bit = 1 << self._groups.index(sensor.group)
        begun_s = self._registration.state.begun_s
        now_s, nursery, world = time_of(batch), self._nursery, self.world
        alive = self._alive(now_s, False)
        nursery.end(now_s)
        t = tables.select(self._table, alive, spare=len(nursery.table))
        if sensor.kind is SensorKind.BEARING:
            self._listen(scan, batch, sensor, bit, t, when_s)
            return int((chosen & ~keep).sum())
        ahead = self._look_ahead((t, nursery.table), when_s)
        pairs, hit = pair(ahead, scan), look_for(ahead, batch, sensor, scan)
        share, missed, free, log_free = self._share(scan, t, pairs, hit)
        n = len(t["track_id"])
        ours, theirs = pairs.between(0, n), pairs.between(n, len(hit))
        believe(t, hit[:n], missed[:n], self._params.most_log_odds)
        taken = absorb(t, ahead, ours, share, missed, when_s, scan, world)
        note_plots(t, taken, scan, when_s, sensor, bit, begun_s, self._params)
        by = self._registration.row(sensor)
        count_alone(t, taken, hit[:n], missed[:n], by, LEAST_HIT)
        deny(t, taken, hit[:n], missed[:n], bit, LEAST_HIT)
        if sensor.kind is not SensorKind.POSITION:
            sector_rad, detection = batch.sector_rad, min(scan.detection, MOST_SEEN)
            count_silence(t, taken, when_s, stand(sensor), sector_rad, detection)
        self._registration.learn(t, taken, scan, when_s, sensor)
        twins = find_twins(t, now_s)
        if len(twins):
            t["log_odds"][self._registration.doubt(t, twins)] = GONE
        self._health.learn(sensor, t, hit[:n], missed[:n], free, known.error_ratio)
        after = Ahead(*(column[n:] for column in ahead))
        nursery.grow(
            scan, sensor, bit, after, theirs, log_free, hit[n:], when_s, begun_s, world
        )
        nursery.begin(scan, free, sensor, bit)
        self._table = tables.append(t, nursery.choose(t, now_s))
        nursery.keep(scan, free, sensor, bit, now_s)
        self._name(now_s, True)
        return 0

    def _listen(
        self,
        scan: Scan,
        batch: PlotBatch,
        sensor: Sensor,
        bit: int,
        t: Table,
        when_s: float,
    ) -> None:
        """A scan of bearings: any number of them may be of one track."""
        named = np.flatnonzero(scan.identity != "")
        if len(named):
            doubt = self._witnesses.doubt(scan.identity[named])
            angles = np.where(np.isfinite(scan.z[named, 2]), np.pi**2, 2 * np.pi)
            scan.log_clutter[named] = np.log(doubt / angles)
        ahead = self._look_ahead((t,), when_s)
        pairs, hit = pair(ahead, scan), look_for(ahead, batch, sensor, scan)
        weight = np.empty(len(pairs.plot))
        seen = np.full(len(hit), scan.detection)
        odds(*pairs[:3], scan.log_clutter, t["log_odds"], seen, weight)
        share, missed, free = claim(pairs.start, pairs.plot, weight, len(scan.time_s))
        if np.isfinite(sensor.scan_s) and not np.isfinite(sensor.lat_rad):
            # a network that alone follows a track would hear it again
            hit = np.where(t["group_mask"] == bit, HEARD_AGAIN, hit)
        believe(t, hit, missed, self._params.most_log_odds)
        taken = absorb_bearings(t, ahead, pairs, share, when_s, scan)
        begun_s = self._registration.state.begun_s
        note_plots(t, taken, scan, when_s, sensor, bit, begun_s, self._params)
        near = blend(t)[:, :3]
        born, right, wrong = self._listening.hear(scan, free, sensor, bit, near)
        self._table = tables.join(t, born)
        claimed = scan.identity[named[free[named] < CLAIMED]]
        self._witnesses.learn(np.concatenate([claimed, right]), wrong)
        self._name(time_of(batch), False)

    def _look_ahead(self, some: Sequence[Table], when_s: float) -> Ahead:
        most = sum(len(t) for t in some)
        if most > len(self._room.time_s):
            self._room = Ahead.room(most + most // 2)
        return look_ahead(some, when_s, self.world, self._room)

    def _name(self, now_s: float, young_too: bool) -> None:
        """Name who is apart from all others; young ones where this scan made them anew."""
        p, nursery = self._params, self._nursery
        give_names(
            self._table,
            nursery.table,
            nursery.leads,
            now_s,
            p.confirm_hits,
            p.open_s,
            p.apart,
            young_too and len(nursery.table) > 0,
        )

    def _share(
        self, scan: Scan, t: Table, pairs: Pairs, hit: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Share plots out among tracks and young leaders; rivals get what these leave.

        returns : share (p,) and missed (n,) of both, free (m,) of each plot, and for each
                  pair the log chance that no other has its plot
        """
        young = self._nursery
        leading = np.where(young.leads, young.table["log_odds"], -MOST_LOG)
        log_odds = np.concatenate([t["log_odds"], leading])
        weight = np.empty(len(pairs.plot))
        odds(*pairs[:3], scan.log_clutter, log_odds, hit, weight)
        share, missed, free, spare = share_out(
            pairs.start, pairs.plot, weight, len(scan.time_s)
        )
        return share, missed, free, np.log(np.maximum(spare, 1e-12))

    def _alive(self, now_s: float, last_word: bool) -> BoolArray:
        p, ground_m = self._params, self._ground_m
        limits = p.drop_log_odds, p.coast_s, p.coast_scans
        return living(self._table, now_s, *limits, ground_m, last_word)

    def record(self, now_s: float) -> Tracks:
        """What is known at now_s; tracks coasted too long are no longer told, and those
        given up are told once more, as improbable as they are."""
        t, young, lead_odds = self._table, self._nursery.table, self._nursery.lead_odds
        rows = in_order(t, young, self._alive(now_s, True), lead_odds)
        whole = Told.empty(len(rows))
        tell(t, young, lead_odds, rows, MOST_LOG, whole)
        withdrawn = np.unique(self._nursery.withdrawn["track_id"])
        identity = ("",) * len(rows)
        if t["identified"].any() or young["identified"].any():
            names = np.concatenate([t["identity"], young["identity"]])[rows]
            identity = tuple(names.tolist())
        enough = whole.trusted_hits >= self._params.confirm_hits
        return Tracks(
            received_s=now_s,
            track_id=whole.track_id,
            time_s=whole.time_s,
            mean=whole.mean,
            cov=whole.cov,
            mode_weight=whole.weight,
            turn_radps=whole.turn,
            class_prob=whole.prob,
            existence=whole.existence,
            confirmed=whole.confirmed,
            named=whole.named,
            trusted=whole.confirmed & enough & (whole.denials < ENOUGH),
            group_mask=whole.group_mask,
            first_s=whole.first_s,
            silence=whole.silence,
            hits=whole.hits,
            withdrawn=withdrawn[~rows_of(withdrawn, whole.track_id)[1]],
            identity=identity,
            group_names=self._groups,
        )

    def memory(self) -> dict[str, NDArray[Any]]:
        """The state as named arrays."""
        return {
            "tracks": self._table,
            **self._nursery.memory(),
            **self._listening.memory(),
            **self._witnesses.memory(),
            **self._registration.memory(),
            **self._health.memory(),
            "air": self.world.air,
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self._table = tables.restored(memory["tracks"], "tracks")
        self._nursery.restore(memory)
        self._listening.restore(memory)
        self._witnesses.restore(memory)
        self._registration.restore(memory)
        self._health.restore(memory)
        self.world = self.world._replace(air=memory["air"].copy())


def time_of(batch: PlotBatch) -> float:
    """UTC seconds at which a scan was over: of its last plot, else of its arrival."""
    return float(batch.time_s.max()) if len(batch.time_s) else batch.received_s


def _middle(time_s: FloatArray) -> float:
    half = len(time_s) // 2
    return float(np.partition(time_s, half)[half])
