"""People: who is told, for how long, how many of them go, and what they remember."""

from math import erf
from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.sim.studies import measures
from forewarn.sim.studies.world import Layout, Raster

MINUTE_PER_S = 1.0 / 60.0


class Care(NamedTuple):
    """What is known of threats, who is told, and what people do.

    p_warned  : share of threats that are seen
    sigma_km  : (groups,) error of where they are said to come down, when people are told
    aim_sigma_km : (groups,) the same when they come into reach of the first layer
    view_s    : (groups,) from first sight to the impact
    lead_s    : (groups,) from the alert to the impact
    hold_s    : from the impact to the all clear
    told      : whether anybody is told at all
    compliance, ln_median : by day, by night
    per_ln    : 1 / (sigma sqrt 2) of the logarithm of seconds to shelter
    tires     : share of those who comply that is left after a needless alert
    rests     : share of the fatigue that is left after the time between two raids
    """

    p_warned: float
    sigma_km: FloatArray
    aim_sigma_km: FloatArray
    view_s: FloatArray
    lead_s: FloatArray
    hold_s: float
    told: bool
    compliance: tuple[float, float]
    ln_median: tuple[float, float]
    per_ln: float
    night_share: float
    tires: float
    rests: float
    harmed_unsheltered: float
    harmed_sheltered: float
    hour_cost: float


class Alarms(NamedTuple):
    """Alerts of zones (z,), the latest of each.

    since_s, until_s : inf where there is none in this raid
    reached : people reached by impacts in it; 0 where there is none
    tired   : needless alerts that people remember, mean of the zone, as of `tired_at`
    told    : zones of one alert, to fill, with room behind them
    live    : zones with alerts in this raid
    """

    since_s: FloatArray
    until_s: FloatArray
    reached: FloatArray
    tired: FloatArray
    tired_at: IntArray
    told: IntArray
    live: IntArray


def no_alarms(zones: int) -> Alarms:
    """Nobody is told, nobody is tired."""
    return Alarms(
        np.full(zones, np.inf),
        np.full(zones, np.inf),
        np.zeros(zones),
        np.zeros(zones),
        np.zeros(zones, np.int64),
        np.empty(2 * zones, np.int64),
        np.empty(zones + 1, np.int64),
    )


@bare_kernel
def cell_of(raster: Raster, x: float, y: float) -> int:
    """Cell of a place, -1 outside."""
    if x < 0.0 or y < 0.0:
        return -1
    column, row = int(x * raster.per_km), int(y * raster.per_km)
    if column >= raster.columns or row >= raster.rows:
        return -1
    return row * raster.columns + column


@bare_kernel
def zone_of(layout: Layout, cell: int, x: float, y: float) -> int:
    """Zone of a place inside the area, -1 = none."""
    if layout.side_km == 0.0:
        return int(layout.cell_zone[cell])
    column = min(int(x * layout.per_km), layout.columns - 1)
    row = min(int(y * layout.per_km), layout.rows - 1)
    return row * layout.columns + column


@bare_kernel
def touched(
    layout: Layout, raster: Raster, kind: int, x: float, y: float, told: IntArray
) -> int:
    """Fill `told` with the zones within the kind's radius of a place; how many."""
    count = 0
    if layout.side_km == 0.0:
        cell = cell_of(raster, x, y)
        if cell >= 0:
            for k in range(layout.first[kind, cell], layout.first[kind, cell + 1]):
                told[count] = layout.touched[k]
                count += 1
        return count
    side, per, radius = layout.side_km, layout.per_km, layout.radius_km[kind]
    south = int(max(y - radius, 0.0) * per)
    north = min(int(max(y + radius, 0.0) * per), layout.rows - 1)
    # always as many turns, and no branch that a processor could guess wrong
    for row in range(south, south + layout.high):
        dy = max(row * side - y, y - (row + 1) * side, 0.0)
        half = np.sqrt(max(radius * radius - dy * dy, 0.0))  # of the disc, at this row
        west = int(max(x - half, 0.0) * per)
        east = min(int((x + half) * per), layout.columns - 1)
        for step in range(layout.wide):
            told[count + step] = row * layout.columns + west + step
        inside = row <= north and dy <= radius and x + half >= 0.0
        count += max(east - west + 1, 0) * inside
    return count


@bare_kernel
def sheltered(lead_s: float, ln_median: float, per_ln: float) -> float:
    """Share of those who go that is in shelter after so many seconds: lognormal."""
    if lead_s <= 0.0:
        return 0.0
    return 0.5 + 0.5 * erf((np.log(lead_s) - ln_median) * per_ln)


@bare_kernel
def recall(alarms: Alarms, zone: int, raid: int, rests: float) -> float:
    """Needless alerts that a zone's people still remember."""
    if rests < 1.0 and alarms.tired_at[zone] < raid:
        alarms.tired[zone] *= rests ** (raid - alarms.tired_at[zone])
    alarms.tired_at[zone] = raid
    return float(alarms.tired[zone])


@bare_kernel
def settle(
    layout: Layout, care: Care, alarms: Alarms, zone: int, raid: int
) -> tuple[float, float, float]:
    """Forget an alert that is over; its people, those it told in vain, its minutes."""
    people = layout.people[zone]
    minutes = (alarms.until_s[zone] - alarms.since_s[zone]) * MINUTE_PER_S
    vain = max(people - alarms.reached[zone], 0.0)
    if care.tires < 1.0 and people > 0.0:
        known = recall(alarms, zone, raid, care.rests)
        alarms.tired[zone] = known + vain / people
    alarms.since_s[zone], alarms.reached[zone] = np.inf, 0.0
    return people, vain, minutes


@bare_kernel
def book(row: FloatArray, people: float, vain: float, whole: float, idle: float) -> None:
    """Alerts that are over: people, those told in vain, minutes of both."""
    row[measures.ALERTED] += people
    row[measures.NEEDLESS] += vain
    row[measures.MINUTES] += whole
    row[measures.NEEDLESS_MINUTES] += idle


@bare_kernel
def tell(
    layout: Layout,
    raster: Raster,
    care: Care,
    alarms: Alarms,
    row: FloatArray,
    x: float,
    y: float,
    group: int,
    start_s: float,
    end_s: float,
    raid: int,
    live: int,
) -> int:
    """Alert the zones near a predicted impact; how many have had an alert in this raid."""
    count = touched(layout, raster, group, x, y, alarms.told)
    for k in range(count):
        zone = alarms.told[k]
        old_s = alarms.until_s[zone]
        if old_s < start_s:  # told before, and cleared since
            people, vain, minutes = settle(layout, care, alarms, zone, raid)
            book(row, people, vain, people * minutes, vain * minutes)
        alarms.live[live] = zone
        new = old_s == np.inf
        live += new
        alarms.since_s[zone] = min(alarms.since_s[zone], start_s)
        alarms.until_s[zone] = max(end_s if new else old_s, end_s)
    return live
