"""Zones for a place without a map: H3 cells where people live.

Each place of GeoNames (CC BY 4.0) is spread over a disc as dense as a town; a thin
countryside lies under all of it. Parents are groups of cells about as large as the
areas that are warned today, so that a raid can be judged against each practice.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import h3
import numpy as np
import platformdirs
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import Zones
from forewarn.units import RAD_PER_DEG
from forewarn.zones.reading import read_zones, write_zones

PEOPLE_PER_M2 = 3000e-6  # of a town's disc
COUNTRYSIDE_PER_M2 = 3e-6  # within COUNTRYSIDE_M of a place
COUNTRYSIDE_M = 4000.0
PRACTICES_KM2 = {"raion": 4460.0, "oblast": 24_000.0}
HROMADA_RESOLUTION = 5  # 253 km2, against 297 in practice


@cache
def places() -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.str_]]:
    """Latitude, longitude (deg), people and name of every populated place bundled."""
    with np.load(Path(__file__).parents[1] / "places" / "places.npz") as kept:
        names = np.array(kept["names"].tobytes().decode().split("\n"))
        return (
            kept["lat_deg"].astype(float),
            kept["lon_deg"].astype(float),
            kept["people"].astype(float),
            names,
        )


class Region(NamedTuple):
    """A circle to make zones for; the arguments of `make_zones`."""

    lat_deg: float
    lon_deg: float
    radius_km: float
    resolution: int = 8
    shelter_s: float = 60.0

    def __str__(self) -> str:
        return "-".join(f"{value:g}" for value in self)


def make_zones(
    lat_deg: float,
    lon_deg: float,
    radius_km: float,
    resolution: int = 8,
    shelter_s: float = 60.0,
) -> dict[str, Any]:
    """A FeatureCollection of H3 cells with people, around a centre.

    resolution : 0 (continents) to 15; 8 is 0.7 km2, the smallest worth its number
    """
    if not 4 <= resolution <= 10:
        raise ConfigError(f"zones make: resolution is {resolution}, expected 4 to 10")
    if not 0 < radius_km <= 1000:
        raise ConfigError(f"zones make: radius is {radius_km} km, expected 1 to 1000")
    scale = np.array(metres_per_radian(lat_deg * RAD_PER_DEG)) * RAD_PER_DEG
    lat, lon, people, names = places()
    north, east = (lat - lat_deg) * scale[0], (lon - lon_deg) * scale[1]
    near = np.hypot(north, east) < radius_km * 1e3
    if not near.any():
        raise ConfigError(
            f"zones make: no populated place within {radius_km} km of {lat_deg}, {lon_deg}"
        )
    towns = np.stack([lat[near], lon[near], people[near]], axis=1)
    cells = _populate(towns, scale, resolution)
    centres = np.array([h3.cell_to_latlng(cell) for cell in cells])
    away = (centres - (lat_deg, lon_deg)) * scale
    inside = np.hypot(*away.T) < radius_km * 1e3
    kept = [cell for cell, ok in zip(cells, inside, strict=True) if ok]
    labels = _labels(centres[inside], towns, names[near], scale)
    groups = _groups(away[inside], radius_km)
    features = [
        _feature(cell, label, cells[cell], shelter_s, {**group, "hromada": _hromada(cell)})
        for cell, label, group in zip(kept, labels, groups, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def made_zones(region: Region, language: str = "en") -> Zones:
    """Zones of a region, made once and kept on disk."""
    path = (
        Path(platformdirs.user_cache_dir("forewarn")) / "zones" / f"made-{region}.geojson"
    )
    if not path.exists():
        half = path.with_suffix(f".{os.getpid()}")
        write_zones(half, make_zones(*region))
        half.replace(path)
    return read_zones(path, language)


def _populate(towns: FloatArray, scale: FloatArray, resolution: int) -> dict[str, float]:
    """People of each cell: every town spread evenly over its disc, and the countryside."""
    cell_m2 = h3.average_hexagon_area(resolution, unit="m^2")
    rings = int(np.ceil(COUNTRYSIDE_M / np.sqrt(cell_m2)))
    found: dict[str, float] = {}
    for lat, lon, people in towns:
        home = h3.latlng_to_cell(lat, lon, resolution)
        for cell in h3.grid_disk(home, rings):
            found.setdefault(cell, COUNTRYSIDE_PER_M2 * cell_m2)
        disc_m = np.sqrt(people / (np.pi * PEOPLE_PER_M2))
        count = int(np.clip(np.pi * disc_m**2 / cell_m2 * 8, 1, 4000))
        # evenly over the disc: the sunflower arrangement
        k = np.arange(count)
        r = disc_m * np.sqrt((k + 0.5) / count)
        angle = k * np.pi * (3 - np.sqrt(5))
        for y, x in zip(
            r * np.cos(angle) / scale[0], r * np.sin(angle) / scale[1], strict=True
        ):
            cell = h3.latlng_to_cell(lat + y, lon + x, resolution)
            found[cell] = found.get(cell, 0.0) + people / count
    return dict(sorted(found.items()))


def _labels(
    centres: FloatArray, towns: FloatArray, names: NDArray[np.str_], scale: FloatArray
) -> list[str]:
    """Name of the nearest place, numbered from its middle outwards."""
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(towns[:, :2] * scale).query(centres * scale)
    labels = [""] * len(centres)
    counts: dict[int, int] = {}
    for i in np.argsort(distance, kind="stable").tolist():
        town = int(np.asarray(nearest)[i])
        counts[town] = counts.get(town, 0) + 1
        labels[i] = str(names[town]) + (f" {counts[town]}" if counts[town] > 1 else "")
    return labels


def _groups(away_m: FloatArray, radius_km: float) -> list[dict[str, str]]:
    """Squares as large as the areas of each practice; a small region is one oblast."""
    columns: dict[str, list[str]] = {}
    for practice, km2 in PRACTICES_KM2.items():
        side_m = 1e3 * np.sqrt(km2)
        if np.pi * radius_km**2 < 1.1 * km2:
            columns[practice] = [f"{practice} 0"] * len(away_m)
            continue
        rows = np.floor(away_m / side_m + 0.5).astype(int)
        columns[practice] = [f"{practice} {north},{east}" for north, east in rows]
    return [
        {"raion": raion, "oblast": oblast}
        for raion, oblast in zip(columns["raion"], columns["oblast"], strict=True)
    ]


def _hromada(cell: str) -> str:
    if h3.get_resolution(cell) < HROMADA_RESOLUTION:
        return cell
    return str(h3.cell_to_parent(cell, HROMADA_RESOLUTION))


def _feature(
    cell: str, label: str, people: float, shelter_s: float, parents: dict[str, str]
) -> dict[str, Any]:
    ring = [[round(lon, 6), round(lat, 6)] for lat, lon in h3.cell_to_boundary(cell)]
    return {
        "type": "Feature",
        "properties": {
            "zone_id": cell,
            "name": label,
            "population": round(people, 1),
            "shelter_s": shelter_s,
            **parents,
        },
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
