"""The life of tracks: belief that they exist, what each is, when it counts and ends."""

from typing import NamedTuple

import numpy as np

from forewarn.compiled import bare_kernel, kernel
from forewarn.dynamics import height_of
from forewarn.geodesy import FloatArray
from forewarn.motion import SEVENTH
from forewarn.records import FALLING, TURNING, BoolArray, IntArray
from forewarn.threats import CRUISE_MISSILE, DRONE
from forewarn.track.classify import BIRDS_MPS, classify, ground_mps
from forewarn.track.denial import DENIED
from forewarn.track.table import COUNT, MISSED, SLOTS, Table, state_of
from forewarn.track.vouching import cleared

LEAST = 1e-9  # chance that a track does not exist, or does
MOST_MISSED = 4 * MISSED
HEARD_AGAIN = 0.99  # chance a scan: two observers are in hearing, or it is nowhere
SCANS_SILENT = 3.0  # for which a steered track below the ground is looked for yet
# standard deviations from the speed of birds at which it is known on which side of it: of
# thirty flocks, each looked at many times, one or the other is two away. What is surely
# neither faster nor slower counts after this time all the same; what is slower, after this
BIRDS_SURE, BIRDS_S, SLOW_S = 3.0, 120.0, 180.0
SETTLED = 1e-4  # chance that it is a drone, below which no zone would be warned
CHANGED = 0.5  # of its velocity: it is another body's now, and not tested by this one's
LEAST_HIT = 0.1  # chance to be seen a little outside the cover as it is described


@kernel
def believe(t: Table, hit: FloatArray, missed: FloatArray, most: float) -> None:
    """Existence after a scan, in place: who was seen exists; who was missed may not.

    hit, missed : (n,) chance to be seen, chance that the track took none
    most        : log odds that belief never leaves, up or down
    """
    for i in range(len(t)):
        r = 1.0 / (1.0 + np.exp(-t[i]["log_odds"]))
        still = r * (1.0 - hit[i]) / (1.0 - r * hit[i])
        now = min(max(1.0 - missed[i] + missed[i] * still, LEAST), 1.0 - LEAST)
        t[i]["log_odds"] = min(max(np.log(now / (1.0 - now)), -most), most)
        if missed[i] > 0.5 and LEAST_HIT < hit[i] < HEARD_AGAIN:
            t[i]["misses"] = min(t[i]["misses"] + MISSED, MOST_MISSED)


@kernel
def living(
    t: Table,
    now_s: float,
    drop_log_odds: float,
    coast_s: float,
    coast_scans: float,
    ground_m: float,
    last_word: bool,
) -> BoolArray:
    """(n,) who is still believed in, not coasted too long, nor below the ground by now.

    last_word : also who was given up just now, unless it steers itself: what was foretold
                of a fall that nobody believes in any more must be taken back
    """
    out = np.zeros(len(t), np.bool_)
    for i in range(len(t)):
        row = t[i]
        lag = now_s - row["time_s"]
        steers = row["prob"][CRUISE_MISSILE] + row["prob"][DRONE] > 0.5
        given_up = last_word and not steers and row["log_odds"] <= drop_log_odds
        # nor what is not a number
        if not (row["log_odds"] > drop_log_odds or given_up):
            continue
        if lag >= max(coast_s, coast_scans * row["scan_s"]):
            continue
        out[i] = True
        # it may have ended its dive: then radars must tell whether it did
        if lag <= 0.0 or (steers and lag < SCANS_SILENT * row["scan_s"]):
            continue
        x, y, z, spread = 0.0, 0.0, 0.0, 0.0
        for mode in range(COUNT):
            part = row["weight"][mode]
            if part <= 0.0:
                continue
            for k in range(3):
                spread += part * row["cov"][mode, k, k] / 3.0
            x += part * (row["mean"][mode, 0] + lag * row["mean"][mode, 3])
            y += part * (row["mean"][mode, 1] + lag * row["mean"][mode, 4])
            z += part * (row["mean"][mode, 2] + lag * row["mean"][mode, 5])
        out[i] = height_of(x, y, z) + 2.0 * np.sqrt(spread) >= ground_m
    return out


@kernel
def note(
    t: Table,
    taken: IntArray,
    number: IntArray,
    trusted: int,
    group_bit: int,
    scan_s: float,
    fast_mps: float,
    flies_on: float,
    looks_slow: int,
    settle_s: float,
    aligned_s: float,
    confirm_hits: int,
    confirm_log_odds: float,
    confirm_fast: float,
) -> None:
    """What a plot says beyond where, in place: who saw it, what it is, whether it counts.

    taken       : (n,) plot of each track, -1 = none; number (m,) of each plot
    scan_s      : of the sensor, nan = none
    aligned_s   : until then radars may disagree, and make anything climb or fall
    fast_mps .. : as of `TrackParams`
    """
    state, like = np.empty(6), np.empty(6)
    for i in range(len(t)):
        if taken[i] < 0:
            continue
        row = t[i]
        row["hits"] += 1
        row["trusted_hits"] += trusted
        row["group_mask"] |= group_bit
        if scan_s > row["scan_s"]:
            row["scan_s"] = scan_s
        for k in range(3):
            row["recent"][k] = row["recent"][k + 1]
        row["recent"][3] = number[taken[i]]
        gap_s = row["time_s"] - row["looked_s"]
        row["looked_s"] = row["time_s"]
        vague_mps = state_of(t, i, state)
        looked = classify(t, i, state, vague_mps, gap_s, like)
        speed = np.sqrt(state[3] ** 2 + state[4] ** 2 + state[5] ** 2)
        # nothing that flies this fast is traffic, and seconds count; of the rest it must
        # first be seen what it is
        if looked and speed - vague_mps > fast_mps:
            clear = _flown_m(t, i, state) >= flies_on * _place_sigma(t, i)
            clear = clear or row["time_s"] - row["fast_from_s"] >= settle_s
        else:
            if looked and speed + vague_mps < fast_mps:
                row["fast_from_s"] = np.inf
            known_s = row["time_s"] - max(row["first_s"], aligned_s)
            clear = row["looks"] >= looks_slow and known_s >= settle_s
            clear = clear and _known(t, i, ground_mps(state), vague_mps, known_s)
        enough = confirm_fast if speed > fast_mps else confirm_log_odds
        if clear and row["hits"] >= confirm_hits and row["log_odds"] >= enough:
            row["confirmed"] = True


@bare_kernel
def _flown_m(t: Table, i: int, state: FloatArray) -> float:
    """How far track i has flown since it is as fast as its state (6,) says, with this look.

    One plot that is not its own makes anything fast, for as long as no other has been
    where so fast a body would be; two of another body's, near one another, make it turn.
    """
    row, change2, was2, speed2 = t[i], 0.0, 0.0, 0.0
    for k in range(3):
        change2 += (state[3 + k] - row["fast_mps"][k]) ** 2
        was2 += row["fast_mps"][k] ** 2
        speed2 += state[3 + k] ** 2
    if row["fast_from_s"] == np.inf or change2 > CHANGED**2 * was2:
        row["fast_from_s"] = row["time_s"]
        for k in range(3):
            row["fast_mps"][k] = state[3 + k]
    return float(np.sqrt(speed2) * (row["time_s"] - row["fast_from_s"]))


@bare_kernel
def _place_sigma(t: Table, i: int) -> float:
    """m, of one axis of the place of track i, over its likely modes."""
    row, spread = t[i], 0.0
    for mode in range(COUNT):
        if row["weight"][mode] > 0.0:
            for k in range(3):
                spread += row["weight"][mode] * row["cov"][mode, k, k] / 3.0
    return float(np.sqrt(spread))


@bare_kernel
def _known(t: Table, i: int, speed_mps: float, vague_mps: float, known_s: float) -> bool:
    """Whether it was seen well enough to count; a flock of birds looks like a drone until
    its speed is known, and for a while after."""
    off_mps, doubt_mps = speed_mps - BIRDS_MPS, BIRDS_SURE * vague_mps
    slow = off_mps <= -doubt_mps
    if slow or cleared(t, i):
        settled = t[i]["prob"][DRONE] <= SETTLED
        return bool(settled or known_s >= (SLOW_S if slow else BIRDS_S))
    return bool(off_mps >= doubt_mps or known_s >= BIRDS_S)


class Told(NamedTuple):
    """Columns of `Tracks` (n) that are read off tables."""

    track_id: IntArray
    time_s: FloatArray
    mean: FloatArray
    cov: FloatArray
    weight: FloatArray
    turn: FloatArray
    prob: FloatArray
    existence: FloatArray
    confirmed: BoolArray
    named: BoolArray
    hits: IntArray
    trusted_hits: IntArray
    group_mask: IntArray
    first_s: FloatArray
    silence: FloatArray
    denials: IntArray

    @staticmethod
    def empty(n: int) -> "Told":
        """Room for so many tracks."""
        return Told(
            np.empty(n, np.int64),
            np.empty(n),
            np.zeros((n, COUNT, 7)),
            np.zeros((n, COUNT, 7, 7)),
            np.empty((n, COUNT)),
            np.zeros((n, 2)),
            np.empty((n, 6)),
            np.empty(n),
            np.empty(n, np.bool_),
            np.empty(n, np.bool_),
            np.empty(n, np.int64),
            np.empty(n, np.int64),
            np.empty(n, np.int64),
            np.empty(n),
            np.empty(n),
            np.empty(n, np.int64),
        )


@kernel
def in_order(t: Table, young: Table, alive: BoolArray, lead_odds: FloatArray) -> IntArray:
    """Rows of tracks (n) alive and, from n on, of young ones (k) that lead, by their id."""
    n = len(t)
    rows, ids = np.empty(n + len(young), np.int64), np.empty(n + len(young), np.int64)
    count = 0
    for i in range(n):
        if alive[i]:
            rows[count], ids[count] = i, t[i]["track_id"]
            count += 1
    for i in range(len(young)):
        if lead_odds[i] > -np.inf:
            rows[count], ids[count] = n + i, young[i]["track_id"]
            count += 1
    return rows[:count][np.argsort(ids[:count], kind="mergesort")]


@kernel
def tell(
    t: Table,
    young: Table,
    lead_odds: FloatArray,
    rows: IntArray,
    most_log: float,
    out: Told,
) -> None:
    """Tracks (n) and young ones (k), the rows chosen, into `out`.

    lead_odds : (k,) log odds that count for a young track's existence
    rows      : below n a track, from n on a young one
    """
    for c in range(len(rows)):
        grown = rows[c] < len(t)
        row = t[rows[c]] if grown else young[rows[c] - len(t)]
        odds = row["log_odds"] if grown else lead_odds[rows[c] - len(t)]
        out.existence[c] = 1.0 / (1.0 + np.exp(-min(max(odds, -most_log), most_log)))
        out.track_id[c] = row["track_id"]
        out.time_s[c] = row["time_s"]
        out.first_s[c] = row["first_s"]
        out.confirmed[c] = row["confirmed"]
        out.named[c] = row["named"]
        out.hits[c] = row["hits"]
        out.trusted_hits[c] = row["trusted_hits"]
        out.group_mask[c] = row["group_mask"]
        out.silence[c] = row["silence"]
        out.denials[c] = 0
        for k in range(SLOTS):
            out.denials[c] += row["denied"][k] > DENIED
        for k in range(6):
            out.prob[c, k] = row["prob"][k]
        for mode in range(COUNT):
            out.weight[c, mode] = row["weight"][mode]
            if row["weight"][mode] <= 0.0:
                continue
            # of those whose seventh number is no ballistic coefficient it is not known
            told = 7 if FALLING <= mode < TURNING else 6
            for k in range(told):
                out.mean[c, mode, k] = row["mean"][mode, k]
                for q in range(told):
                    out.cov[c, mode, k, q] = row["cov"][mode, k, q]
            if told < 7:
                out.mean[c, mode, 6] = SEVENTH[FALLING, 0]
                out.cov[c, mode, 6, 6] = SEVENTH[FALLING, 1]
        if row["weight"][TURNING] > 0.0:
            out.turn[c, 0] = row["mean"][TURNING, 6]
            out.turn[c, 1] = np.sqrt(row["cov"][TURNING, 6, 6])
