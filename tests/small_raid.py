"""A raid of six rockets on one town, and what tests of the core need to fly it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forewarn.app.assembly import site_zones
from forewarn.app.core import Core
from forewarn.files import Region, Site, Truth
from forewarn.files.site import SigningKeys, StoreKeys
from forewarn.pipeline import Store
from forewarn.records import Event, Sensor, Tick
from forewarn.sim import raids
from forewarn.sim.raids import Raid, RaidKeys, RegionKeys, SalvoKeys
from forewarn.stores import open_store, read_store, sqlite_store
from forewarn.stores.lasting import LastingStore
from forewarn.web.picture import zones_geojson

CHANNELS = ("cap",)
RUN_ON_S = 120  # after the last scan, until all is cleared


@dataclass(frozen=True)
class Flown:
    """Its sensors, all that the core is told, and what really came down."""

    sensors: tuple[Sensor, ...]
    events: list[Event]
    truth: list[dict[str, object]]


def raid() -> Raid:
    """Six rockets, two radars."""
    shipped = raids.load("rockets")
    salvo = SalvoKeys(56.4532, 9.4020, range_km=35.0, from_deg=100.0, count=6)
    region = RegionKeys("k", 56.45, 9.4, 15.0)
    return Raid(RaidKeys("kill"), region, shipped.sensors, (salvo,))


def drawn() -> Flown:
    """The raid, and ticks until all is over."""
    made = raids.generate(raid(), 4)
    last = made.batches[-1].received_s
    ticks: list[Event] = [Tick(0, last + k) for k in range(1, RUN_ON_S)]
    return Flown(made.sensors, [*made.batches, *ticks], fallen(made.truth))


def fallen(truth: Truth) -> list[dict[str, object]]:
    """What came down, as the checker reads it."""
    return [
        {
            "threat_id": threat_id,
            "impact_s": float(impact_s),
            "impact_lat_deg": float(lat_deg),
            "impact_lon_deg": float(lon_deg),
        }
        for threat_id, impact_s, (lat_deg, lon_deg) in zip(
            truth.threat_id, truth.impact_s, truth.impact_deg, strict=True
        )
    ]


def site(folder: Path) -> Site:
    """The town, its store in a folder."""
    return Site(
        name="kill",
        languages=("en",),
        zones=None,
        region=Region(56.45, 9.4, 15.0),
        store=StoreKeys(folder / "s.sqlite"),
        signing=SigningKeys(folder / "keys"),
    )


def lasting(where: Site, after: int = 0) -> LastingStore:
    """Its store, as a core opens it."""
    return LastingStore(
        lambda again: open_store(where.store, CHANNELS, (), again),
        lambda: read_store(where.store),
        after,
    )


def core_of(
    where: Site,
    sensors: Sequence[Sensor],
    channels: tuple[str, ...] = CHANNELS,
    store: Store | None = None,
) -> Core:
    """A core in this process."""
    kept = store or sqlite_store(where.store.path, channels)
    return Core(where, sensors, site_zones(where), kept)


def write_truth(folder: Path, where: Site, truth: list[dict[str, object]]) -> None:
    """truth.json and zones.geojson, for the checker."""
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "zones.geojson").write_bytes(zones_geojson(site_zones(where)))
