"""The kernel: raids against one policy - engaged, warned, come down, counted.

Policy level: where a threat is said to come down is drawn, not tracked; that error goes
into warning and defence alike.
"""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel, inner_kernel, kernel
from forewarn.geodesy import FloatArray
from forewarn.records import BoolArray, IntArray
from forewarn.sim.defence import engaging, fleet
from forewarn.sim.defence.engaging import LAYERS, Threats, draw_odds, engage, refill
from forewarn.sim.defence.fleet import Fleet, Left, Rule
from forewarn.sim.streams import DEBRIS, RAID, block, normals, unit
from forewarn.sim.studies import measures
from forewarn.sim.studies.drawing import Drawn
from forewarn.sim.studies.telling import (
    Alarms,
    Care,
    book,
    cell_of,
    no_alarms,
    recall,
    settle,
    sheltered,
    tell,
    zone_of,
)
from forewarn.sim.studies.world import Layout, Raster

NIGHT = (1 << 40) - 1  # in place of a threat's number: what is drawn of a whole raid


class Scratch(NamedTuple):
    """Room for one raid's threats: as the defence sees them, as people are told."""

    threats: Threats
    told_km: FloatArray
    seen: BoolArray
    stopped: IntArray
    start_s: FloatArray
    order: IntArray


class Work(NamedTuple):
    """What a kernel call writes into.

    row   : (WIDTH + layers,) measures of the run
    heat  : (rows, columns) people reached, by where it came down, summed over runs
    book  : of `engage`
    odds  : (layers,)
    """

    row: FloatArray
    heat: FloatArray
    heat_km: float
    book: FloatArray
    odds: FloatArray
    left: Left
    alarms: Alarms
    scratch: Scratch


def room(most: int, zones: int, arms: Fleet, shape: tuple[int, int], side: float) -> Work:
    """Arrays to work in. most: threats of a raid; shape, side: of the map, cells and km."""
    layers = len(arms.down)
    threats = Threats(
        np.empty(most),
        np.empty(most),
        np.empty((most, 2)),
        np.empty(most, bool),
        np.empty(most, bool),
        np.empty(most, np.int64),
    )
    return Work(
        row=np.zeros(measures.WIDTH + layers),
        heat=np.zeros(shape),
        heat_km=side,
        book=np.zeros(LAYERS + layers),
        odds=np.zeros(layers),
        left=fleet.full(arms),
        alarms=no_alarms(zones),
        scratch=Scratch(
            threats,
            np.empty((most, 2)),
            np.empty(most, bool),
            np.empty(most, np.int64),
            np.empty(most),
            np.empty(most, np.int64),
        ),
    )


@bare_kernel
def _foresee(
    drawn: Drawn,
    begin: int,
    end: int,
    raster: Raster,
    layout: Layout,
    rule: Rule,
    care: Care,
    scratch: Scratch,
) -> None:
    """Fill in what is said of a raid's threats, and in what order people are told."""
    threats = scratch.threats
    for i in range(end - begin):
        k = begin + i
        group = drawn.group[k]
        for axis in range(2):
            true, error = drawn.at_km[k, axis], drawn.error[k, axis]
            scratch.told_km[i, axis] = true + care.sigma_km[group] * error
            threats.at_km[i, axis] = true + care.aim_sigma_km[group] * error
        threats.time_s[i], threats.word[i] = drawn.time_s[k], drawn.word[k]
        threats.from_s[i] = drawn.time_s[k] - care.view_s[group]
        seen = drawn.seen[k] < care.p_warned
        scratch.seen[i] = seen
        cell = cell_of(raster, threats.at_km[i, 0], threats.at_km[i, 1])
        heads = cell >= 0 and raster.distance_km[cell] <= rule.margin_km
        threats.wanted[i] = seen and (
            rule.engage == fleet.ALL or (rule.engage == fleet.POPULATED_ONLY and heads)
        )
        threats.dear[i] = rule.reserve == 0 or (
            cell >= 0 and raster.reach[group, cell] >= rule.reserve_people
        )
        start_s = drawn.time_s[k] - care.lead_s[group]
        scratch.start_s[i] = start_s
        at = i
        while at > 0 and scratch.start_s[scratch.order[at - 1]] > start_s:
            scratch.order[at] = scratch.order[at - 1]
            at -= 1
        scratch.order[at] = i


@bare_kernel
def _land(
    raster: Raster,
    layout: Layout,
    care: Care,
    work: Work,
    x: float,
    y: float,
    cell: int,
    kind: int,
    time_s: float,
    raid: int,
    night: int,
) -> None:
    """Something comes down: whom it reaches, and how many of them are in shelter."""
    if cell < 0 or raster.reach[kind, cell] == 0.0:
        return
    people = float(raster.reach[kind, cell])
    zone, alarms, row = zone_of(layout, cell, x, y), work.alarms, work.row
    safe = 0.0
    if zone >= 0 and alarms.since_s[zone] <= time_s <= alarms.until_s[zone]:
        comply = care.compliance[night]
        if care.tires < 1.0:
            comply *= care.tires ** recall(alarms, zone, raid, care.rests)
        lead_s = time_s - alarms.since_s[zone]
        safe = people * comply * sheltered(lead_s, care.ln_median[night], care.per_ln)
        alarms.reached[zone] += people
    row[measures.EXPOSED] += people
    row[measures.UNSHELTERED] += people - safe
    row[measures.HARMED] += (
        people - safe
    ) * care.harmed_unsheltered + safe * care.harmed_sheltered
    work.heat[int(y / work.heat_km), int(x / work.heat_km)] += people


@bare_kernel
def _come_down(
    drawn: Drawn,
    k: int,
    i: int,
    raster: Raster,
    layout: Layout,
    arms: Fleet,
    care: Care,
    work: Work,
    luck: tuple[int, int],
    raid: int,
    night: int,
) -> None:
    """A threat, or its debris, comes down."""
    x, y, time_s = drawn.at_km[k, 0], drawn.at_km[k, 1], drawn.time_s[k]
    cell = cell_of(raster, x, y)
    threatening = cell >= 0 and raster.distance_km[cell] == 0.0
    layer = work.scratch.stopped[i]
    if threatening:
        work.row[measures.THREATENING] += 1
    if layer < 0:
        if threatening:
            work.row[measures.LEAKERS] += 1
        kind = drawn.group[k]
        _land(raster, layout, care, work, x, y, cell, kind, time_s, raid, night)
    elif arms.debris_share[layer] > 0.0:
        words = block(luck[0], luck[1], drawn.word[k], DEBRIS, 0)
        if unit(words[2]) < arms.debris_share[layer]:
            side = normals(words[0], words[1])
            x += arms.debris_km[layer] * side[0]
            y += arms.debris_km[layer] * side[1]
            kind, cell = len(raster.reach) - 1, cell_of(raster, x, y)
            _land(raster, layout, care, work, x, y, cell, kind, time_s, raid, night)


@bare_kernel
def _raid(
    drawn: Drawn,
    begin: int,
    end: int,
    raster: Raster,
    layout: Layout,
    arms: Fleet,
    rule: Rule,
    care: Care,
    work: Work,
    luck: tuple[int, int],
    raid: int,
) -> None:
    """One raid, from the first alert to the last all clear."""
    n, scratch, alarms = end - begin, work.scratch, work.alarms
    _foresee(drawn, begin, end, raster, layout, rule, care, scratch)
    threats, odds, left = scratch.threats, work.odds, work.left
    engage(threats, n, arms, rule, odds, luck, left, scratch.stopped, work.book)
    night = 0
    if care.night_share > 0.0:
        words = block(luck[0], luck[1], raid << 40 | NIGHT, RAID, 0)
        night = int(unit(words[0]) < care.night_share)
    live, told = 0, 0
    for i in range(n + 1):
        while told < n:
            j = scratch.order[told]
            if i < n and scratch.start_s[j] > threats.time_s[i]:
                break
            if care.told and scratch.seen[j]:
                group = drawn.group[begin + j]
                start_s, end_s = scratch.start_s[j], threats.time_s[j] + care.hold_s
                x, y = scratch.told_km[j, 0], scratch.told_km[j, 1]
                live = tell(
                    layout,
                    raster,
                    care,
                    alarms,
                    work.row,
                    x,
                    y,
                    group,
                    start_s,
                    end_s,
                    raid,
                    live,
                )
            told += 1
        if i < n:
            k = begin + i
            _come_down(drawn, k, i, raster, layout, arms, care, work, luck, raid, night)
    work.row[measures.FIRED] += n
    people = vain = whole = idle = 0.0
    for k in range(live):
        zone = alarms.live[k]
        some, none, minutes = settle(layout, care, alarms, zone, raid)
        alarms.until_s[zone] = np.inf
        people += some
        vain += none
        whole += some * minutes
        idle += none * minutes
    book(work.row, people, vain, whole, idle)


@inner_kernel
def _begin(arms: Fleet, work: Work, luck: tuple[int, int]) -> None:
    """A run begins: magazines full, nobody tired."""
    left, alarms = work.left, work.alarms
    left.rounds[:], left.stock[:] = arms.magazine, arms.stock
    left.ready_s[:], left.free_s[:] = np.inf, -np.inf
    alarms.tired[:], alarms.tired_at[:] = 0.0, 0
    work.row[:], work.book[:] = 0.0, 0.0
    work.book[engaging.DRY_S] = np.inf
    draw_odds(arms, luck[0], luck[1], work.odds)


@inner_kernel
def _close(care: Care, work: Work, dry_s: float) -> None:
    """The book of the defence into the row of the run."""
    row, book = work.row, work.book
    row[measures.ENGAGED] = book[engaging.ENGAGED]
    row[measures.INTERCEPTED] = book[engaging.STOPPED]
    row[measures.ROUNDS] = book[engaging.ROUNDS]
    row[measures.NO_ROUNDS] = book[engaging.NO_ROUNDS]
    row[measures.NO_CHANNEL] = book[engaging.NO_CHANNEL]
    row[measures.RELOADED] = book[engaging.RELOADED]
    row[measures.ROUNDS_COST] = book[engaging.COST]
    row[measures.LEFT] = work.left.rounds.sum()
    row[measures.ALERT_COST] = row[measures.MINUTES] / 60.0 * care.hour_cost
    row[measures.RAN_DRY] = dry_s < np.inf
    row[measures.DRY_S] = dry_s if dry_s < np.inf else np.nan
    row[measures.WIDTH :] = book[LAYERS:]


@kernel
def play(
    drawn: Drawn,
    raster: Raster,
    layout: Layout,
    arms: Fleet,
    rule: Rule,
    care: Care,
    seed: int,
    first_run: int,
    raids: int,
    gap_s: float,
    work: Work,
    out: FloatArray,
) -> None:
    """Every run of some drawn raids under one policy.

    raids : of each run, gap_s apart
    out   : (runs, WIDTH + layers) to fill
    """
    for run in range(len(out)):
        luck = (seed, first_run + run)
        _begin(arms, work, luck)
        dry_s = np.inf
        for raid in range(raids):
            if raid:
                work.book[engaging.RELOADED] += refill(arms, work.left, gap_s)
            row = run * raids + raid
            begin, end = drawn.first[row], drawn.first[row + 1]
            _raid(drawn, begin, end, raster, layout, arms, rule, care, work, luck, raid)
            dry_s = min(dry_s, raid * gap_s + work.book[engaging.DRY_S])
            work.book[engaging.DRY_S] = np.inf
        _close(care, work, dry_s)
        out[run] = work.row
