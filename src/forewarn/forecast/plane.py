"""From tracks to the plane of the grid, and from what arrives there back to futures."""

import numpy as np

from forewarn.forecast.manoeuvring import Arrivals, Steered
from forewarn.forecast.raster import Grid
from forewarn.geodesy import (
    FloatArray,
    enu_turns,
    geographic_points,
    ground_scales,
    metres_per_radian,
)
from forewarn.records import IntArray


def scale_at(grid: Grid, lat_rad: FloatArray) -> FloatArray:
    """(n, 2) metres of the grid to one metre on the ground, east and north."""
    per_lat, per_lon = metres_per_radian(grid.lat_rad)
    lat_there, lon_there = ground_scales(lat_rad)
    return np.stack([per_lon / lon_there, per_lat / lat_there], axis=1)


def steered_tracks(
    mean: FloatArray,
    cov: FloatArray,
    turn: FloatArray,
    run_s: FloatArray,
    ground_m: float,
    grid: Grid,
) -> Steered:
    """States of tracks in the plane of the grid.

    mean       : (m, 6 or more) Earth-fixed position, velocity
    cov        : (m, 6 or more, 6 or more)
    turn       : (m, 3) probability that it turns, rate to the right, standard deviation
    run_s      : (m,) for how long each flew straight
    ground_m   : height of the ground above the ellipsoid
    """
    lat, lon, height = geographic_points(mean[:, :3])
    turns = enu_turns(lat, lon)
    vel = np.einsum("mij,mj->mi", turns, mean[:, 3:6])
    scale = scale_at(grid, lat)
    # east, north of both position and velocity
    flat = np.zeros((len(mean), 4, 6))
    flat[:, :2, :3] = turns[:, :2] * scale[:, :, None]
    flat[:, 2:, 3:] = flat[:, :2, :3]
    speed = np.maximum(np.linalg.norm(vel, axis=1), 1.0)
    return Steered(
        pos_m=grid.flat(np.stack([lat, lon], axis=1)),
        vel_mps=vel[:, :2] * scale,
        cov=np.einsum("mij,mjk,mlk->mil", flat, cov[:, :6, :6], flat),
        above_m=height - ground_m,
        sink=-vel[:, 2] / speed,
        turn_radps=turn[:, 1:].copy(),
        turning=turn[:, 0].copy(),
        run_s=run_s,
    )


def arrival_futures(
    arrivals: Arrivals, grid: Grid, time_s: FloatArray
) -> tuple[IntArray, FloatArray]:
    """One Gaussian future of each place where something may come down.

    time_s  : (m,) UTC seconds of the state of each target
    returns : (k,) row of its target, and (k, 10) chance, latitude, longitude rad;
              covariance ee, en, nn m2; UTC seconds; their slope east, north s/m; what
              remains of their sigma s: weight and columns as of `falling_futures`
    """
    rows = np.flatnonzero(arrivals.down > 0.0)
    place = grid.geographic(arrivals.place_m[rows])
    scale = scale_at(grid, place[:, 0])
    east, north = scale.T
    wide = np.stack([east * east, east * north, north * north], axis=1)
    owner = arrivals.target[rows]
    return owner, np.column_stack(
        [
            arrivals.down[rows],
            place,
            arrivals.cov_m2[rows] / wide,
            time_s[owner] + arrivals.time_s[rows],
            arrivals.slope_spm[rows] * scale,
            arrivals.sigma_time_s[rows],
        ]
    )
