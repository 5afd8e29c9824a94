"""Who was within the harmful radius of what came down."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from forewarn.geodesy import FloatArray, ecef_points, metres_per_radian
from forewarn.records import BoolArray, IntArray, Zones

STANDS = 32  # places over which the people of one point are spread


@dataclass(frozen=True, slots=True, eq=False)
class Harm:
    """People within the harmful radius of impacts: one row per zone and threat.

    zone   : (q,) row in Zones
    threat : (q,) row in the truth
    people : (q,) of that zone, within reach of that impact
    anyone : (z,) people of each zone within reach of at least one impact
    """

    zone: IntArray
    threat: IntArray
    people: FloatArray
    anyone: FloatArray


def harmed(zones: Zones, impact_rad: FloatArray, harmful_m: FloatArray) -> Harm:
    """Count the people near each impact.

    The people of a point stand evenly in a disc with the spread the zones file gives
    them, so that a small impact between two points still finds those who live there.

    impact_rad : (n, 2) latitude, longitude; nan = never comes down
    harmful_m  : (n,)
    """
    threat, point = _near(zones, impact_rad, harmful_m)
    stands = _sunflower()[None] * (2 * zones.point_sigma_m[point])[:, None, None]
    inside = np.zeros((len(point), STANDS), bool)
    if len(point):
        per_lat, per_lon = _scales(impact_rad[threat, 0])
        apart = zones.point_rad[point] - impact_rad[threat]
        east = (apart[:, 1] * per_lon)[:, None] + stands[:, :, 0]
        north = (apart[:, 0] * per_lat)[:, None] + stands[:, :, 1]
        inside = east**2 + north**2 <= (harmful_m[threat] ** 2)[:, None]
    people = zones.population[zones.point_zone] * zones.point_share
    count = people[point] * inside.mean(axis=1)
    key = zones.point_zone[point] * len(harmful_m) + threat
    pairs, row = np.unique(key[count > 0], return_inverse=True)
    which, first = np.unique(point, return_inverse=True)
    ever = np.zeros((len(which), STANDS), bool)
    np.logical_or.at(ever, first, inside)
    of_zone = zones.point_zone[which]
    ever_count = people[which] * ever.mean(axis=1)
    return Harm(
        zone=pairs // max(len(harmful_m), 1),
        threat=pairs % max(len(harmful_m), 1),
        people=_sums(row, count[count > 0], len(pairs)),
        anyone=_sums(of_zone, ever_count, len(zones.population)),
    )


def _near(
    zones: Zones, impact_rad: FloatArray, harmful_m: FloatArray
) -> tuple[IntArray, IntArray]:
    """Rows of threats and people points that may reach each other."""
    lands = np.flatnonzero(np.isfinite(impact_rad[:, 0]))
    none = np.zeros(0, np.int64)
    if not len(lands) or not len(zones.point_share):
        return none, none
    there = impact_rad[lands]
    reach = harmful_m[lands] + 2 * zones.point_sigma_m.max() + 1.0
    at_all = np.flatnonzero(_in_box(zones.point_rad, there, float(reach.max())))
    places = zones.point_rad[at_all]
    tree = cKDTree(ecef_points(places[:, 0], places[:, 1], np.zeros(len(places))))
    found = tree.query_ball_point(
        ecef_points(there[:, 0], there[:, 1], np.zeros(len(lands))), reach
    )
    count = np.array([len(rows) for rows in found])
    point = np.concatenate([none, *[np.array(rows, np.int64) for rows in found]])
    return np.repeat(lands, count), at_all[point]


def _in_box(places_rad: FloatArray, around_rad: FloatArray, reach_m: float) -> BoolArray:
    """Which places lie no further off than the outermost of some others, and a reach."""
    per_lat, per_lon = metres_per_radian(float(np.abs(around_rad[:, 0]).max()))
    away = places_rad - around_rad[0]
    box = around_rad - around_rad[0]
    for one in (away, box):
        one[:, 1] = (one[:, 1] + np.pi) % (2 * np.pi) - np.pi
    reach = 1.1 * reach_m / np.array([per_lat, per_lon])
    low, high = box.min(axis=0) - reach, box.max(axis=0) + reach
    return np.asarray(((away >= low) & (away <= high)).all(axis=1))


def _sums(row: IntArray, values: FloatArray, rows: int) -> FloatArray:
    return np.bincount(row, weights=values, minlength=rows).astype(np.float64)


def _scales(lat_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Metres per radian of latitude and longitude at each of (c,) latitudes."""
    each, row = np.unique(lat_rad, return_inverse=True)
    scale = np.array([metres_per_radian(lat) for lat in each])
    return scale[row, 0], scale[row, 1]


def _sunflower() -> FloatArray:
    """(STANDS, 2) points spread evenly over the unit disc."""
    i = np.arange(STANDS)
    radius = np.sqrt((i + 0.5) / STANDS)
    angle = i * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
