"""A disk under SQLite that fails as real ones do: it loses power, errs, is full, or lies.

Files are kept by the operating system as usual; this file remembers which of their bytes
have been synced, so that it can tell what a power cut would have left.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

SECTOR = 512
Op = tuple[str, str, int, bytes]  # file, kind, offset or size, data


@dataclass
class Image:
    """What one file holds: bytes that are down for certain, and writes that may be."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)
    gone: bool = False


@dataclass
class Disk:
    """All that was done to the files of one folder, in order, with marks between.

    lies  : a sync does nothing and says it did
    fault : asked before each write, sync and truncation; may raise
    """

    log: list[Op] = field(default_factory=list)
    base: dict[str, bytes] = field(default_factory=dict)
    lies: bool = False
    fault: Callable[[str, str, int], None] = lambda name, kind, size: None

    def mark(self, line: str) -> None:
        """Note that something was said to be safe by now."""
        self.log.append(("", "mark", 0, line.encode()))

    def begin(self, files: Mapping[str, bytes]) -> None:
        """Start anew from some files, all of them synced."""
        self.log.clear()
        self.base = dict(files)

    def cut(self, at: int, rng: random.Random, keep: float) -> dict[str, bytes]:
        """Files after a power cut behind so many entries of the log.

        keep : chance of each sector of an unsynced write to be down
        """
        images = {name: Image(bytearray(body)) for name, body in self.base.items()}
        for name, kind, offset, data in self.log[:at]:
            if kind == "mark":
                continue
            image = images.setdefault(name, Image(gone=True))
            if kind == "sync" and image.gone and not self.lies:
                # the first sync of a new file syncs its folder: what was deleted stays so
                for other in images.values():
                    self._bury(other)
            self._apply(image, kind, offset, data)
        for image in images.values():
            for one in image.pending:
                _tear(image, one, rng, keep)
        return {name: bytes(one.durable) for name, one in images.items() if not one.gone}

    def _apply(self, image: Image, kind: str, offset: int, data: bytes) -> None:
        if kind == "write":
            self._bury(image)  # another file of that name
        if kind == "lost":  # a sync failed: the kernel takes these pages for written
            image.pending.clear()
        elif kind != "sync":
            image.pending.append((kind, offset, data))
        elif not self.lies:
            for one in image.pending:
                _put(image, *one)
            image.pending.clear()

    @staticmethod
    def _bury(image: Image) -> None:
        """What a deleted file held is gone for good."""
        if image.pending and image.pending[-1][0] == "delete":
            image.durable, image.pending, image.gone = bytearray(), [], True

    def said(self, at: int) -> list[str]:
        """What had been said to be safe by then."""
        return [data.decode() for _, kind, _, data in self.log[:at] if kind == "mark"]


def _put(image: Image, kind: str, offset: int, data: bytes) -> None:
    body = image.durable
    image.gone = kind == "delete"
    if kind == "write":
        body.extend(bytes(max(offset + len(data) - len(body), 0)))
        body[offset : offset + len(data)] = data
    else:
        del body[offset:]
        body.extend(bytes(offset - len(body)))


def _tear(
    image: Image, one: tuple[str, int, bytes], rng: random.Random, keep: float
) -> None:
    """What was not synced: of a write some sectors are down; all else wholly or not."""
    kind, offset, data = one
    if kind != "write":
        if rng.random() < keep:
            _put(image, *one)
        return
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
        if rng.random() < keep:
            _put(image, kind, offset + start, data[start:end])
        start = end


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, path: str | apsw.URIFilename, flags: list[int]) -> None:
        name = path.filename() if isinstance(path, apsw.URIFilename) else path
        self._disk, self._name = disk, Path(name).name
        super().__init__("unix", path, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.fault(self._name, "write", offset + len(data) - self.xFileSize())
        super().xWrite(data, offset)
        self._disk.log.append((self._name, "write", offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.fault(self._name, "truncate", 0)
        super().xTruncate(newsize)
        self._disk.log.append((self._name, "truncate", newsize, b""))

    def xSync(self, flags: int) -> None:  # noqa: N802
        try:
            self._disk.fault(self._name, "sync", 0)
        except apsw.Error:
            self._disk.log.append((self._name, "lost", 0, b""))
            raise
        self._disk.log.append((self._name, "sync", 0, b""))


class _Files(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("faulty", "unix", makedefault=True)

    def xOpen(  # noqa: N802
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        if name is None:
            return super().xOpen(name, flags)
        return _File(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self._disk.log.append((Path(filename).name, "delete", 0, b""))
        if syncdir:
            self._disk.log.append((Path(filename).name, "sync", 0, b""))


@contextmanager
def faulty(disk: Disk) -> Iterator[Disk]:
    """Everything that SQLite opens lies on this disk."""
    files = _Files(disk)
    try:
        yield disk
    finally:
        files.unregister()
