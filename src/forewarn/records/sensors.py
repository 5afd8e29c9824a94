"""What a sensor is and can see."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf, nan, pi

import numpy as np

from forewarn.geodesy import ecef_from_geographic
from forewarn.records.arrays import FloatArray


class SensorKind(StrEnum):
    """What one plot of a sensor measures."""

    RADAR = "radar"  # range, azimuth, elevation, perhaps range rate
    RADAR2D = "radar2d"  # range, azimuth
    BEARING = "bearing"  # azimuth, perhaps elevation
    POSITION = "position"  # its own place, reported


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor. Angles in rad, metres, seconds; nan = not known or does not apply.

    lat_rad, lon_rad, height_m : where it stands; nan for a moving observer
    scan_s                     : seconds per scan; nan for single reports
    sigma_*                    : one standard deviation of each quantity
    independence               : group that shares link, power, vendor or clock
    trusted                    : may alone raise take_cover; of a source of traffic: knows
                                 who should fly where
    reports                    : of a position sensor, `traffic` or `threat`
    """

    sensor_id: str
    kind: SensorKind
    lat_rad: float = nan
    lon_rad: float = nan
    height_m: float = nan
    scan_s: float = nan
    sigma_range_m: float = nan
    sigma_azimuth_rad: float = nan
    sigma_elevation_rad: float = nan
    sigma_range_rate_mps: float = nan
    sigma_position_m: float = nan
    sigma_height_m: float = nan
    range_min_m: float = 0.0
    range_max_m: float = inf
    elevation_min_rad: float = -pi / 2
    elevation_max_rad: float = pi / 2
    detection_probability: float = 0.9
    clutter_per_scan: float = 0.0
    independence: str = ""
    trusted: bool = False
    propagation: str = "light"
    reports: str = "traffic"
    simulated: bool = False

    @property
    def group(self) -> str:
        """Name of the independence group; a sensor that names none is its own."""
        return self.independence or self.sensor_id

    @property
    def names_aircraft(self) -> bool:
        """Tells where aircraft say they are, rather than what threatens."""
        return self.kind is SensorKind.POSITION and self.reports == "traffic"

    @property
    def vouches(self) -> bool:
        """Knows who should fly where, and may clear what a second group names alike."""
        return self.trusted and self.names_aircraft

    @property
    def raises_alone(self) -> bool:
        """May alone raise take_cover."""
        return self.trusted and not self.names_aircraft

    @property
    def sigma(self) -> FloatArray:
        """(4,) range m, azimuth rad, elevation rad, range rate m/s; nan = not measured."""
        return np.array(
            [
                self.sigma_range_m,
                self.sigma_azimuth_rad,
                self.sigma_elevation_rad,
                self.sigma_range_rate_mps,
            ]
        )

    @property
    def origin_ecef_m(self) -> FloatArray:
        """(3,) where it stands, Earth-fixed; nan for a moving observer."""
        return np.array(ecef_from_geographic(self.lat_rad, self.lon_rad, self.height_m))
