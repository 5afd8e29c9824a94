"""What people were told in a stretch of time, and what it cost them: from the record.

Without truth nobody can say who was warned in time; that is `forewarn score`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BY_HAND, IN_ERROR, Alert, AlertState, IntArray, Zones
from forewarn.score.spans import told

LOOK_BACK_S = 12 * 3600.0  # an alert that began before the stretch reaches into it
STAGES = (AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY)
LISTED = 30  # zones, those of most person-minutes


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage in the stretch. people: of zones that were in it, each counted once."""

    state: str
    zones: int
    people: float
    person_minutes: float
    longest_min: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """A channel in the stretch. Delays from being on record to having arrived, s."""

    channel: str
    steps: int
    waiting: int
    delay_p50_s: float | None
    delay_p95_s: float | None
    delay_max_s: float | None


@dataclass(frozen=True, slots=True)
class ZoneTime:
    """What one zone went through."""

    zone_id: str
    name: str
    people: float
    minutes: dict[str, float]


@dataclass(frozen=True, slots=True)
class Period:
    """The stretch as numbers.

    by_hand : steps that an operator caused; in_error: all-clears that took an alert back
    course  : rows of (time_s, people under prepare, take cover, stay), on change
    """

    from_s: float
    to_s: float
    steps: int
    by_hand: int
    in_error: int
    population: float
    stages: tuple[Stage, ...]
    channels: tuple[Delivery, ...]
    zones: tuple[ZoneTime, ...]
    course: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Spent:
    """Time in one stage, within the stretch: (k,) rows of zones, start, end."""

    zone: IntArray
    start_s: FloatArray
    end_s: FloatArray

    @property
    def minutes(self) -> FloatArray:
        return (self.end_s - self.start_s) / 60.0


def period(
    alerts: Sequence[Alert],
    deliveries: Iterable[tuple[str, float, float | None]],
    zones: Zones,
    span_s: tuple[float, float],
) -> Period:
    """Count a stretch, [from, to).

    alerts     : steps in order, from LOOK_BACK_S before it
    deliveries : of its steps: channel, when on record, when it arrived
    """
    from_s, to_s = span_s
    within = [alert for alert in alerts if from_s <= alert.issued_s < to_s]
    spent = [_spent(alerts, zones, stage, span_s) for stage in STAGES]
    people = zones.population
    return Period(
        from_s=from_s,
        to_s=to_s,
        steps=len(within),
        by_hand=sum(alert.reason == BY_HAND for alert in within),
        in_error=sum(alert.reason == IN_ERROR for alert in within),
        population=float(people.sum()),
        stages=tuple(
            _stage(state, one, people) for state, one in zip(STAGES, spent, strict=True)
        ),
        channels=_deliveries(deliveries),
        zones=_zones(spent, zones),
        course=_course(spent, people, from_s),
    )


def _spent(
    alerts: Sequence[Alert], zones: Zones, stage: AlertState, span_s: tuple[float, float]
) -> _Spent:
    from_s, to_s = span_s
    row_of = {zone_id: i for i, zone_id in enumerate(zones.zone_id)}
    spans = told(alerts, row_of, frozenset({stage}), to_s).spans
    start, end = np.maximum(spans.start_s, from_s), np.minimum(spans.end_s, to_s)
    real = end > start
    return _Spent(spans.zone[real], start[real], end[real])


def _stage(state: AlertState, spent: _Spent, people: FloatArray) -> Stage:
    return Stage(
        str(state),
        len(np.unique(spent.zone)),
        float(people[np.unique(spent.zone)].sum()),
        float(people[spent.zone] @ spent.minutes),
        float(spent.minutes.max(initial=0.0)),
    )


def _deliveries(rows: Iterable[tuple[str, float, float | None]]) -> tuple[Delivery, ...]:
    by_channel: dict[str, list[float | None]] = {}
    for channel, recorded_s, delivered_s in rows:
        late_s = None if delivered_s is None else delivered_s - recorded_s
        by_channel.setdefault(channel, []).append(late_s)
    out = []
    for channel, late in sorted(by_channel.items()):
        known = [delay for delay in late if delay is not None]
        asked = np.quantile(known, (0.5, 0.95, 1.0)).tolist() if known else [None] * 3
        out.append(Delivery(channel, len(late), len(late) - len(known), *asked))
    return tuple(out)


def _zones(spent: Sequence[_Spent], zones: Zones) -> tuple[ZoneTime, ...]:
    minutes = np.zeros((len(STAGES), len(zones.zone_id)))
    for row, one in zip(minutes, spent, strict=True):
        np.add.at(row, one.zone, one.minutes)
    cost = minutes.sum(axis=0) * np.maximum(zones.population, 1e-3)
    order = np.argsort(-cost, kind="stable")[:LISTED]
    return tuple(
        ZoneTime(
            zones.zone_id[row],
            zones.name[row],
            float(zones.population[row]),
            dict(zip(map(str, STAGES), minutes[:, row].tolist(), strict=True)),
        )
        for row in order.tolist()
        if cost[row] > 0
    )


def _course(
    spent: Sequence[_Spent], people: FloatArray, from_s: float
) -> tuple[tuple[float, ...], ...]:
    """People under each stage, whenever that changes."""
    times, column, change = [], [], []
    for i, one in enumerate(spent):
        for time_s, sign in ((one.start_s, 1.0), (one.end_s, -1.0)):
            times.append(time_s)
            column.append(np.full(len(time_s), i))
            change.append(sign * people[one.zone])
    at_s, row = np.unique(np.concatenate([[from_s], *times]), return_inverse=True)
    steps = np.zeros((len(at_s), len(spent)))
    np.add.at(steps, (row[1:], np.concatenate(column)), np.concatenate(change))
    there = np.maximum(np.cumsum(steps, axis=0), 0.0)
    return tuple(map(tuple, np.column_stack([at_s, np.round(there)]).tolist()))
