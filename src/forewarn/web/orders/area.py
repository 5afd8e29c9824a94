"""The zones that an operator means: by id, or by an area drawn on the map."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import shapely

from forewarn.errors import ConfigError
from forewarn.records import FloatArray, IntArray
from forewarn.web.refusal import RefusedError
from forewarn.zones.checking import shapes_of
from forewarn.zones.points import areas

_SHOWN = 5


class ZoneMap:
    """The zones of the site, as the pages have them.

    zone_id        : (z,) text
    people, area_m2 : (z,)
    """

    def __init__(self, geojson: bytes) -> None:
        features = msgspec.json.decode(geojson)["features"]
        rows = [feature["properties"] for feature in features]
        self.zone_id = tuple(str(row["zone_id"]) for row in rows)
        self._names = [{"": str(row["name"]), **row["names"]} for row in rows]
        self._row = {zone_id: i for i, zone_id in enumerate(self.zone_id)}
        self.people: FloatArray = np.array([row["population"] for row in rows], float)
        self._shapes = shapely.from_geojson(
            [msgspec.json.encode(feature["geometry"]).decode() for feature in features]
        )
        self.area_m2: FloatArray = areas(self._shapes) if rows else np.zeros(0)

    def by_id(self, zone_ids: Sequence[str]) -> IntArray:
        """(k,) rows of zones, each once, in order. One that is unknown: none of them."""
        unknown = [zone_id for zone_id in zone_ids if zone_id not in self._row]
        if unknown:
            raise RefusedError(
                400, f"zone_ids: {_few(unknown)} unknown here: nothing was drafted"
            )
        return np.unique(np.array([self._row[zone_id] for zone_id in zone_ids], np.int64))

    def by_area(self, area: Any) -> IntArray:
        """(k,) rows of the zones that an area touches. No area is never everywhere."""
        try:
            (drawn,), _ = shapes_of("area", ["drawn"], [area])
        except (ConfigError, shapely.GEOSException) as error:
            raise RefusedError(400, f"{error}: nothing was drafted") from None
        touched = shapely.intersects(self._shapes, drawn)
        rows: IntArray = np.flatnonzero(touched)
        if not len(rows):
            raise RefusedError(400, "area: no zone of this site is in it; nothing drafted")
        return rows

    def name(self, row: int, language: str) -> str:
        """Of a zone, as texts in a language call it."""
        names: Mapping[str, str] = self._names[row]
        return names.get(language, names[""])

    def row(self, zone_id: str) -> int:
        """Of one zone."""
        return int(self.by_id([zone_id])[0])

    def ids(self, rows: IntArray) -> tuple[str, ...]:
        """Ids of rows."""
        return tuple(self.zone_id[row] for row in rows)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name[:40]) for name in names[:_SHOWN]) + more
