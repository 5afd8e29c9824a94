"""A scan made ready for the kernels: every plot as rows of numbers with axes of its own."""

from dataclasses import dataclass

import numpy as np

from forewarn.compiled import kernel
from forewarn.dynamics import enu_axes, geographic_of
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, PlotBatch, Sensor, SensorKind


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """Plots (m): z and sigma (m, 4), origin and point (m, 3), turn (m, 3, 3)."""

    own_place: bool
    time_s: FloatArray
    z: FloatArray
    sigma: FloatArray
    origin: FloatArray
    turn: FloatArray
    point: FloatArray

    @property
    def noise_m(self) -> FloatArray:
        """(m,) standard deviation of the place that a plot tells."""
        if self.own_place:
            return np.asarray(self.sigma[:, 0] + self.sigma[:, 2])
        return np.asarray(self.sigma[:, 0] + self.z[:, 0] * self.sigma[:, 1:3].sum(axis=1))


def read_scan(batch: PlotBatch, sensor: Sensor, keep: BoolArray) -> Scan:
    """The plots chosen, with their axes and, where they tell one, their place."""
    own_place = sensor.kind is SensorKind.POSITION
    origin = np.ascontiguousarray(batch.origin_ecef_m[keep])
    z = np.ascontiguousarray(batch.measured[keep])
    sigma = np.ascontiguousarray(batch.sigma[keep])
    if own_place:
        across, up = batch.sigma_pos_m[keep].T
        z = np.tile([0.0, 0.0, 0.0, np.nan], (len(origin), 1))
        sigma = np.column_stack([across, across, up, np.full(len(across), np.nan)])
    turn = np.empty((len(origin), 3, 3))
    point = np.empty((len(origin), 3))
    _place(origin, z, own_place, turn, point)
    return Scan(own_place, batch.time_s[keep].copy(), z, sigma, origin, turn, point)


@kernel
def _place(
    origin: FloatArray, z: FloatArray, own_place: bool, turn: FloatArray, point: FloatArray
) -> None:
    for j in range(len(origin)):
        lat, lon, _ = geographic_of(origin[j, 0], origin[j, 1], origin[j, 2])
        turn[j] = enu_axes(lat, lon)
        if own_place:
            point[j] = origin[j]
            continue
        across = z[j, 0] * np.cos(z[j, 2])
        east, north = across * np.sin(z[j, 1]), across * np.cos(z[j, 1])
        up = z[j, 0] * np.sin(z[j, 2])
        for k in range(3):
            point[j, k] = (
                origin[j, k]
                + turn[j, 0, k] * east
                + turn[j, 1, k] * north
                + turn[j, 2, k] * up
            )


@kernel
def place_covariance(
    z: FloatArray, sigma: FloatArray, turn: FloatArray, own_place: bool
) -> FloatArray:
    """(3, 3) ECEF covariance of the place that one plot tells."""
    axes = np.zeros((3, 3))
    if own_place:
        for k in range(3):
            axes[k, k] = sigma[k] * sigma[k]
        return np.ascontiguousarray(turn.T) @ axes @ turn
    sin_a, cos_a, sin_e, cos_e = np.sin(z[1]), np.cos(z[1]), np.sin(z[2]), np.cos(z[2])
    slope = np.empty((3, 3))  # east, north, up by range, azimuth, elevation
    slope[0, 0], slope[0, 1], slope[0, 2] = (
        cos_e * sin_a,
        z[0] * cos_e * cos_a,
        -z[0] * sin_e * sin_a,
    )
    slope[1, 0], slope[1, 1], slope[1, 2] = (
        cos_e * cos_a,
        -z[0] * cos_e * sin_a,
        -z[0] * sin_e * cos_a,
    )
    slope[2, 0], slope[2, 1], slope[2, 2] = sin_e, 0.0, z[0] * cos_e
    for k in range(3):
        axes[k, k] = sigma[k] * sigma[k]
    local = slope @ axes @ slope.T
    return np.ascontiguousarray(turn.T) @ local @ turn
