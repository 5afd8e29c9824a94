"""Areas of zones out of GeoJSON: what cannot be an area is refused by the zone's id."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.zones.points import areas

LEAST_M2 = 1.0


def shapes_of(
    where: str, zone_ids: list[str], geometries: list[Any]
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """One polygon or multi-polygon a zone, and each as GeoJSON text.

    where : file, for messages
    """
    for zone, geometry in zip(zone_ids, geometries, strict=True):
        fault = fault_of(geometry)
        if fault:
            raise ConfigError(f"{where}: zone {zone!r}: {fault}")
    texts = tuple(msgspec.json.encode(geometry).decode() for geometry in geometries)
    shapes: NDArray[Any] = shapely.from_geojson(texts)
    valid = shapely.is_valid(shapes)
    for i in np.flatnonzero(~valid).tolist():
        reason = shapely.is_valid_reason(shapes[i])
        raise ConfigError(f"{where}: zone {zone_ids[i]!r}: not a valid area: {reason}")
    for i in np.flatnonzero(areas(shapes) < LEAST_M2).tolist():
        raise ConfigError(f"{where}: zone {zone_ids[i]!r}: has no area")
    return shapes, texts


def fault_of(geometry: Any) -> str:
    """Why a GeoJSON geometry cannot be the area of a zone; "" if its rings are sound."""
    if not isinstance(geometry, dict):
        return f"geometry is {geometry!r}, expected a Polygon or MultiPolygon"
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        return f"geometry is a {kind}, expected a Polygon or MultiPolygon"
    polygons = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(polygons, list) or not polygons:
        return "geometry has no coordinates"
    if not all(isinstance(rings, list) and rings for rings in polygons):
        return "geometry has no coordinates"
    for ring in _rings(polygons):
        fault = _ring_fault(ring)
        if fault:
            return f"geometry: {fault}"
    return ""


def _rings(polygons: Any) -> Iterator[Any]:
    for rings in polygons:
        yield from rings


def _ring_fault(ring: Any) -> str:
    if not isinstance(ring, list) or len(ring) < 4:
        return "a ring has fewer than four positions"
    try:
        lon, lat = np.array([position[:2] for position in ring], float).T
    except (TypeError, ValueError, IndexError, OverflowError, KeyError) as error:
        return f"a position is not [longitude, latitude]: {error}"
    if not (np.abs(lat) <= 90).all() or not (np.abs(lon) <= 180).all():
        return "a position is not within 180 degrees of longitude and 90 of latitude"
    if lon[0] != lon[-1] or lat[0] != lat[-1]:
        return f"a ring is open: it begins at {ring[0]} and ends at {ring[-1]}"
    if np.ptp(lon) > 180:
        return "a ring crosses the antimeridian; cut the area there (RFC 7946, 3.1.9)"
    return ""
