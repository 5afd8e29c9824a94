"""Which message told which steps, so that later ones can refer to it."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from forewarn.records import Key

NAME = "messages.jsonl"
KEPT_S = 48 * 3600.0  # no alert lives so long


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the folder.

    sent_s, headline : of it
    keys             : alert ids and steps that it tells
    """

    identifier: str
    sent_s: float
    headline: str
    keys: tuple[Key, ...]


class Ledger:
    """The messages of a folder, in order; what `add` was given is safe when it returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._by_key: dict[Key, Entry] = {}
        for entry in read_entries(self._path, KEPT_S):
            self._note(entry)

    def _note(self, entry: Entry) -> None:
        for key in entry.keys:
            self._by_key.setdefault(key, entry)

    def __contains__(self, key: Key) -> bool:
        return key in self._by_key

    def newest(self) -> list[Entry]:
        """All messages of the time that is kept, each once, in no order."""
        return list({id(entry): entry for entry in self._by_key.values()}.values())

    def earlier(self, keys: Iterable[Key]) -> list[Entry]:
        """Messages that told any earlier step of these alerts, oldest first, each once."""
        steps = ((alert_id, k) for alert_id, step in keys for k in range(step))
        told = (self._by_key[key] for key in steps if key in self)
        found = {entry.identifier: entry for entry in told}
        return sorted(found.values(), key=lambda entry: (entry.sent_s, entry.identifier))

    def add(self, entry: Entry) -> None:
        """Put a message on the list."""
        row = [entry.identifier, entry.sent_s, entry.headline, entry.keys]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._note(entry)


def read_entries(path: Path, newest_s: float = float("inf")) -> list[Entry]:
    """Entries of the last `newest_s`; half a line, left by a crash, is passed over."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            identifier, sent_s, headline, keys = json.loads(line)
            told = tuple((str(alert_id), int(step)) for alert_id, step in keys)
            entries.append(Entry(str(identifier), float(sent_s), str(headline), told))
        except (ValueError, TypeError):
            continue
    latest_s = max((entry.sent_s for entry in entries), default=0.0)
    return [entry for entry in entries if entry.sent_s >= latest_s - newest_s]
