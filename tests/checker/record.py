"""What the store holds, and whether that hangs together."""

import hashlib
import shutil
import sqlite3
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from checker.packing import unpacked

Key = tuple[str, int]  # alert_id and step
LIVE = ("prepare", "take_cover", "stay")


@dataclass(frozen=True)
class Row:
    """One line of the journal."""

    seq: int
    kind: str
    received_s: float
    body: bytes
    chain: bytes

    def read(self) -> dict[str, Any]:
        """What it says."""
        return dict(unpacked(zlib.decompress(self.body)))


@dataclass(frozen=True)
class Step:
    """One step of an alert."""

    alert_id: str
    step: int
    seq: int
    zone_id: str
    state: str
    body: dict[str, Any]

    @property
    def key(self) -> Key:
        """What names it."""
        return self.alert_id, self.step


@dataclass(frozen=True)
class Record:
    """A store, read."""

    journal: list[Row]
    steps: list[Step]
    outbox: dict[tuple[str, Key], float | None]
    damage: list[str]
    anchor: tuple[int, bytes] = (0, bytes(32))  # the last event that was let go of

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Stretches that the store says it does not hold."""
        return [row.read() for row in self.journal if row.kind == "gap"]


def read_record(path: Path) -> Record:
    """Read a copy: the store may be in use, or have died a moment ago."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "s.sqlite"
        shutil.copy(path, copy)
        log = path.with_name(f"{path.name}-wal")
        if log.exists():
            shutil.copy(log, f"{copy}-wal")
        with closing(sqlite3.connect(copy)) as db:
            db.execute("pragma synchronous = off")  # of the copy, which nobody keeps
            damage = [row[0] for row in db.execute("pragma integrity_check")]
            journal = db.execute(
                "select seq, kind, received_s, body, chain from journal order by seq"
            ).fetchall()
            steps = db.execute(
                "select alert_id, step, seq, zone_id, state, body from alerts "
                "order by seq, alert_id, step"
            ).fetchall()
            outbox = db.execute("select channel, alert_id, step, delivered_s from outbox")
            boxed = {(channel, (key, step)): at_s for channel, key, step, at_s in outbox}
            anchor = db.execute("select seq, chain from anchor").fetchone()
    return Record(
        [Row(*row) for row in journal],
        [Step(*row[:-1], unpacked(row[-1])) for row in steps],
        boxed,
        [text for text in damage if text != "ok"],
        anchor or (0, bytes(32)),
    )


def record_faults(record: Record, channels: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the record in itself."""
    yield from record.damage
    yield from _journal_faults(record)
    yield from _life_faults(record)
    yield from _origin_faults(record)
    steps = {step.key for step in record.steps}
    if set(record.outbox) != {(name, key) for name in channels for key in steps}:
        yield "outbox and alerts do not agree"


def _journal_faults(record: Record) -> Iterator[str]:
    (last, chain), last_s = record.anchor, float("-inf")
    for row in record.journal:
        told = row.kind.encode() + b"\0" + row.body
        chain = hashlib.sha256(chain + told).digest()
        if row.chain != chain:
            yield f"journal row {row.seq} is not what was written"
            return
        first = row.read()["first_seq"] if row.kind == "gap" else row.seq
        if first != last + 1:
            yield f"journal row {row.seq} follows {last}"
        if row.received_s < last_s:
            yield f"journal row {row.seq} is of an earlier time than the one before"
        last, last_s = row.seq, row.received_s


def _life_faults(record: Record) -> Iterator[str]:
    """Each life begins at step 0, leaves out none, ends once; a zone has one at a time."""
    lives: dict[str, list[Step]] = defaultdict(list)
    for step in record.steps:
        lives[step.alert_id].append(step)
    forgotten = any(gap["forgotten"] for gap in record.gaps)
    spans: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for alert_id, life in lives.items():
        if [step.step for step in life] != list(range(len(life))) and not forgotten:
            yield f"alert {alert_id} has the steps {[step.step for step in life]}"
        if any(step.state not in LIVE for step in life[:-1]):
            yield f"alert {alert_id} goes on after its end"
        if len({step.zone_id for step in life}) > 1:
            yield f"alert {alert_id} is of several zones"
        over = life[-1].seq if life[-1].state not in LIVE else 1 << 62
        spans[life[0].zone_id].append((life[0].seq, over, alert_id))
    for zone_id, lived in spans.items():
        lived.sort()
        for (_, over, one), (begun, _, other) in pairwise(lived):
            if begun < over:
                yield f"zone {zone_id} lives {one} and {other} at once"


def _origin_faults(record: Record) -> Iterator[str]:
    """Every step comes of an event on record, and its threats of plots; or of a gap."""
    rows = {row.seq: row for row in record.journal if row.kind != "gap"}
    gaps = [range(gap["first_seq"], gap["last_seq"] + 1) for gap in record.gaps]
    for step in record.steps:
        row = rows.get(step.seq)
        if any(step.seq in gap for gap in gaps):
            continue
        if row is None or row.received_s != step.body["issued_s"]:
            yield f"step {step.key} came out of thin air"
            continue
        for threat in step.body["threats"]:
            born = int(threat[1:]) >> 17
            plots = born in rows and rows[born].kind == "plots" and born <= step.seq
            if not plots and not any(born in gap for gap in gaps):
                yield f"step {step.key} is of {threat}, that no plot began"
        if step.body["reason"] == "by hand" and not _commanded(record, step):
            yield f"step {step.key} is by hand, and nobody said so"


def _commanded(record: Record, step: Step) -> bool:
    return any(
        row.kind == "command" and step.zone_id in row.read()["zone_ids"]
        for row in record.journal
        if row.seq <= step.seq
    )
