"""Who lives where, as a raster for the kernels; zones, square or real, over it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from scipy.ndimage import convolve, distance_transform_edt

from forewarn.errors import ConfigError
from forewarn.files import fill
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import IntArray, Zones
from forewarn.sim.flat import Flat, flat_about
from forewarn.sim.studies.keys import AreaKeys, PlaceKeys, WarningKeys
from forewarn.zones import Region, made_zones, read_zones

FINE = 8  # points per side of a cell, where an edge runs through it
MARGIN_KM = 5.0  # of open ground around real zones
FAR_KM = 1e5


class Raster(NamedTuple):
    """Ground in square cells, row by row from the south-western corner.
    per_km      : cells in a km
    reach       : (kinds, cells) people within each kind's harmful radius of the middle
    distance_km : (cells,) to the nearest populated cell; 0 = populated
    open_cells  : cells that are not populated; all, where all are
    aim_km      : (places, 2)
    aim_share   : (places,) of their people, summed up
    """

    cell_km: float
    per_km: float
    columns: int
    rows: int
    reach: FloatArray
    distance_km: FloatArray
    open_cells: IntArray
    aim_km: FloatArray
    aim_share: FloatArray


class Layout(NamedTuple):
    """Zones that can be told to take cover.

    side_km : of squares; 0 = real zones, looked up by cell;  per_km: squares in a km
    wide, high : columns and rows of squares that such an area touches, at most
    people  : (z,)
    radius_km : (kinds,) of the area told about a predicted impact
    cell_zone : (cells,) -1 = none;  empty for squares
    first, touched : zones within radius_km[kind] of a cell's middle are
                     touched[first[kind, cell] : first[kind, cell + 1]]
    """

    side_km: float
    per_km: float
    columns: int
    rows: int
    wide: int
    high: int
    people: FloatArray
    radius_km: FloatArray
    cell_zone: IntArray
    first: IntArray
    touched: IntArray


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """An area, ready to be asked.

    people : (rows, columns) in each cell
    places : by name
    outlines, zone_people : of real zones, km; none for squares
    flat   : where on Earth it lies; None where there are no real zones
    """

    size_km: tuple[float, float]
    raster: Raster
    people: FloatArray
    places: dict[str, tuple[float, float]]
    outlines: tuple[shapely.Geometry, ...] = ()
    zone_people: FloatArray | None = None
    flat: Flat | None = None


def world_of(area: AreaKeys, harmful_km: Sequence[float]) -> World:
    """harmful_km: radius within which each kind of impact harms."""
    if area.zones is not None:
        zones = read_zones(area.zones)
        return _of_zones(area, zones, _around(zones), harmful_km)
    if (own := area.region) is not None:
        zones = made_zones(Region(own.lat_deg, own.lon_deg, own.radius_km))
        flat = flat_about(np.radians([own.lat_deg, own.lon_deg]), own.radius_km)
        side = 2.0 * own.radius_km
        return _of_zones(area, zones, (flat, (side, side)), harmful_km)
    places = area.place or _read_places(area.places or Path())
    shape = _shape(area.size_km, area.cell_km)
    people = np.full(shape, area.rural_per_km2 * area.cell_km**2)
    for one in places:
        _settle(people, one, area.cell_km)
    at = np.array([one.at_km for one in places])
    weight = np.array([one.people for one in places])
    raster = _raster(area, people, harmful_km, (at, weight))
    named = {one.name: one.at_km for one in places}
    return World(area.size_km, raster, people, named)


def _shape(size_km: tuple[float, float], cell_km: float) -> tuple[int, int]:
    """Rows, columns."""
    return (
        max(int(np.ceil(size_km[1] / cell_km - 1e-9)), 1),
        max(int(np.ceil(size_km[0] / cell_km - 1e-9)), 1),
    )


def _raster(
    area: AreaKeys,
    people: FloatArray,
    harmful_km: Sequence[float],
    aims: tuple[FloatArray, FloatArray],
) -> Raster:
    cell = area.cell_km
    populated = people >= area.populated_per_km2 * cell**2
    away = (
        distance_transform_edt(~populated) * cell
        if populated.any()
        else np.full(people.shape, FAR_KM)
    )
    unpopulated = np.flatnonzero(~populated)
    weight = aims[1] if aims[1].sum() > 0 else np.ones(len(aims[1]))
    return Raster(
        cell_km=cell,
        per_km=1.0 / cell,
        columns=people.shape[1],
        rows=people.shape[0],
        reach=np.array(
            [convolve(people, _disc(r, cell), mode="constant").ravel() for r in harmful_km]
        ),
        distance_km=np.ascontiguousarray(away, np.float64).ravel(),
        open_cells=unpopulated if len(unpopulated) else np.arange(people.size),
        aim_km=np.ascontiguousarray(aims[0], np.float64),
        aim_share=_summed(weight),
    )


def _summed(weight: FloatArray) -> FloatArray:
    """Shares summed up; the last is 1 to the bit."""
    share = np.cumsum(weight) / weight.sum()
    share[-1] = 1.0
    return np.asarray(share)


def _disc(radius_km: float, cell_km: float) -> FloatArray:
    """Share of each cell around one that lies within a radius of its middle."""
    half = int(np.ceil(radius_km / cell_km + 0.5))
    fine = (np.arange((2 * half + 1) * FINE) + 0.5) / FINE - half - 0.5
    inside = np.hypot(*np.meshgrid(fine, fine)) * cell_km <= radius_km
    share = inside.reshape(2 * half + 1, FINE, 2 * half + 1, FINE).mean(axis=(1, 3))
    whole = np.pi * (radius_km / cell_km) ** 2
    return np.asarray(share * whole / share.sum() if share.sum() else share)


def _settle(people: FloatArray, place: PlaceKeys, cell_km: float) -> None:
    """Add a place's people, evenly over the part of its disc that lies in the area."""
    rows, columns = people.shape
    reach = place.radius_km
    box = []
    for middle, most in zip(place.at_km, (columns, rows), strict=True):
        low = int(np.floor((middle - reach) / cell_km))
        high = int(np.ceil((middle + reach) / cell_km))
        box.append((min(max(low, 0), most - 1), min(max(high, 1), most)))
    (west, east), (south, north) = box
    if not (0.0 <= place.at_km[0] <= columns * cell_km) or not (
        0.0 <= place.at_km[1] <= rows * cell_km
    ):
        raise ConfigError(f"place {place.name!r}: at_km {place.at_km} is outside the area")
    x = (np.arange(west * FINE, east * FINE) + 0.5) / FINE * cell_km - place.at_km[0]
    y = (np.arange(south * FINE, north * FINE) + 0.5) / FINE * cell_km - place.at_km[1]
    inside = np.hypot(*np.meshgrid(x, y)) <= reach
    share = inside.reshape(north - south, FINE, east - west, FINE).mean(axis=(1, 3))
    if not share.sum():  # smaller than what is told apart
        share[(north - south) // 2, (east - west) // 2] = 1.0
    people[south:north, west:east] += place.people * share / share.sum()


def _read_places(path: Path) -> tuple[PlaceKeys, ...]:
    wanted = ("name", "east_km", "north_km", "people", "radius_km")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    found = []
    for number, row in enumerate(rows, 2):
        if any(row.get(name) in (None, "") for name in wanted):
            raise ConfigError(f"{path}: line {number}: expected {', '.join(wanted)}")
        try:
            east, north, count, radius = (float(row[name]) for name in wanted[1:])
        except ValueError as error:
            raise ConfigError(f"{path}: line {number}: {error}, expected numbers") from None
        table = {
            "name": row["name"],
            "at_km": [east, north],
            "people": count,
            "radius_km": radius,
        }
        found.append(fill(PlaceKeys, table, f"{path}: line {number}"))
    if not found:
        raise ConfigError(f"{path}: it has no places, expected at least one")
    return tuple(found)


def _around(zones: Zones) -> tuple[Flat, tuple[float, float]]:
    """Where zones lie on a flat map about their middle, and its size."""
    per_rad = np.array(metres_per_radian(float(zones.point_rad[:, 0].mean()))) / 1000.0
    shapes = [shapely.from_geojson(polygon) for polygon in zones.polygons]
    west, south, east, north = np.radians(shapely.total_bounds(shapes)).tolist()
    flat = Flat(np.array([south, west]) - MARGIN_KM / per_rad, per_rad)
    width, height = flat.km(np.array([north, east])) + MARGIN_KM
    return flat, (float(width), float(height))


def _of_zones(
    area: AreaKeys,
    zones: Zones,
    ground: tuple[Flat, tuple[float, float]],
    harmful_km: Sequence[float],
) -> World:
    """Real zones on a flat map; ground: where it lies, and its size."""
    flat, size = ground
    outlines = tuple(
        shapely.transform(
            shapely.from_geojson(polygon), lambda at: flat.km(np.radians(at[:, ::-1]))
        )
        for polygon in zones.polygons
    )
    people = np.full(_shape(size, area.cell_km), 0.0)
    point = flat.km(zones.point_rad)
    count = zones.population[zones.point_zone] * zones.point_share
    _spread(people, point, count, zones.point_sigma_m / 1000.0, area.cell_km)
    middle = flat.km(zones.centre_rad)
    raster = _raster(area, people, harmful_km, (middle, zones.population))
    named = {
        name: (float(x), float(y)) for name, (x, y) in zip(zones.name, middle, strict=True)
    }
    return World(size, raster, people, named, outlines, zones.population.copy(), flat)


def _spread(
    people: FloatArray,
    point_km: FloatArray,
    count: FloatArray,
    sigma_km: FloatArray,
    cell_km: float,
) -> None:
    """Add people evenly over a square about each point."""
    part = (np.arange(FINE) + 0.5) / FINE - 0.5
    for dx in part:
        for dy in part:
            at = point_km + sigma_km[:, None] * np.sqrt(12.0) * np.array([dx, dy])
            cell = np.floor(at / cell_km).astype(np.int64)
            column = np.clip(cell[:, 0], 0, people.shape[1] - 1)
            row = np.clip(cell[:, 1], 0, people.shape[0] - 1)
            np.add.at(people, (row, column), count / FINE**2)


def layout_of(world: World, warning: WarningKeys, radius_km: FloatArray) -> Layout:
    """The zones of a policy. radius_km: (kinds,) told about a predicted impact."""
    if warning.alert == "everyone":
        radius_km = np.full(len(radius_km), FAR_KM)
        return _squares(world, max(world.size_km), radius_km)
    if warning.alert == "region":
        return _squares(world, warning.region_km, radius_km)
    if warning.zone_km > 0.0:
        return _squares(world, warning.zone_km, radius_km)
    if not world.outlines:
        raise ConfigError("policy.warning: zone_km is 0, and [area] has no zones file")
    return _real(world, radius_km)


def _squares(world: World, side_km: float, radius_km: FloatArray) -> Layout:
    raster = world.raster
    rows, columns = _shape(world.size_km, side_km)
    side = side_km / raster.cell_km
    people = _pooled(_pooled(world.people, side, rows).T, side, columns).T.ravel()
    none = np.zeros(0, np.int64)
    flat = none.reshape(0, 0)
    per_km = 1.0 / side_km
    across = int(2.0 * float(radius_km.max()) * per_km) + 2
    return Layout(
        side_km,
        per_km,
        columns,
        rows,
        min(across, columns),
        min(across, rows),
        people,
        radius_km,
        none,
        flat,
        none,
    )


def _pooled(people: FloatArray, side: float, zones: int) -> FloatArray:
    """Rows of cells added up to rows of zones, side cells wide; a cell may be cut."""
    edge = np.minimum(np.arange(zones + 1) * side, len(people))
    edge[-1] = len(people)
    below = np.minimum(edge.astype(np.int64), len(people) - 1)
    whole = np.cumsum(people, axis=0) - people
    upto = whole[below] + (edge - below)[:, None] * people[below]
    return np.asarray(np.maximum(np.diff(upto, axis=0), 0.0))


def _real(world: World, radius_km: FloatArray) -> Layout:
    raster = world.raster
    x = (np.arange(raster.columns) + 0.5) * raster.cell_km
    y = (np.arange(raster.rows) + 0.5) * raster.cell_km
    points = shapely.points(*(grid.ravel() for grid in np.meshgrid(x, y)))
    tree = shapely.STRtree(list(world.outlines))
    cells = len(points)
    cell_zone = np.full(cells, -1, np.int64)
    inside = tree.query(points, predicate="intersects")
    cell_zone[inside[0][::-1]] = inside[1][::-1]  # the first of several
    first = np.zeros((len(radius_km), cells + 1), np.int64)
    found: list[IntArray] = []
    for kind, radius in enumerate(radius_km):
        cell, zone = tree.query(points, predicate="dwithin", distance=radius)
        order = np.lexsort((zone, cell))
        first[kind, 1:] = np.cumsum(np.bincount(cell, minlength=cells))
        first[kind] += sum(len(one) for one in found)
        found.append(zone[order].astype(np.int64))
    people = world.zone_people
    assert people is not None  # real zones count their own
    return Layout(
        0.0, 0.0, 0, 0, 0, 0, people, radius_km, cell_zone, first, np.concatenate(found)
    )
