"""The folder that messages are put in, each as a file that is whole or absent."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from lxml import etree

from forewarn.channels.cap.areas import polygons
from forewarn.channels.cap.feed import DRILL_NAME as DRILL_FEED
from forewarn.channels.cap.feed import NAME as FEED
from forewarn.channels.cap.feed import feed
from forewarn.channels.cap.ledger import Entry, Ledger
from forewarn.channels.cap.message import (
    NAMESPACE,
    Sender,
    cap_message,
    cap_time,
    drill_message,
    drill_name,
    entry,
    grouped,
    identifier,
    written,
)
from forewarn.channels.cap.seal import Sealer, opened
from forewarn.channels.courier import Courier
from forewarn.channels.drill import Drill, Drilled
from forewarn.errors import DeliveryError
from forewarn.records import Counts, Key, Parcel

TOGETHER_MAX = 1000  # steps carried at once, so that a scan's are one message
_FILE_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


class CapFolder:
    """Writes messages in a thread of its own, signed if it can; tells what is done.

    A file is still there after a power cut once its steps are confirmed.
    """

    def __init__(
        self,
        folder: Path,
        sender: Sender,
        delivered: Callable[[list[Key]], None],
        sealer: Sealer | None = None,
    ) -> None:
        self._folder = folder
        self._sender = sender
        self._sealer = sealer
        self._ledger: Ledger | None = None
        self._courier = Courier("cap", self._carry, delivered, TOGETHER_MAX)

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue steps to be written: never waits, never raises."""
        self._courier.offer(parcels)

    def counts(self) -> Counts:
        """How it fares."""
        return self._courier.counts()

    def close(self) -> None:
        """Write what is queued, then end."""
        self._courier.close()

    def drill(self, drill: Drill) -> Drilled:
        """Put a message of status Test beside the others, with a feed; read it back."""
        self._folder.mkdir(parents=True, exist_ok=True)
        root = drill_message(drill, self._sender)
        if self._sealer is not None:
            root = self._sealer.sealed(root)
        name = f"{drill_name(drill)}.xml"
        self._put(name, written(root))
        headline = next(iter(drill.texts.values()))
        told = Entry(drill_name(drill), drill.time_s, headline, ())
        sender = self._sender
        self._put(DRILL_FEED, feed([told], sender.address, sender.exercise, DRILL_FEED))
        for older in self._folder.glob("drill-*.xml"):
            if older.name != name:
                older.unlink(missing_ok=True)
        return self._read_back(drill, self._folder / name)

    def _read_back(self, drill: Drill, path: Path) -> Drilled:
        """As who fetches the message reads it, or DeliveryError."""
        sealer, body = self._sealer, path.read_bytes()
        root = (
            etree.fromstring(body) if sealer is None else opened(body, sealer.certificate)
        )
        found = [root.findtext(f"{{{NAMESPACE}}}{key}") for key in ("identifier", "status")]
        if found != [drill_name(drill), "Test"]:
            raise DeliveryError(f"{path}: read back, found {found}")
        signed = "its signature holds" if sealer else "not signed: the site names no key"
        return Drilled(f"read back from the folder, {signed}")

    def _carry(self, parcels: Sequence[Parcel]) -> list[str]:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._ledger is None:
            self._ledger = Ledger(self._folder)
        ledger = self._ledger
        errors = {parcel.key: _fault(parcel) for parcel in parcels}
        fresh = [p for p in parcels if p.key not in ledger and not errors[p.key]]
        for group in grouped(fresh):
            try:
                self._write(group, ledger)
            except OSError as error:
                errors |= {p.key: f"{type(error).__name__}: {error}" for p in group}
        if fresh:
            told = feed(ledger.newest(), self._sender.address, self._sender.exercise)
            self._put(FEED, told)
        return [errors[parcel.key] for parcel in parcels]

    def _write(self, group: Sequence[Parcel], ledger: Ledger) -> None:
        before = ledger.earlier(parcel.key for parcel in group)
        root = cap_message(group, self._sender, before)
        if self._sealer is not None:
            root = self._sealer.sealed(root)
        self._put(f"{identifier(group)}.xml", written(root))
        ledger.add(entry(group, self._sender))

    def _put(self, name: str, body: bytes) -> None:
        """A file that is whole or absent, and stays after a power cut."""
        half = self._folder / f".{name}.part"
        with half.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _fault(parcel: Parcel) -> str:
    """Why no message can tell this step; "" if one can."""
    name = identifier([parcel])
    if not _FILE_NAME.fullmatch(name):
        return f"{name!r} cannot be the name of a file"
    try:
        polygons(parcel.polygon)
        cap_time(parcel.alert.issued_s)
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        return f"{name}: {type(error).__name__}: {error}"
    return ""
