"""How well each radar sees, how much of nothing, and how exactly, learned while it runs.

What a sensor file states is where it begins. The chance to be seen is counted over tracks
well known and in cover, with the weight of a beta prior; false plots are those that nobody
takes, with the weight of a gamma prior; both forget, so that weather shows. A radar errs as
its plots say, unless they lie further from where steady tracks are foretold than both say
(normalised innovation squared: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications
to Tracking and Navigation" (2001), section 5.4): then its errors count for larger.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BOOSTING, TURNING, Sensor, SensorKind
from forewarn.track.life import LEAST_HIT
from forewarn.track.table import Table

KNOWN_HITS = 8  # plots of a track by which it is judged whether a radar sees
MEMORY_SCANS = 40.0
PRIOR_LOOKS, PRIOR_SCANS = 40.0, 2.0  # what the stated numbers are worth
TOOK = 0.1  # chance that it took no plot, below which it did
LEAST_SEEN, MOST_SEEN = 0.3, 0.98
LEAST_FALSE = 0.1  # a scan
LATELY_SCANS = 3.0  # by which it is judged whether a radar still sees what others do
SEEN, LOOKS, FALSE, SCANS, LATELY_SEEN, LATELY, FAR, JUDGED = range(8)
# of the variance of a radar's errors: how long it is remembered, and looks that its own
# word is worth; plots further off than this tell of a manoeuvre, and so does such a share
# of its modes
NOISE_SCANS, PRIOR_JUDGED, FARTHEST, STEADY = 200.0, 20.0, 4.0, 0.2
# what honest radars may seem to err more, by chance or for what of their bias is not known
# yet; from the second on it is taken as it is, and beyond the third it is something else
SEEMS, SURELY, MOST = 1.2, 1.5, 16.0


class Known(NamedTuple):
    """Of one sensor: detection probability, false plots a scan, errors over those stated.

    error_ratio : 1 or more, one for all that it measures; 1 where it tells no place
    """

    detection: float
    false_plots: float
    error_ratio: float


class Health:
    """(s, 8) of each radar: looks that saw, looks, false plots, scans, all fading, and the
    first two again, fading within a few scans; how far plots lay off, and of how many.
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
        self.counts: FloatArray = np.zeros((len(radars), 8))

    def of(self, sensor: Sensor) -> Known:
        """What is known now."""
        row = self._row.get(sensor.sensor_id)
        if row is None:
            return Known(sensor.detection_probability, sensor.clutter_per_scan, 1.0)
        seen, looks, false, scans = (self.counts[row, :4] + self._prior[row]).tolist()
        detection = min(max(seen / looks, LEAST_SEEN), MOST_SEEN)
        far, judged = (self.counts[row, [FAR, JUDGED]] + PRIOR_JUDGED).tolist()
        ratio2 = min(far / judged, MOST)
        if ratio2 < SURELY:
            ratio2 = 1.0 + max(ratio2 - SEEMS, 0.0) * (SURELY - 1.0) / (SURELY - SEEMS)
        return Known(detection, max(false / scans, LEAST_FALSE), float(np.sqrt(ratio2)))

    def lately(self, sensor: Sensor) -> tuple[float, float]:
        """Looks of the last scans at tracks well known that saw them, and all of these."""
        row = self._row.get(sensor.sensor_id)
        if row is None:
            return 0.0, 0.0
        seen, looks = self.counts[row, [LATELY_SEEN, LATELY]].tolist()
        return seen, looks

    def learn(
        self,
        sensor: Sensor,
        t: Table,
        hit: FloatArray,
        missed: FloatArray,
        free: FloatArray,
        error_ratio: float,
    ) -> None:
        """Take in a scan.

        t           : tracks (n)
        hit, missed : (n,) chance to be seen, chance that the track took none
        free        : (m,) chance that each plot is nobody's
        error_ratio : as of `Known`, by which its plots were taken
        """
        row = self._row.get(sensor.sensor_id)
        if row is not None:
            counts = self.counts.copy()
            _count(t, hit, missed, free, error_ratio, counts[row])
            self.counts = counts

    def memory(self) -> dict[str, NDArray[Any]]:
        """All that the next step depends on."""
        return {"health": self.counts}

    def restore(self, memory: dict[str, NDArray[Any]]) -> None:
        """Go on from `memory`."""
        self.counts = memory["health"].copy()


@kernel
def _count(
    t: Table,
    hit: FloatArray,
    missed: FloatArray,
    free: FloatArray,
    error_ratio: float,
    counts: FloatArray,
) -> None:
    """Counts (8,) of one radar after a scan, in place."""
    for k in range(4):
        counts[k] *= 1.0 - 1.0 / MEMORY_SCANS
    for k in range(4, 6):
        counts[k] *= 1.0 - 1.0 / LATELY_SCANS
    counts[FAR] *= 1.0 - 1.0 / NOISE_SCANS
    counts[JUDGED] *= 1.0 - 1.0 / NOISE_SCANS
    for i in range(len(t)):
        row = t[i]
        sways = row["weight"][BOOSTING] + row["weight"][TURNING] > STEADY
        took = missed[i] < TOOK and row["hits"] > KNOWN_HITS and np.isfinite(row["far"])
        if took and not sways:
            counts[FAR] += error_ratio**2 * min(row["far"], FARTHEST)
            counts[JUDGED] += 1.0
        if hit[i] > LEAST_HIT and t[i]["hits"] >= KNOWN_HITS:
            counts[SEEN] += 1.0 - missed[i]
            counts[LOOKS] += 1.0
            counts[LATELY_SEEN] += 1.0 - missed[i]
            counts[LATELY] += 1.0
    for j in range(len(free)):
        counts[FALSE] += free[j]
    counts[SCANS] += 1.0
