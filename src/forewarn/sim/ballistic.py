"""Rockets and missiles of a raid: a salvo's bodies, flown and laid over their aim."""

from dataclasses import replace
from math import pi, radians

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import metres_per_radian
from forewarn.sim.faults import shortened, tumbles
from forewarn.sim.places import shifted
from forewarn.sim.raid_keys import FaultKeys, Raid, SalvoKeys
from forewarn.sim.sight import Flyer
from forewarn.sim.truth import Fallen
from forewarn.sim.world import LONGEST_S, Launch, fly
from forewarn.sim.world import Path as Way


def add_salvo(
    raid: Raid,
    salvo: SalvoKeys,
    number: int,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    """Draw the bodies of a salvo, and where each comes down."""
    n, faults = salvo.count, raid.faults or FaultKeys()
    aim = np.array([radians(salvo.aim_lat_deg), radians(salvo.aim_lon_deg)])
    course = radians(salvo.from_deg)
    site = np.array(shifted(aim[0], aim[1], salvo.range_km * 1e3, course))
    speed = _speed_for(salvo, raid.raid.wind_mps)
    burnt = shortened(n, faults, rng)
    launch = Launch(
        site_rad=np.tile(site, (n, 1)),
        azimuth=np.full(n, course + pi) + rng.normal(0, 3e-3, n),
        elevation=np.full(n, radians(salvo.elevation_deg)) + rng.normal(0, 3e-3, n),
        speed_mps=speed * rng.normal(1, 0.004, n) * burnt,
        burn_s=salvo.burn_s * rng.uniform(0.97, 1.03, n) * burnt,
        beta=salvo.beta * rng.normal(1, 0.02, n),
    )
    loose = tumbles(n, LONGEST_S, faults, rng)
    aim = aim + rng.normal(0, salvo.spread_m, 2) / metres_per_radian(aim[0])
    # the whole salvo moves with its launcher, until its middle lies over the aim
    spot = fly(launch, raid.raid.wind_mps, tumbling=loose)[3]
    launch = replace(launch, site_rad=launch.site_rad + aim - np.nanmedian(spot, axis=0))
    age, states, down, spot = fly(launch, raid.raid.wind_mps, tumbling=loose)
    launch_s = t0 + salvo.start_s + salvo.ripple_s * np.arange(n) + rng.normal(0, 0.05, n)
    for i in range(n):
        if np.isnan(down[i]):
            raise ConfigError(f"{raid.source}: salvo {number} never comes down")
        keep = age <= down[i] + 0.3
        times = launch_s[i] + age[keep]
        ends_s = float(launch_s[i] + down[i])
        way = Way(np.append(times[:-1], ends_s), states[keep, i])
        name = f"{salvo.kind[0]}{number}-{i}"
        flyers.append(Flyer(name, way))
        where = (float(spot[i, 0]), float(spot[i, 1]))
        fallen.append(Fallen(name, salvo.kind, float(launch_s[i]), ends_s, where))


def _speed_for(salvo: SalvoKeys, wind_mps: tuple[float, float]) -> float:
    """Speed that reaches the range: read off a fan of flights."""
    guess = np.sqrt(9.8 * salvo.range_km * 1e3)
    fan = guess * np.linspace(0.9, 3.2, 24)
    n = len(fan)
    launch = Launch(
        site_rad=np.tile([radians(salvo.aim_lat_deg), radians(salvo.aim_lon_deg)], (n, 1)),
        azimuth=np.full(n, radians(salvo.from_deg) + pi),
        elevation=np.full(n, radians(salvo.elevation_deg)),
        speed_mps=fan,
        burn_s=np.full(n, salvo.burn_s),
        beta=np.full(n, salvo.beta),
    )
    _, _, _, spot = fly(launch, wind_mps)
    scale = metres_per_radian(radians(salvo.aim_lat_deg))
    reach = np.hypot(*((spot - launch.site_rad) * scale).T)
    good = np.isfinite(reach)
    if not reach[good].min() < salvo.range_km * 1e3 < reach[good].max():
        raise ConfigError(
            f"salvo: a range of {salvo.range_km} km cannot be met by this body"
        )
    return float(np.interp(salvo.range_km * 1e3, reach[good], fan[good]))
