"""Contract zones out of somebody's map: a GeoJSON file and, where names, seconds or people
stand in another file, a CSV joined by id."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from forewarn.errors import ConfigError
from forewarn.zones.checking import fault_of

KEYS = (
    "zone_id",
    "name",
    "population",
    "shelter_s",
    "hromada",
    "raion",
    "oblast",
    "country",
)


def parse_map(pairs: list[str]) -> dict[str, tuple[str, ...]]:
    """`key=column` or `key=column,column` (of several the smallest number counts)."""
    out: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, columns = pair.partition("=")
        if not equals or not columns or (key not in KEYS and not key.startswith("name:")):
            raise ConfigError(
                f"--map {pair!r}: expected KEY=COLUMN[,COLUMN], KEY one of "
                f"{', '.join(KEYS)} or name:LANGUAGE"
            )
        out[key] = tuple(columns.split(","))
    if "zone_id" not in out:
        raise ConfigError("--map zone_id=COLUMN is missing: zones need an id")
    return out


def import_zones(
    polygons: Path, table: Path | None, mapping: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, Any], list[str]]:
    """Zones, and notices of what was left out and why.

    polygons : GeoJSON FeatureCollection
    table    : CSV with more about each zone, joined by the columns of `zone_id`
    """
    try:
        features = json.loads(polygons.read_text(encoding="utf-8"))["features"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{polygons}: is no GeoJSON FeatureCollection: {error!r}"
        ) from None
    id_column = mapping["zone_id"][0]
    more = _rows(table, id_column) if table else {}
    notices = [
        f"{polygons}: zone {zone} of {table} has no area: left out"
        for zone in sorted(set(more) - {_id(f, id_column) for f in features})
    ]
    out = []
    for feature in features:
        row = {**feature.get("properties", {}), **more.get(_id(feature, id_column), {})}
        fault = fault_of(feature.get("geometry"))
        if not fault:
            shape = shapely.geometry.shape(feature["geometry"])
            fault = "" if shape.is_valid else shapely.is_valid_reason(shape)
        if fault:
            notices.append(f"{polygons}: zone {row[id_column]}: {fault}: left out")
            continue
        properties = {key: _value(key, row, columns) for key, columns in mapping.items()}
        out.append(
            {
                "type": "Feature",
                "properties": {k: v for k, v in properties.items() if v is not None},
                "geometry": feature["geometry"],
            }
        )
    return {"type": "FeatureCollection", "features": out}, notices


def _id(feature: dict[str, Any], column: str) -> str:
    return str(feature.get("properties", {}).get(column, ""))


def _rows(table: Path, id_column: str) -> dict[str, dict[str, str]]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise ConfigError(f"{table}: {error.strerror}") from None
    if rows and id_column not in rows[0]:
        raise ConfigError(
            f"{table}: column {id_column!r} is missing; it has {', '.join(rows[0])}"
        )
    return {row[id_column]: row for row in rows}


def _value(key: str, row: Mapping[str, Any], columns: tuple[str, ...]) -> Any:
    for column in columns:
        if column not in row:
            raise ConfigError(f"--map {key}: no column {column!r}; known: {', '.join(row)}")
    found = [row[column] for column in columns if row[column] not in (None, "")]
    if not found:
        return None
    if key in ("population", "shelter_s"):
        try:
            return min(float(value) for value in found)
        except ValueError:
            raise ConfigError(f"--map {key}: found {found!r}, expected numbers") from None
    return str(found[0])
