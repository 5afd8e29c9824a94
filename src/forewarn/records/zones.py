"""The zones of a site, ready to be asked who is where."""

from dataclasses import dataclass

from forewarn.records.arrays import FloatArray, IntArray, seal


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Zones in the order of their file, and their people as points.

    zone_id    : (z,) text
    name       : (z,) text, in the site's first language
    names      : (z,) ((language, name), ...) in the others
    population : (z,)  people
    shelter_s  : (z,)  seconds its people need
    area_m2    : (z,)
    centre_rad : (z, 2)  latitude, longitude of the middle of its people
    parents    : (z,) (hromada, raion, oblast, country), "" where unknown
    polygons   : (z,) GeoJSON geometry of each, as text, for maps and CAP
    Points at which a zone's people stand, ordered by zone; equal shares within a zone:
    point_rad     : (m, 2)  latitude, longitude
    point_zone    : (m,)    row of its zone
    point_share   : (m,)    share of the zone's people there; sums to 1 over a zone
    point_sigma_m : (m,)    standard deviation, per axis, of the people around the point
    version    : hash of the file they came from
    """

    zone_id: tuple[str, ...]
    name: tuple[str, ...]
    names: tuple[tuple[tuple[str, str], ...], ...]
    population: FloatArray
    shelter_s: FloatArray
    area_m2: FloatArray
    centre_rad: FloatArray
    parents: tuple[tuple[str, str, str, str], ...]
    polygons: tuple[str, ...]
    point_rad: FloatArray
    point_zone: IntArray
    point_share: FloatArray
    point_sigma_m: FloatArray
    version: str

    def __post_init__(self) -> None:
        z, m = len(self.zone_id), len(self.point_share)
        seal("zones", "population", self.population, (z,))
        seal("zones", "shelter_s", self.shelter_s, (z,))
        seal("zones", "area_m2", self.area_m2, (z,))
        seal("zones", "centre_rad", self.centre_rad, (z, 2))
        seal("zones", "point_rad", self.point_rad, (m, 2))
        seal("zones", "point_zone", self.point_zone, (m,))
        seal("zones", "point_share", self.point_share, (m,))
        seal("zones", "point_sigma_m", self.point_sigma_m, (m,))
