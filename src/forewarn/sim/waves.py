"""Barrages and swarms: which towns a drawing of a raid is aimed at, and from where."""

from dataclasses import fields
from math import cos, pi, radians, sin
from typing import Any

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.sim.raid_keys import BarrageKeys, DroneKeys, RegionKeys, SalvoKeys, SwarmKeys
from forewarn.units import DEG_PER_RAD
from forewarn.zones.places import places


def salvos_of(
    barrage: BarrageKeys, region: RegionKeys, rng: np.random.Generator
) -> list[SalvoKeys]:
    """One salvo per town, the rockets shared among them as evenly as they can be."""
    aims = _towns(region, barrage.towns, rng, repeat=False)
    counts = np.diff(np.linspace(0, barrage.count, barrage.towns + 1).round().astype(int))
    begins = barrage.start_s + np.sort(rng.uniform(0.0, barrage.within_s, barrage.towns))
    own = _shared(barrage, SalvoKeys)
    return [
        SalvoKeys(
            aim_lat_deg=float(lat),
            aim_lon_deg=float(lon),
            **own
            | {
                "range_km": rng.uniform(*barrage.range_km),
                "from_deg": rng.uniform(*barrage.from_deg),
                "count": int(count),
                "start_s": float(begin),
            },
        )
        for (lat, lon), count, begin in zip(aims, counts, begins, strict=True)
        if count
    ]


def drones_of(
    swarm: SwarmKeys, region: RegionKeys, rng: np.random.Generator
) -> list[DroneKeys]:
    """One by one, each with a way and an aim of its own."""
    aims = _towns(region, swarm.count, rng, repeat=True)
    stray = rng.random(swarm.count) < swarm.stray_share
    aims[stray] = _anywhere(region, int(stray.sum()), rng)
    begins = swarm.start_s + np.sort(rng.uniform(0.0, swarm.within_s, swarm.count))
    own = _shared(swarm, DroneKeys)
    return [
        DroneKeys(
            aim_lat_deg=float(lat),
            aim_lon_deg=float(lon),
            **own
            | {
                "from_deg": rng.uniform(*swarm.from_deg),
                "distance_km": rng.uniform(*swarm.distance_km),
                "height_m": rng.uniform(*swarm.height_m),
                "count": 1,
                "start_s": float(begin),
            },
        )
        for (lat, lon), begin in zip(aims, begins, strict=True)
    ]


def _shared(keys: Any, kind: type[Any]) -> dict[str, Any]:
    """The values of the keys that both tables have."""
    known = {field.name for field in fields(kind)}
    return {f.name: getattr(keys, f.name) for f in fields(keys) if f.name in known}


def _towns(
    region: RegionKeys, count: int, rng: np.random.Generator, repeat: bool
) -> FloatArray:
    """(count, 2) latitude, longitude (deg) of towns, drawn by their people."""
    lat, lon, people = places()[:3]
    scale = np.array(metres_per_radian(radians(region.lat_deg))) / DEG_PER_RAD
    away = np.hypot((lat - region.lat_deg) * scale[0], (lon - region.lon_deg) * scale[1])
    near = np.flatnonzero(away < 0.95e3 * region.radius_km)
    if not len(near) or (not repeat and len(near) < count):
        raise ConfigError(
            f"region {region.name!r}: {len(near)} towns lie in it, {count} were asked for"
        )
    chance = people[near] / people[near].sum()
    drawn = near[rng.choice(len(near), count, replace=repeat, p=chance)]
    return np.stack([lat[drawn], lon[drawn]], axis=1)


def _anywhere(region: RegionKeys, count: int, rng: np.random.Generator) -> FloatArray:
    scale = np.array(metres_per_radian(radians(region.lat_deg))) / DEG_PER_RAD
    away = 0.95e3 * region.radius_km * np.sqrt(rng.random(count))
    angle = rng.uniform(0.0, 2 * pi, count)
    off = np.array([[r * cos(a), r * sin(a)] for r, a in zip(away, angle, strict=True)])
    return np.array([region.lat_deg, region.lon_deg]) + off.reshape(-1, 2) / scale
