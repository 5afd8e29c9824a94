"""The durable record in tables: journal, alerts, outbox; in either database."""

import time
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from forewarn.errors import ConfigError
from forewarn.files import sensors_of, sensors_text
from forewarn.files.events import DONE
from forewarn.pipeline import Memory
from forewarn.records import Alert, Event, Gap, Key, Outcome, Sensor
from forewarn.stores import chain, retention
from forewarn.stores.codec import (
    decode_alert,
    decode_event,
    decode_gap,
    encode_alert,
    encode_event,
    encode_gap,
)
from forewarn.stores.memory import Carried, Steps, Texts, Told
from forewarn.stores.schema import Database, Row
from forewarn.stores.snapshot import Snapshots, SnapshotTable

CLOSE_S = 2.0  # that a snapshot under way is given to be done
TOGETHER = 500  # steps put on record in one statement


class SqlStore:
    """Journal first, alerts before they are sent. Each call is one durable transaction.

    A StorageError is the end of this store: whether the call took place is unknown then,
    and only opening it anew can tell. Whoever holds it stops and starts again.
    """

    def __init__(
        self,
        db: Database,
        channels: Sequence[str] = (),
        snapshots: Snapshots | None = None,
    ) -> None:
        self._db = db
        self._channels = tuple(channels)
        self._snapshots = snapshots or SnapshotTable(db)
        self.contradicted = 0
        try:
            self._last_seq, self._last_s, self._chain = chain.newest(db)
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
        self._snapshots.wait(CLOSE_S)
        self._db.close()

    def claim(self, exercise: bool) -> None:
        """Keep this record for one world: what a drill wrote never mixes with the real."""
        with self._db.durable():
            self._db.insert("meta", [("exercise", int(exercise))], told="name")
        kept = self._db.run("select value from meta where name = 'exercise'")[0][0]
        if kept != exercise:
            worlds = ("live", "exercise")
            raise ConfigError(
                f"{self._db.where}: holds {worlds[kept]} data, and this service is "
                f"{worlds[exercise]}"
            )

    @property
    def last_seq(self) -> int:
        """Number of the newest event on record."""
        return self._last_seq

    @property
    def last_s(self) -> float:
        """received_s of that event; minus infinity where there is none."""
        return self._last_s

    @property
    def head(self) -> str:
        """End of the hash chain: whoever knows it knows whether anything was rewritten."""
        return self._chain.hex()

    def append(self, events: Sequence[Event]) -> None:
        """Put numbered events on record, all or none."""
        if not events:
            return
        rows = []
        last, end = self._last_seq, self._chain
        for event in events:
            if event.seq != last + 1:
                raise ConfigError(f"journal: event {event.seq} after {last}: a gap")
            kind, body = encode_event(event)
            end = chain.link(end, kind, body)
            rows.append((event.seq, kind, float(event.received_s), body, end))
            last = event.seq
        with self._db.durable():
            self._db.insert("journal", rows)
        self._last_seq, self._last_s, self._chain = last, events[-1].received_s, end

    def record(self, outcomes: Sequence[Outcome], texts: Texts) -> None:
        """Put alerts and their outbox rows on record, together; what stands there stays.

        texts : by "zone_id" of each alert, by language
        A step that stands there with other words or numbers is counted in `contradicted`.
        """
        alerts = [alert for outcome in outcomes for alert in outcome.alerts]
        if not alerts:
            return
        with self._db.durable():
            self._put([(alert, texts.get(alert.zone_id, {})) for alert in alerts])

    def _put(self, steps: Steps) -> None:
        """Steps and their outbox rows, within a transaction."""
        now_s = time.time()
        rows = [_alert_row(alert, texts, now_s) for alert, texts in steps]
        boxes = [(name, *row[:2], None) for name in self._channels for row in rows]
        fresh = set(self._db.insert("alerts", rows, told="alert_id, step"))
        self._db.insert("outbox", boxes, told="step")
        # what went out cannot be taken back; that it would now be another is a fault
        self.contradicted += sum(
            self._kept_body(row) != row[-1] for row in rows if row[:2] not in fresh
        )

    def _kept_body(self, row: tuple[Any, ...]) -> bytes:
        (kept,) = self._db.run(
            "select body from alerts where alert_id = :alert_id and step = :step",
            alert_id=row[0],
            step=row[1],
        )
        body: bytes = kept[0]
        return body

    def save(self, seq: int, memory: Memory) -> None:
        """Replace the snapshot, or begin to; what is under way is told by the next call."""
        self._snapshots.save(seq, memory)

    def load_snapshot(self) -> tuple[int, Memory] | None:
        """Number of the last event in the snapshot, and the memory after it."""
        return self._snapshots.load()

    def events_after(self, seq: int) -> Iterator[Event]:
        """Journalled events after a number, in order; gaps are passed over."""
        for _, kind, body, _ in chain.walk(self._db, seq):
            if kind != chain.GAP:
                yield decode_event(kind, body)

    def done(self) -> Iterator[Event]:
        """Journalled events that somebody did: operators' commands."""
        names = ", ".join(f"'{name}'" for name in DONE)
        for kind, body in self._db.run(
            f"select kind, body from journal where kind in ({names}) order by seq"
        ):
            yield decode_event(kind, body)

    def span(self, from_s: float, to_s: float) -> tuple[int, int]:
        """First and last number of events received in [from_s, to_s); (0, -1) = none."""
        ((first, last),) = self._db.run(
            "select min(seq), max(seq) from journal where received_s >= :from_s "
            "and received_s < :to_s and kind <> :gap",
            from_s=from_s,
            to_s=to_s,
            gap=chain.GAP,
        )
        return (0, -1) if first is None else (first, last)

    def live(self) -> list[Told]:
        """The latest step of every alert that has not ended."""
        return self._bodies(
            f"from alerts as one where {retention.IS_LIVE} order by seq, alert_id"
        )

    def pending(self, channel: str) -> list[Told]:
        """Alerts on record that a channel has not confirmed, oldest first."""
        return self._bodies(
            "from outbox join alerts using(alert_id, step) where channel = :channel "
            "and delivered_s is null order by seq, alert_id, step",
            channel=channel,
        )

    def alerts(self) -> list[Alert]:
        """Every step on record, in order."""
        return [alert for alert, _, _ in self.steps()]

    def steps(
        self, from_s: float = -inf, to_s: float = inf
    ) -> Iterator[tuple[Alert, dict[str, str], float | None]]:
        """Steps issued in [from_s, to_s), in order, and when each was put on record."""
        for body, recorded_s in self._db.run(
            "select body, recorded_s from alerts where issued_s >= :from_s "
            "and issued_s < :to_s order by seq, alert_id, step",
            from_s=from_s,
            to_s=to_s,
        ):
            yield *decode_alert(body), recorded_s

    def deliveries(
        self, from_s: float, to_s: float
    ) -> Iterator[tuple[str, float, float | None]]:
        """Of steps issued in [from_s, to_s): channel, when on record, when it arrived."""
        for row in self._db.run(
            "select channel, recorded_s, delivered_s from outbox "
            "join alerts using(alert_id, step) "
            "where issued_s >= :from_s and issued_s < :to_s",
            from_s=from_s,
            to_s=to_s,
        ):
            yield row[0], row[1], row[2]

    def issued_s(self, alert_id: str) -> tuple[float, ...]:
        """Times of all steps of an alert so far."""
        rows = self._db.run(
            "select issued_s from alerts where alert_id = :alert_id order by step",
            alert_id=alert_id,
        )
        return tuple(row[0] for row in rows)

    def _bodies(self, rest: str, **values: Any) -> list[Told]:
        return [
            decode_alert(body) for (body,) in self._db.run(f"select body {rest}", **values)
        ]

    def delivered(self, channel: str, keys: Sequence[Key], time_s: float) -> None:
        """A channel has carried these (alert_id, step)."""
        with self._db.durable():
            self._confirm(channel, keys, time_s)

    def _confirm(self, channel: str, keys: Sequence[Key], time_s: float) -> None:
        for at in range(0, len(keys), 100):
            part = keys[at : at + 100]
            rows = ", ".join(f"(:a{i}, cast(:s{i} as bigint))" for i in range(len(part)))
            values = {f"a{i}": alert_id for i, (alert_id, _) in enumerate(part)}
            values |= {f"s{i}": str(step) for i, (_, step) in enumerate(part)}
            self._db.run(
                "update outbox set delivered_s = :time_s where channel = :channel "
                f"and (alert_id, step) in (values {rows})",
                time_s=time_s,
                channel=channel,
                **values,
            )

    def heard(self, sensors: Sequence[Sensor]) -> None:
        """From the next event on, these sensors are heard: a recording has to say so."""
        text = sensors_text(sensors)
        rows = self._db.run("select body from sensors order by seq desc limit 1")
        if rows and rows[0][0] == text:
            return
        with self._db.durable():
            self._db.run("delete from sensors where seq = :seq", seq=self._last_seq + 1)
            self._db.insert("sensors", [(self._last_seq + 1, text)])

    def sensors(self) -> list[tuple[int, tuple[Sensor, ...]]]:
        """Which were heard from which event on, in order."""
        rows = self._db.run("select seq, body from sensors order by seq")
        return [(seq, sensors_of(text, f"{self._db.where}: sensors")) for seq, text in rows]

    def prune(self, before_s: float) -> int:
        """Let go of some of what is older; returns how much, 0 = there is no more."""
        return retention.prune(self._db, before_s, self._snapshots.saved_seq)

    def mark(self, gap: Gap) -> None:
        """Go on after a stretch that is not on record, and say so."""
        self._mark(gap, (), {})

    def resume(self, gap: Gap, steps: Steps, carried: Carried, memory: Memory) -> None:
        """Go on after a stretch that could not be written: mark it, record its alerts.

        The snapshot comes first: whoever dies in between finds it ahead of the journal.
        """
        self._snapshots.write(gap.last_seq, memory)
        self._mark(gap, steps, carried)

    def _mark(self, gap: Gap, steps: Steps, carried: Carried) -> None:
        body = encode_gap(gap)
        end = chain.link(self._chain, chain.GAP, body)
        with self._db.durable():
            row = (gap.last_seq, chain.GAP, gap.to_s, body, end)
            self._db.insert("journal", [row])
            for at in range(0, len(steps), TOGETHER):
                self._put(steps[at : at + TOGETHER])
            for (channel, key), time_s in carried.items():
                self._confirm(channel, [key], time_s)
        self._last_seq, self._last_s, self._chain = gap.last_seq, gap.to_s, end

    def gaps(self) -> list[Gap]:
        """Stretches that are not on record, in order."""
        rows = self._db.run(
            "select body from journal where kind = :gap order by seq", gap=chain.GAP
        )
        return [decode_gap(body) for (body,) in rows]

    def verify(self) -> int:
        """Walk the hash chain; returns the events on record, or says where it is broken."""
        return chain.verify(self._db)


def _alert_row(alert: Alert, texts: Mapping[str, str], now_s: float) -> Row:
    return (
        alert.alert_id,
        alert.step,
        alert.seq,
        alert.zone_id,
        str(alert.state),
        float(alert.issued_s),
        now_s,
        encode_alert(alert, texts),
    )
