"""Zones for a place without a map: H3 cells where people live.

Each place of GeoNames (CC BY 4.0) is spread over a disc as dense as a town; a thin
countryside lies under all of it. Parents are groups of cells about as large as the
areas that are warned today, so that a raid can be judged against each practice.
"""

import hashlib
from math import isfinite
from typing import Any, NamedTuple

import h3
import numpy as np
import shapely

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, ecef_points, ground_scales, metres_per_radian
from forewarn.records import Zones
from forewarn.units import RAD_PER_DEG
from forewarn.zones.keeping import folder, method
from forewarn.zones.places import (
    COUNTRYSIDE_M,
    COUNTRYSIDE_PER_M2,
    Places,
    disc_m,
    edition,
    places,
    sunflower,
)
from forewarn.zones.reading import Census, read_zones, write_zones

PRACTICES_KM2 = {"raion": 4460.0, "oblast": 24_000.0}
HROMADA_RESOLUTION = 5  # 253 km2, against 297 in practice
MOST_ZONES = 300_000


class Region(NamedTuple):
    """Whom to make zones for: around a centre, or in a country.

    radius_km  : of the circle; 0 = none
    resolution : of H3 cells, 4 to 10; 8 is 0.7 km2, the smallest worth its number
    country    : ISO 3166, two letters; "" = the circle
    """

    lat_deg: float = float("nan")
    lon_deg: float = float("nan")
    radius_km: float = 0.0
    resolution: int = 8
    shelter_s: float = 60.0
    country: str = ""

    def __str__(self) -> str:
        told = [f"{value:g}" for value in self[:5]]
        return "-".join([self.country, *told[3:]] if self.country else told)


def make_zones(region: Region) -> dict[str, Any]:
    """A FeatureCollection of H3 cells with people, in a region."""
    if not 4 <= region.resolution <= 10:
        raise ConfigError(
            f"zones make: resolution is {region.resolution}, expected 4 to 10"
        )
    towns = _towns(region)
    cells = _populate(towns, region.resolution)
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells])
    inside = np.ones(len(cells), bool)
    if not region.country:
        inside = np.hypot(*_away(region, centres[:, 0], centres[:, 1]).T) < (
            region.radius_km * 1e3
        )
    kept = [cell for cell, ok in zip(cells, inside, strict=True) if ok]
    centres = centres[inside]
    labels = _labels(centres, towns)
    groups = _groups(_spread_out(region, centres), region)
    features = [
        _feature(cell, label, cells[cell], region, {**group, "hromada": _hromada(cell)})
        for cell, label, group in zip(kept, labels, groups, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def made_zones(region: Region, language: str = "en", census: Census | None = None) -> Zones:
    """Zones of a region, made once and kept on disk.

    census : who lives there; None = as the bundled places have it
    """
    told = hashlib.sha256(f"{region} {method()} {edition()}".encode()).hexdigest()[:8]
    path = folder() / f"made-{region}-{told}.geojson"
    if not path.exists():
        write_zones(path, make_zones(region))
    return read_zones(path, language, census or Census("places"))


def _towns(region: Region) -> Places:
    """The places of a region."""
    known = places()
    if region.country:
        there = known.country == region.country
        if not there.any():
            raise ConfigError(
                f"region {region.country!r}: no places; expected an ISO 3166 code "
                "of two capital letters"
            )
        return known.where(there)
    if not 0 < region.radius_km <= 1000:
        raise ConfigError(
            f"zones make: radius is {region.radius_km} km, expected 1 to 1000"
        )
    if not (isfinite(region.lat_deg) and isfinite(region.lon_deg)):
        raise ConfigError("region: expected a country, or lat_deg, lon_deg, radius_km")
    away_m = np.hypot(*_away(region, known.lat_deg, known.lon_deg).T)
    near = known.where(away_m < region.radius_km * 1e3)
    if not len(near.people):
        raise ConfigError(
            f"zones make: no populated place within {region.radius_km} km of "
            f"{region.lat_deg}, {region.lon_deg}"
        )
    return near


def _away(region: Region, lat_deg: FloatArray, lon_deg: FloatArray) -> FloatArray:
    """(n, 2) metres north and east of the centre of a circle."""
    scale = np.array(metres_per_radian(region.lat_deg * RAD_PER_DEG)) * RAD_PER_DEG
    east = (lon_deg - region.lon_deg + 180.0) % 360.0 - 180.0
    return np.stack([lat_deg - region.lat_deg, east], axis=1) * scale


def _spread_out(region: Region, centres: FloatArray) -> FloatArray:
    """Centres of cells on a plane, (n, 2) metres north and east; areas hold."""
    if not region.country:
        return _away(region, centres[:, 0], centres[:, 1])
    lat, lon = centres.T
    middle = np.angle(np.exp(1j * lon * RAD_PER_DEG).mean()) / RAD_PER_DEG
    _, per_lon = ground_scales(lat * RAD_PER_DEG)
    per_lat, _ = metres_per_radian(float(lat.mean()) * RAD_PER_DEG)
    east = (lon - middle + 180.0) % 360.0 - 180.0
    north = (lat - lat.mean()) * per_lat
    return np.stack([north, east * per_lon], axis=1) * RAD_PER_DEG


def _populate(towns: Places, resolution: int) -> dict[str, float]:
    """People of each cell: every town spread evenly over its disc, and the countryside."""
    cell_m2 = h3.average_hexagon_area(resolution, unit="m^2")
    rings = int(np.ceil(COUNTRYSIDE_M / np.sqrt(cell_m2)))
    per_lat, per_lon = (
        scale * RAD_PER_DEG for scale in ground_scales(towns.lat_deg * RAD_PER_DEG)
    )
    found: dict[str, float] = {}
    for i, radius_m in enumerate(disc_m(towns.people)):
        lat, lon, people = towns.lat_deg[i], towns.lon_deg[i], towns.people[i]
        home = h3.latlng_to_cell(lat, lon, resolution)
        for cell in h3.grid_disk(home, rings):
            found.setdefault(cell, COUNTRYSIDE_PER_M2 * cell_m2)
        count = int(np.clip(np.pi * radius_m**2 / cell_m2 * 8, 1, 4000))
        up_m, right_m = sunflower(radius_m, count)
        for y, x in zip(up_m / per_lat[i], right_m / per_lon[i], strict=True):
            cell = h3.latlng_to_cell(lat + y, lon + x, resolution)
            found[cell] = found.get(cell, 0.0) + people / count
        if len(found) > MOST_ZONES:
            raise ConfigError(
                f"zones make: more than {MOST_ZONES:,} zones of resolution {resolution}; "
                "choose a coarser one"
            )
    return dict(sorted(found.items()))


def _labels(centres: FloatArray, towns: Places) -> list[str]:
    """Name of the nearest place, numbered from its middle outwards."""
    from scipy.spatial import cKDTree  # slow to import

    distance, nearest = cKDTree(_ecef(towns.lat_deg, towns.lon_deg)).query(
        _ecef(*centres.T)
    )
    labels = [""] * len(centres)
    counts: dict[int, int] = {}
    for i in np.argsort(distance, kind="stable").tolist():
        town = int(np.asarray(nearest)[i])
        counts[town] = counts.get(town, 0) + 1
        labels[i] = str(towns.name[town]) + (f" {counts[town]}" if counts[town] > 1 else "")
    return labels


def _ecef(lat_deg: FloatArray, lon_deg: FloatArray) -> FloatArray:
    lat, lon = lat_deg * RAD_PER_DEG, lon_deg * RAD_PER_DEG
    return ecef_points(lat, lon, np.zeros(len(lat)))


def _groups(away_m: FloatArray, region: Region) -> list[dict[str, str]]:
    """Squares as large as the areas of each practice; a small region is one oblast."""
    columns: dict[str, list[str]] = {}
    for practice, km2 in PRACTICES_KM2.items():
        side_m = 1e3 * np.sqrt(km2)
        if not region.country and np.pi * region.radius_km**2 < 1.1 * km2:
            columns[practice] = [f"{practice} 0"] * len(away_m)
            continue
        rows = np.floor(away_m / side_m + 0.5).astype(int)
        columns[practice] = [f"{practice} {north},{east}" for north, east in rows]
    more = {"country": region.country} if region.country else {}
    return [
        {"raion": raion, "oblast": oblast, **more}
        for raion, oblast in zip(columns["raion"], columns["oblast"], strict=True)
    ]


def _hromada(cell: str) -> str:
    if h3.get_resolution(cell) < HROMADA_RESOLUTION:
        return cell
    return str(h3.cell_to_parent(cell, HROMADA_RESOLUTION))


def _feature(
    cell: str, label: str, people: float, region: Region, parents: dict[str, str]
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {
            "zone_id": cell,
            "name": label,
            "population": round(people, 1),
            "shelter_s": region.shelter_s,
            **parents,
        },
        "geometry": outline(cell),
    }


def outline(cell: str) -> dict[str, Any]:
    """Boundary of a cell; one that crosses the antimeridian is cut there."""
    ring = [(round(lon, 6), round(lat, 6)) for lat, lon in h3.cell_to_boundary(cell)]
    ring.append(ring[0])
    lons = [lon for lon, _ in ring]
    if max(lons) - min(lons) < 180:
        return {"type": "Polygon", "coordinates": [[list(position) for position in ring]]}
    whole = shapely.Polygon([(lon % 360.0, lat) for lon, lat in ring])
    halves = [
        shapely.transform(
            shapely.intersection(whole, shapely.box(west, -90, west + 180, 90)),
            lambda xy, west=west: xy - (2 * west, 0),
        )
        for west in (0, 180)
    ]
    shape = shapely.MultiPolygon([half for half in halves if half.area > 0])
    coordinates = shapely.geometry.mapping(shape)["coordinates"]
    return {
        "type": "MultiPolygon",
        "coordinates": [[[list(p) for p in r] for r in rings] for rings in coordinates],
    }
