"""Towns and villages of the world, as GeoNames (CC BY 4.0) has them; each counted once."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from forewarn.geodesy import FloatArray

FILE = Path(__file__).parents[1] / "places" / "places.npz"
PEOPLE_PER_M2 = 3000e-6  # of a town's disc
COUNTRYSIDE_PER_M2 = 3e-6  # within COUNTRYSIDE_M of a place
COUNTRYSIDE_M = 4000.0
_GOLDEN = np.pi * (3 - np.sqrt(5))


class Places(NamedTuple):
    """Populated places, one row each.

    lat_deg, lon_deg : (n,)  their middle
    people           : (n,)
    name             : (n,)
    country          : (n,)  ISO 3166, two letters
    """

    lat_deg: FloatArray
    lon_deg: FloatArray
    people: FloatArray
    name: NDArray[np.str_]
    country: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> Self:
        """Only the chosen rows."""
        lat, lon, people, name, country = self
        return type(self)(
            lat[chosen], lon[chosen], people[chosen], name[chosen], country[chosen]
        )


@cache
def places() -> Places:
    """All that are bundled."""
    with np.load(FILE) as kept:
        codes = kept["countries"].tobytes().decode()
        first_row = [*kept["first_row"].tolist(), len(kept["people"])]
        return Places(
            kept["lat_deg"].astype(float),
            kept["lon_deg"].astype(float),
            kept["people"].astype(float),
            np.array(kept["names"].tobytes().decode().split("\n")),
            np.repeat(
                [codes[i : i + 2] for i in range(0, len(codes), 2)], np.diff(first_row)
            ),
        )


@cache
def edition() -> str:
    """Hash of the bundled places."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()[:16]


def disc_m(people: FloatArray) -> FloatArray:
    """Radius over which so many people of a town are spread."""
    radius: FloatArray = np.sqrt(people / (np.pi * PEOPLE_PER_M2))
    return radius


def sunflower(radius_m: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Points evenly over a disc: metres north and east of its middle."""
    k = np.arange(count)
    r = radius_m * np.sqrt((k + 0.5) / count)
    return r * np.cos(k * _GOLDEN), r * np.sin(k * _GOLDEN)
