"""Reading zones: contract GeoJSON into people points, with every ring checked."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import shapely
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import Zones
from forewarn.units import RAD_PER_DEG

FEWEST_POINTS = 7  # of a zone's people, as a rule of thumb: area over spacing squared
SPACING_M = (150.0, 1500.0)
MOST_POINTS = 400
PEOPLE_PER_KM2 = 1000.0  # where a zone states no population
SHELTER_S = 60.0
PARENTS = ("hromada", "raion", "oblast", "country")


def write_zones(path: Path, collection: dict[str, Any]) -> None:
    """Write a FeatureCollection of zones, one feature a line."""
    features = ",\n".join(
        json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
        for feature in collection["features"]
    )
    head = {name: value for name, value in collection.items() if name != "features"}
    text = json.dumps({"schema": 1, **head}, ensure_ascii=False)[:-1]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{text},"features":[\n{features}\n]}}\n', encoding="utf-8")


def read_zones(path: Path, language: str = "en") -> Zones:
    """The zones of a file. A ring that crosses itself, or is open, is refused by name.

    A zone without `population` gets PEOPLE_PER_KM2, one without `shelter_s` SHELTER_S.
    """
    path = Path(path)
    try:
        raw = path.read_bytes()
        collection = json.loads(raw)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from None
    features = _features(path, collection)
    version = hashlib.sha256(raw).hexdigest()[:16]
    rows = [_properties(path, i, feature) for i, feature in enumerate(features)]
    _unique(path, [row["zone_id"] for row in rows])
    shapes = _shapes(path, features, rows)
    area_m2 = _areas(shapes)
    people = np.array([row.get("population", np.nan) for row in rows], float)
    shelter = np.array([row.get("shelter_s", SHELTER_S) for row in rows], float)
    points = _points(version, shapes, area_m2)
    return Zones(
        zone_id=tuple(row["zone_id"] for row in rows),
        name=tuple(str(row.get(f"name:{language}") or row["name"]) for row in rows),
        names=tuple(
            tuple(
                (key[5:], str(row[key])) for key in sorted(row) if key.startswith("name:")
            )
            for row in rows
        ),
        population=np.where(np.isnan(people), area_m2 / 1e6 * PEOPLE_PER_KM2, people),
        shelter_s=shelter,
        area_m2=area_m2,
        centre_rad=_centres(points, len(rows)),
        parents=tuple(tuple(str(row.get(p, "")) for p in PARENTS) for row in rows),  # type: ignore[misc]
        polygons=tuple(
            json.dumps(feature["geometry"], separators=(",", ":")) for feature in features
        ),
        point_rad=points["rad"],
        point_zone=points["zone"],
        point_share=points["share"],
        point_sigma_m=points["sigma"],
        version=version,
    )


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


def _shapes(path: Path, features: list[Any], rows: list[dict[str, Any]]) -> NDArray[Any]:
    shapes = np.empty(len(features), object)
    for i, feature in enumerate(features):
        zone = rows[i]["zone_id"]
        try:
            shapes[i] = shapely.geometry.shape(feature["geometry"])
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            shapely.GEOSException,
        ) as error:
            raise ConfigError(f"{path}: zone {zone!r}: geometry: {error}") from None
        if shapes[i].geom_type not in ("Polygon", "MultiPolygon"):
            raise ConfigError(
                f"{path}: zone {zone!r}: geometry is a {shapes[i].geom_type}, "
                "expected a Polygon or MultiPolygon"
            )
    valid = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    for i in np.flatnonzero(~valid).tolist():
        reason = shapely.is_valid_reason(shapes[i])
        raise ConfigError(
            f"{path}: zone {rows[i]['zone_id']!r}: not a valid area: {reason}"
        )
    return shapes


def _scales(shapes: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Metres per degree of latitude and longitude at each zone."""
    middle = shapely.get_y(shapely.centroid(shapes)) * RAD_PER_DEG
    scale = np.array([metres_per_radian(lat) for lat in middle]) * RAD_PER_DEG
    return scale[:, 0], scale[:, 1]


def _areas(shapes: NDArray[Any]) -> FloatArray:
    per_lat, per_lon = _scales(shapes)
    area: FloatArray = shapely.area(shapes) * per_lat * per_lon
    return area


def _points(
    version: str, shapes: NDArray[Any], area_m2: FloatArray
) -> dict[str, NDArray[Any]]:
    """People points of all zones, kept on disk for the next start."""
    cache = Path(platformdirs.user_cache_dir("forewarn")) / "zones" / f"{version}-1.npz"
    if cache.exists():
        try:
            with np.load(cache) as kept:
                return {name: kept[name] for name in kept.files}
        except (OSError, ValueError, EOFError):
            cache.unlink(missing_ok=True)
    points = _spread(shapes, area_m2)
    cache.parent.mkdir(parents=True, exist_ok=True)
    half = cache.with_suffix(".part.npz")
    np.savez(half, allow_pickle=False, **points)
    half.replace(cache)
    return points


def _spread(shapes: NDArray[Any], area_m2: FloatArray) -> dict[str, NDArray[Any]]:
    """A regular grid inside each zone; at least one point, at most MOST_POINTS."""
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


def _line(low: float, high: float, step: float) -> FloatArray:
    count = max(int(np.ceil((high - low) / step)), 1)
    inner = low + (np.arange(count) + 0.5) * (high - low) / count
    return np.asarray(inner)


def _centres(points: dict[str, NDArray[Any]], zones: int) -> FloatArray:
    shares = [
        np.bincount(
            points["zone"], points["rad"][:, axis] * points["share"], minlength=zones
        )
        for axis in (0, 1)
    ]
    return np.stack(shares, axis=1)
