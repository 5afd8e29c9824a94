"""A flat map of a region: kilometres east and north of its south-western corner."""

from typing import NamedTuple

import numpy as np

from forewarn.geodesy import FloatArray, metres_per_radian


class Flat(NamedTuple):
    """corner_rad: latitude, longitude of the corner; km_per_rad: northwards, eastwards."""

    corner_rad: FloatArray
    km_per_rad: FloatArray

    def km(self, place_rad: FloatArray) -> FloatArray:
        """(..., 2) east, north of latitudes, longitudes."""
        return np.asarray(((place_rad - self.corner_rad) * self.km_per_rad)[..., ::-1])

    def rad(self, at_km: FloatArray) -> FloatArray:
        """(..., 2) latitude, longitude of places east, north."""
        return np.asarray(at_km[..., ::-1] / self.km_per_rad + self.corner_rad)


def flat_about(middle_rad: FloatArray, to_corner_km: float) -> Flat:
    """The square around a place whose corner is so far south, and as far west, of it."""
    scale = np.array(metres_per_radian(float(middle_rad[0]))) / 1e3
    return Flat(middle_rad - to_corner_km / scale, scale)
