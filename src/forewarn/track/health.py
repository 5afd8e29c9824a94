"""How well each radar sees, and how much of nothing, learned while it runs.

What a sensor file states is where it begins. The chance to be seen is counted over tracks
well known and in cover, with the weight of a beta prior; false plots are those that nobody
takes, with the weight of a gamma prior; both forget, so that weather shows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import Sensor, SensorKind
from forewarn.track.life import LEAST_HIT
from forewarn.track.table import Table

KNOWN_HITS = 8  # plots of a track by which it is judged whether a radar sees
MEMORY_SCANS = 40.0
PRIOR_LOOKS, PRIOR_SCANS = 40.0, 2.0  # what the stated numbers are worth
LEAST_SEEN, MOST_SEEN = 0.3, 0.98
LEAST_FALSE = 0.1  # a scan
LATELY_SCANS = 3.0  # by which it is judged whether a radar still sees what others do
SEEN, LOOKS, FALSE, SCANS, LATELY_SEEN, LATELY = 0, 1, 2, 3, 4, 5


class Health:
    """(s, 6) of each radar: looks that saw, looks, false plots, scans, all fading, and the
    first two again, fading within a few scans.
    """

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        radars = [s for s in sensors if s.kind in (SensorKind.RADAR, SensorKind.RADAR2D)]
        self._row = {s.sensor_id: k for k, s in enumerate(radars)}
        stated = [(s.detection_probability, s.clutter_per_scan) for s in radars]
        self._prior = np.array(
            [
                [seen * PRIOR_LOOKS, PRIOR_LOOKS, false * PRIOR_SCANS, PRIOR_SCANS]
                for seen, false in stated
            ]
        ).reshape(-1, 4)
        # never written to again
        self.counts: FloatArray = np.zeros((len(radars), 6))

    def of(self, sensor: Sensor) -> tuple[float, float]:
        """Detection probability and false plots a scan, as known now."""
        row = self._row.get(sensor.sensor_id)
        if row is None:
            return sensor.detection_probability, sensor.clutter_per_scan
        seen, looks, false, scans = (self.counts[row, :4] + self._prior[row]).tolist()
        detection = min(max(seen / looks, LEAST_SEEN), MOST_SEEN)
        return detection, max(false / scans, LEAST_FALSE)

    def lately(self, sensor: Sensor) -> tuple[float, float]:
        """Looks of the last scans at tracks well known that saw them, and all of these."""
        row = self._row.get(sensor.sensor_id)
        if row is None:
            return 0.0, 0.0
        seen, looks = self.counts[row, 4:].tolist()
        return seen, looks

    def learn(
        self,
        sensor: Sensor,
        t: Table,
        hit: FloatArray,
        missed: FloatArray,
        free: FloatArray,
    ) -> None:
        """Take in a scan.

        t           : tracks (n)
        hit, missed : (n,) chance to be seen, chance that the track took none
        free        : (m,) chance that each plot is nobody's
        """
        row = self._row.get(sensor.sensor_id)
        if row is not None:
            counts = self.counts.copy()
            _count(t, hit, missed, free, counts[row])
            self.counts = counts

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {"health": self.counts}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self.counts = memory["health"].copy()


@kernel
def _count(
    t: Table, hit: FloatArray, missed: FloatArray, free: FloatArray, counts: FloatArray
) -> None:
    """Counts (6,) of one radar after a scan, in place."""
    for k in range(4):
        counts[k] *= 1.0 - 1.0 / MEMORY_SCANS
    for k in range(4, 6):
        counts[k] *= 1.0 - 1.0 / LATELY_SCANS
    for i in range(len(t)):
        if hit[i] > LEAST_HIT and t[i]["hits"] >= KNOWN_HITS:
            counts[SEEN] += 1.0 - missed[i]
            counts[LOOKS] += 1.0
            counts[LATELY_SEEN] += 1.0 - missed[i]
            counts[LATELY] += 1.0
    for j in range(len(free)):
        counts[FALSE] += free[j]
    counts[SCANS] += 1.0
