"""Radars, scans and datagrams that several tests share."""

from math import nan, pi

import numpy as np

from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sources.feed import Feed
from forewarn.units import RAD_PER_DEG

NOON_S = 1_790_078_400.0  # 22 September 2026, 12:00 UTC
NOON_TOD = 43200.0

RADAR = Sensor(
    sensor_id="north",
    kind=SensorKind.RADAR,
    lat_rad=50.45 * RAD_PER_DEG,
    lon_rad=30.52 * RAD_PER_DEG,
    height_m=180.0,
    scan_s=4.0,
    sigma_range_m=30.0,
    sigma_azimuth_rad=0.002,
    sigma_elevation_rad=0.003,
    sigma_range_rate_mps=2.0,
    range_max_m=300_000.0,
)


def feed_of(
    sensor: Sensor = RADAR, url: str = "udp://127.0.0.1:0", sac: int = 25, sic: int = 10
) -> Feed:
    return Feed(sensor, url, sac, sic)


def scan_of(
    rows: list[tuple[float, float, float, float]],
    *,
    received_s: float = NOON_S,
    sensor: Sensor = RADAR,
    identity: tuple[str, ...] = (),
    sector_rad: tuple[float, float] = (0.0, 2 * pi),
) -> PlotBatch:
    """One batch of (range m, azimuth rad, elevation rad, range rate m/s); nan = unknown."""
    n = len(rows)
    measured = np.array(rows, dtype=float).reshape(n, 4)
    return PlotBatch(
        seq=0,
        received_s=received_s,
        sensor_id=sensor.sensor_id,
        time_s=np.full(n, received_s - 0.25),
        measured=measured,
        sigma=np.where(np.isnan(measured), nan, sensor.sigma),
        origin_ecef_m=np.tile(sensor.origin_ecef_m, (n, 1)),
        sigma_pos_m=np.full((n, 2), nan),
        identity=identity or ("",) * n,
        sector_rad=sector_rad,
    )


def target_block(body: str) -> bytes:
    """A CAT048 block around records given as hexadecimal text."""
    records = bytes.fromhex(body)
    return bytes([48]) + (len(records) + 3).to_bytes(2, "big") + records
