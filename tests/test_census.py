"""Who lives where: places counted once, grids of people, seconds to shelter."""

import json
import time
from dataclasses import replace
from pathlib import Path

import h3
import numpy as np
import pytest
import shapely

from forewarn.app.assembly import site_zones
from forewarn.errors import ConfigError
from forewarn.files import Region as SiteRegion
from forewarn.files import Site, ZoneKeys, read_site
from forewarn.zones import (
    Census,
    Region,
    import_zones,
    made_zones,
    make_zones,
    read_zones,
    write_zones,
)
from forewarn.zones.importing import parse_map
from forewarn.zones.making import outline
from forewarn.zones.people import PeopleGrid, places_grid
from forewarn.zones.places import COUNTRYSIDE_M, disc_m, places
from forewarn.zones.shelter import read_shelter

# People as the statistical offices of these countries counted them in 2022 to 2024 (of
# Ukraine: the estimate of 1 January 2022). GeoNames knows no village under 1,000 people,
# so its places may hold a fifth less; nothing counted twice means they never hold more.
NATIONS = {"NL": 17.8e6, "DK": 5.93e6, "IL": 9.7e6, "UA": 41.2e6}
SHARE = (0.80, 1.02)
# Copenhagen as GeoNames has it: its whole built-up area, since 2022 1.37 million.
CITIES = {
    ("NL", "Amsterdam"): 0.93e6,
    ("NL", "Utrecht"): 0.37e6,
    ("DK", "Copenhagen"): 1.37e6,
    ("DK", "Odense"): 0.18e6,
    ("IL", "Jerusalem"): 0.98e6,
    ("IL", "Haifa"): 0.29e6,
    ("UA", "Kyiv"): 2.95e6,
    ("UA", "Kharkiv"): 1.42e6,
}


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.mark.parametrize("country", NATIONS)
def test_places_of_a_country_hold_its_people_once(country: str) -> None:
    there = places().where(places().country == country)
    assert SHARE[0] < there.people.sum() / NATIONS[country] < SHARE[1]


@pytest.mark.parametrize(("country", "city"), CITIES)
def test_a_large_city_has_its_people_and_no_part_of_it_stands_beside_it(
    country: str, city: str
) -> None:
    there = places().where(places().country == country)
    (found,) = there.people[there.name == city]
    assert found == pytest.approx(CITIES[country, city], rel=0.25)


@pytest.mark.parametrize(
    ("country", "part"),
    [
        ("UA", "Saltivka"),  # of Kharkiv
        ("UA", "Obolon"),  # of Kyiv
        ("NL", "Amsterdam-Zuidoost"),
        ("IL", "West Jerusalem"),
        ("EE", "Lasnamäe"),  # of Tallinn
        ("US", "Brooklyn"),
        ("BE", "Schaerbeek"),  # of Brussels
    ],
)
def test_a_part_of_a_city_is_no_place_of_its_own(country: str, part: str) -> None:
    there = places().where(places().country == country)
    assert not (there.people[there.name == part] > 50_000).any()


@pytest.mark.parametrize(
    ("country", "town"),
    [("IL", "Ramat Gan"), ("IL", "H̱olon"), ("UA", "Brovary"), ("NL", "Schiedam")],
)
def test_a_town_beside_a_city_stays(country: str, town: str) -> None:
    there = places()
    assert ((there.country == country) & (there.name == town)).any()


def test_zones_of_a_country_hold_its_people(tmp_path: Path) -> None:
    zones = made_zones(Region(country="IL", resolution=7))
    assert zones.population.sum() / NATIONS["IL"] == pytest.approx(0.85, abs=0.05)
    assert {parents[3] for parents in zones.parents} == {"IL"}
    assert (
        len({parents[1] for parents in zones.parents}) > 3
    )  # a country has several raions
    lat, _ = np.degrees(zones.centre_rad).T
    assert lat.min() > 29.3
    assert lat.max() < 33.5
    assert 3e6 < zones.area_m2.mean() < 8e6  # resolution 7: 5.2 km2


def test_a_cell_on_the_antimeridian_is_whole_on_both_sides(tmp_path: Path) -> None:
    cell = h3.latlng_to_cell(-16.8, 180.0, 7)
    feature = {
        "type": "Feature",
        "properties": {"zone_id": cell},
        "geometry": outline(cell),
    }
    zones = read_zones(write(tmp_path / "z.geojson", feature))
    assert zones.area_m2[0] == pytest.approx(h3.cell_area(cell, "m^2"), rel=0.01)
    lon = np.degrees(zones.point_rad[:, 1])
    assert (lon > 179.9).any()
    assert (lon < -179.9).any()
    assert made_zones(Region(country="FJ", resolution=7)).population.sum() > 3e5


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region(country="XX"), "region 'XX': no places; expected an ISO 3166 code"),
        (Region(country="nl"), "region 'nl': no places"),
        (Region(country="US", resolution=9), "more than 300,000 zones of resolution 9"),
        (Region(radius_km=10.0), "expected a country, or lat_deg"),
        (Region(country="NL", resolution=12), "resolution is 12, expected 4 to 10"),
    ],
)
def test_a_region_that_cannot_be_is_refused(region: Region, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_zones(region)


@pytest.mark.parametrize(
    ("line", "region"),
    [
        ('region = "NL"', SiteRegion(country="NL")),
        (
            'region = {country = "NL", resolution = 7}',
            SiteRegion(country="NL", resolution=7),
        ),
    ],
)
def test_a_site_names_its_country(tmp_path: Path, line: str, region: SiteRegion) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'schema = 1\n[site]\nname = "x"\n{line}\n')
    found = read_site(path).region
    assert found is not None
    assert (found.country, found.resolution) == (region.country, region.resolution)


@pytest.mark.parametrize(
    "region", ["7", "{lat_deg = 5, radius_km = 3}", '{country = "NL", radius_km = 3}', "{}"]
)
def test_half_a_region_is_refused(tmp_path: Path, region: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f'schema = 1\n[site]\nname = "x"\nregion = {region}\n')
    with pytest.raises(ConfigError, match=r"region: .*expected"):
        read_site(path)


@pytest.mark.parametrize("resolution", [6, 8])
def test_people_of_made_zones_stand_where_people_live(resolution: int) -> None:
    zones = made_zones(Region(56.45, 9.40, 15.0, resolution))
    lat, lon = np.degrees(zones.point_rad).T
    near = places().where(
        (np.abs(places().lat_deg - 56.45) < 0.5) & (np.abs(places().lon_deg - 9.4) < 0.8)
    )
    north = (lat[:, None] - near.lat_deg) * 111.3e3
    east = (lon[:, None] - near.lon_deg) * 111.3e3 * np.cos(np.radians(56.45))
    away = np.hypot(north, east)
    half = zones.point_sigma_m * np.sqrt(12.0) * 0.75 + 250.0  # half a diagonal and a cell
    # whole rings of cells lie around a place: the corners of the last reach further
    assert (away.min(axis=1) < 1.3 * COUNTRYSIDE_M + half).all()
    in_town = (away < disc_m(near.people) + half[:, None]).any(axis=1)
    people = zones.population[zones.point_zone] * zones.point_share
    assert people[in_town].sum() > 0.95 * people.sum()
    for zone in np.flatnonzero(zones.population > 20 * np.median(zones.population)):
        mine = zones.point_zone == zone
        if in_town[mine].any():
            assert zones.point_share[mine & in_town].sum() > 0.9
    np.testing.assert_allclose(np.bincount(zones.point_zone, zones.point_share), 1.0)


def square(zone_id: str, west: float, side: float = 0.02, **properties: object) -> object:
    ring = [[west, 56.0], [west + side, 56.0], [west + side, 56.02], [west, 56.02]]
    return {
        "type": "Feature",
        "properties": {"zone_id": zone_id, **properties},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }


def write(path: Path, *features: object) -> Path:
    write_zones(path, {"type": "FeatureCollection", "features": list(features)})
    return path


def grid(path: Path, rows: str, columns: int) -> Path:
    path.write_text(
        f"ncols {columns}\nnrows {len(rows.splitlines())}\nxllcorner 9.0\nyllcorner 56.0\n"
        f"cellsize 0.01\nNODATA_value -9999\n{rows}\n"
    )
    return path


def test_people_come_from_a_grid_where_zones_do_not_say(tmp_path: Path) -> None:
    grid(tmp_path / "people.asc", "0 400 -9999 -9999\n0 0 100 100", 4)
    path = write(
        tmp_path / "z.geojson", square("w", 9.0, name="W"), square("e", 9.02, population=7)
    )
    site = Site("x", ("en",), path, None, zone_keys=ZoneKeys(str(tmp_path / "people.asc")))
    zones = site_zones(site)
    assert zones.population[0] == pytest.approx(400, rel=0.02)
    assert zones.population[1] == 7  # what a zone says goes first
    lat, lon = np.degrees(zones.point_rad).T
    west = zones.point_zone == 0
    # only a quarter of it has anybody; a point may stand half its spacing outside
    assert (lat[west] > 56.0065).all()
    assert (lon[west] > 9.0055).all()
    assert (lat[~west] < 56.0135).all()
    evenly = site_zones(replace(site, zone_keys=ZoneKeys()))
    assert len(evenly.point_share) > 1.5 * len(zones.point_share)
    assert evenly.version != zones.version


def test_a_grid_goes_before_the_people_of_made_zones(tmp_path: Path) -> None:
    people = tmp_path / "people.asc"
    people.write_text(
        "ncols 40\nnrows 20\nxllcorner 9.2\nyllcorner 56.35\ncellsize 0.01\n"
        + "\n".join(" ".join(["5"] * 40) for _ in range(20))
    )
    region = SiteRegion(56.45, 9.4, 5.0)
    zones = site_zones(Site("x", ("en",), None, region, zone_keys=ZoneKeys(str(people))))
    # 5 people in each 0.01 degree squared: 7.3 per km2, also in the middle of Viborg
    assert zones.population / (zones.area_m2 / 1e6) == pytest.approx(7.3, rel=0.1)
    assert site_zones(Site("x", ("en",), None, region)).population.max() > 1000


def test_a_zone_in_which_a_grid_has_nobody_is_still_warned(tmp_path: Path) -> None:
    path = write(tmp_path / "z.geojson", square("far", 12.0))
    people = PeopleGrid(np.ones((2, 2)), 56.0, 9.0, 0.01, 0.01)
    zones = read_zones(path, census=Census(people))
    assert zones.population[0] == 0.0
    assert zones.point_share.sum() == pytest.approx(1.0)


def test_a_grid_holds_as_many_people_as_its_boxes_together() -> None:
    rng = np.random.default_rng(1)
    people = PeopleGrid(rng.uniform(0, 100, (20, 30)), 50.0, 10.0, 0.01, 0.015)
    step = np.radians(0.002)
    lat, lon = np.meshgrid(
        np.radians(50.0) + (np.arange(100) + 0.5) * step,
        np.radians(10.0) + (np.arange(225) + 0.5) * step,
    )
    points = np.stack([lat.ravel(), lon.ravel()], axis=1)
    # squares of the height of a step; as wide as high in metres, so weighted by the ratio
    found = people.within(points, np.full(len(points), step * 6365e3))
    widened = np.cos(points[:, 0])  # a square is 1/cos steps wide
    assert (found * widened).sum() == pytest.approx(people.people.sum(), rel=0.02)


def test_places_over_a_grid_keep_their_people() -> None:
    spread = places_grid((4.0, 51.9, 5.6, 52.7))
    known = places()
    inside = (
        (known.lat_deg > 51.9) & (known.lat_deg < 52.7)
        & (known.lon_deg > 4.0) & (known.lon_deg < 5.6)
    )  # fmt: skip
    assert spread.people.sum() == pytest.approx(known.people[inside].sum(), rel=0.05)


def test_real_districts_hold_the_people_of_their_city(
    shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "ukraine-zones/city_districts.geojson"
    mapping = parse_map(["zone_id=koatuu", "name=district_uk", "raion=city_uk"])
    collection, _ = import_zones(source, None, mapping)
    for row, feature in enumerate(collection["features"]):
        feature["properties"]["zone_id"] += f" {row}"  # some stand there twice
    path = tmp_path / "z.geojson"
    write_zones(path, collection)
    zones = read_zones(path, "uk", Census("places"))
    city = np.array([parents[1] for parents in zones.parents])
    for name, people in (("Київ", 2.95e6), ("Харків", 1.42e6), ("Кривий Ріг", 0.60e6)):
        # a disc is no city: some of it lies beyond the borders
        assert 0.6 * people < zones.population[city == name].sum() < people
    lat, lon = np.degrees(zones.point_rad).T
    polygons = shapely.from_geojson(list(zones.polygons))
    assert shapely.intersects_xy(polygons[zones.point_zone], lon, lat).all()


@pytest.mark.parametrize(
    ("rows", "message"),
    [("1 -5\n1 1", "numbers of people are below 0"), ("1\n1 1", "no ESRI ASCII grid")],
)
def test_a_grid_that_is_none_is_refused(tmp_path: Path, rows: str, message: str) -> None:
    path = write(tmp_path / "z.geojson", square("a", 9.0))
    keys = ZoneKeys(str(grid(tmp_path / "people.asc", rows, 2)))
    with pytest.raises(ConfigError, match=message):
        site_zones(Site("x", ("en",), path, None, zone_keys=keys))


def border(path: Path) -> Path:
    line = {"type": "LineString", "coordinates": [[9.0, 55.0], [9.0, 57.0]]}
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": line}))
    return path


def test_people_near_a_border_have_fewer_seconds(tmp_path: Path) -> None:
    path = write(
        tmp_path / "z.geojson",
        square("at it", 9.001),
        square("near, says 90", 9.2, shelter_s=90),
        square("near, says 10", 9.24, shelter_s=10),
        square("far", 10.0),
        square("far, says 75", 10.1, shelter_s=75),
    )
    keys = ZoneKeys("", 45.0, border(tmp_path / "b.geojson"), ((7.0, 15.0), (25.0, 30.0)))
    zones = site_zones(Site("x", ("en",), path, None, zone_keys=keys))
    assert zones.shelter_s.tolist() == [15.0, 30.0, 10.0, 45.0, 75.0]


@pytest.mark.parametrize(
    ("line", "pairs", "message"),
    [
        (True, (), "go together"),
        (False, ((7.0, 15.0),), "go together"),
        (True, ((20.0, 30.0), (7.0, 15.0)), "shelter_km_s: found .* rising"),
        (True, ((-1.0, 30.0),), "shelter_km_s: found"),
    ],
)
def test_half_a_rule_of_shelter_is_refused(
    tmp_path: Path, line: bool, pairs: tuple[tuple[float, float], ...], message: str
) -> None:
    path = border(tmp_path / "b.geojson") if line else None
    with pytest.raises(ConfigError, match=message):
        read_shelter(path, pairs, 60.0)


def test_a_line_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.geojson"
    for text in ("{", '{"type": "FeatureCollection", "features": [{}]}', "[]"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"b\.geojson: is no GeoJSON with a line"):
            read_shelter(path, ((1.0, 15.0),), 60.0)


def test_a_site_file_says_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        'schema = 1\n[site]\nname = "x"\nzones = "z.geojson"\n[zones]\npeople = "p.asc"\n'
        'shelter_line = "b.geojson"\nshelter_km_s = [[7, 15], [25, 30.0]]\nshelter_s = 45\n'
    )
    keys = read_site(path).zone_keys
    assert keys == ZoneKeys(
        str(tmp_path / "p.asc"), 45.0, tmp_path / "b.geojson", ((7.0, 15.0), (25.0, 30.0))
    )


def test_fifty_thousand_zones_load_in_two_seconds_after_the_first_time(
    tmp_path: Path,
) -> None:
    rows = [
        square(f"z{i}", 9.0 + 0.02 * (i % 223), name=f"Zone {i}", population=40)
        for i in range(50_000)
    ]
    path = write(tmp_path / "z.geojson", *rows)
    first = read_zones(path)
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        zones = read_zones(path)
        taken.append(time.perf_counter() - begin)
    assert min(taken) < 2.0
    assert zones.polygons == first.polygons
    assert zones.parents == first.parents
    np.testing.assert_array_equal(zones.point_rad, first.point_rad)


def test_a_damaged_record_of_zones_is_made_anew(tmp_path: Path, own_cache: Path) -> None:
    path = write(tmp_path / "z.geojson", square("a", 9.0))
    first = read_zones(path)
    (kept,) = own_cache.rglob("*.npz")
    kept.write_bytes(kept.read_bytes()[:200])
    again = read_zones(path)
    np.testing.assert_array_equal(again.point_rad, first.point_rad)


def test_zones_are_read_anew_once_their_file_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "z.geojson", square("a", 9.0))
    first = read_zones(path)
    write(path, square("a", 9.01))
    assert read_zones(path).version != first.version
    assert read_zones(path).centre_rad[0, 1] > first.centre_rad[0, 1]
