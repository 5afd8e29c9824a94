"""ESRI ASCII grids in degrees: heights of the ground, numbers of people."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray


class Grid(NamedTuple):
    """Values at the middles of square cells.

    values : (rows, columns), the first row in the south; 0 where there are none
    south_deg, west_deg : middle of the first cell
    """

    values: FloatArray
    south_deg: float
    west_deg: float
    step_deg: float


def read_grid(path: Path) -> Grid:
    """A grid out of its file, in degrees of WGS 84."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        head: dict[str, float] = {}
        while lines and lines[0].strip() and lines[0].split()[0][0].isalpha():
            name, value = lines.pop(0).split()
            head[name.lower()] = float(value)
        rows, columns = int(head["nrows"]), int(head["ncols"])
        values = np.array(" ".join(lines).split(), float).reshape(rows, columns)
        step = head["cellsize"]
        half = 0.5 * step if "xllcorner" in head else 0.0
        west = head.get("xllcorner", head.get("xllcenter", np.nan)) + half
        south = head.get("yllcorner", head.get("yllcenter", np.nan)) + half
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise ConfigError(f"{path}: is no ESRI ASCII grid: {error!r}") from None
    values[values == head.get("nodata_value", -9999.0)] = 0.0
    return Grid(np.ascontiguousarray(values[::-1]), south, west, step)
