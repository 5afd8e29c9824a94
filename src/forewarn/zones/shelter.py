"""Seconds people need, by how far they are from a line: a border, a front."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray, ecef_points
from forewarn.units import RAD_PER_DEG

STEP_DEG = 0.005  # the line is measured to points no further apart: 0.6 km


class Shelter(NamedTuple):
    """How many seconds people need where their zone does not say so.

    otherwise_s : what is left to say where neither zone nor rule does
    line_deg    : (k, 2) points of the line, longitude and latitude; empty = no rule
    km_s        : (within km of it, seconds), nearest first; further out the rule is silent
    """

    otherwise_s: float = 60.0
    line_deg: FloatArray = np.zeros((0, 2))
    km_s: tuple[tuple[float, float], ...] = ()

    def version(self) -> str:
        """Hash of all of it."""
        told = f"{self.otherwise_s} {self.km_s}".encode() + self.line_deg.tobytes()
        return hashlib.sha256(told).hexdigest()[:16]

    def seconds(
        self, stated_s: FloatArray, point_rad: FloatArray, point_zone: Any
    ) -> FloatArray:
        """Of each zone: its own, or the rule's; where both speak, the smaller.

        stated_s : (z,) nan where a zone says nothing
        """
        ruled_s = np.full(len(stated_s), np.nan)
        if len(self.line_deg):
            from scipy.spatial import cKDTree  # slow to import

            away_m, _ = cKDTree(_ecef(self.line_deg[:, ::-1] * RAD_PER_DEG)).query(
                _ecef(point_rad)
            )
            nearest_m = np.full(len(stated_s), np.inf)
            np.minimum.at(nearest_m, point_zone, away_m)
            for km, seconds in reversed(self.km_s):
                ruled_s[nearest_m <= km * 1e3] = seconds
        found = np.fmin(stated_s, ruled_s)
        return np.where(np.isnan(found), self.otherwise_s, found)


def read_shelter(
    line: Path | None, km_s: tuple[tuple[float, float], ...], otherwise_s: float
) -> Shelter:
    """A rule out of its settings; `line` is a GeoJSON file: lines, or borders of areas."""
    if (line is None) != (not km_s):
        raise ConfigError("[zones]: shelter_line and shelter_km_s go together")
    if line is None:
        return Shelter(otherwise_s)
    if sorted(km_s) != list(km_s) or min(min(pair) for pair in km_s) < 0:
        raise ConfigError(
            f"[zones] shelter_km_s: found {km_s}, expected pairs of km, rising, and seconds"
        )
    try:
        found = json.loads(line.read_text(encoding="utf-8"))
        parts = [f["geometry"] for f in found.get("features", ())] or [
            found.get("geometry", found)
        ]
        shapes = [shapely.geometry.shape(part) for part in parts]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{line}: is no GeoJSON with a line: {error!r}") from None
    points = shapely.get_coordinates(shapely.segmentize(shapes, STEP_DEG))
    if not len(points):
        raise ConfigError(f"{line}: holds no line")
    return Shelter(otherwise_s, points, km_s)


def _ecef(place_rad: FloatArray) -> FloatArray:
    lat, lon = place_rad.T
    return ecef_points(lat, lon, np.zeros(len(lat)))
