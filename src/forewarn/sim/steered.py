"""What steers itself in a raid: drones and cruise missiles, by legs to a dive; traffic."""

from math import pi, radians

import numpy as np

from forewarn.geodesy import geographic_points
from forewarn.sim.places import course, distance, shifted
from forewarn.sim.raid_keys import DroneKeys, RegionKeys, TrafficKeys
from forewarn.sim.sight import Flyer
from forewarn.sim.truth import Fallen
from forewarn.sim.world import Path as Way
from forewarn.sim.world import path_of_places, steer


def add_drones(
    drone: DroneKeys,
    number: int,
    t0: float,
    rng: np.random.Generator,
    flyers: list[Flyer],
    fallen: list[Fallen],
) -> None:
    """Draw the drones of one table, and where each comes down."""
    for i in range(drone.count):
        aim = shifted(
            radians(drone.aim_lat_deg),
            radians(drone.aim_lon_deg),
            abs(rng.normal(0, drone.spread_m)),
            rng.uniform(0, 2 * pi),
        )
        away = drone.distance_km * 1e3
        side = radians(drone.from_deg) + rng.normal(0, 0.1)
        lat, lon = shifted(*aim, away, side)
        speed = drone.speed_mps * rng.normal(1, 0.05)
        steep = radians(rng.uniform(25, 45))
        dive_m = drone.height_m / np.tan(steep)
        legs: list[tuple[float, float, float, float]] = []
        here, height = np.array([lat, lon]), drone.height_m
        to_go, final_m = away, dive_m + 1e3 * rng.uniform(*drone.final_km)
        while to_go > final_m + 1500.0:
            heading = course(here, aim) + radians(drone.wander_deg) * rng.normal()
            leg_m = 1e3 * rng.uniform(*drone.leg_km)
            leg_m = min(leg_m, to_go - final_m)
            leg_s = leg_m / speed
            climb = rng.normal(0, 0.5) + 0.5 * (drone.height_m - height) / leg_s
            legs.append((leg_s, heading, speed, climb))
            here = np.array(shifted(here[0], here[1], leg_m, heading))
            height += climb * leg_s
            to_go = distance(here, aim)
        start = t0 + drone.start_s + drone.every_s * i
        way = steer(np.array([lat, lon]), legs, drone.height_m, start)
        way = _dive(way, aim, speed, dive_m)
        name = f"{drone.kind[0]}{number}-{i}"
        flyers.append(Flyer(name, way))
        fallen.append(Fallen(name, drone.kind, start, float(way.time_s[-1]), aim))


def _dive(way: Way, aim: tuple[float, float], speed: float, dive_m: float) -> Way:
    """Straight on to the aim, the last `dive_m` of it down."""
    lat, lon, height = geographic_points(way.state[:, :3])
    away = distance(np.array([lat[-1], lon[-1]]), aim)
    level = max(away - dive_m, 0.0)
    seconds = (level + np.hypot(min(dive_m, away), height[-1])) / speed
    steps = max(int(np.ceil(seconds)), 2)
    part = np.arange(1, steps + 1) / steps
    gone = part * away
    down = np.clip((gone - level) / max(away - level, 1.0), 0.0, 1.0)
    times = np.append(way.time_s, way.time_s[-1] + seconds * part)
    return path_of_places(
        times,
        np.append(lat, lat[-1] + part * (aim[0] - lat[-1])),
        np.append(lon, lon[-1] + part * (aim[1] - lon[-1])),
        np.append(height, height[-1] * (1 - down)),
    )


def add_traffic(
    region: RegionKeys,
    traffic: TrafficKeys,
    number: int,
    span_s: tuple[float, float],
    rng: np.random.Generator,
    flyers: list[Flyer],
) -> None:
    """Draw what one table of traffic lets fly across the region."""
    for i in range(traffic.count):
        lat, lon = shifted(
            radians(region.lat_deg),
            radians(region.lon_deg),
            region.radius_km * 1e3 * rng.uniform(0.2, 0.9),
            rng.uniform(0, 2 * pi),
        )
        seconds = span_s[1] - span_s[0]
        speed = rng.uniform(*traffic.speed_mps)
        turns = max(int(np.ceil(seconds / traffic.turn_s)), 1)
        wander = radians(traffic.wander_deg) * rng.standard_normal(turns)
        courses = rng.uniform(0, 2 * pi) + np.cumsum(wander)
        legs = [(seconds / turns, float(heading), speed, 0.0) for heading in courses]
        way = steer(np.array([lat, lon]), legs, rng.uniform(*traffic.height_m), span_s[0])
        told = f"{0x400000 + 4096 * number + i:06x}" if traffic.identified else ""
        flyers.append(Flyer(f"a{number}-{i}", way, identity=told))
