"""Where people live, as a grid: a user's own, or the bundled places spread over one.

A zone's people stand at points; the grid says how many of them at each. Sums over boxes
are exact: people are even within a cell of the grid, and a box takes its share of cells.
"""

import hashlib
from typing import NamedTuple

import numpy as np

from forewarn.geodesy import FloatArray, ground_scales, metres_per_radian
from forewarn.units import RAD_PER_DEG
from forewarn.zones.places import (
    COUNTRYSIDE_M,
    COUNTRYSIDE_PER_M2,
    disc_m,
    places,
    sunflower,
)

CELL_M = 250.0  # of the grid that places are spread over, where it is not too large
MOST_CELLS = 6e6
_SAMPLES_PER_CELL = 8
_MOST_SAMPLES = 20_000


class PeopleGrid(NamedTuple):
    """People in each cell of a grid of degrees.

    people : (rows, columns), the first row in the south
    south_deg, west_deg : corner of the first cell
    lat_step_deg, lon_step_deg : size of a cell
    """

    people: FloatArray
    south_deg: float
    west_deg: float
    lat_step_deg: float
    lon_step_deg: float

    def version(self) -> str:
        """Hash of all of it."""
        told = f"{self[1:]} {self.people.shape}".encode() + self.people.tobytes()
        return hashlib.sha256(told).hexdigest()[:16]

    def within(self, point_rad: FloatArray, side_m: FloatArray) -> FloatArray:
        """People in the square of side `side_m` around each of (n, 2) points."""
        # takes a third of a second to import, and a site with zones of its own never asks
        from scipy.interpolate import RegularGridInterpolator

        rows, columns = self.people.shape
        south = np.arange(rows + 1) * self.lat_step_deg + self.south_deg
        west = np.arange(columns + 1) * self.lon_step_deg + self.west_deg
        total = np.zeros((rows + 1, columns + 1))
        np.cumsum(np.cumsum(self.people, axis=0), axis=1, out=total[1:, 1:])
        below = RegularGridInterpolator((south, west), total)
        lat, lon = (point_rad / RAD_PER_DEG).T
        per_lat, per_lon = ground_scales(point_rad[:, 0])
        half = np.stack([side_m / per_lat, side_m / per_lon]) / RAD_PER_DEG / 2

        def up_to(lat: FloatArray, lon: FloatArray) -> FloatArray:
            found: FloatArray = below(
                (np.clip(lat, south[0], south[-1]), np.clip(lon, west[0], west[-1]))
            )
            return found

        low, high = (lat - half[0], lon - half[1]), (lat + half[0], lon + half[1])
        inside = (
            up_to(*high) - up_to(low[0], high[1]) - up_to(high[0], low[1]) + up_to(*low)
        )
        return np.maximum(inside, 0.0)


def places_grid(bounds_deg: tuple[float, float, float, float]) -> PeopleGrid:
    """The bundled places spread over a grid: towns as discs, and a thin countryside.

    bounds_deg : west, south, east, north
    """
    west, south, east, north = bounds_deg
    per_lat, per_lon = np.array(metres_per_radian((south + north) / 2 * RAD_PER_DEG))
    high_m = max((north - south) * RAD_PER_DEG * per_lat, CELL_M)
    wide_m = max((east - west) * RAD_PER_DEG * per_lon, CELL_M)
    cell_m = max(CELL_M, np.sqrt(high_m * wide_m / MOST_CELLS))
    rows, columns = int(high_m / cell_m) + 1, int(wide_m / cell_m) + 1
    steps = (cell_m / per_lat / RAD_PER_DEG, cell_m / per_lon / RAD_PER_DEG)
    towns = places()
    margin = COUNTRYSIDE_M + disc_m(towns.people).max()
    towns = towns.where(
        (np.abs(towns.lat_deg - (south + north) / 2) * per_lat * RAD_PER_DEG
         < high_m / 2 + margin)
        & (np.abs(towns.lon_deg - (west + east) / 2) * per_lon * RAD_PER_DEG
           < wide_m / 2 + margin)
    )  # fmt: skip
    row, column, people = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    y = (towns.lat_deg - south) / steps[0]
    x = (towns.lon_deg - west) / steps[1]
    for i, radius_m in enumerate(disc_m(towns.people)):
        cells = np.pi * (radius_m / cell_m) ** 2
        count = int(np.clip(cells * _SAMPLES_PER_CELL, 1, _MOST_SAMPLES))
        up_m, right_m = sunflower(radius_m, count)
        row.append(y[i] + up_m / cell_m)
        column.append(x[i] + right_m / cell_m)
        people.append(np.full(count, towns.people[i] / count))
    grid, _, _ = np.histogram2d(
        np.concatenate(row),
        np.concatenate(column),
        bins=(rows, columns),
        range=((0, rows), (0, columns)),
        weights=np.concatenate(people),
    )
    grid += _countryside(y, x, (rows, columns), cell_m) * COUNTRYSIDE_PER_M2 * cell_m**2
    return PeopleGrid(grid, south, west, *steps)


def _countryside(
    y: FloatArray, x: FloatArray, shape: tuple[int, int], cell_m: float
) -> FloatArray:
    """1 in the cells near a place, else 0."""
    edge = int(np.ceil(COUNTRYSIDE_M / cell_m))
    away = np.ones((shape[0] + 2 * edge, shape[1] + 2 * edge), bool)
    row, column = (np.floor(v).astype(int) + edge for v in (y, x))
    ok = (row >= 0) & (row < away.shape[0]) & (column >= 0) & (column < away.shape[1])
    away[row[ok], column[ok]] = False
    if away.all():
        return np.zeros(shape)
    from scipy.ndimage import distance_transform_edt

    near = distance_transform_edt(away) * cell_m < COUNTRYSIDE_M
    inner: FloatArray = near[edge : edge + shape[0], edge : edge + shape[1]].astype(float)
    return inner
