"""In which zone a place lies, of the zones a board shows now."""

import json
import threading

import shapely
from shapely.geometry import shape

from forewarn.web.board import Board


class Whereabouts:
    """Finds zones by position; made anew when the zones change. Keeps no position."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._making = threading.Lock()
        self._version = ""
        self._zone_ids: list[str] = []
        self._tree = shapely.STRtree([])

    def zones(self, lat_deg: float, lon_deg: float) -> list[str]:
        """The zones that hold a place, its border too; none outside all of them."""
        with self._making:
            if self._board.zones_version != self._version:
                self._make(self._board.zones, self._board.zones_version)
        found = self._tree.query(shapely.Point(lon_deg, lat_deg), predicate="intersects")
        return [self._zone_ids[row] for row in sorted(found)]

    def _make(self, zones: bytes, version: str) -> None:
        features = json.loads(zones)["features"]
        self._zone_ids = [feature["properties"]["zone_id"] for feature in features]
        self._tree = shapely.STRtree([shape(feature["geometry"]) for feature in features])
        self._version = version
