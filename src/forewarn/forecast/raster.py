"""The ground below what steers itself: labelled cells, and how each draws a last dive.

Where people live draws threats, open country hardly does. How strongly is a stated prior
that can be switched off; the mean over all cells stays that of the class.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forewarn.errors import ModelError
from forewarn.forecast.ways import Float32Array
from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records.arrays import seal

Int32Array = NDArray[np.int32]

# people draw by their root: a city a hundred times larger than a town has more to hit,
# but its defence, its area and the many single aims elsewhere keep it from a hundredfold
PULL = 0.5


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in a plane laid over the country: east and north of a middle, metres.

    lat_rad, lon_rad : the middle
    cell_m           : side of a cell
    rows, columns    : of cells, northwards and eastwards
    """

    lat_rad: float
    lon_rad: float
    cell_m: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not 0.0 < self.cell_m < np.inf or self.rows < 1 or self.columns < 1:
            raise ModelError(
                f"grid: {self.rows} x {self.columns} cells of {self.cell_m} m: refused"
            )

    @property
    def corner_m(self) -> tuple[float, float]:
        """East, north of the south-western corner."""
        return -0.5 * self.columns * self.cell_m, -0.5 * self.rows * self.cell_m

    def flat(self, place_rad: FloatArray) -> FloatArray:
        """(n, 2) east, north in metres of (n, 2) latitudes, longitudes."""
        per_lat, per_lon = metres_per_radian(self.lat_rad)
        away = place_rad - np.array([self.lat_rad, self.lon_rad])
        return np.stack([away[:, 1] * per_lon, away[:, 0] * per_lat], axis=1)

    def geographic(self, place_m: FloatArray) -> FloatArray:
        """(n, 2) latitudes, longitudes of (n, 2) metres east, north."""
        per_lat, per_lon = metres_per_radian(self.lat_rad)
        away = np.stack([place_m[:, 1] / per_lat, place_m[:, 0] / per_lon], axis=1)
        return np.asarray(away + np.array([self.lat_rad, self.lon_rad]))

    def cells(self, place_rad: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(n,) row-major cell of each place, and which lie inside."""
        index = np.floor((self.flat(place_rad) - self.corner_m) / self.cell_m)
        index = np.clip(index, -1, max(self.rows, self.columns)).astype(np.int64)
        inside = (index >= 0).all(axis=1)
        inside &= (index[:, 1] < self.rows) & (index[:, 0] < self.columns)
        return index[:, 1] * self.columns + index[:, 0], inside


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A raster with a border one cell wide that stands for everywhere else.

    label  : (rows + 2, columns + 2) int32; the highest, `labels`, means nowhere
    hazard : (rows + 2, columns + 2) float32, last dives that end there, per second
    """

    corner_m: tuple[float, float]
    cell_m: float
    labels: int
    label: Int32Array
    hazard: Float32Array

    def __post_init__(self) -> None:
        seal("ground", "label", self.label, self.label.shape)
        seal("ground", "hazard", self.hazard, self.label.shape)


def make_ground(
    label: Int32Array,
    hazard: Float32Array,
    corner_m: tuple[float, float],
    cell_m: float,
    outside_per_s: float,
) -> Ground:
    """A raster from the labels (-1 = nowhere) and hazards of its cells, (rows, columns).

    corner_m      : east, north of its south-western corner
    outside_per_s : hazard everywhere else
    """
    if label.ndim != 2 or label.shape != hazard.shape or not label.size:
        raise ModelError(f"ground: labels {label.shape}, hazards {hazard.shape}: refused")
    if label.min() < -1 or not 0.0 < cell_m < np.inf:
        raise ModelError(f"ground: label {label.min()}, cells of {cell_m} m: refused")
    if not (np.isfinite(hazard).all() and hazard.min() >= 0.0 <= outside_per_s < np.inf):
        raise ModelError("ground: a hazard is negative or no number: refused")
    labels = int(label.max()) + 1
    inner = np.where(label < 0, labels, label).astype(np.int32)
    return Ground(
        corner_m=corner_m,
        cell_m=cell_m,
        labels=labels,
        label=np.pad(inner, 1, constant_values=labels),
        hazard=np.pad(hazard.astype(np.float32), 1, constant_values=outside_per_s),
    )


def hazards_at(grid: Grid, ground: Ground, place_rad: FloatArray) -> FloatArray:
    """(n,) last dives per second that end at places (n, 2) latitude, longitude rad."""
    cell, inside = grid.cells(place_rad)
    own = ground.hazard[1:-1, 1:-1].reshape(-1)[np.where(inside, cell, 0)]
    return np.where(inside, own, ground.hazard[0, 0]).astype(np.float64)


def draw_raster(
    grid: Grid,
    place_rad: FloatArray,
    people: FloatArray,
    mean_per_s: float,
    strength: float = 0.8,
) -> Float32Array:
    """(rows, columns) hazard of a last dive, by cell of the grid: the prior of intent.

    place_rad  : (n, 2) latitude, longitude of the people, as points or as zones
    people     : (n,)
    mean_per_s : mean over the cells, as `Habits.dives_per_s`
    strength   : share of that which goes with the root of a cell's people; the rest is
                 alike everywhere. 0 = no intent known. An assumption, on purpose below 1:
                 works, depots and bridges stand where nobody is registered
    """
    if place_rad.shape != (len(people), 2):
        raise ModelError(f"raster: {place_rad.shape} places, {len(people)} people: refused")
    if not (0.0 <= strength <= 1.0 and 0.0 <= mean_per_s < np.inf):
        raise ModelError(f"raster: strength {strength}, mean {mean_per_s} /s: refused")
    if not (np.isfinite(place_rad).all() and np.isfinite(people).all()):
        raise ModelError("raster: a place or its people are no number: refused")
    cell, inside = grid.cells(place_rad)
    count = grid.rows * grid.columns
    living = np.bincount(cell[inside], np.maximum(people[inside], 0.0), minlength=count)
    pull = living**PULL
    if not pull.any():
        strength, pull = 0.0, np.ones(count)
    hazard = mean_per_s * ((1.0 - strength) + strength * pull / pull.mean())
    return np.asarray(hazard.reshape(grid.rows, grid.columns), np.float32)
