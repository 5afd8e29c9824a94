"""What several tests share: where the reference data lies, and a small world of zones."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import forewarn  # noqa: F401  # isort: skip  # before NumPy, whose threads it counts
import numpy as np
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from forewarn.files import StoreKeys
from forewarn.geodesy import metres_per_radian
from forewarn.records import Zones
from servers import Postgres, make_postgres, open_folder

# the first call of a kernel may compile it: a deadline would time the compiler
settings.register_profile("forewarn", deadline=None)
settings.load_profile("forewarn")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

# whoever starts programs or threads, opens sockets or reads a clock
WAITS = re.compile(
    r"^(?:from|import) (?:asyncio|concurrent|multiprocessing|resource|signal|socket"
    r"|subprocess|threading|time|cell_centre|cell_studio|live_raid|mosquitto|push_phone"
    r"|receiver|servers|stations|store_load|test_service|test_web)\b",
    re.MULTILINE,
)


@cache
def waits(path: Path) -> bool:
    return path.parent.name == "browser" or bool(WAITS.search(path.read_text()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What only reckons comes first."""
    items.sort(key=lambda item: waits(item.path))


class Sharing(LoadScopeScheduling):
    """Workers share what only reckons; one of them does the rest after it, undisturbed."""

    def _split_scope(self, nodeid: str) -> str:
        path = self.config.rootpath / nodeid.split("::")[0]
        return "quiet" if waits(path) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not SHARED.is_dir():
        pytest.skip("reference data is not here: ../shared/data is absent")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A running PostgreSQL server."""
    with open_folder() as folder:
        server = make_postgres(folder)
        with server.running():
            yield server


@pytest.fixture(scope="session")
def empty_database(postgres: Postgres) -> Callable[[], StoreKeys]:
    """Makes a new database at each call, and says where it is."""
    numbers = count()

    def make() -> StoreKeys:
        name = f"test{next(numbers)}"
        postgres.sql("postgres", f"create database {name}")
        return postgres.keys(name)

    return make


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test alone: what others kept is not read."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def square_zones(
    side_m: float = 800.0, rows: int = 40, people: float = 200.0, shelter_s: float = 60.0
) -> Zones:
    """A square of equal zones around 56.2 N 9.4 E, four people points in each."""
    lat, lon = np.radians(56.2), np.radians(9.4)
    per_lat, per_lon = metres_per_radian(lat)
    line = (np.arange(rows) - rows / 2 + 0.5) * side_m
    east, north = (grid.ravel() for grid in np.meshgrid(line, line))
    n = len(east)
    centre = np.stack([lat + north / per_lat, lon + east / per_lon], axis=1)
    corner = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)]) * side_m / 4
    shift = np.stack([corner[:, 0] / per_lat, corner[:, 1] / per_lon], axis=1)
    names = tuple(f"z{i}" for i in range(n))
    half = side_m / 2
    ring = np.array(
        [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
    )
    polygons = []
    for lat_c, lon_c in centre:
        points = [
            f"[{np.degrees(lon_c + x / per_lon):.6f},{np.degrees(lat_c + y / per_lat):.6f}]"
            for x, y in ring
        ]
        polygons.append(f'{{"type":"Polygon","coordinates":[[{",".join(points)}]]}}')
    return Zones(
        zone_id=names,
        name=names,
        names=((),) * n,
        population=np.full(n, people),
        shelter_s=np.full(n, shelter_s),
        area_m2=np.full(n, side_m**2),
        centre_rad=centre,
        parents=(("", "", "", ""),) * n,
        polygons=tuple(polygons),
        point_rad=(centre[:, None, :] + shift[None]).reshape(-1, 2),
        point_zone=np.repeat(np.arange(n), 4),
        point_share=np.full(4 * n, 0.25),
        point_sigma_m=np.full(4 * n, side_m / 2 / np.sqrt(12)),
        version="squares",
    )
