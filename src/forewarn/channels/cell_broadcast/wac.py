"""Warning area coordinates: the area of a message, for phones that know where they are.

ATIS-0700041, section 5: elements of 4 bits of type, 10 bits of length in octets (with this
head) and 2 spare bits, then what they hold, filled up to an octet. A point is 22 bits of
latitude and 22 of longitude. Read from the parser of Android, not from the standard's text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any

from forewarn.errors import DeliveryError

WAIT_S = 3  # how long a phone may look for its place before it alerts all the same
OCTETS_MAX = 1024  # of all elements together, as 4G and 5G carry them
VERTICES_MAX = 185  # of one polygon, by the length of its element
AREAS_MAX = 12  # what centres are known to pass on unchanged
REACH_M = 25.0  # the least that an area is grown by; a step of the grid is 5 to 10 m
REACH_MAX_M = 50_000.0
_WAIT, _POLYGON, _CIRCLE = 1, 2, 3
_STEPS = 1 << 22
_RADIUS_STEP_M = 1000.0 / 64
_DEGREE_M = 111_320.0
_EARTH_M = 6_371_000.0

Point = tuple[float, float]  # latitude, longitude in degrees


@dataclass(frozen=True, slots=True)
class Circle:
    """All within a distance of a point."""

    centre: Point
    radius_m: float


@dataclass(frozen=True, slots=True)
class Polygon:
    """All within a ring of points; the last is joined to the first."""

    points: tuple[Point, ...]


Area = Circle | Polygon


def geofence(geometries: Iterable[str]) -> bytes:
    """The area of zones as elements, that always holds all of it; b"" if none can.

    geometries : GeoJSON polygons and multi-polygons. Without an area every phone alerts.
    """
    try:
        return encode(enclosing(geometries))
    except DeliveryError:
        return b""


def encode(areas: Sequence[Area]) -> bytes:
    """Elements of some areas, after the one that says how long a phone may look."""
    octets = _element(_WAIT, [(WAIT_S, 8)]) + b"".join(_area(area) for area in areas)
    if not areas or len(areas) > AREAS_MAX or len(octets) > OCTETS_MAX:
        raise DeliveryError(
            f"{len(areas)} areas of {len(octets)} octets: a message carries 1 to "
            f"{AREAS_MAX} areas, of at most {OCTETS_MAX} octets"
        )
    return octets


def enclosing(geometries: Iterable[str]) -> list[Area]:
    """Few polygons, with few corners, that hold all of some GeoJSON geometries.

    Holes are filled. What lies too far apart for few polygons is held by one circle.
    """
    import shapely  # a third of a second, and only centres of 4G and 5G take areas

    try:
        whole = shapely.union_all(shapely.from_geojson(list(geometries)))
    except shapely.errors.ShapelyError as error:
        raise DeliveryError(f"area cannot be read: {error}") from None
    if whole.is_empty:
        raise DeliveryError("area is empty")
    _, south, _, north = whole.bounds
    shrink = cos(
        radians((south + north) / 2)
    )  # a degree of longitude, in those of latitude
    grown = shapely.transform(whole, lambda xy: xy * (shrink, 1.0))
    reach_m = REACH_M
    while reach_m <= REACH_MAX_M:
        grown = _grown(grown, reach_m / _DEGREE_M)
        areas = [
            Polygon(tuple(_on_grid(y, x / shrink) for x, y in part.exterior.coords[:-1]))
            for part in _parts(grown)
        ]
        if _fits(areas) and _all_of(areas).covers(whole):
            return list(areas)
        reach_m *= 2
    return [_around(whole)]


def _grown(shape: Any, reach: float) -> Any:
    """A shape without holes that holds the given one, and has fewer corners."""
    import shapely

    # grown by twice as much as a corner may be cut
    grown = shape.buffer(2 * reach, join_style="mitre").simplify(reach)
    return shapely.union_all([shapely.Polygon(p.exterior) for p in _parts(grown)])


def _fits(areas: Sequence[Polygon]) -> bool:
    corners = [len(area.points) for area in areas]
    octets = 3 + sum(2 + -(-44 * count // 8) for count in corners)
    few = len(areas) <= AREAS_MAX and max(corners) <= VERTICES_MAX
    return few and octets <= OCTETS_MAX


def _all_of(areas: Sequence[Polygon]) -> Any:
    import shapely

    drawn = [shapely.Polygon([(lon, lat) for lat, lon in area.points]) for area in areas]
    if not all(each.is_valid for each in drawn):
        return shapely.Polygon()  # a ring that crosses itself is another area elsewhere
    return shapely.union_all(drawn)


def _around(whole: Any) -> Circle:
    """The circle around all of it; its edges are looked at every tenth of a degree."""
    import shapely

    hull = shapely.segmentize(whole.convex_hull, 0.1)
    middle = shapely.minimum_bounding_circle(hull).centroid
    centre = _on_grid(middle.y, middle.x)
    reach_m = max(
        _distance_m(centre, (lat, lon)) for lon, lat in shapely.get_coordinates(hull)
    )
    return Circle(centre, reach_m + _RADIUS_STEP_M)


def _parts(shape: Any) -> list[Any]:
    return list(getattr(shape, "geoms", [shape]))


def _distance_m(one: Point, other: Point) -> float:
    """Along a great circle, as phones measure it."""
    lat, lat_2 = radians(one[0]), radians(other[0])
    across = sin(radians(other[1] - one[1]) / 2) ** 2
    half = sin((lat_2 - lat) / 2) ** 2 + cos(lat) * cos(lat_2) * across
    return 2 * _EARTH_M * asin(sqrt(half))


def _area(area: Area) -> bytes:
    if isinstance(area, Circle):
        steps = -int(-area.radius_m // _RADIUS_STEP_M)
        return _element(_CIRCLE, [*_point(area.centre), (steps, 20)])
    return _element(_POLYGON, [bits for point in area.points for bits in _point(point)])


def _point(point: Point) -> list[tuple[int, int]]:
    return [(step, 22) for step in _steps(*point)]


def _steps(lat: float, lon: float) -> tuple[int, int]:
    """The nearest point of the grid."""
    return round((lat + 90) / 180 * _STEPS), round((lon + 180) / 360 * _STEPS)


def _on_grid(lat: float, lon: float) -> Point:
    """The nearest point that can be told."""
    down, across = _steps(lat, lon)
    return down * 180 / _STEPS - 90, across * 360 / _STEPS - 180


def _element(kind: int, values: Sequence[tuple[int, int]]) -> bytes:
    """One element: its head, then values of so many bits."""
    number, size = 0, 0
    for value, bits in values:
        if not 0 <= value < 1 << bits:
            raise DeliveryError(f"{value} does not fit into {bits} bits of an area")
        number, size = number << bits | value, size + bits
    octets = -(-size // 8)
    if octets + 2 >= 1 << 10:
        raise DeliveryError(f"an area of {octets} octets is too long for one element")
    head = kind << 12 | octets + 2 << 2
    return head.to_bytes(2, "big") + (number << 8 * octets - size).to_bytes(octets, "big")
