"""What a store may forget: the beginning of the journal, and alerts long over."""

from itertools import takewhile

from forewarn.records import LIVE_STATES
from forewarn.stores.schema import Database

EVENTS_AT_ONCE = 200  # let go in one call, so that no alert waits long behind it
LIVES_AT_ONCE = 100
_LIVE = ", ".join(f"'{state}'" for state in sorted(LIVE_STATES))
_LAST = "step = (select max(step) from alerts where alert_id = one.alert_id)"
# an alert is live, or over, by its last step
IS_LIVE = f"state in ({_LIVE}) and {_LAST}"
IS_OVER = f"state not in ({_LIVE}) and {_LAST}"


def prune(db: Database, before_s: float, saved_seq: int) -> int:
    """Let go of some of what is older; returns how many events and alerts that were.

    saved_seq : of the last event in the snapshot
    Kept are the events after the snapshot and since the oldest live alert began, alerts
    that are live, and alerts that a channel has not confirmed.
    """
    with db.durable():
        return _prune_journal(db, before_s, saved_seq) + _prune_alerts(db, before_s)


def _prune_journal(db: Database, before_s: float, saved_seq: int) -> int:
    """The beginning only, up to the snapshot: the chain goes on from an anchor."""
    (opened,) = db.run(
        "select min(seq) from alerts where "
        f"alert_id in (select alert_id from alerts as one where {IS_LIVE})"
    )[0]
    rows = db.run(
        "select seq, received_s, chain from journal "
        "where seq < :needed order by seq limit :most",
        needed=min(saved_seq + 1, opened or saved_seq + 1),
        most=EVENTS_AT_ONCE,
    )
    old = list(takewhile(lambda row: row[1] < before_s, rows))
    if old:
        last, _, chain = old[-1]
        db.run("delete from journal where seq <= :last", last=last)
        db.run("delete from anchor")
        db.insert("anchor", [(1, last, chain)])
    return len(old)


def _prune_alerts(db: Database, before_s: float) -> int:
    """Whole lives, from the first step to the last."""
    over = db.run(
        f"select alert_id from alerts as one where issued_s < :before_s and {IS_OVER} "
        "and not exists (select 1 from outbox where alert_id = one.alert_id "
        "and delivered_s is null) order by issued_s limit :most",
        before_s=before_s,
        most=LIVES_AT_ONCE,
    )
    for (alert_id,) in over:
        for table in ("outbox", "alerts"):
            db.run(f"delete from {table} where alert_id = :alert_id", alert_id=alert_id)
    return len(over)
