"""The air of the day, read again whenever its file changes."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.files.air import read_profile
from forewarn.records import Weather

LOOK_S = 10.0  # between two looks at the file


class AirSource:
    """A profile file that somebody writes anew, as a weather service does every few hours.

    A file that cannot be used is counted by its fault, and the air stays as it was.
    """

    def __init__(
        self, path: Path, look_s: float = LOOK_S, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._look_s = look_s
        self._clock = clock
        self._seen = self._stamp()
        self.refused: Counter[tuple[str, str]] = Counter()

    def _stamp(self) -> tuple[int, int]:
        try:
            stat = self._path.stat()
        except OSError:
            return 0, 0  # being replaced: the next look finds it
        return stat.st_mtime_ns, stat.st_size

    async def events(self) -> AsyncIterator[Weather]:
        """One for each change of the file that can be read."""
        while True:
            await asyncio.sleep(self._look_s)
            stamp = self._stamp()
            if stamp in (self._seen, (0, 0)):
                continue
            self._seen = stamp
            try:
                profile = read_profile(self._path)
            except ConfigError as error:
                self.refused[("air", str(error))] += 1
                continue
            yield Weather(
                0,
                self._clock(),
                profile.height_m,
                profile.wind_mps,
                profile.density_kgpm3,
                profile.temperature_k,
            )
