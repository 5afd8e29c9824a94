"""Raids of a study, drawn: when and where each threat would come down.

A raid is an input. Nothing here looks for a better one: keys of the file in, numbers out.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from forewarn.compiled import kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.sim.streams import COUNT, ERROR, RAID, block, normals, unit
from forewarn.sim.studies.keys import CountKeys, RaidKeys
from forewarn.sim.studies.world import Raster

CERTAIN = 1e-13  # counts less probable than this do not come


class Groups(NamedTuple):
    """The [[raid]] tables (g,) of a study.

    at_most : (g, most + 1) probability of at most so many
    """

    at_most: FloatArray
    window_s: FloatArray
    to_places: FloatArray
    sigma_km: FloatArray


class Drawn(NamedTuple):
    """Threats (n,) of raids, in order of impact within each.

    first   : (raids + 1,) first threat of each raid
    time_s  : of impact, from the raid's beginning
    at_km   : (n, 2) where it comes down if nothing stops it
    error   : (n, 2) of what is said about that, in standard deviations
    seen    : (n,) below the probability of being seen: it is
    group   : (n,) row of its [[raid]]
    word    : (n,) whose luck it has
    most    : threats in the largest raid
    """

    first: IntArray
    time_s: FloatArray
    at_km: FloatArray
    error: FloatArray
    seen: FloatArray
    group: IntArray
    word: IntArray
    most: int


def groups_of(raids: Sequence[RaidKeys]) -> Groups:
    tables = [_at_most(one.count) for one in raids]
    most = max(len(table) for table in tables)
    return Groups(
        np.array([np.pad(t, (0, most - len(t)), constant_values=1.0) for t in tables]),
        np.array([one.window_s for one in raids]),
        np.array([one.share_to_places for one in raids]),
        np.array([one.impact_sigma_km for one in raids]),
    )


def _at_most(count: CountKeys) -> FloatArray:
    if count.dist == "constant":
        return np.append(np.zeros(round(count.mean)), 1.0)
    law: Any = (
        stats.poisson(count.mean)
        if count.dist == "poisson"
        else stats.binom(count.n, count.mean / count.n)
    )
    table = law.cdf(np.arange(int(law.isf(CERTAIN)) + 2))
    table[-1] = 1.0
    return np.asarray(table)


def draw(
    groups: Groups, raster: Raster, seed: int, runs: tuple[int, int], raids: int
) -> Drawn:
    """Raids of runs[0] up to runs[1]; so many raids in each run."""
    count = _counts(groups.at_most, seed, runs[0], runs[1], raids)
    first = np.append(0, np.cumsum(count.sum(axis=1)))
    n, most = int(first[-1]), int(np.diff(first).max(initial=0))
    drawn = Drawn(
        first,
        np.empty(n),
        np.empty((n, 2)),
        np.empty((n, 2)),
        np.empty(n),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        most,
    )
    _fill(groups, raster, count, seed, runs[0], raids, drawn)
    return drawn


class Met(NamedTuple):
    """Threats (n,) that are known: when and where they would come down, their [[raid]]."""

    time_s: FloatArray
    at_km: FloatArray
    group: IntArray


def meet(met: Met, seed: int, k: int) -> Drawn:
    """One run of the very threats; the k-th drawing of what is known of them."""
    n = len(met.time_s)
    order = np.argsort(met.time_s, kind="stable")
    rng = np.random.default_rng((seed, k))
    return Drawn(
        np.array([0, n]),
        met.time_s[order],
        met.at_km[order],
        rng.standard_normal((n, 2)),
        rng.random(n),
        met.group[order],
        order,
        n,
    )


@kernel
def _counts(
    table: FloatArray, seed: int, first_run: int, last_run: int, raids: int
) -> IntArray:
    """(runs * raids, groups) threats of each."""
    count = np.empty(((last_run - first_run) * raids, len(table)), np.int64)
    for row in range(len(count)):
        run, raid = first_run + row // raids, row % raids
        for group in range(len(table)):
            words = block(seed, run, raid << 40 | group << 32, COUNT, 0)
            count[row, group] = np.searchsorted(table[group], unit(words[0]))
    return count


@kernel
def _fill(
    groups: Groups,
    raster: Raster,
    count: IntArray,
    seed: int,
    first_run: int,
    raids: int,
    drawn: Drawn,
) -> None:
    """Times are those of points spread evenly: sums of exponential gaps, drawn to scale."""
    spare = np.empty(drawn.most)
    for row in range(len(count)):
        run, raid = first_run + row // raids, row % raids
        begin, end = drawn.first[row], drawn.first[row + 1]
        i = begin
        for group in range(count.shape[1]):
            total, start = 0.0, i
            for k in range(count[row, group] + 1):
                word = raid << 40 | group << 32 | k
                words = block(seed, run, word, RAID, 0)
                total -= np.log(unit(words[0]))
                if k == count[row, group]:
                    break  # the gap behind the last one
                drawn.time_s[i] = total
                drawn.word[i] = word
                drawn.group[i] = group
                more = block(seed, run, word, ERROR, 0)
                if unit(words[1]) < groups.to_places[group]:
                    side = normals(words[2], words[3])
                    place = int(np.searchsorted(raster.aim_share, unit(more[3])))
                    for axis in range(2):
                        drawn.at_km[i, axis] = (
                            raster.aim_km[place, axis] + groups.sigma_km[group] * side[axis]
                        )
                else:
                    spot = int(unit(more[3]) * len(raster.open_cells))
                    cell = raster.open_cells[min(spot, len(raster.open_cells) - 1)]
                    east = cell % raster.columns + unit(words[2])
                    north = cell // raster.columns + unit(words[3])
                    drawn.at_km[i, 0] = east * raster.cell_km
                    drawn.at_km[i, 1] = north * raster.cell_km
                error = normals(more[0], more[1])
                drawn.error[i, 0], drawn.error[i, 1] = error
                drawn.seen[i] = unit(more[2])
                i += 1
            for k in range(start, i):
                drawn.time_s[k] *= groups.window_s[group] / total
        if count.shape[1] > 1:
            _sort(drawn, begin, end, spare)


@kernel
def _sort(drawn: Drawn, begin: int, end: int, spare: FloatArray) -> None:
    """Put a raid's threats in order of time."""
    order = np.argsort(drawn.time_s[begin:end], kind="mergesort")
    n = end - begin
    for column in (drawn.time_s, drawn.seen):
        for i in range(n):
            spare[i] = column[begin + order[i]]
        for i in range(n):
            column[begin + i] = spare[i]
    for pair in (drawn.at_km, drawn.error):
        for axis in range(2):
            for i in range(n):
                spare[i] = pair[begin + order[i], axis]
            for i in range(n):
                pair[begin + i, axis] = spare[i]
    whole = np.empty(n, np.int64)
    for names in (drawn.group, drawn.word):
        for i in range(n):
            whole[i] = names[begin + order[i]]
        for i in range(n):
            names[begin + i] = whole[i]
