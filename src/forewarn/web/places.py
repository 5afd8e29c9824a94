"""Zones as a phone needs them to find its own: names, outlines in small whole numbers."""

import json
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from forewarn.web.hub import compact

SCALE = 100_000  # steps per degree: 1.1 m
TOLERANCE_DEG = 20.0 / 111_320.0  # outlines may be off by 20 m: a phone knows no better


def places(zones_geojson: bytes, version: str) -> bytes:
    """JSON of all zones: id, name, names, and `shape`, which is polygons of rings.

    A ring is longitude and latitude of its first point and then steps to the next, in
    1/`scale` degrees, never closed; its first polygon ring is the outline, others holes.
    """
    features = json.loads(zones_geojson)["features"]
    shapes = [shape(feature["geometry"]) for feature in features]
    simple = shapely.simplify(shapes, TOLERANCE_DEG, preserve_topology=True)
    zones = [
        {
            "zone_id": feature["properties"]["zone_id"],
            "name": feature["properties"]["name"],
            "names": feature["properties"]["names"],
            "shape": _polygons(outline),
        }
        for feature, outline in zip(features, simple, strict=True)
    ]
    return compact({"version": version, "scale": SCALE, "zones": zones}).encode()


def _polygons(outline: BaseGeometry) -> list[list[list[int]]]:
    geometry: dict[str, Any] = mapping(outline)
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return [[_steps(np.array(ring)) for ring in polygon] for polygon in polygons]


def _steps(ring: NDArray[np.float64]) -> list[int]:
    whole = np.round(ring[:-1] * SCALE).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64))
    return [int(step) for step in steps.ravel()]
