"""Reading zones: contract GeoJSON into people points, with every ring checked."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import shapely

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray
from forewarn.records import Zones
from forewarn.zones.checking import shapes_of
from forewarn.zones.keeping import keep, kept
from forewarn.zones.people import PeopleGrid, places_grid
from forewarn.zones.places import edition
from forewarn.zones.points import areas, centres, settle, spread
from forewarn.zones.shelter import Shelter

PEOPLE_PER_KM2 = 1000.0  # where neither a zone nor a grid says how many live there
PARENTS = ("hromada", "raion", "oblast", "country")


class Census(NamedTuple):
    """Who lives in zones, beyond what their file says.

    grid   : where they live; None = evenly over each zone; "places" = the bundled ones
    counts : whether the grid's numbers go before the file's
    """

    grid: PeopleGrid | str | None = None
    counts: bool = False
    shelter: Shelter = Shelter()

    def version(self) -> str:
        """Text that differs where any of it does; "" for the usual."""
        grid = self.grid.version() if isinstance(self.grid, PeopleGrid) else self.grid or ""
        of_places = edition() if grid == "places" else ""
        usual = self.shelter.version() == Shelter().version()
        told = (grid, of_places, self.counts, "" if usual else self.shelter.version())
        return "" if told == ("", "", False, "") else repr(told)


EVENLY = Census()


def write_zones(path: Path, collection: dict[str, Any]) -> None:
    """Write a FeatureCollection of zones, one feature a line; whole or not at all."""
    features = ",\n".join(
        json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
        for feature in collection["features"]
    )
    head = {name: value for name, value in collection.items() if name != "features"}
    text = json.dumps({"schema": 1, **head}, ensure_ascii=False)[:-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(f'{text},"features":[\n{features}\n]}}\n', encoding="utf-8")
    half.replace(path)


def read_zones(path: Path, language: str = "en", census: Census = EVENLY) -> Zones:
    """The zones of a file. What is not an area is refused by its zone's id.

    A zone without `population` gets what the grid has in it, or PEOPLE_PER_KM2; one
    without `shelter_s` what the rule of shelter says. What was read once is kept.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    more = census.version().encode()
    version = hashlib.sha256(raw + more).hexdigest()[:16]
    zones = kept(f"{version}-{language}")
    if zones is None:
        zones = _read(path, raw, language, census, version)
        keep(f"{version}-{language}", zones)
    return zones


def _read(path: Path, raw: bytes, language: str, census: Census, version: str) -> Zones:
    try:
        features = _features(path, msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from None
    rows = [_properties(path, i, feature) for i, feature in enumerate(features)]
    zone_ids = [row["zone_id"] for row in rows]
    _unique(path, zone_ids)
    shapes, polygons = shapes_of(
        str(path), zone_ids, [feature.get("geometry") for feature in features]
    )
    area_m2 = areas(shapes)
    points = spread(shapes, area_m2)
    count: FloatArray = area_m2 / 1e6 * PEOPLE_PER_KM2
    stated = np.array([row.get("population", np.nan) for row in rows], float)
    if census.grid is not None:
        grid = census.grid
        if not isinstance(grid, PeopleGrid):
            grid = places_grid(tuple(shapely.total_bounds(shapes).tolist()))
        points, count = settle(points, len(rows), grid)
    if census.counts:
        stated[:] = np.nan
    shelter_s = np.array([row.get("shelter_s", np.nan) for row in rows], float)
    return Zones(
        zone_id=tuple(zone_ids),
        name=tuple(str(row.get(f"name:{language}") or row["name"]) for row in rows),
        names=tuple(_names(row) for row in rows),
        population=np.where(np.isnan(stated), count, stated),
        shelter_s=census.shelter.seconds(shelter_s, points["rad"], points["zone"]),
        area_m2=area_m2,
        centre_rad=centres(points, len(rows)),
        parents=tuple(tuple(str(row.get(p, "")) for p in PARENTS) for row in rows),  # type: ignore[misc]
        polygons=polygons,
        point_rad=points["rad"],
        point_zone=points["zone"],
        point_share=points["share"],
        point_sigma_m=points["sigma"],
        version=version,
    )


def _names(row: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key[5:], str(row[key])) for key in sorted(row) if key.startswith("name:"))


def _features(path: Path, collection: Any) -> list[Any]:
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        found = collection.get("type") if isinstance(collection, dict) else type(collection)
        raise ConfigError(f"{path}: type is {found!r}, expected a FeatureCollection")
    if collection.get("schema", 1) != 1:
        raise ConfigError(f"{path}: schema is {collection['schema']!r}, this build reads 1")
    features = collection.get("features")
    if not isinstance(features, list) or not features:
        raise ConfigError(f"{path}: features is empty, expected at least one zone")
    return features


def _properties(path: Path, row: int, feature: Any) -> dict[str, Any]:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict) or "zone_id" not in properties:
        raise ConfigError(f"{path}: feature {row}: zone_id is missing")
    zone = dict(properties)
    zone["zone_id"] = str(zone["zone_id"])
    zone.setdefault("name", zone["zone_id"])
    for key, low, high in (("population", 0.0, 1e9), ("shelter_s", 0.0, 3600.0)):
        value = zone.get(key, low)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ConfigError(
                f"{path}: zone {zone['zone_id']!r}: {key} is {value!r}, "
                f"expected {low:g} to {high:g}"
            )
    return zone


def _unique(path: Path, names: list[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(f"{path}: zone {name!r} stands there twice")
        seen.add(name)
