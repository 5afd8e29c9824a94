"""What the threats at hand mean for each zone, before anything is decided."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, Exposures, IntArray, two_groups
from forewarn.warning.params import WarningParams

LEAST_SIGMA_S = 1.0  # of when something comes down; the world is never surer
LOGISTIC = 1.702  # at which the logistic comes nearest the normal distribution
COUNTS = 0.05  # of the most probable threat: what is less so makes up no part of the danger


@dataclass(frozen=True, slots=True, eq=False)
class Danger:
    """Per zone asked for (z): what is due, what may come, and whether two groups agree.

    Only threats still ahead, or not yet surely over, count.
    due        : probability of threats so near that people must move now, from sources
                 that may raise take_cover
    fresh      : that of those of them that are tracked but for a short while
    soon       : probability of all threats, also from sources that may only raise prepare
    due_stays, soon_stays : the same, each threat over its `release`: an alert stays while
                 this is above the threshold
    gravity    : harm of what is due, else of all that may come, in shares of `harm_min`
    onset_p05_s, onset_p50_s : of the first due threat still ahead (else of the first of
                 all that are); nan = none
    over_s     : UTC seconds by which must be over what is due and one group alone sees;
                 -inf = none
    over_track : id of the track that is the last of it; -1 = none
    agreed     : what is due and one group alone sees could not raise `take cover` by itself
    kind       : class of the most probable of what is due, else of all that may come;
                 -1 = none
    urgent     : (p,) pairs that count for `due`,
    counts     : and for `soon`
    """

    due: FloatArray
    fresh: FloatArray
    soon: FloatArray
    due_stays: FloatArray
    soon_stays: FloatArray
    gravity: FloatArray
    onset_p05_s: FloatArray
    onset_p50_s: FloatArray
    over_s: FloatArray
    over_track: IntArray
    agreed: BoolArray
    kind: IntArray
    urgent: BoolArray
    counts: BoolArray


def assess(
    exposures: Exposures,
    rows: IntArray,
    need_s: FloatArray,
    muted_before: IntArray,
    raised_before: IntArray,
    p: WarningParams,
) -> Danger:
    """Combine the threats of each zone: one minus the product of their absences.

    rows          : (z,) of zones, rising: all that are exposed, and perhaps others
    need_s        : (z,) seconds people of a zone need, with all delays
    muted_before  : (z,) track ids below this were cleared by an operator
    raised_before : (z,) track ids below this were known when the alert was raised
    """
    z, t = np.searchsorted(rows, exposures.zone), exposures.threat
    early_s, median_s = exposures.onset_p05_s, exposures.onset_p50_s
    now_s = exposures.received_s
    likely = np.minimum(exposures.probability * _to_come(exposures), 1 - 1e-9)
    heard = exposures.track_id[t] >= muted_before[z]
    counts = heard & (early_s - now_s <= p.prepare_s)
    two = two_groups(exposures.group_mask)
    urgent = counts & (early_s - now_s <= need_s[z]) & (exposures.trusted | two)[t]
    every, due = _some(counts, z, len(rows)), _some(urgent, z, len(rows))
    onset = np.full((len(rows), 2), np.nan)
    kind, gravity = np.full(len(rows), -1, np.int64), np.ones(len(rows))
    ahead = median_s > now_s
    harm = p.harm(exposures.kind)
    for some in (every, due):  # what is due speaks before what is not
        own, of = likely[some.pair], t[some.pair]
        gravest = np.flatnonzero(own == some.largest(own)[some.z])
        kind[some.z[gravest]] = exposures.kind[of[gravest]]
        total = some.sum(own)
        np.divide(some.sum(own * harm[of]), total, out=gravity, where=total > 0.0)
        # a threat that cannot raise anything must not shorten the seconds of those that can
        own *= ahead[some.pair]
        telling = own > COUNTS * some.largest(own)[some.z]
        early = np.where(telling, early_s[some.pair], np.inf)
        leads = np.flatnonzero(telling & (early == some.least(early)[some.z]))
        onset[some.z[leads], 0] = early[leads]
        onset[some.z[leads], 1] = median_s[some.pair[leads]]
    alone = _some(urgent & ~two[t], z, len(rows))
    grave = np.minimum(likely[alone.pair] * harm[t[alone.pair]], 1 - 1e-9)
    over, over_track, agreed = _alone(exposures, grave, alone, p)
    absent = -np.log1p(-likely)
    told = ahead & (exposures.track_id[t] < raised_before[z])
    stays = absent / p.release(exposures.kind[t], told)
    fresh = (now_s - exposures.first_s < p.settled_s)[t[due.pair]]
    return Danger(
        -np.expm1(-due.sum(absent[due.pair])),
        -np.expm1(-due.sum(absent[due.pair] * fresh)),
        -np.expm1(-every.sum(absent[every.pair])),
        due.sum(stays[due.pair]),
        every.sum(stays[every.pair]),
        gravity,
        onset[:, 0],
        onset[:, 1],
        over,
        over_track,
        agreed,
        kind,
        urgent,
        counts,
    )


class _Some(NamedTuple):
    """Some pairs (k,), to be drawn together to one number per zone asked for (zones,).

    pair  : (k,) which of all pairs, rising
    z     : (k,) zone of each, rising
    first : (f,) first of each zone that has any
    zones : number of zones
    """

    pair: IntArray
    z: IntArray
    first: IntArray
    zones: int

    def sum(self, value: FloatArray) -> FloatArray:
        """(zones,) of what each (k,) has."""
        return self._drawn(np.add, value, 0.0)

    def largest(self, value: FloatArray) -> FloatArray:
        """(zones,) of values above 0; 0 = has none."""
        return self._drawn(np.maximum, value, 0.0)

    def least(self, value: FloatArray) -> FloatArray:
        """(zones,) inf = has none."""
        return self._drawn(np.minimum, value, np.inf)

    def _drawn(self, by: np.ufunc, value: FloatArray, none: float) -> FloatArray:
        drawn = np.full(self.zones, none)
        if len(value):
            drawn[self.z[self.first]] = by.reduceat(value, self.first)
        return drawn


def _some(which: BoolArray, z: IntArray, zones: int) -> _Some:
    """which : (p,) of all pairs; z : (p,) zone of each, rising."""
    pair = np.flatnonzero(which)
    return _Some(pair, z[pair], np.flatnonzero(np.diff(z[pair], prepend=-1)), zones)


def _to_come(exposures: Exposures) -> FloatArray:
    """(p,) share of a pair's probability that is still to come: it fades once the median
    of its time has passed, with tails as heavy as those of the logistic distribution."""
    early_s, median_s = exposures.onset_p05_s, exposures.onset_p50_s
    sigma_s = np.maximum((median_s - early_s) / 1.645, LEAST_SIGMA_S)
    late = np.maximum(exposures.received_s - median_s, 0.0) / sigma_s
    return np.asarray(2.0 / (1.0 + np.exp(LOGISTIC * np.minimum(late, 100.0))))


def _alone(
    exposures: Exposures, grave: FloatArray, alone: _Some, p: WarningParams
) -> tuple[FloatArray, IntArray, BoolArray]:
    """`over_s`, `over_track` and `agreed`.

    alone : pairs that are due and seen by one group
    grave : their probability, counted as often as its harm is that of a drone or rocket.
    What is minutes away is none of them: it sent nobody under cover yet.
    """
    enough = p.cost_min / p.harm_min  # below every threshold
    leading = COUNTS * np.maximum(alone.largest(grave)[alone.z], enough)
    sends = np.flatnonzero(grave > np.minimum(leading, enough))
    pair, z = alone.pair[sends], alone.z[sends]
    late = 2 * exposures.onset_p50_s[pair] - exposures.onset_p05_s[pair]
    last = np.minimum(late, exposures.last_s[exposures.threat[pair]])
    order = np.argsort(last, kind="stable")  # the last of a zone is written last
    over, track = np.full(alone.zones, -np.inf), np.full(alone.zones, -1, np.int64)
    over[z[order]] = last[order]
    track[z[order]] = exposures.track_id[exposures.threat[pair[order]]]
    agreed = -np.expm1(-alone.sum(-np.log1p(-grave))) <= enough
    return over, track, agreed
