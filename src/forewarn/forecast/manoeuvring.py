"""Where threats that steer themselves may pass and come down: jump-Markov particles.

Each particle flies one of the ways of its class (`ways`) from the state of its target, and
may begin its last dive at any step, with the hazard of the place where it would come down
(`ground`). Counted are, by label of the ground, the chance that it comes down there, the
chance that it passes over or comes down, and when it first does.

Source: Doucet, de Freitas, Gordon (eds.), "Sequential Monte Carlo Methods in Practice"
(2001), chapter 1; the chance of reaching a zone under changes of mode and intent: Hwang,
Seah, Proceedings of the IEEE 96(12), 2008.
"""

from dataclasses import dataclass

import numpy as np

from forewarn.cores import pieces, shared_out
from forewarn.errors import ModelError
from forewarn.forecast.particles import carry_particles
from forewarn.forecast.raster import Ground
from forewarn.forecast.ways import LONG_S, Ways
from forewarn.geodesy import FloatArray
from forewarn.records import IntArray
from forewarn.records.arrays import seal

LEAST_SHARED, PARTS = 2, 6  # targets whose ways are worth a second core, in so many jobs


@dataclass(frozen=True, slots=True, eq=False)
class Steered:
    """States of m targets in the plane of the ground: east, north.

    pos_m      : (m, 2)
    vel_mps    : (m, 2)
    cov        : (m, 4, 4) of east, north, velocity east, north
    above_m    : (m,)  height above the ground
    sink       : (m,)  sine of the angle by which its path goes down
    turn_radps : (m, 2) turn rate to the right, and its standard deviation, if it turns
    turning    : (m,)  probability that it does; else it holds its course
    run_s      : (m,)  for how long it flew straight; LONG_S = longer, or nobody knows
    """

    pos_m: FloatArray
    vel_mps: FloatArray
    cov: FloatArray
    above_m: FloatArray
    sink: FloatArray
    turn_radps: FloatArray
    turning: FloatArray
    run_s: FloatArray

    def __post_init__(self) -> None:
        m = len(self.pos_m)
        shapes: dict[str, tuple[int, ...]] = {
            "pos_m": (m, 2),
            "vel_mps": (m, 2),
            "cov": (m, 4, 4),
            "above_m": (m,),
            "sink": (m,),
            "turn_radps": (m, 2),
            "turning": (m,),
            "run_s": (m,),
        }
        for name, shape in shapes.items():
            array = getattr(self, name)
            seal("steered", name, array, shape)
            bad = np.flatnonzero(~np.isfinite(array).reshape(m, -1).all(axis=1))
            if len(bad):
                raise ModelError(f"steered: {name} of {bad.tolist()} is no number: dropped")


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """What may be felt where: one row per pair of target and label, ordered by target.

    target       : (p,)   row in Steered
    label        : (p,)   of the ground; -1 = nowhere
    down         : (p,)   chance of coming down there within the horizon
    reached      : (p,)   chance of passing over it or coming down there
    place_m      : (p, 2) mean place of coming down, east, north
    cov_m2       : (p, 3) its covariance: east-east, east-north, north-north
    time_s       : (p,)   mean time of coming down, seconds after the state
    slope_spm    : (p, 2) how that changes east, north of the mean place
    sigma_time_s : (p,)   what remains uncertain of it
    first_s      : (p, 3) 5, 50, 95 % quantile of first arrival, given that it arrives
    place, cov, times of coming down are nan where nothing comes down.
    """

    target: IntArray
    label: IntArray
    down: FloatArray
    reached: FloatArray
    place_m: FloatArray
    cov_m2: FloatArray
    time_s: FloatArray
    slope_spm: FloatArray
    sigma_time_s: FloatArray
    first_s: FloatArray

    def __post_init__(self) -> None:
        p = len(self.target)
        shapes: dict[str, tuple[int, ...]] = {
            "target": (p,),
            "label": (p,),
            "down": (p,),
            "reached": (p,),
            "place_m": (p, 2),
            "cov_m2": (p, 3),
            "time_s": (p,),
            "slope_spm": (p, 2),
            "sigma_time_s": (p,),
            "first_s": (p, 3),
        }
        for name, shape in shapes.items():
            seal("arrivals", name, getattr(self, name), shape)


def carry(targets: Steered, ways: Ways, ground: Ground) -> Arrivals:
    """All that the targets of one class may do within the horizon of its ways."""

    def own(array: FloatArray) -> FloatArray:
        # one layout, and writable: each other kind would compile the kernel anew
        return np.array(array, np.float64, order="C")

    frame = np.array([*ground.corner_m, ground.cell_m, ways.step_s])

    def fly(part: slice) -> tuple[IntArray, IntArray, FloatArray]:
        target, label, row = carry_particles(
            own(targets.pos_m[part]),
            own(targets.vel_mps[part]),
            own(targets.cov[part]),
            own(np.maximum(targets.above_m[part], 0.0)),
            own(np.clip(targets.sink[part], -1.0, 1.0)),
            own(np.column_stack([targets.turning[part], targets.turn_radps[part]])),
            ways.way,
            ways.draw,
            ground.label,
            ground.hazard,
            frame,
            own(np.clip(targets.run_s[part], 0.0, LONG_S)),
            ways.eager,
            ways.flown,
            ways.flown_radps,
            ways.flown_share,
        )
        return target + part.start, label, row

    jobs = pieces(len(targets.pos_m), LEAST_SHARED, PARTS)
    parts = zip(*shared_out(fly, jobs), strict=True)
    target, label, row = (np.concatenate(part) for part in parts)
    return Arrivals(
        target=target,
        label=np.where(label == ground.labels, -1, label),
        down=np.minimum(row[:, 0], 1.0),
        reached=np.minimum(row[:, 1], 1.0),
        place_m=row[:, 2:4].copy(),
        cov_m2=row[:, 4:7].copy(),
        time_s=row[:, 7].copy(),
        slope_spm=row[:, 8:10].copy(),
        sigma_time_s=row[:, 10].copy(),
        first_s=row[:, 11:14].copy(),
    )


def chances(arrivals: Arrivals, targets: int, labels: int) -> tuple[FloatArray, FloatArray]:
    """(targets, labels) chance of coming down, and of passing over or coming down."""
    down, reached = np.zeros((2, targets, labels))
    here = arrivals.label >= 0
    at = arrivals.target[here], arrivals.label[here]
    down[at], reached[at] = arrivals.down[here], arrivals.reached[here]
    return down, reached
