"""What tests write to a store, again and again, and what must come of it.

Every second event moves one alert on; three steps are a life. Every third event is a scan
of some kilobytes, so that a transaction takes several pages.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from checker.record import Key, Record
from forewarn.pipeline import Store
from forewarn.records import Alert, AlertState, Event, PlotBatch, Tick

GROUP = 5
CHANNELS = ("cap", "sse")
STATES = (AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.ALL_CLEAR)
Ack = Callable[[str], None]


@dataclass(frozen=True)
class Answer:
    """The part of an outcome that a store looks at."""

    alerts: tuple[Alert, ...]


def event(seq: int) -> Event:
    """The event of that number: the same at every call."""
    if seq % 3:
        return Tick(seq, seq / 8)
    rows = np.random.default_rng(seq).random((30, 4))
    nan = np.full((30, 3), np.nan)
    return PlotBatch(
        seq, seq / 8, "north", rows[:, 0], rows, rows.copy(), nan, nan[:, :2].copy(),
        ("",) * 30,
    )  # fmt: skip


def answer(seq: int) -> Answer:
    """The alert step that it leads to, if any."""
    if seq % 2:
        return Answer(())
    life, step = divmod(seq // 2 - 1, 3)
    nan = float("nan")
    return Answer(
        (
            Alert(
                f"a{life}", step, seq, f"z{life}", STATES[step], seq / 8, nan, nan,
                0.1, 0.01, 5.0, "rocket", (), ("north",), "threat",
            ),
        )
    )  # fmt: skip


def recover(store: Store) -> None:
    """As the core does: what may be missing after the snapshot is put on record."""
    kept = store.load_snapshot()
    assert kept is None or kept[1]["sum"] == kept[0] * (kept[0] + 1) // 2
    for one in list(store.events_after(kept[0] if kept else 0)):
        store.record([answer(one.seq)], {})


def write_group(store: Store, ack: Ack) -> None:
    """Some events and their alerts, and a line for each thing that a call said is safe."""
    events = [event(store.last_seq + k) for k in range(1, GROUP + 1)]
    store.append(events)
    ack(f"event {events[-1].seq}")
    answers = [answer(one.seq) for one in events]
    store.record(answers, {})
    steps = [alert for found in answers for alert in found.alerts]
    for alert in steps:
        ack(f"alert {alert.alert_id} {alert.step}")
    store.delivered("cap", [(a.alert_id, a.step) for a in steps], events[-1].received_s)
    for alert in steps:
        ack(f"carried {alert.alert_id} {alert.step}")


def save(store: Store) -> None:
    """A snapshot of all so far."""
    last = store.last_seq
    store.save(last, {"sum": np.array(last * (last + 1) // 2)})


def load_faults(record: Record, acked: Sequence[str]) -> Iterator[str]:
    """What was said to be safe and is not; steps that are missing, or that none led to.

    Steps of the last group may be missing: its writer died. So may what a gap covers.
    """
    newest = record.journal[-1].seq if record.journal else 0
    steps = {step.key for step in record.steps}
    due = {(a.alert_id, a.step): s for s in range(1, newest + 1) for a in answer(s).alerts}
    yield from (f"step {key} came out of thin air" for key in steps - due.keys())
    yield from (
        f"step {key} is lost" for key in due.keys() - steps if due[key] <= newest - GROUP
    )
    for line in acked:
        kind, *what = line.split()
        key: Key = what[0], int(what[-1])
        if kind == "event" and newest < key[1]:
            yield f"{line}: was acknowledged, and {newest} are on record"
        if kind == "alert" and key not in steps:
            yield f"{line}: was acknowledged and is lost"
        if kind == "carried" and record.outbox.get(("cap", key)) is None:
            yield f"{line}: was acknowledged and would be carried again"
