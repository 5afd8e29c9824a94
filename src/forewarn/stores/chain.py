"""The journal as a hash chain: where it begins, how it goes on, whether it holds.

Each event's link hashes the link before it with the event, so that nobody rewrites one
unseen. What was pruned leaves an anchor: the last event let go, and its link. What is
missing within is a gap, on record with its reason; the chain goes on over it.
"""

import hashlib
from collections.abc import Iterator

from forewarn.errors import ConfigError
from forewarn.stores.schema import Database, Row

GENESIS = b"\0" * 32
PAGE = 500  # rows read at once


def link(before: bytes, kind: str, body: bytes) -> bytes:
    """The link of an event, after the link of the one before it; 32 bytes."""
    return hashlib.sha256(before + kind.encode() + b"\0" + body).digest()


def anchor(db: Database) -> tuple[int, bytes]:
    """The last event before the first that is kept, and its link."""
    rows = db.run("select seq, chain from anchor")
    return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)


def newest(db: Database) -> tuple[int, bytes]:
    """Number that the next event comes after, and the link it goes on from."""
    (skipped,) = db.run("select max(until) from gaps")[0]
    rows = db.run("select seq, chain from journal order by seq desc limit 1")
    seq, chain = rows[0] if rows else anchor(db)
    return max(seq, skipped or 0), chain


def walk(db: Database, after: int) -> Iterator[Row]:
    """Rows of the journal after a number: seq, kind, body, chain."""
    while rows := db.run(
        "select seq, kind, body, chain from journal "
        "where seq > :after order by seq limit :page",
        after=after,
        page=PAGE,
    ):
        yield from rows
        after = rows[-1][0]


def verify(db: Database) -> int:
    """Walk the chain; returns the events on record, or says where it is broken."""
    with db.steady():
        gaps: dict[int, int] = dict(db.run("select seq, until from gaps"))
        last, chain = anchor(db)
        count = 0
        for seq, kind, body, kept in walk(db, last):
            chain = link(chain, kind, body)
            expected = gaps.get(last + 1, last) + 1
            if seq != expected:
                raise ConfigError(
                    f"{db.where}: journal: event {expected} is missing, {seq} comes next"
                )
            if chain != kept:
                raise ConfigError(
                    f"{db.where}: journal: event {seq} is not what was written"
                )
            last = seq
            count += 1
    return count
