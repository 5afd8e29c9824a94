"""Where people stand, in a grid that finds those near a future."""

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import IntArray, Zones

CELL_RAD = 2000.0 / 6.37e6  # of the grid


class PointIndex:
    """People in a search grid: as points, and as whole zones for wide futures."""

    def __init__(self, zones: Zones) -> None:
        self.count = len(zones.zone_id)
        self.points = _grid(
            zones.point_rad, zones.point_zone, zones.point_share, zones.point_sigma_m
        )
        spread = np.sqrt(zones.area_m2 / 12.0)
        self.zones = _grid(
            zones.centre_rad, np.arange(self.count), np.ones(self.count), spread
        )
        self.widest_m = float(spread.max()) if self.count else 0.0


Grid = tuple[
    FloatArray, IntArray, FloatArray, FloatArray, IntArray, FloatArray, IntArray, float
]


def _grid(
    place_rad: FloatArray, zone: IntArray, share: FloatArray, sigma_m: FloatArray
) -> Grid:
    """Points by cell: place, zone, share, sigma, first of each cell, origin, shape, and
    the largest sigma."""
    if not len(place_rad):
        empty = np.zeros(0)
        return (
            np.zeros((0, 2)),
            np.zeros(0, np.int64),
            empty,
            empty,
            np.zeros(2, np.int64),
            np.zeros(2),
            np.ones(2, np.int64),
            0.0,
        )
    origin = place_rad.min(axis=0)
    cell = ((place_rad - origin) / CELL_RAD).astype(np.int64)
    shape = cell.max(axis=0) + 1
    key = cell[:, 0] * shape[1] + cell[:, 1]
    order = np.argsort(key, kind="stable")
    start = np.searchsorted(key[order], np.arange(shape[0] * shape[1] + 1))
    return (
        np.ascontiguousarray(place_rad[order]),
        zone[order].astype(np.int64),
        np.ascontiguousarray(share[order]),
        np.ascontiguousarray(sigma_m[order]),
        start.astype(np.int64),
        origin,
        shape,
        float(sigma_m.max()),
    )
