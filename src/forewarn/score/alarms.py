"""The `take cover` alerts of a run: reached or not, baseless, flickering, how long held."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.score.case import Case, Rules
from forewarn.score.decided import Decided
from forewarn.score.oracle import PATHS_OF, Reach
from forewarn.score.people import Harm
from forewarn.score.spans import Told


@dataclass(frozen=True, slots=True, eq=False)
class Alarms:
    """The `take cover` alerts, one row per stretch under cover.

    zone         : (k,) row of the zone
    kind         : (k,) of the threat, as told
    hit          : (k,) an impact reached people of the zone meanwhile
    baseless     : (k,) no threat was in the air when it began
    flicker      : (k,) began shortly after the zone's last one ended
    flicker_same : (k,) and both named the same threat
    cleared      : (k,) ended before the run did
    early_held   : (h,) of those hit: the first impact came after the stated 5 % quantile
    median_held  : (h,) and after the stated median
    clear_kind   : (c,) true kind of the threat that ended last, of alerts that were cleared
    clear_s      : (c,) from that end to the all clear
    """

    zone: IntArray
    kind: tuple[str, ...]
    hit: BoolArray
    baseless: BoolArray
    flicker: BoolArray
    flicker_same: BoolArray
    cleared: BoolArray
    early_held: BoolArray
    median_held: BoolArray
    clear_kind: tuple[str, ...]
    clear_s: FloatArray


def judge_alarms(
    case: Case,
    harm: Harm,
    cover: Told,
    rules: Rules,
    reach: Reach,
    decided: Decided | None,
) -> Alarms:
    """Hold each alert against what was in the air and what came down."""
    spans = cover.spans
    k = len(spans.zone)
    again = np.zeros(k, bool)
    again[1:] = (spans.zone[1:] == spans.zone[:-1]) & (
        spans.start_s[1:] - spans.end_s[:-1] < rules.flicker_s
    )
    first, last, final = _impacts_within(case, harm, cover)
    hit = np.isfinite(first)
    ends = np.nan_to_num(case.impact_s, nan=case.until_s)
    early = np.array([alert.onset_p05_s for alert in cover.opening])
    median = np.array([alert.onset_p50_s for alert in cover.opening])
    stated = hit & np.isfinite(early) if k else hit
    named = [_threats(names, decided) for names in cover.named]
    same = again.copy()
    for i in np.flatnonzero(again):
        same[i] = not named[i].isdisjoint(named[i - 1])
    if decided is not None:
        last, final = _ends(case, cover, reach, named, (last, final))
    over = np.array(cover.cleared, bool) & np.isfinite(last)
    return Alarms(
        zone=spans.zone,
        kind=tuple(alert.kind for alert in cover.opening),
        hit=hit,
        baseless=_count_flying(case.appears_s, ends, spans.start_s) == 0,
        flicker=again,
        flicker_same=same,
        cleared=np.array(cover.cleared, bool),
        early_held=first[stated] >= early[stated] if k else stated,
        median_held=first[stated] >= median[stated] if k else stated,
        clear_kind=tuple(case.kind[i] for i in final[over]),
        clear_s=(spans.end_s - last)[over],
    )


def _threats(names: frozenset[str], decided: Decided | None) -> frozenset[object]:
    """What an alert is for: true bodies where they are known, else the tracks named."""
    if decided is None:
        return frozenset(names)
    return frozenset(decided.threats_named(names).tolist())


def _ends(
    case: Case,
    cover: Told,
    reach: Reach,
    named: list[frozenset[object]],
    hits: tuple[FloatArray, IntArray],
) -> tuple[FloatArray, IntArray]:
    """(k,) when the last threat of each alert was over for its zone, and which it was.

    That is its impact, wherever it was; for what steers itself the last moment at which a
    dive from its true path could have ended in the zone, if that came first.
    """
    last, final = hits[0].copy(), hits[1].copy()
    wide = len(case.threat_id) + 1
    key = reach.zone * wide + reach.threat
    for i, bodies in enumerate(named):
        zone, end_s = int(cover.spans.zone[i]), float(cover.spans.end_s[i])
        for body in sorted(b for b in bodies if isinstance(b, int) and b < wide - 1):
            over_s = float(case.impact_s[body])
            if case.kind[body] in PATHS_OF:
                low, high = np.searchsorted(
                    key, [zone * wide + body, zone * wide + body + 1]
                )
                if high > low:
                    over_s = min(float(reach.time_s[high - 1]), over_s)
            if over_s <= end_s and not over_s <= last[i]:
                last[i], final[i] = over_s, body
    return last, final


def _impacts_within(
    case: Case, harm: Harm, cover: Told
) -> tuple[FloatArray, FloatArray, IntArray]:
    """(k,) first and last impact on people of the zone during each span, nan = none; whose.

    The last is told with the row of its threat.
    """
    k = len(cover.spans.zone)
    first, last = np.full(k, np.inf), np.full(k, -np.inf)
    final = np.full(k, -1)
    impact = case.impact_s[harm.threat]
    span = cover.spans.before(harm.zone, impact)
    known = np.flatnonzero(span >= 0)
    if len(known):
        known = known[impact[known] <= cover.spans.end_s[span[known]]]
        known = known[np.argsort(impact[known], kind="stable")]
        np.minimum.at(first, span[known], impact[known])
        last[span[known]] = impact[known]  # in order of time: the last one stays
        final[span[known]] = harm.threat[known]
    first[~np.isfinite(first)] = np.nan
    last[~np.isfinite(last)] = np.nan
    return first, last, final


def _count_flying(
    appears_s: FloatArray, ends_s: FloatArray, time_s: FloatArray
) -> IntArray:
    """(k,) how many threats were in the air at each time."""
    begun = np.searchsorted(np.sort(appears_s), time_s, side="right")
    over = np.searchsorted(np.sort(ends_s), time_s, side="left")
    return np.asarray(begun - over, np.int64)
