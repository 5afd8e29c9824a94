"""Who wants push messages about which zones: on disk, and by zone in memory.

Kept of a person are the address at a push service, the keys that came with it, a language
and zones: no position, no name, no time.
"""

import json
import threading
from dataclasses import dataclass
from pathlib import Path

import apsw

from forewarn.errors import ConfigError, DeliveryError

_TABLE = """
create table if not exists {table}(
    endpoint text primary key, p256dh text not null, auth text not null,
    language text not null, zone_ids text not null) strict, without rowid;
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One phone or browser.

    endpoint     : its address at a push service; who knows it may push to it
    p256dh, auth : its keys, base64url, as the browser gives them
    """

    endpoint: str
    p256dh: str
    auth: str
    language: str
    zone_ids: tuple[str, ...]


class Subscriptions:
    """All of one table; what `put` and `remove` did is durable when they return."""

    def __init__(self, path: Path, most: int, table: str = "subscriptions") -> None:
        self._most = most
        self._table = table
        self._change = threading.Lock()
        self._db = _opened(path, table)
        self._all: dict[str, Subscription] = {}
        self._by_zone: dict[str, dict[str, None]] = {}  # endpoints, in order of coming
        for endpoint, p256dh, auth, language, zone_ids in self._db.execute(
            f"select endpoint, p256dh, auth, language, zone_ids from {table}"
        ):
            wanted = tuple(json.loads(zone_ids))
            self._learn(Subscription(endpoint, p256dh, auth, language, wanted))

    def put(self, one: Subscription) -> None:
        """Take one up, in place of what its endpoint wanted before."""
        with self._change:
            if one.endpoint not in self._all and len(self._all) >= self._most:
                raise DeliveryError(f"{self._most:,} subscriptions are kept, no more")
            self._db.execute(
                f"insert or replace into {self._table} values(?, ?, ?, ?, ?)",
                (
                    one.endpoint,
                    one.p256dh,
                    one.auth,
                    one.language,
                    json.dumps(one.zone_ids),
                ),
            )
            self._forget(one.endpoint)
            self._learn(one)

    def remove(self, endpoint: str) -> None:
        """Forget one, if there is such."""
        with self._change:
            if endpoint in self._all:
                self._db.execute(
                    f"delete from {self._table} where endpoint = ?", (endpoint,)
                )
                self._forget(endpoint)

    def of(self, zone_id: str) -> list[Subscription]:
        """Who wants to hear of a zone."""
        with self._change:
            return [self._all[endpoint] for endpoint in self._by_zone.get(zone_id, ())]

    def all(self) -> list[Subscription]:
        """Everybody."""
        with self._change:
            return list(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def close(self) -> None:
        """Let go of the file."""
        with self._change:
            self._db.close()

    def _learn(self, one: Subscription) -> None:
        self._all[one.endpoint] = one
        for zone_id in one.zone_ids:
            self._by_zone.setdefault(zone_id, {})[one.endpoint] = None

    def _forget(self, endpoint: str) -> None:
        before = self._all.pop(endpoint, None)
        for zone_id in before.zone_ids if before else ():
            self._by_zone[zone_id].pop(endpoint, None)


def _opened(path: Path, table: str) -> apsw.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)  # who reads it could push to everybody
        db = apsw.Connection(str(path))
        db.set_busy_timeout(2000)
        db.execute("pragma journal_mode = wal; pragma synchronous = full;")
        db.execute(_TABLE.format(table=table))
    except (OSError, apsw.Error) as error:
        raise ConfigError(f"{path}: subscriptions cannot be kept there: {error}") from None
    return db
