"""What a core does while nothing waits: it lets go of what is old, and takes up a new key."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from forewarn.app.assembly import site_zones
from forewarn.app.core import DAY_S, Core
from forewarn.files import Region, Site, StoreKeys
from forewarn.files.site import SigningKeys
from forewarn.records import Tick
from forewarn.signing import KeyKind, Matter, Vault, World
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
    core._site = replace(core._site, store=replace(core._site.store, keep_days=0.0))
    for second in range(1, 101):
        core.handle([Tick(0, float(second))])
    core.tidy(idle=lambda: True)
    assert first_kept(core) == 1
    core.store.close()


def test_a_core_takes_up_a_new_key_and_keeps_the_old_one_if_it_cannot(core: Core) -> None:
    vault, now_s = Vault(core._site.signing.folder), time.time()
    old = core._signer.public
    new = vault.rotate(World.LIVE, KeyKind.ALERTS, now_s, days=9, in_days=0).public
    core.handle([Tick(0, 1.0)])
    core.tidy(idle=lambda: True)
    assert core._signer.public == new != old
    vault.ring_file.write_text("{")
    core.handle([Tick(0, 20.0)])
    core.tidy(idle=lambda: True)
    assert core._signer.sign(Matter.ALERT, b"")
    assert core.faults == [f"{vault.ring_file}: is no key ring: Input data was truncated"]
    core.store.close()
