"""What the threats at hand mean for each zone, before anything is decided."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, Exposures, IntArray, two_groups
from forewarn.threats import CRUISE_MISSILE
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
    zones = len(rows)
    z, t = np.searchsorted(rows, exposures.zone), exposures.threat
    early_s, median_s = exposures.onset_p05_s, exposures.onset_p50_s
    now_s = exposures.received_s
    likely = np.minimum(exposures.probability * _to_come(exposures), 1 - 1e-9)
    heard = exposures.track_id[t] >= muted_before[z]
    counts = heard & (early_s - now_s <= p.prepare_s)
    two = two_groups(exposures.group_mask)[t]
    urgent = counts & (early_s - now_s <= need_s[z]) & (exposures.trusted[t] | two)
    fresh = urgent & (now_s - exposures.first_s[t] < p.settled_s)
    onset = np.full((zones, 2), np.inf)
    ahead = median_s > now_s
    for which in (counts & ahead, urgent & ahead):  # what is due speaks before what is not
        first = np.full(zones, np.inf)
        # a threat that cannot raise anything must not shorten the seconds of those that can
        telling = which & (likely > COUNTS * _largest(likely, z, which, zones)[z])
        np.minimum.at(first, z[telling], early_s[telling])
        leads = telling & (early_s == first[z])
        onset[z[leads], 0] = early_s[leads]
        onset[z[leads], 1] = median_s[leads]
    harm = np.where(exposures.kind[t] == CRUISE_MISSILE, p.cruise_harm, 1.0)
    grave = np.minimum(likely * harm, 1 - 1e-9)
    over, over_track, agreed = _alone(exposures, z, grave, urgent & ~two, zones, p)
    told = ahead & (exposures.track_id[t] < raised_before[z])
    stays = -np.log1p(-likely) / p.release(exposures.kind[t], told)
    kind = np.full(zones, -1, np.int64)
    for which in (counts, urgent):
        gravest = which & (likely == _largest(likely, z, which, zones)[z])
        kind[z[gravest]] = exposures.kind[t[gravest]]
    onset[~np.isfinite(onset)] = np.nan
    return Danger(
        _union(likely, z, urgent, zones),
        _union(likely, z, fresh, zones),
        _union(likely, z, counts, zones),
        _sum(stays, z, urgent, zones),
        _sum(stays, z, counts, zones),
        _gravity(likely, harm, z, (counts, urgent), zones),
        onset[:, 0],
        onset[:, 1],
        over,
        over_track,
        agreed,
        kind,
        urgent,
        counts,
    )


def _to_come(exposures: Exposures) -> FloatArray:
    """(p,) share of a pair's probability that is still to come: it fades once the median
    of its time has passed, with tails as heavy as those of the logistic distribution."""
    early_s, median_s = exposures.onset_p05_s, exposures.onset_p50_s
    sigma_s = np.maximum((median_s - early_s) / 1.645, LEAST_SIGMA_S)
    late = np.maximum(exposures.received_s - median_s, 0.0) / sigma_s
    return np.asarray(2.0 / (1.0 + np.exp(LOGISTIC * np.minimum(late, 100.0))))


def _alone(
    exposures: Exposures,
    z: IntArray,
    grave: FloatArray,
    alone: BoolArray,
    zones: int,
    p: WarningParams,
) -> tuple[FloatArray, IntArray, BoolArray]:
    """`over_s`, `over_track` and `agreed`; z : (p,) zone among those asked for.

    alone : (p,) due and seen by one group
    grave : (p,) probability, counted as often as its harm is that of a drone or rocket.
    What is minutes away is none of them: it sent nobody under cover yet.
    """
    t = exposures.threat
    enough = p.cost_min / p.harm_min  # below every threshold
    leading = COUNTS * np.maximum(_largest(grave, z, alone, zones)[z], enough)
    sends = alone & (grave > np.minimum(leading, enough))
    late = 2 * exposures.onset_p50_s - exposures.onset_p05_s
    last = np.minimum(late, exposures.last_s[t])
    pairs = np.flatnonzero(sends)
    pairs = pairs[
        np.argsort(last[pairs], kind="stable")
    ]  # the last of a zone is written last
    over, track = np.full(zones, -np.inf), np.full(zones, -1, np.int64)
    over[z[pairs]], track[z[pairs]] = last[pairs], exposures.track_id[t[pairs]]
    return over, track, _union(grave, z, alone, zones) <= enough


def _gravity(
    likely: FloatArray,
    harm: FloatArray,
    z: IntArray,
    each: tuple[BoolArray, ...],
    zones: int,
) -> FloatArray:
    """(zones,) mean harm (p,) of some pairs as they are likely; the last of `each` speaks
    that has any in a zone, and where none has it is 1."""
    gravity = np.ones(zones)
    for which in each:
        p = likely[which]
        total = np.bincount(z[which], weights=p, minlength=zones)
        worse = np.bincount(z[which], weights=p * harm[which], minlength=zones)
        gravity = np.divide(worse, total, out=gravity, where=total > 0.0)
    return gravity


def _union(likely: FloatArray, z: IntArray, which: BoolArray, zones: int) -> FloatArray:
    """(zones,) that any of some pairs comes true: one minus the product of absences."""
    return np.asarray(-np.expm1(_sum(np.log1p(-likely), z, which, zones)))


def _sum(value: FloatArray, z: IntArray, which: BoolArray, zones: int) -> FloatArray:
    """(zones,) sum over some pairs of what each (p,) has."""
    total = np.bincount(z[which], weights=value[which], minlength=zones)
    return np.asarray(total, np.float64)


def _largest(p: FloatArray, z: IntArray, which: BoolArray, zones: int) -> FloatArray:
    largest = np.zeros(zones)
    np.maximum.at(largest, z[which], p[which])
    return largest
