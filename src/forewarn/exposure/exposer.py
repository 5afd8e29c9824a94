"""The stage: whom the forecasts threaten, as futures change."""

import numpy as np

from forewarn.exposure.index import PointIndex
from forewarn.exposure.votes import votes
from forewarn.geodesy import FloatArray
from forewarn.records import Exposures, Forecasts, IntArray, Zones, rows_of


class Exposer:
    """Whom the forecasts threaten; counts again only the votes of futures that changed.

    What it keeps is a shortcut, not memory: the same votes come out of the same futures.
    """

    def __init__(self, zones: Zones) -> None:
        self.index = PointIndex(zones)
        self._track_id: IntArray = np.zeros(0, np.int64)
        self._made_s: FloatArray = np.zeros(0)
        self._zone: IntArray = np.zeros(0, np.int64)
        self._threat: IntArray = np.zeros(0, np.int64)  # row in _track_id
        self._votes: FloatArray = np.zeros((0, 3))

    def step(self, forecasts: Forecasts) -> Exposures:
        """Zones each threat may reach, how probably and when."""
        before, known = rows_of(forecasts.track_id, self._track_id)
        known[known] = self._made_s[before[known]] == forecasts.made_s[known]
        now = np.full(len(self._track_id), -1)
        now[before[known]] = np.flatnonzero(known)
        threat = now[self._threat]
        fresh = np.flatnonzero(~known)
        if len(fresh) or (threat < 0).any():
            self._count(forecasts, fresh, threat)
        else:
            self._threat = threat
        self._track_id, self._made_s = forecasts.track_id, forecasts.made_s
        return self._record(forecasts)

    def _count(self, forecasts: Forecasts, fresh: IntArray, threat: IntArray) -> None:
        """Put the votes of threats `fresh` in the place of those told before.

        threat : of each pair told before; -1 = it is no more
        """
        kept = np.flatnonzero(threat >= 0)
        zone, anew, told = votes(forecasts, fresh, self.index)
        zone = np.concatenate([self._zone[kept], zone])
        threat = np.concatenate([threat[kept], anew])
        order = np.argsort(zone * len(forecasts.track_id) + threat)
        self._zone, self._threat = zone[order], threat[order]
        self._votes = np.concatenate([self._votes[kept], told])[order]

    def _record(self, forecasts: Forecasts) -> Exposures:
        p, early_s, median_s = self._votes.T
        return Exposures(
            received_s=forecasts.received_s,
            zone=self._zone,
            threat=self._threat,
            probability=np.minimum(p, 1.0),
            onset_p05_s=early_s.copy(),
            onset_p50_s=median_s.copy(),
            track_id=forecasts.track_id,
            group_mask=forecasts.group_mask,
            trusted=forecasts.trusted,
            kind=forecasts.kind,
            first_s=forecasts.first_s,
            last_s=forecasts.last_s,
            group_names=forecasts.group_names,
        )
