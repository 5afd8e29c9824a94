"""Plots that make no sense, one by one: refused by rule, so that the rest is used."""

from collections.abc import Callable
from typing import Any

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, PlotBatch, Sensor, SensorKind

AHEAD_S = 1.0  # a plot may be this far ahead of its arrival: clocks differ
MOST_PLOTS = 20_000  # of one scan; of more, they are thinned evenly
FARTHEST_M = 1e7
FASTEST_MPS = 2e4
EARTH_M = (6.3e6, 7.5e6)  # between these distances from its centre is where things fly


def sift(batch: PlotBatch, sensor: Sensor) -> tuple[BoolArray, dict[str, int]]:
    """Which plots (n,) are used, and how many were refused for which reason."""
    n = len(batch.time_s)
    keep = np.ones(n, bool)
    reasons: dict[str, int] = {}

    def refuse(bad: Any, reason: str) -> None:
        count = int((bad & keep).sum())
        if count:
            reasons[reason] = count
            keep[bad] = False

    if not n:
        return keep, reasons
    refuse(batch.time_s > batch.received_s + AHEAD_S, "from the future")
    if sensor.kind is SensorKind.POSITION:
        away = np.sqrt((batch.origin_ecef_m**2).sum(axis=1))
        refuse(~((away > EARTH_M[0]) & (away < EARTH_M[1])), "no place near the Earth")
        refuse(~(batch.sigma_pos_m > 0).all(axis=1), "no noise stated")
        refuse(_again(batch.time_s, batch.origin_ecef_m), "sent twice")
    else:
        _refuse_measured(batch, refuse)
        refuse(_again(batch.time_s, batch.measured[:, :2]), "sent twice")
    left = int(keep.sum())
    if left > MOST_PLOTS:
        rows = np.flatnonzero(keep)
        used = rows[np.linspace(0, left - 1, MOST_PLOTS).astype(np.int64)]
        spare = keep.copy()
        spare[used] = False
        refuse(spare, "more plots than a scan can hold")
    return keep, reasons


def _refuse_measured(batch: PlotBatch, refuse: Callable[[Any, str], None]) -> None:
    z, sigma = batch.measured, batch.sigma
    # a comparison with nan is false: what was not measured is not wrong
    refuse((z[:, 0] <= 0) | (z[:, 0] > FARTHEST_M), "range out of bounds")
    refuse((z[:, 1] < -np.pi) | (z[:, 1] > 2 * np.pi), "azimuth out of bounds")
    refuse(np.abs(z[:, 2]) > np.pi / 2, "elevation out of bounds")
    refuse(np.abs(z[:, 3]) > FASTEST_MPS, "range rate out of bounds")
    refuse(np.isinf(z).any(axis=1), "not a number")
    refuse(np.isnan(z[:, 1]), "tells no direction")
    refuse(((sigma <= 0) & np.isfinite(z)).any(axis=1), "no noise stated")


def _again(time_s: FloatArray, values: FloatArray) -> BoolArray:
    """Which plots say just what another before them says."""
    order = np.lexsort((values[:, 1], values[:, 0]))
    first, second = order[:-1], order[1:]
    same = (values[first] == values[second]).all(axis=1) & (time_s[first] == time_s[second])
    out = np.zeros(len(time_s), bool)
    out[second[same]] = True
    return out
