"""A core lets go of what is old, while nothing waits."""

from pathlib import Path

import pytest

from forewarn.app.assembly import site_zones
from forewarn.app.core import DAY_S, Core
from forewarn.files import Region, Site, StoreKeys
from forewarn.files.site import SigningKeys
from forewarn.records import Tick
from forewarn.stores import SqlStore, open_store


@pytest.fixture
def core(tmp_path: Path) -> Core:
    site = Site(
        name="tidy",
        languages=("en",),
        zones=None,
        region=Region(56.45, 9.4, 5.0),
        store=StoreKeys(tmp_path / "s.sqlite", keep_days=20.0 / DAY_S),
        signing=SigningKeys(tmp_path / "keys"),
    )
    return Core(site, (), site_zones(site), open_store(site.store))


def first_kept(core: Core) -> int:
    return next(core.store.events_after(0)).seq


def test_a_core_lets_go_of_what_is_old_only_while_nothing_waits(core: Core) -> None:
    for second in range(1, 101):
        core.handle([Tick(0, float(second))])
    core.tidy(idle=lambda: False)
    assert first_kept(core) == 1
    core.handle([Tick(0, 111.0)])  # the next look is ten seconds later
    core.tidy(idle=lambda: True)
    assert first_kept(core) == 91  # 20 s before now
    assert isinstance(core.store, SqlStore)
    assert core.store.verify() == 11
    core.store.close()


def test_without_a_limit_nothing_is_let_go(core: Core) -> None:
    core._keep_s = 0.0
    for second in range(1, 101):
        core.handle([Tick(0, float(second))])
    core.tidy(idle=lambda: True)
    assert first_kept(core) == 1
    core.store.close()
