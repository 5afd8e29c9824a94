"""Small steps over the ground: from a place by metres and course, and back."""

from math import cos, sin

import numpy as np

from forewarn.geodesy import FloatArray, metres_per_radian


def shifted(lat: float, lon: float, metres: float, course: float) -> tuple[float, float]:
    """Latitude, longitude (rad) so many metres away, on a course from north."""
    per_lat, per_lon = metres_per_radian(lat)
    return lat + metres * cos(course) / per_lat, lon + metres * sin(course) / per_lon


def distance(here: FloatArray, aim: tuple[float, float]) -> float:
    """Metres between them."""
    per_lat, per_lon = metres_per_radian(float(here[0]))
    return float(np.hypot((aim[1] - here[1]) * per_lon, (aim[0] - here[0]) * per_lat))
