"""The sums of `particles`: what comes down in, or passes over, each label of the ground."""

import numpy as np

from forewarn.compiled import inner_kernel
from forewarn.forecast.falling import SMALLEST_SIGMA_M
from forewarn.forecast.raster import Int32Array
from forewarn.forecast.ways import Float32Array
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray

DOWN, EAST, NORTH, TIME, EE, EN, NN, ET, NT, TT, REACHED = range(11)
ROW = 14


@inner_kernel
def listed_too(
    z: int, job: int, found: int, listed: Int32Array, place: Int32Array, touched: IntArray
) -> tuple[int, int]:
    """Note that this target touches label z; returns its place among those it touched, and
    how many these are."""
    if listed[z] != job:
        listed[z], place[z], touched[found] = job, found, z
        return found, found + 1
    return int(place[z]), found


@inner_kernel
def add_down(total: FloatArray, z: int, p: float, e: float, n: float, t: float) -> None:
    """Add what comes down in a label at one place and time to its sums."""
    pe, pn, pt = p * e, p * n, p * t
    total[z, DOWN] += p
    total[z, EAST] += pe
    total[z, NORTH] += pn
    total[z, TIME] += pt
    total[z, EE] += pe * e
    total[z, EN] += pe * n
    total[z, NN] += pn * n
    total[z, ET] += pe * t
    total[z, NT] += pn * t
    total[z, TT] += pt * t


@inner_kernel
def finish_row(
    total: FloatArray,
    when: Float32Array,
    east_0: float,
    north_0: float,
    cell_m: float,
    step: float,
    row: FloatArray,
) -> None:
    """One row (14,) of `carry_particles` from the sums of a label."""
    down, reached = total[DOWN], total[REACHED]
    row[:] = np.nan
    row[0], row[1] = down, reached
    if down > 0.0:
        e, n, t = total[EAST] / down, total[NORTH] / down, total[TIME] / down
        ee = max(total[EE] / down - e * e, 0.0) * cell_m * cell_m + SMALLEST_SIGMA_M**2
        nn = max(total[NN] / down - n * n, 0.0) * cell_m * cell_m + SMALLEST_SIGMA_M**2
        en = (total[EN] / down - e * n) * cell_m * cell_m
        et = (total[ET] / down - e * t) * cell_m
        nt = (total[NT] / down - n * t) * cell_m
        det = ee * nn - en * en
        slope_e, slope_n = (et * nn - nt * en) / det, (nt * ee - et * en) / det
        rest = total[TT] / down - t * t - slope_e * et - slope_n * nt
        row[2], row[3] = east_0 + e * cell_m, north_0 + n * cell_m
        row[4], row[5], row[6] = ee, en, nn
        row[7], row[8], row[9] = t, slope_e, slope_n
        row[10] = np.sqrt(max(rest, 0.0) + 1.0)
    gone, k = 0.0, 0
    for j in range(3):
        wanted = reached * (0.05, 0.5, 0.95)[j]
        while k < len(when) - 1 and gone + when[k] < wanted:
            gone += when[k]
            k += 1
        row[11 + j] = step * (k + (wanted - gone) / max(when[k], 1e-12))
