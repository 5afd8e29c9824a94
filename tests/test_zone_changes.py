"""Zones that change between alert and all-clear lose nobody."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import square_zones
from forewarn.records import Zones
from forewarn.zones import read_zones, remap, write_zones

pytestmark = pytest.mark.usefixtures("own_cache")


def zones_of(folder: Path, boxes: dict[str, tuple[float, float, float, float]]) -> Zones:
    """Zones of boxes in hundredths of a degree: west, south, east, north."""
    features = [
        {
            "type": "Feature",
            "properties": {"zone_id": zone_id, "population": 100},
            "geometry": shapely.geometry.mapping(
                shapely.box(*(9.0 + edge / 100 for edge in box))
            ),
        }
        for zone_id, box in boxes.items()
    ]
    path = folder / "z.geojson"
    text = json.loads(json.dumps(features))
    write_zones(path, {"type": "FeatureCollection", "features": text})
    return read_zones(path)


def test_zones_that_stay_are_their_own_heirs() -> None:
    zones = square_zones(rows=3)
    change = remap(zones, replace(zones, version="later"))
    assert change.same == frozenset(zones.zone_id)
    assert change.heirs["z4"] == (("z4", 1.0),)
    assert (change.gone, change.fresh, change.left) == ((), (), {})
    assert (change.old, change.new) == ("squares", "later")


def test_people_of_a_zone_cut_in_two_are_found_in_both(tmp_path: Path) -> None:
    old = zones_of(tmp_path, {"whole": (0, 0, 4, 2)})
    new = zones_of(tmp_path, {"west": (0, 0, 1, 2), "east": (1, 0, 4, 2)})
    change = remap(old, new)
    assert change.gone == ("whole",)
    assert change.fresh == ("west", "east")
    assert [heir for heir, _ in change.heirs["whole"]] == ["east", "west"]
    assert dict(change.heirs["whole"])["east"] == pytest.approx(0.75, abs=0.08)
    assert not change.left


def test_a_zone_that_shrank_keeps_its_id_and_the_rest_of_its_people_are_found(
    tmp_path: Path,
) -> None:
    old = zones_of(tmp_path, {"a": (0, 0, 4, 2), "b": (4, 0, 6, 2)})
    new = zones_of(tmp_path, {"a": (0, 0, 2, 2), "b": (2, 0, 6, 2)})
    change = remap(old, new)
    assert set(dict(change.heirs["a"])) == {"a", "b"}
    assert change.heirs["b"] == (("b", pytest.approx(1.0)),)
    assert (change.gone, change.fresh, change.same) == ((), (), frozenset())


def test_people_who_are_in_no_zone_any_more_are_named(tmp_path: Path) -> None:
    old = zones_of(tmp_path, {"a": (0, 0, 4, 2), "b": (10, 0, 12, 2)})
    new = zones_of(tmp_path, {"c": (0, 0, 2, 2)})
    change = remap(old, new)
    assert change.left["a"] == pytest.approx(0.5, abs=0.08)
    assert change.left["b"] == pytest.approx(1.0)
    assert change.heirs["b"] == ()


@settings(max_examples=30)
@given(cuts=st.lists(st.floats(0.1, 7.9), min_size=1, max_size=5, unique=True))
def test_however_zones_are_cut_anew_nobody_is_lost(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("zones")
    edges = [0.0, *sorted(cuts), 8.0]
    old = zones_of(folder, {f"o{i}": (2 * i, 0, 2 * i + 2, 2) for i in range(4)})
    new = zones_of(
        folder,
        {f"n{i}": (low, 0, high, 2) for i, (low, high) in enumerate(pairwise(edges))},
    )
    change = remap(old, new)
    for zone in old.zone_id:
        told = sum(share for _, share in change.heirs[zone])
        assert told + change.left.get(zone, 0.0) >= 1.0 - 1e-9
        assert change.left.get(zone, 0.0) < 1e-9
    # and the other way round: whoever lives in a new zone was in an old one
    back = remap(new, old)
    assert not back.left
    assert np.isfinite([share for heirs in back.heirs.values() for _, share in heirs]).all()
