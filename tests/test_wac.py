"""Areas for phones: read back as Android reads them, and never smaller than the zones."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import square_zones
from forewarn.channels.cell_broadcast.wac import (
    Area,
    Circle,
    Polygon,
    enclosing,
    encode,
    geofence,
)
from forewarn.errors import DeliveryError

latitudes, longitudes = st.floats(-89.9, 89.9), st.floats(-179.9, 179.9)
points = st.tuples(latitudes, longitudes)
areas = st.one_of(
    st.builds(Circle, points, st.floats(0, 1e6)),
    st.builds(Polygon, st.lists(points, min_size=3, max_size=20).map(tuple)),
)


def decoded(octets: bytes) -> tuple[int, list[Area]]:
    """Seconds to look for a place, and areas; as Android's parser does it."""
    wait_s, found, rest = -1, [], octets
    while rest:
        head = int.from_bytes(rest[:2], "big")
        kind, size = head >> 12, head >> 2 & 0x3FF
        bits = "".join(f"{octet:08b}" for octet in rest[2:size])
        if kind == 1:
            wait_s = int(bits, 2)
        elif kind == 2:
            count = (size - 2) * 8 // 44
            found.append(Polygon(tuple(point(bits[44 * i :]) for i in range(count))))
        else:
            assert kind == 3
            found.append(Circle(point(bits), int(bits[44:64], 2) / 64 * 1000))
        rest = rest[size:]
    return wait_s, found


def point(bits: str) -> tuple[float, float]:
    lat, lon = int(bits[:22], 2), int(bits[22:44], 2)
    return lat * 180 / 2**22 - 90, lon * 360 / 2**22 - 180


@given(given_areas=st.lists(areas, min_size=1, max_size=4))
def test_areas_are_read_back_to_a_step_of_their_grid(given_areas: list[Area]) -> None:
    wait_s, found = decoded(encode(given_areas))
    assert wait_s == 3
    assert [type(area) for area in found] == [type(area) for area in given_areas]
    for ours, theirs in zip(given_areas, found, strict=True):
        if isinstance(ours, Circle):
            assert isinstance(theirs, Circle)
            assert ours.radius_m <= theirs.radius_m <= ours.radius_m + 1000 / 64
            pairs = [(ours.centre, theirs.centre)]
        else:
            assert isinstance(theirs, Polygon)
            pairs = list(zip(ours.points, theirs.points, strict=True))
        for (lat, lon), (their_lat, their_lon) in pairs:
            assert abs(lat - their_lat) <= 0.5001 * 180 / 2**22
            assert abs(lon - their_lon) <= 0.5001 * 360 / 2**22


def test_the_area_that_android_tests_itself_with() -> None:
    # a circle and a triangle: what its parser's own test expects of these octets
    circle = Circle((37.41462707519531, -122.08093643188477), 1546.875)
    corners = (
        (11.109967231750488, 22.219934463500977),
        (33.32998752593994, 44.43995475769043),
        (55.549964904785156, -56.560020446777344),
    )
    octets = encode([circle, Polygon(corners)])
    assert octets[:3].hex() == "100c03"
    told = bytes.fromhex("3028b53640a4bf600063204c8fcd063f341af67167e683cf01215f1e40")
    assert octets[3:] == told
    assert decoded(told)[1] == [circle, Polygon(corners)]


def geojson(shape: shapely.Geometry) -> str:
    return json.dumps(shapely.geometry.mapping(shape))


def holds(found: list[Area], zone: shapely.Geometry) -> bool:
    drawn = [
        shapely.Polygon([(lon, lat) for lat, lon in area.points])
        for area in found
        if isinstance(area, Polygon)
    ]
    return bool(
        all(each.is_valid for each in drawn) and shapely.union_all(drawn).covers(zone)
    )


def star(lat: float, lon: float, radii: list[float]) -> shapely.Polygon:
    """A ring around a point, degree by degree nearer or farther."""
    turn = 2 * np.pi * np.arange(len(radii)) / len(radii)
    east, north = radii * np.cos(turn), radii * np.sin(turn)
    return shapely.Polygon(np.column_stack([lon + east, lat + north]))


stars = st.builds(
    star,
    st.floats(-70, 70),
    st.floats(20, 21),
    st.lists(st.floats(0.0005, 0.2), min_size=3, max_size=400),
)


@settings(max_examples=40)
@given(zones=st.lists(stars, min_size=1, max_size=3))
def test_an_area_only_ever_grows_and_fits(zones: list[shapely.Polygon]) -> None:
    octets = geofence(map(geojson, zones))
    assert 0 < len(octets) <= 1024
    found = decoded(octets)[1]
    assert all(isinstance(area, Circle) or len(area.points) <= 185 for area in found)
    if not any(isinstance(area, Circle) for area in found):
        assert holds(found, shapely.union_all(zones))


def test_a_hole_is_filled_and_parts_side_by_side_become_one() -> None:
    outer = shapely.box(20, 50, 20.2, 50.2)
    ring = outer.difference(shapely.box(20.05, 50.05, 20.1, 50.1))
    beside = shapely.box(20.2, 50, 20.3, 50.1)
    found = enclosing([geojson(ring), geojson(beside)])
    assert len(found) == 1
    assert holds(found, shapely.union(outer, beside))


def test_an_area_is_hardly_larger_than_the_zones_of_a_raid() -> None:
    polygons = square_zones(rows=20).polygons[::2]  # every second: 200 stripes of squares
    found = enclosing(polygons)
    zones = shapely.union_all([shapely.from_geojson(each) for each in polygons])
    assert holds(found, zones)
    drawn = [shapely.Polygon([(lon, lat) for lat, lon in area.points]) for area in found]
    assert shapely.union_all(drawn).area < 2.2 * zones.area


def test_what_lies_far_apart_is_held_by_one_circle() -> None:
    spots = [shapely.box(lon, 50.0, lon + 0.01, 50.01) for lon in range(0, 80, 5)]
    (circle,) = enclosing(map(geojson, spots))
    assert isinstance(circle, Circle)
    lat, lon = circle.centre
    for spot in spots:
        for x, y in spot.exterior.coords:
            # distance by the law of cosines, on the same sphere as phones
            away = np.arccos(
                np.sin(np.radians(lat)) * np.sin(np.radians(y))
                + np.cos(np.radians(lat))
                * np.cos(np.radians(y))
                * np.cos(np.radians(x - lon))
            )
            assert away * 6_371_000.0 <= circle.radius_m
    assert len(geofence(map(geojson, spots))) == 3 + 10


@pytest.mark.parametrize(
    "geometry", ["no geometry", "{}", '{"type":"Polygon","coordinates":[]}']
)
def test_without_a_readable_area_a_message_has_none(geometry: str) -> None:
    assert geofence([geometry]) == b""


def test_no_more_than_a_message_carries() -> None:
    corner = (50.0, 20.0)
    with pytest.raises(DeliveryError, match="too long for one element"):
        encode([Polygon((corner,) * 186)])
    with pytest.raises(DeliveryError, match="1 to 12 areas"):
        encode([Polygon((corner,) * 3)] * 13)
    with pytest.raises(DeliveryError, match="of at most 1024 octets"):
        encode([Polygon((corner,) * 100)] * 2)
    assert len(encode([Polygon((corner,) * 185)])) == 3 + 2 + 1018
    with pytest.raises(DeliveryError, match="does not fit into 22 bits"):
        encode([Circle((50.0, 180.0), 1.0)])
