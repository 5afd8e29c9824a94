"""Small files that must survive a power cut: whole or as they were, never in between."""

import os
from collections.abc import Callable
from pathlib import Path

from forewarn.errors import ConfigError

BLOCK = 256  # numbers taken at once, so that few of them wait for the disk


def write_durably(path: Path, body: bytes) -> None:
    """Put a small file in place; once this returns, it is there after a power cut too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    with half.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Counter:
    """Numbers that only rise and are never given twice, whenever the power is cut.

    A block of them is put on record before the first is given. They start no lower than
    `floor`, a number that rises with the clock: so a file that is lost, or a disk that is
    full, does not bring old numbers back.
    """

    def __init__(self, path: Path, floor: Callable[[], int]) -> None:
        self._path = path
        self._floor = floor
        self._last = self._taken = _read(path)
        self.error = ""

    def next(self) -> int:
        """A number above all that were given before."""
        if self._last >= self._taken:
            self._last = max(self._last, self._floor())
            self._taken = self._last + BLOCK
            try:
                write_durably(self._path, f"{self._taken}\n".encode())
                self.error = ""
            except OSError as error:  # who is to be warned does not wait for a disk
                self.error = f"{self._path}: not on record: {error}"
        self._last += 1
        return self._last


def _read(path: Path) -> int:
    try:
        return int(path.read_bytes())
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        raise ConfigError(
            f"{path}: is no counter, expected a number; without the file, "
            "counting goes on from the clock"
        ) from None
