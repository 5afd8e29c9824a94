"""Where tracks begin: plots that nobody took, and the young tracks made of them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray, Sensor
from forewarn.track import table as tables
from forewarn.track.births import KIN, SEED, bear, leave, pair_up
from forewarn.track.denial import deny
from forewarn.track.life import LEAST_HIT
from forewarn.track.params import TrackParams
from forewarn.track.scan import Scan
from forewarn.track.steps import Ahead, Air, Pairs, absorb, note_plots
from forewarn.track.table import Table, blend
from forewarn.track.young import extend, sort_out

WITHDRAWN = np.dtype([("track_id", np.int64), ("time_s", np.float64)])
WITHDRAWN_S = 30.0  # for so long it is told: longer than a late scan takes anything back


class NurseryState(NamedTuple):
    """Young tracks, who leads them, plots nobody took, where tracks began lately; who led
    and counts, and who did and was given up for a better reading."""

    table: Table
    lead_odds: FloatArray
    seeds: Table
    kin: Table
    counting: IntArray
    withdrawn: Table


class Nursery:
    """Young tracks, the plots they begin with, and where others began lately.

    table     : young tracks
    lead_odds : (n,) log odds that one that leads, which no better one contradicts, is the
                right reading; of the others -inf
    withdrawn : those that led and counted, and were given up lately for a better reading:
                `WITHDRAWN`
    """

    def __init__(self, params: TrackParams) -> None:
        self._params = params
        self.table = tables.empty()
        self.lead_odds = np.zeros(0)
        # plots that no track took, each a start of something new
        self._seeds: Table = np.zeros(0, SEED)
        # where tracks began lately: what follows from there flies alike
        self._kin: Table = np.zeros(0, KIN)
        self._counting: IntArray = np.zeros(0, np.int64)
        self.withdrawn: Table = np.zeros(0, WITHDRAWN)

    @property
    def state(self) -> NurseryState:
        """What is known now; its arrays are never written to again."""
        return NurseryState(
            self.table,
            self.lead_odds,
            self._seeds,
            self._kin,
            self._counting,
            self.withdrawn,
        )

    @state.setter
    def state(self, state: NurseryState) -> None:
        self.table, self.lead_odds, self._seeds, self._kin = state[:4]
        self._counting, self.withdrawn = state[4:]

    @property
    def leads(self) -> BoolArray:
        """(n,) which young tracks no better one contradicts."""
        return self.lead_odds > -np.inf

    def grow(
        self,
        scan: Scan,
        sensor: Sensor,
        group_bit: int,
        ahead: Ahead,
        pairs: Pairs,
        log_free: FloatArray,
        hit: FloatArray,
        when_s: float,
        begun_s: float,
        world: Air,
    ) -> None:
        """Let young tracks go on with a scan, in every likely way.

        log_free : (p,) of each pair, log chance that no other track has its plot
        begun_s  : since when radars are heard
        """
        if not len(hit):
            return
        start, plot, log_l, log_mode = pairs
        parent, chosen, score = extend(
            start,
            plot,
            log_l,
            scan.log_clutter,
            log_free,
            float(np.log(scan.detection)),
            np.log1p(-hit),
            self.table["log_odds"],
        )
        t = tables.select(self.table, parent)
        t["log_odds"][:] = score
        took = chosen >= 0
        chain = np.concatenate([[0], np.cumsum(took)])
        one = np.ones(len(parent))
        chosen = chosen[took]
        missed = np.asarray(1.0 - took, np.float64)
        taken = absorb(
            t,
            ahead.of(parent),
            Pairs(chain, plot[chosen], one, log_mode[chosen]),
            one,
            missed,
            when_s,
            scan,
            world,
        )
        note_plots(t, taken, scan, when_s, sensor, group_bit, begun_s, self._params)
        deny(t, taken, hit[parent], missed, group_bit, LEAST_HIT)
        self.table = t

    def begin(self, scan: Scan, free: FloatArray, sensor: Sensor, group_bit: int) -> None:
        """Pair plots that nobody took with earlier ones."""
        seeds = self._seeds
        if not len(seeds) or not len(scan.number):
            return
        old, new, score = pair_up(
            seeds,
            self.table,
            self._kin,
            scan.number,
            scan.time_s,
            scan.guess,
            scan.guess_noise,
            scan.sight,
            scan.z,
            scan.sigma,
            scan.log_clutter,
            free,
            float(np.log(scan.detection)),
        )
        if not len(old):
            return
        born = tables.empty(len(old))
        bear(
            old,
            new,
            score,
            seeds,
            scan.number,
            scan.time_s,
            scan.guess,
            scan.guess_noise,
            scan.sight,
            scan.turn,
            scan.z,
            scan.sigma,
            int(sensor.raises_alone),
            group_bit,
            sensor.scan_s if np.isfinite(sensor.scan_s) else 0.0,
            born,
        )
        self.table = tables.join(self.table, born)

    def choose(self, others: Table, now_s: float) -> Table:
        """Drop hopeless and surplus young tracks; returns clear leaders, grown up.

        others : tracks that are grown already
        """
        p, t = self._params, self.table
        if not len(t):
            self.lead_odds = np.zeros(0)
            self._withdraw(t, np.zeros(0, np.int64), now_s)
            return tables.empty()
        kept, grown, self.lead_odds = sort_out(
            t,
            others,
            p.rival_log_odds,
            p.rivals,
            p.young_log_odds,
            p.grown_hits,
            p.confirm_log_odds,
            p.grown_lead,
            p.grown_s,
        )
        self.table = tables.select(t, kept)
        self._withdraw(t, grown, now_s)
        if not len(grown):
            return tables.empty()
        born = tables.select(t, grown)
        born["log_odds"] = np.minimum(born["log_odds"], p.most_log_odds)
        self._remember(born)
        return born

    def _withdraw(self, before: Table, grown: IntArray, now_s: float) -> None:
        """Tell who counted and was given up, and remember who counts now.

        before : young tracks before the choice; who is not among them fell silent, which
                 does not make it a wrong reading; grown : rows of those grown up
        """
        ids, young, was = before["track_id"], self.table, self._counting
        leading = young["track_id"][self.leads & young["confirmed"]]
        if not len(was) and not len(leading) and not len(self.withdrawn):
            return
        stay = np.concatenate([young["track_id"], ids[grown]])
        gone = was[np.isin(was, ids) & ~np.isin(was, stay)]
        again = np.isin(self.withdrawn["track_id"], np.concatenate([leading, ids[grown]]))
        fresh = self.withdrawn["time_s"] > now_s - WITHDRAWN_S
        new = np.zeros(len(gone), WITHDRAWN)
        new["track_id"], new["time_s"] = gone, now_s
        self.withdrawn = np.concatenate([self.withdrawn[fresh & ~again], new])
        still = was[np.isin(was, young["track_id"])]
        self._counting = np.union1d(still, leading)

    def _remember(self, born: Table) -> None:
        state = blend(born)
        back_s = (born["time_s"] - born["first_s"])[:, None]
        new = np.zeros(len(born), KIN)
        new["time_s"] = born["time_s"]
        new["point"] = state[:, :3] - back_s * state[:, 3:6]
        new["velocity"] = state[:, 3:6]
        now_s = float(born["time_s"].max())
        lately = self._kin["time_s"] > now_s - self._params.kin_s
        both = tables.join(tables.select(self._kin, lately), new)
        self._kin = both[-self._params.kin_most :]

    def keep(
        self,
        scan: Scan,
        free: FloatArray,
        sensor: Sensor,
        group_bit: int,
        now_s: float,
    ) -> None:
        """Keep plots that nobody took, for later ones to be paired with."""
        span_s = self._params.start_span_s
        if np.isfinite(sensor.scan_s):
            span_s = max(span_s, 1.6 * sensor.scan_s)
        out = np.empty(len(self._seeds) + len(free), SEED)
        count = leave(
            self._seeds,
            now_s,
            scan.number,
            scan.time_s,
            scan.guess,
            scan.guess_noise,
            scan.z,
            scan.lift_rad,
            free,
            scan.false_plots,
            span_s,
            group_bit,
            out,
        )
        self._seeds = out[:count]

    def end(self, now_s: float) -> None:
        """Forget young tracks that no plot came to for too long; of those that count it is
        asked as long as of grown ones whether scans miss them."""
        y, p = self.table, self._params
        longest_s = np.maximum(p.young_s, 1.6 * y["scan_s"])
        coast_s = np.maximum(p.coast_s, p.coast_scans * y["scan_s"])
        keep = now_s - y["time_s"] < np.where(y["confirmed"], coast_s, longest_s)
        if not keep.all():
            self.table = tables.select(y, keep)
            self.lead_odds = self.lead_odds[keep]

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {
            "young": self.table,
            "seeds": self._seeds,
            "kin": self._kin,
            "lead_odds": self.lead_odds,
            "counting": self._counting,
            "withdrawn": self.withdrawn,
        }

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self.table = tables.restored(memory["young"], "young")
        self._seeds = memory["seeds"].copy()
        self._kin = memory["kin"].copy()
        self.lead_odds = memory["lead_odds"].copy()
        self._counting = memory["counting"].copy()
        self.withdrawn = memory["withdrawn"].copy()
