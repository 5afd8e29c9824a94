"""The journal as a hash chain: where it begins, how it goes on, whether it holds.

Each event's link hashes the link before it with the event, so that nobody rewrites one
unseen. What was pruned leaves an anchor: the last event let go, and its link. Where events
are missing a row of kind `gap`, numbered as the last of them, says which and why.
"""

import hashlib
from collections.abc import Iterator
from math import inf

from forewarn.errors import ConfigError
from forewarn.stores.codec import decode_gap
from forewarn.stores.schema import Database, Row

GENESIS = b"\0" * 32
GAP = "gap"
PAGE = 500  # rows read at once


def link(before: bytes, kind: str, body: bytes) -> bytes:
    """The link of an event, after the link of the one before it; 32 bytes."""
    return hashlib.sha256(before + kind.encode() + b"\0" + body).digest()


def anchor(db: Database) -> tuple[int, bytes]:
    """The last event before the first that is kept, and its link."""
    rows = db.run("select seq, chain from anchor")
    return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)


def newest(db: Database) -> tuple[int, float, bytes]:
    """Number, received_s and link of what the next event comes after."""
    rows = db.run("select seq, received_s, chain from journal order by seq desc limit 1")
    if rows:
        return rows[0][0], rows[0][1], rows[0][2]
    seq, chain = anchor(db)
    return seq, -inf, chain


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
        return check(db, *anchor(db))


def check(db: Database, last: int, before: bytes) -> int:
    """Walk it after an event and its link; returns the events that follow."""
    count = 0
    for seq, kind, body, kept in walk(db, last):
        first = decode_gap(body).first_seq if kind == GAP else seq
        if first != last + 1:
            raise ConfigError(
                f"{db.where}: journal: event {last + 1} is missing, {first} comes next"
            )
        before = link(before, kind, body)
        if before != kept:
            raise ConfigError(f"{db.where}: journal: event {seq} is not what was written")
        count += kind != GAP
        last = seq
    return count
