"""Areas as CAP draws them: closed outer rings, of not too many corners."""

import json
from functools import lru_cache

VERTICES_MAX = 300  # of one polygon; receivers choke on thousands


@lru_cache(maxsize=8192)
def polygons(geometry: str) -> tuple[str, ...]:
    """Each outer ring as CAP writes it: "lat,lon" pairs, the last one the first."""
    return tuple(
        " ".join(f"{lat:.5f},{lon:.5f}" for lon, lat in ring)
        for ring in outer_rings(geometry)
    )


def outer_rings(geometry: str) -> list[list[tuple[float, float]]]:
    """Closed outer rings (lon, lat) of a GeoJSON polygon or multi-polygon.

    CAP knows no holes: who lives in one is warned with those around. A ring of too many
    corners is drawn with fewer, around the true one: nobody inside falls out.
    """
    read = json.loads(geometry)
    parts = [read["coordinates"]] if read["type"] == "Polygon" else read["coordinates"]
    rings = []
    for part in parts:
        ring = [(float(x), float(y)) for x, y, *_ in part[0]]
        if len(ring) > VERTICES_MAX:
            ring = _fewer(ring)
        rings.append(ring if ring[0] == ring[-1] else [*ring, ring[0]])
    return rings


def _fewer(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A ring of at most VERTICES_MAX corners that holds the given one."""
    from shapely import Polygon  # a third of a second, and few zones need it

    true = Polygon(ring)
    reach_deg = 1e-4
    while True:
        # grown by twice as much as a corner may be cut
        grown = true.buffer(2 * reach_deg, join_style="mitre").simplify(reach_deg)
        drawn = [(x, y) for x, y, *_ in grown.exterior.coords]
        if len(drawn) <= VERTICES_MAX:
            return drawn
        reach_deg *= 2
