"""What steers itself in a raid: drones and cruise missiles, by legs to a dive; traffic."""

from math import pi, radians

import numpy as np

from forewarn.compiled import kernel
from forewarn.geodesy import EARTH_A_M, EARTH_E2, FloatArray, geographic_points
from forewarn.sim.places import distance, shifted
from forewarn.sim.raid_keys import DroneKeys, RegionKeys, TrafficKeys
from forewarn.sim.sight import Flyer
from forewarn.sim.truth import Fallen
from forewarn.sim.world import Path as Way
from forewarn.sim.world import path_of_places, steer

MOST_LEGS, LONGEST_S = 64, 20_000


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
        legs = np.column_stack(
            [
                1e3 * rng.uniform(*drone.leg_km, MOST_LEGS),
                radians(drone.wander_deg) * rng.standard_normal(MOST_LEGS),
                np.clip(rng.normal(0, 0.2, MOST_LEGS), -0.5, 0.5),
            ]
        )
        flight = np.array(
            [
                *aim,
                speed,
                drone.height_m,
                radians(drone.turn_degps),
                dive_m + 1e3 * rng.uniform(*drone.final_km),
                dive_m,
            ]
        )
        start = t0 + drone.start_s + drone.every_s * i
        rows = _pilot(np.array([lat, lon]), flight, legs)
        way = path_of_places(start + rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3])
        way = _dive(way, aim, speed, dive_m)
        name = f"{drone.kind[0]}{number}-{i}"
        flyers.append(Flyer(name, way))
        fallen.append(Fallen(name, drone.kind, start, float(way.time_s[-1]), aim))


@kernel
def _pilot(start_rad: FloatArray, flight: FloatArray, legs: FloatArray) -> FloatArray:
    """(k, 4) seconds, latitude, longitude rad, height m, every second to the dive.

    flight : latitude, longitude of the aim, speed m/s, height m, rate of turn rad/s, length
             of the last leg, straight to the aim, and of the dive, m
    legs   : (n, 3) length m, course off that to the aim rad, height at its end off that of
             cruise, as a share; then from the start
    """
    speed, cruise_m, most, final_m, dive_m = flight[2:]
    rows = np.empty((LONGEST_S, 4))
    lat, lon, height = start_rad[0], start_rad[1], cruise_m
    leg, left_m, wanted, course_now, climb, final = -1, 0.0, 0.0, 0.0, 0.0, False
    for k in range(LONGEST_S):
        rows[k] = np.array([float(k), lat, lon, height])
        squeeze = 1 - EARTH_E2 * np.sin(lat) ** 2
        per_lat = EARTH_A_M * (1 - EARTH_E2) / (squeeze * np.sqrt(squeeze))
        per_lon = EARTH_A_M / np.sqrt(squeeze) * np.cos(lat)
        north, east = (flight[0] - lat) * per_lat, (flight[1] - lon) * per_lon
        to_go, bearing = np.hypot(north, east), np.arctan2(east, north)
        final = final or to_go <= final_m
        if final:
            wanted, climb = bearing, 0.0
        elif left_m <= 0.0:
            leg = (leg + 1) % len(legs)
            left_m, wanted = legs[leg, 0], bearing + legs[leg, 1]
            climb = ((1.0 + legs[leg, 2]) * cruise_m - height) * speed / left_m
        bend = (wanted - course_now + np.pi) % (2 * np.pi) - np.pi
        course_now = wanted if k == 0 else course_now + min(max(bend, -most), most)
        if to_go <= max(dive_m, speed) or (final and abs(bend) < most):
            return rows[: k + 1]
        lat += speed * np.cos(course_now) / per_lat
        lon += speed * np.sin(course_now) / per_lon
        height += climb
        left_m -= speed
    return rows


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


def traffic_of(flyer: str) -> int:
    """Number of the table of traffic that drew a flyer, by its name."""
    return int(flyer[1:].partition("-")[0])
