"""The people of a zone as points: a regular grid inside it, thinned to where they live."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray, ground_scales
from forewarn.units import RAD_PER_DEG
from forewarn.zones.people import PeopleGrid

FEWEST_POINTS = 7  # of a zone's people, as a rule of thumb: area over spacing squared
SPACING_M = (150.0, 1500.0)
MOST_POINTS = 400
EMPTY = 0.01  # a point with less than this share of the mean of its zone's is left out

Points = dict[str, NDArray[Any]]


def areas(shapes: NDArray[Any]) -> FloatArray:
    """Of each zone, in m2."""
    per_lat, per_lon = _scales(shapes)
    area: FloatArray = shapely.area(shapes) * per_lat * per_lon
    return area


def spread(shapes: NDArray[Any], area_m2: FloatArray) -> Points:
    """A regular grid inside each zone; at least one point, at most about MOST_POINTS.

    rad (m, 2), zone (m,), share (m,), sigma (m,): as in records.Zones
    """
    spacing = np.clip(np.sqrt(area_m2 / FEWEST_POINTS), *SPACING_M)
    spacing = np.maximum(spacing, np.sqrt(area_m2 / MOST_POINTS))
    per_lat, per_lon = _scales(shapes)
    bounds = shapely.bounds(shapes)
    owners, lons, lats = [], [], []
    for i in range(len(shapes)):
        x = _line(bounds[i, 0], bounds[i, 2], spacing[i] / per_lon[i])
        y = _line(bounds[i, 1], bounds[i, 3], spacing[i] / per_lat[i])
        lon, lat = (grid.ravel() for grid in np.meshgrid(x, y))
        owners.append(np.full(len(lon), i))
        lons.append(lon)
        lats.append(lat)
    owner, lon, lat = (np.concatenate(part) for part in (owners, lons, lats))
    shapely.prepare(shapes)
    inside = shapely.contains_xy(shapes[owner], lon, lat)
    owner, lon, lat = owner[inside], lon[inside], lat[inside]
    bare = np.setdiff1d(np.arange(len(shapes)), owner)
    spot = shapely.point_on_surface(shapes[bare])
    owner = np.concatenate([owner, bare])
    lon = np.concatenate([lon, shapely.get_x(spot)])
    lat = np.concatenate([lat, shapely.get_y(spot)])
    order = np.argsort(owner, kind="stable")
    owner, lon, lat = owner[order], lon[order], lat[order]
    count = np.bincount(owner, minlength=len(shapes))
    own_spacing = np.sqrt(area_m2 / count)
    return {
        "rad": np.stack([lat, lon], axis=1) * RAD_PER_DEG,
        "zone": owner.astype(np.int64),
        "share": 1.0 / count[owner],
        "sigma": own_spacing[owner] / np.sqrt(12.0),
    }


def settle(points: Points, zones: int, grid: PeopleGrid) -> tuple[Points, FloatArray]:
    """Points only where the grid has people, shared as it has them; people of each zone.

    A zone in which it has nobody keeps its points: whoever is there all the same is warned.
    """
    people = grid.within(points["rad"], points["sigma"] * np.sqrt(12.0))
    of_zone: FloatArray = np.bincount(points["zone"], people, zones).astype(float)
    mean = (of_zone / np.bincount(points["zone"], minlength=zones))[points["zone"]]
    kept = (people > EMPTY * mean) | (mean == 0)
    weight = np.where(mean > 0, people, points["share"])[kept]
    settled = {name: column[kept] for name, column in points.items()}
    total = np.bincount(settled["zone"], weight, zones)
    settled["share"] = weight / total[settled["zone"]]
    return settled, of_zone


def centres(points: Points, zones: int) -> FloatArray:
    """(zones, 2) middle of the people of each, in radians."""
    shares = [
        np.bincount(points["zone"], points["rad"][:, axis] * points["share"], zones)
        for axis in (0, 1)
    ]
    return np.stack(shares, axis=1)


def _scales(shapes: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Metres per degree of latitude and longitude at each zone."""
    middle = shapely.get_y(shapely.centroid(shapes)) * RAD_PER_DEG
    per_lat, per_lon = ground_scales(middle)
    return per_lat * RAD_PER_DEG, per_lon * RAD_PER_DEG


def _line(low: float, high: float, step: float) -> FloatArray:
    count = max(int(np.ceil((high - low) / step)), 1)
    inner = low + (np.arange(count) + 0.5) * (high - low) / count
    return np.asarray(inner)
