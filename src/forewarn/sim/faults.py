"""What goes wrong: bodies that tumble or burn out early, radars that lean, fall silent,
report late or twice, are jammed, and a wind that is not as the site is told."""

from dataclasses import replace
from math import radians

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import PlotBatch, Sensor, SensorKind, Weather
from forewarn.sim.raid_keys import FaultKeys
from forewarn.sim.world import LIFT_S, wind_strength

TUMBLE_DRAG = (2.0, 6.0)  # times its own, once a body has lost its stability
TUMBLE_LIFT = 0.3  # of the drag, aside, standard deviation over LIFT_S
BURNT = (0.6, 0.95)  # of its burn, of a motor that stops early
JAMMED_PLOTS = 60  # in every scan meanwhile
JAMMED_RAD = 0.05  # to either side of the jammer
LEVELS_M = np.arange(0.0, 24e3, 500.0)


def shortened(count: int, faults: FaultKeys, rng: np.random.Generator) -> FloatArray:
    """(count,) share of its burn that each motor burns."""
    whole = np.ones(count)
    stops = rng.random(count) < faults.short_burn_share
    whole[stops] = rng.uniform(*BURNT, int(stops.sum()))
    return whole


def tumbles(
    count: int, longest_s: float, faults: FaultKeys, rng: np.random.Generator
) -> FloatArray:
    """(count, k, 4) pull aside and ln of more drag over LIFT_S each, as `fly` takes it."""
    turns = round(longest_s / LIFT_S)
    found = np.zeros((count, turns, 4))
    for row in np.flatnonzero(rng.random(count) < faults.tumble_share):
        begins = rng.integers(4, 40)  # 10 to 100 s after launch
        found[row, begins:, :3] = TUMBLE_LIFT * rng.standard_normal((turns - begins, 3))
        found[row, begins:, 3] = np.log(rng.uniform(*TUMBLE_DRAG))
    return found


def told_wind(
    wind_mps: tuple[float, float],
    time_s: float,
    faults: FaultKeys,
    rng: np.random.Generator,
) -> Weather:
    """The profile that the site is told: the truth, and one error at all heights."""
    error = faults.wind_error_mps * rng.standard_normal(2)
    blown = wind_strength(LEVELS_M)[:, None] * np.array(wind_mps) + error
    return Weather(0, time_s, LEVELS_M, blown)


def spoil(
    batches: list[PlotBatch],
    sensors: tuple[Sensor, ...],
    faults: FaultKeys,
    rng: np.random.Generator,
) -> list[PlotBatch]:
    """The scans as they arrive, sensor by sensor, in order of arrival."""
    spoilt: list[PlotBatch] = []
    for sensor in sensors:
        own = [batch for batch in batches if batch.sensor_id == sensor.sensor_id]
        if sensor.kind is SensorKind.POSITION or not own:
            spoilt += own
            continue
        span_s = (own[0].received_s, own[-1].received_s)
        silent = _stretches(faults.drop_outs_per_h, faults.drop_out_s, span_s, rng)
        jammed = _stretches(faults.jammed_per_h, faults.jammed_s, span_s, rng)
        bias = rng.standard_normal(3) * [
            faults.range_bias_m,
            radians(faults.azimuth_bias_deg),
            radians(faults.elevation_bias_deg),
        ]
        jammer = rng.uniform(0.0, 2 * np.pi)
        for batch in own:
            if _within(batch.received_s, silent):
                continue
            if _within(batch.received_s, jammed):
                batch = _jam(batch, sensor, jammer, rng)
            batch = _lean(batch, bias)
            late = rng.random() < faults.late_share
            delay = rng.uniform(0.0, faults.late_s) if late else 0.0
            spoilt.append(replace(batch, received_s=batch.received_s + delay))
            if rng.random() < faults.doubled_share:
                again = batch.received_s + delay + rng.uniform(0.0, 1.0)
                spoilt.append(replace(batch, received_s=again))
    return sorted(spoilt, key=lambda batch: batch.received_s)


def _stretches(
    per_hour: float, mean_s: float, span_s: tuple[float, float], rng: np.random.Generator
) -> FloatArray:
    """(n, 2) first and last moment of each."""
    count = rng.poisson(per_hour * (span_s[1] - span_s[0]) / 3600.0)
    first = rng.uniform(*span_s, count)
    return np.stack([first, first + rng.exponential(mean_s, count)], axis=1)


def _within(time_s: float, stretches: FloatArray) -> bool:
    return bool(np.any((stretches[:, 0] <= time_s) & (time_s < stretches[:, 1])))


def _lean(batch: PlotBatch, bias: FloatArray) -> PlotBatch:
    if not bias.any():
        return batch
    measured = batch.measured.copy()
    measured[:, :3] += bias
    measured[:, 1] %= 2 * np.pi
    return replace(batch, measured=measured)


def _jam(
    batch: PlotBatch, sensor: Sensor, azimuth: float, rng: np.random.Generator
) -> PlotBatch:
    """The scan, with false plots at all ranges in one direction."""
    n = JAMMED_PLOTS
    false = np.stack(
        [
            rng.uniform(sensor.range_min_m, sensor.range_max_m, n),
            (azimuth + rng.uniform(-JAMMED_RAD, JAMMED_RAD, n)) % (2 * np.pi),
            rng.uniform(sensor.elevation_min_rad, sensor.elevation_max_rad, n),
            rng.uniform(-1200.0, 1200.0, n),
        ],
        axis=1,
    )
    false[:, np.isnan(sensor.sigma)] = np.nan
    when = batch.time_s.max() if len(batch.time_s) else batch.received_s - 0.2
    return replace(
        batch,
        time_s=np.append(batch.time_s, np.full(n, when)),
        measured=np.concatenate([batch.measured, false]),
        sigma=np.concatenate([batch.sigma, np.tile(sensor.sigma, (n, 1))]),
        origin_ecef_m=np.concatenate(
            [batch.origin_ecef_m, np.tile(sensor.origin_ecef_m, (n, 1))]
        ),
        sigma_pos_m=np.concatenate([batch.sigma_pos_m, np.full((n, 2), np.nan)]),
        identity=batch.identity + ("",) * n,
    )
