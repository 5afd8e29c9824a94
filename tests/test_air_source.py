import asyncio
import os
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from forewarn.errors import ConfigError
from forewarn.files.air import read_ground, read_profile
from forewarn.records import Weather
from forewarn.sources.air import AirSource

CALM = "height_m,east_mps,north_mps\n0,1,2\n9000,5,6\n"
WINDY = CALM.replace("9000,5,6", "9000,25,6")


def write(path: Path, text: str) -> None:
    """As a weather service does: a new file in place of the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


async def first_after(source: AirSource, change: list[str], path: Path) -> Weather:
    events = source.events()
    coming = asyncio.ensure_future(anext(events))
    for text in change:
        write(path, text)
        await asyncio.sleep(0.1)
    return await asyncio.wait_for(coming, 5.0)


def test_the_air_is_read_again_when_its_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "air.csv"
    write(path, CALM)
    source = AirSource(path, look_s=0.02, clock=lambda: 7.0)
    event = asyncio.run(first_after(source, [WINDY], path))
    assert event.received_s == 7.0
    assert_allclose(event.wind_mps, [[1.0, 2.0], [25.0, 6.0]])
    assert len(event.density_kgpm3) == 0


def test_a_broken_file_is_counted_and_the_next_good_one_is_used(tmp_path: Path) -> None:
    path = tmp_path / "air.csv"
    write(path, CALM)
    source = AirSource(path, look_s=0.02)
    broken = CALM.replace("9000", "-9000")
    event = asyncio.run(first_after(source, [broken, WINDY], path))
    assert_allclose(event.wind_mps[1], [25.0, 6.0])
    ((where, why), count) = next(iter(source.refused.items()))
    assert (where, count) == ("air", 1)
    assert "must rise" in why


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("east_mps\n1\n", "height_m is missing"),
        ("height_m,east_mps\n0,fast\n9,1\n", "line 2, east_mps: found 'fast'"),
        ("", "no rows"),
    ],
)
def test_a_profile_that_cannot_be_used_says_where(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "air.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=says):
        read_profile(path)


def test_a_grid_of_heights_says_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "hills.asc"
    path.write_text("ncols 2\nnrows 2\n1 2\n3 4\n")
    with pytest.raises(ConfigError, match="cellsize"):
        read_ground(path)
