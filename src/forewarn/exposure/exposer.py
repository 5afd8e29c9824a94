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
        self._owner: IntArray = np.zeros(0, np.int64)  # track id of each row
        self._rows: FloatArray = np.zeros((0, 3))

    def step(self, forecasts: Forecasts) -> Exposures:
        """Zones each threat may reach, how probably and when."""
        place, known = rows_of(forecasts.track_id, self._track_id)
        known[known] = self._made_s[place[known]] == forecasts.made_s[known]
        _, kept = rows_of(self._owner, forecasts.track_id[known])
        fresh = np.flatnonzero(~known)
        if len(fresh) or not kept.all():
            zone, threat, rows = votes(forecasts, fresh, self.index)
            zone = np.concatenate([self._zone[kept], zone])
            owner = np.concatenate([self._owner[kept], forecasts.track_id[threat]])
            rows = np.concatenate([self._rows[kept], rows])
            order = np.lexsort((owner, zone))
            self._zone, self._owner, self._rows = zone[order], owner[order], rows[order]
        self._track_id, self._made_s = forecasts.track_id, forecasts.made_s
        return self._record(forecasts)

    def _record(self, forecasts: Forecasts) -> Exposures:
        p, early_s, median_s = self._rows.T
        return Exposures(
            received_s=forecasts.received_s,
            zone=self._zone.copy(),
            threat=np.searchsorted(forecasts.track_id, self._owner),
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
