"""Raids: what a raid file says, and one drawing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files import fill, read_toml
from forewarn.files.sensors import sensor_from_table
from forewarn.records import PlotBatch, Sensor, Weather
from forewarn.sim.ballistic import add_salvo
from forewarn.sim.faults import spoil, told_wind
from forewarn.sim.raid_keys import (
    BarrageKeys,
    DroneKeys,
    FaultKeys,
    Generated,
    Raid,
    RaidKeys,
    RegionKeys,
    SalvoKeys,
    SwarmKeys,
    TrafficKeys,
)
from forewarn.sim.sight import Flyer, Scan, observe
from forewarn.sim.steered import add_drones, add_traffic
from forewarn.sim.truth import Fallen, make_truth
from forewarn.sim.waves import drones_of, salvos_of

SHIPPED = Path(__file__).parent / "raids"
START_S = 1767268800.0  # 2026-01-01 12:00 UTC, where a raid says nothing else
MANY = {
    "salvo": SalvoKeys,
    "barrage": BarrageKeys,
    "drone": DroneKeys,
    "swarm": SwarmKeys,
    "traffic": TrafficKeys,
}


def load(name: str) -> Raid:
    """A raid by the name of a shipped one, or by path."""
    path = SHIPPED / f"{name}.toml"
    if not path.exists():
        path = Path(name)
        if not path.exists():
            shipped = ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))
            raise ConfigError(
                f"raid {name!r}: no such file, nor one of those shipped: {shipped}"
            )
    tables = read_toml(path)
    known = ("raid", "region", "sensor", "faults", *MANY)
    for table in tables:
        if table not in known:
            raise ConfigError(f"{path}: unknown table [{table}]; known: {', '.join(known)}")
    for table in ("raid", "region", "sensor"):
        if table not in tables:
            raise ConfigError(f"{path}: table [{table}] is missing")

    def many(name: str) -> tuple[Any, ...]:
        rows = tables.get(name, [])
        return tuple(fill(MANY[name], row, f"{path}: [[{name}]]") for row in rows)

    faults = tables.get("faults")

    return Raid(
        raid=fill(RaidKeys, tables["raid"], f"{path}: [raid]"),
        region=fill(RegionKeys, tables["region"], f"{path}: [region]"),
        sensors=tuple(_sensor(row, path) for row in tables["sensor"]),
        salvos=many("salvo"),
        barrages=many("barrage"),
        drones=many("drone"),
        swarms=many("swarm"),
        traffic=many("traffic"),
        faults=fill(FaultKeys, faults, f"{path}: [faults]") if faults is not None else None,
        source=str(path),
    )


def _sensor(row: Mapping[str, Any], path: Path) -> Sensor:
    return sensor_from_table({**row, "simulated": True}, f"{path}: [[sensor]]")


def site_text(raid: Raid) -> str:
    """A site file for the raid's region, for who replays it."""
    region = raid.region
    return (
        f'schema = 1\n\n[site]\nname = "{region.name}"\nlanguages = ["en"]\n'
        f"region = {{lat_deg = {region.lat_deg}, lon_deg = {region.lon_deg}, "
        f"radius_km = {region.radius_km}, shelter_s = {region.shelter_s}}}\n"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One drawing of a raid before anything is told of it: bodies, threats, clean scans."""

    raid: Raid
    seed: int
    start_s: float
    flyers: list[Flyer]
    fallen: list[Fallen]
    scans: list[Scan]

    def told(self) -> Generated:
        """What reaches the chain of it, and the truth."""
        batches, told = self.spoilt([scan.plots for scan in self.scans])
        truth = make_truth(self.flyers, self.fallen)
        return Generated(self.raid.sensors, batches, truth, told)

    def spoilt(
        self, batches: list[PlotBatch]
    ) -> tuple[list[PlotBatch], tuple[Weather, ...]]:
        """Scans as they arrive, and the wind told: the same faults at each call."""
        raid = self.raid
        if raid.faults is None:
            return batches, ()
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(4)[3])
        told = (told_wind(raid.raid.wind_mps, self.start_s, raid.faults, rng),)
        return spoil(batches, raid.sensors, raid.faults, rng), told


def generate(raid: Raid, seed: int, start_s: float = START_S) -> Generated:
    """Draw a raid: the same seed, the same raid."""
    return draw(raid, seed, start_s).told()


def draw(raid: Raid, seed: int, start_s: float = START_S) -> Drawn:
    """The same drawing as `generate` makes, with all that is known of it."""
    streams = np.random.SeedSequence(seed).spawn(4)
    t0 = start_s + raid.raid.quiet_before_s
    flyers: list[Flyer] = []
    fallen: list[Fallen] = []
    add_threats(raid, t0, np.random.default_rng(streams[0]), flyers, fallen)
    last_s = max((one.impact_s for one in fallen), default=t0 + 240.0)
    end_s = last_s + raid.raid.quiet_after_s
    rng = np.random.default_rng(streams[1])
    for k, traffic in enumerate(raid.traffic):
        add_traffic(raid.region, traffic, k, (start_s, end_s), rng, flyers)
    scans = observe(
        raid.sensors,
        flyers,
        (start_s, end_s),
        streams[2],
        raid.raid.rotating,
        raid.error_ratio,
    )
    return Drawn(raid, seed, start_s, flyers, fallen, scans)


def add_threats(
    raid: Raid,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    """Draw the raid's rockets, missiles and drones, beginning at t0."""
    salvos = list(raid.salvos)
    for barrage in raid.barrages:
        salvos += salvos_of(barrage, raid.region, rng)
    for k, salvo in enumerate(salvos):
        add_salvo(raid, salvo, k, t0, rng, flyers, fallen)
    drones = list(raid.drones)
    for swarm in raid.swarms:
        drones += drones_of(swarm, raid.region, rng)
    for k, drone in enumerate(drones):
        add_drones(drone, k, t0, rng, flyers, fallen)
