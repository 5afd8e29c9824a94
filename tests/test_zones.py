"""Zones: made, imported, read; what crosses itself is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forewarn.errors import ConfigError
from forewarn.zones import Region, import_zones, make_zones, read_zones, write_zones
from forewarn.zones.importing import parse_map

pytestmark = pytest.mark.usefixtures("own_cache")

SQUARE = [[9.0, 56.0], [9.02, 56.0], [9.02, 56.01], [9.0, 56.01], [9.0, 56.0]]
BOW = [[9.0, 56.0], [9.02, 56.01], [9.02, 56.0], [9.0, 56.01], [9.0, 56.0]]


def zone(ring: list[list[float]] = SQUARE, **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"zone_id": "a", "name": "A", "population": 100, **properties},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def write(path: Path, *features: dict[str, Any]) -> Path:
    write_zones(path, {"type": "FeatureCollection", "features": list(features)})
    return path


def test_a_zone_reads_with_its_people_inside_it(tmp_path: Path) -> None:
    path = write(
        tmp_path / "z.geojson", zone(shelter_s=15, **{"name:uk": "А", "raion": "R"})
    )
    zones = read_zones(path, "uk")
    assert (zones.name, zones.parents[0][1]) == (("А",), "R")
    assert zones.area_m2[0] == pytest.approx(1247.0 * 1113.0, rel=0.01)
    lat, lon = np.degrees(zones.point_rad).T
    assert ((lat > 56.0) & (lat < 56.01) & (lon > 9.0) & (lon < 9.02)).all()
    assert zones.point_share.sum() == pytest.approx(1.0)
    again = read_zones(path, "uk")  # from the cache
    np.testing.assert_array_equal(again.point_rad, zones.point_rad)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (zone(BOW), "zone 'a': not a valid area: Self-intersection"),
        (zone(population=-5), "zone 'a': population is -5"),
        (zone(shelter_s="soon"), "zone 'a': shelter_s is 'soon'"),
        ({"type": "Feature", "properties": {}, "geometry": None}, "feature 0: zone_id"),
        ({**zone(), "geometry": {"type": "Point", "coordinates": [9, 56]}}, "is a Point"),
        (
            {**zone(), "geometry": {"type": "Polygon", "coordinates": []}},
            "'a': geometry has",
        ),
        ({**zone(), "geometry": None}, "zone 'a': geometry is None"),
        (
            zone(SQUARE[:-1]),
            r"zone 'a': geometry: a ring is open: it begins at \[9.0, 56.0\]",
        ),
        (zone(SQUARE[:2]), "zone 'a': geometry: a ring has fewer than four positions"),
        (zone([[9.0], *SQUARE]), "zone 'a': geometry: a position is not"),
        (zone([["9", "x"], *SQUARE[1:]]), "zone 'a': geometry: a position is not"),
        (zone([[56.0, 9e3], *SQUARE[1:-1], [56.0, 9e3]]), "is not within 180 degrees"),
        (
            zone([[179.9, 1], [-179.9, 1], [-179.9, 1.1], [179.9, 1.1], [179.9, 1]]),
            "zone 'a': geometry: a ring crosses the antimeridian; cut the area there",
        ),
        (
            zone([[9.0, 56.0], [9.000001, 56.0], [9.000001, 56.000001], [9.0, 56.0]]),
            "zone 'a': has no area",
        ),
        (
            zone([[9.0, 56.0], [9.1, 56.0], [9.2, 56.0], [9.0, 56.0]]),
            "'a': not a valid area",
        ),
    ],
)
def test_a_wrong_zone_is_refused_by_its_id(
    tmp_path: Path, feature: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_zones(write(tmp_path / "z.geojson", feature))


def test_two_zones_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="zone 'a' stands there twice"):
        read_zones(write(tmp_path / "z.geojson", zone(), zone()))


def test_a_hole_holds_nobody(tmp_path: Path) -> None:
    hole = [
        [9.005, 56.003],
        [9.015, 56.003],
        [9.015, 56.007],
        [9.005, 56.007],
        [9.005, 56.003],
    ]
    feature = zone()
    feature["geometry"]["coordinates"].append(hole)
    lat, lon = np.degrees(read_zones(write(tmp_path / "z.geojson", feature)).point_rad).T
    assert not ((lat > 56.003) & (lat < 56.007) & (lon > 9.005) & (lon < 9.015)).any()


def test_parts_of_a_zone_are_all_of_it_and_islands_are_people_too(tmp_path: Path) -> None:
    island = [[lon + 0.1, lat] for lon, lat in SQUARE]
    feature = zone()
    feature["geometry"] = {"type": "MultiPolygon", "coordinates": [[SQUARE], [island]]}
    zones = read_zones(write(tmp_path / "z.geojson", feature))
    assert zones.area_m2[0] == pytest.approx(2 * 1247.0 * 1113.0, rel=0.01)
    east = np.degrees(zones.point_rad[:, 1]) > 9.05
    assert zones.point_share[east].sum() == pytest.approx(0.5, abs=0.01)


def test_zones_are_made_where_people_live(tmp_path: Path) -> None:
    made = make_zones(Region(56.45, 9.40, 12.0))
    zones = read_zones(write(tmp_path / "z.geojson", *made["features"]))
    assert 30_000 < zones.population.sum() < 120_000  # Viborg and what lies around it
    assert zones.area_m2.mean() == pytest.approx(0.7e6, rel=0.2)
    assert zones.name[int(zones.population.argmax())].startswith("Viborg")
    assert {parents[2] for parents in zones.parents} == {"oblast 0"}


def test_a_sea_without_places_is_refused() -> None:
    with pytest.raises(ConfigError, match="no populated place"):
        make_zones(Region(40.0, -40.0, 20.0))


def test_an_import_takes_the_smaller_of_two_sources(tmp_path: Path) -> None:
    polygons = tmp_path / "p.geojson"
    polygons.write_text(json.dumps({"features": [zone(number=7)]}))
    table = tmp_path / "t.csv"
    table.write_text("zone_id,label,s1,s2\na,Aleph,90,60\nb,Beth,30,30\n")
    mapping = parse_map(["zone_id=zone_id", "name=label", "shelter_s=s1,s2"])
    collection, notices = import_zones(polygons, table, mapping)
    assert collection["features"][0]["properties"]["shelter_s"] == 60.0
    assert collection["features"][0]["properties"]["name"] == "Aleph"
    assert "zone b" in notices[0]
    assert "has no area" in notices[0]
    with pytest.raises(ConfigError, match="no column 'nope'"):
        import_zones(polygons, table, parse_map(["zone_id=zone_id", "name=nope"]))
    with pytest.raises(ConfigError, match="expected KEY=COLUMN"):
        parse_map(["colour=red"])


def test_real_zones_are_imported(shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "israel-zones"
    mapping = parse_map(
        [
            "zone_id=zone_id",
            "name=name_en",
            "shelter_s=time_to_shelter_s,time_to_shelter_s_alt",
        ]
    )
    collection, _ = import_zones(
        source / "zone_polygons.geojson", source / "zones.csv", mapping
    )
    zones = read_zones(write(tmp_path / "z.geojson", *collection["features"]))
    assert len(zones.zone_id) == 1449
    assert set(zones.shelter_s) <= {0.0, 15.0, 30.0, 45.0, 60.0, 90.0}
    with (source / "zones.csv").open(encoding="utf-8") as file:
        rows = {row["zone_id"]: row for row in csv.DictReader(file)}
    both = [
        (float(rows[i]["time_to_shelter_s"]), float(rows[i]["time_to_shelter_s_alt"]))
        for i in zones.zone_id
    ]
    assert sum(a != b for a, b in both) > 100  # the sources do disagree
    np.testing.assert_array_equal(zones.shelter_s, np.array(both).min(axis=1))
