"""What a network of microphones hears of simulated flyers: bearings, and late."""

from collections.abc import Sequence

import numpy as np

from forewarn.geodesy import FloatArray, ecef_points, enu_from_ecef
from forewarn.records import PlotBatch, Sensor
from forewarn.sim.sight import LATENCY_S, Flyer

SOUND_MPS = 340.0
ROUNDS = 12  # of the delay: each leaves speed / sound of the error before


def listen(
    sensor: Sensor,
    places: FloatArray,
    flyers: Sequence[Flyer],
    span_s: tuple[float, float],
    rng: np.random.Generator,
) -> list[PlotBatch]:
    """One batch a second of all that the network reports.

    sensor : a `bearing` one without a place; its clutter is of the whole network
    places : (k, 3) latitude, longitude rad and height m of each microphone
    A source is heard if it was within `range_max_m` when it made the sound.
    """
    times = np.arange(span_s[0], span_s[1], sensor.scan_s)
    ears = ecef_points(*places.T)
    turns = np.array([enu_from_ecef(lat, lon) for lat, lon, _ in places])
    scan, who, azimuth = [], [], []
    for flyer in flyers:
        there = np.flatnonzero(
            (times > flyer.path.time_s[0]) & (times < flyer.path.time_s[-1])
        )
        emitted_s, rel = _emitted(flyer, times[there], ears)
        reach = np.linalg.norm(rel, axis=2)
        heard = (reach < sensor.range_max_m) & (emitted_s > flyer.path.time_s[0])
        heard &= rng.random(heard.shape) < sensor.detection_probability
        k, ear = np.nonzero(heard)
        east, north = np.einsum("ncj,nj->cn", turns[ear, :2], rel[k, ear])
        scan.append(there[k])
        who.append(ear)
        azimuth.append(
            np.arctan2(east, north) + sensor.sigma_azimuth_rad * rng.normal(size=len(k))
        )
    false = rng.poisson(sensor.clutter_per_scan, len(times))
    scan.append(np.repeat(np.arange(len(times)), false))
    who.append(rng.integers(0, len(ears), false.sum()))
    azimuth.append(rng.uniform(0.0, 2 * np.pi, false.sum()))
    scans, ids, bearing = np.concatenate(scan), np.concatenate(who), np.concatenate(azimuth)
    order = np.lexsort((ids, scans))
    ends = np.searchsorted(scans[order], np.arange(len(times) + 1))
    return [
        _batch(sensor, float(times[k]), ears[ids[part]], bearing[part])
        for k in range(len(times))
        for part in [order[ends[k] : ends[k + 1]]]
    ]


def _emitted(
    flyer: Flyer, times: FloatArray, ears: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(n, k) when what each ear hears at `times` was made, and (n, k, 3) from where."""
    late_s = np.zeros((len(times), len(ears)))
    for _ in range(ROUNDS):
        when = np.maximum(times[:, None] - late_s, flyer.path.time_s[0])
        rel = flyer.path.at(when.ravel())[:, :3].reshape(*when.shape, 3) - ears
        late_s = np.linalg.norm(rel, axis=2) / SOUND_MPS
    return times[:, None] - late_s, rel


def _batch(
    sensor: Sensor, when_s: float, origin: FloatArray, bearing: FloatArray
) -> PlotBatch:
    n = len(bearing)
    measured = np.full((n, 4), np.nan)
    measured[:, 1] = bearing % (2 * np.pi)
    return PlotBatch(
        seq=0,
        received_s=when_s + LATENCY_S,
        sensor_id=sensor.sensor_id,
        time_s=np.full(n, when_s),
        measured=measured,
        sigma=np.tile(sensor.sigma, (n, 1)),
        origin_ecef_m=origin,
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
    )
