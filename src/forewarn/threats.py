"""Classes of threat, with their public numbers.

Harmful radii are those of the truth contract (docs/contracts.md): distances within which
an unsheltered person may be hurt by blast or fragments, taken wide on purpose.
Speeds and heights are ranges in public descriptions; they serve to tell classes apart
and to bound what a track may do, so they too are wide.
"""

from dataclasses import dataclass
from math import atan, exp, log, tanh
from typing import NamedTuple

CLASSES = (
    "rocket",
    "ballistic_missile",
    "cruise_missile",
    "drone",
    "aircraft",
    "clutter",
)
ROCKET, BALLISTIC_MISSILE, CRUISE_MISSILE, DRONE, AIRCRAFT, CLUTTER = range(6)


@dataclass(frozen=True, slots=True)
class ThreatClass:
    """Public numbers of one class.

    harmful_m       : radius within which people are harmed, m
    speed_mps       : slowest, fastest over the flight
    height_m        : lowest, highest
    ln_beta         : mean and standard deviation of ln(ballistic coefficient / kg m-2)
    source          : where the numbers come from
    """

    name: str
    harmful_m: float
    speed_mps: tuple[float, float]
    height_m: tuple[float, float]
    ln_beta: tuple[float, float]
    source: str


THREATS = (
    ThreatClass(
        "rocket",
        150.0,
        (150.0, 1700.0),
        (0.0, 60e3),
        (8.5, 0.6),
        "artillery rockets of 107-300 mm: public ranges 8-70 km, CSIS Missile Threat",
    ),
    ThreatClass(
        "ballistic_missile",
        500.0,
        (600.0, 5000.0),
        (0.0, 600e3),
        (9.2, 0.6),
        "short- and medium-range ballistic missiles, CSIS Missile Threat",
    ),
    ThreatClass(
        "cruise_missile",
        250.0,
        (150.0, 350.0),
        (20.0, 9e3),
        (8.5, 0.6),
        "subsonic land-attack cruise missiles, CSIS Missile Threat",
    ),
    ThreatClass(
        "drone",
        250.0,
        (20.0, 110.0),
        (20.0, 5e3),
        (7.0, 0.6),
        "one-way attack drones: 140-200 km/h cruise, public reports 2022-2025",
    ),
    ThreatClass("aircraft", 0.0, (20.0, 350.0), (0.0, 15e3), (8.5, 0.6), "civil traffic"),
    ThreatClass("clutter", 0.0, (0.0, 60.0), (0.0, 6e3), (6.0, 1.0), "birds, weather"),
)


class Shape(NamedTuple):
    """How the drag of a falling body goes with its speed: one row of the library.

    drag    : Mach number and drag coefficient; what counts is their course, for the scale
              is the body's own (its ballistic coefficient)
    ln_beta : lowest, highest ln(ballistic coefficient / kg m-2) of such bodies
    burn_s  : shortest, longest time for which their motors burn
    source  : where the numbers come from
    """

    name: str
    drag: tuple[tuple[float, float], ...]
    ln_beta: tuple[float, float]
    burn_s: tuple[float, float]
    source: str


def _finned() -> tuple[tuple[float, float], ...]:
    """Wave, base and skin drag of a slender body with a nose three calibres long."""
    out = []
    for step in range(241):
        mach = 0.05 * step
        fast = max(mach, 1.05)
        wave = (1.59 + 1.83 / fast**2) * atan(0.5 / 3.0) ** 1.69
        base = 0.12 + 0.13 * mach**2 if mach < 1.0 else 0.25 / mach
        # across Mach 1 the formulas jump: rounded over 0.85 .. 1.1 as wind tunnels show
        rise = 0.5 * (1.0 + tanh((mach - 0.97) / 0.06))
        out.append((mach, wave * rise + base + 0.10))
    return tuple(out)


def _sphere() -> tuple[tuple[float, float], ...]:
    """A sphere in fast flow: what has no nose, or tumbles, is slowed alike."""
    out = []
    for step in range(121):
        mach = 0.1 * step
        if mach <= 1.45:
            part = 5.0 / 3.0 + 2.0 / 3.0 * tanh(3.0 * log(mach + 0.1))
        else:
            part = 2.044 + 0.2 * exp(-1.8 * log(mach / 1.5) ** 2)
        out.append((mach, 0.42 * part))
    return tuple(out)


# in the order of the falling modes of `records.MODES`
SHAPES = (
    Shape(
        "finned",
        _finned(),
        (8.2, 9.9),
        (0.5, 6.0),
        "Fleeman, Tactical Missile Design (AIAA 2006), chapter 2, body drag; artillery"
        " rockets of 107-300 mm: mass, calibre and burn time in public data sheets",
    ),
    Shape(
        "boat-tailed",
        (
            (0.0, 0.1198),
            (0.5, 0.1194),
            (0.7, 0.1202),
            (0.8, 0.1242),
            (0.9, 0.1464),
            (0.95, 0.2054),
            (1.0, 0.3803),
            (1.05, 0.4043),
            (1.1, 0.4014),
            (1.2, 0.3884),
            (1.35, 0.3657),
            (1.5, 0.3440),
            (1.75, 0.3160),
            (2.0, 0.2980),
            (2.5, 0.2697),
            (3.0, 0.2424),
            (3.5, 0.2154),
            (4.0, 0.1935),
            (5.0, 0.1618),
        ),
        (8.5, 10.3),
        (2.0, 70.0),
        "standard projectile G7: McCoy, Modern Exterior Ballistics (1999); ballistic"
        " missiles of short range: CSIS Missile Threat",
    ),
    Shape(
        "blunt",
        _sphere(),
        (5.7, 8.3),
        (0.0, 0.0),
        "Loth, Compressibility and rarefaction effects on drag of a spherical particle,"
        " AIAA Journal 46(9), 2008; stages, wrecks and fragments",
    ),
)

HARMFUL_M = {t.name: t.harmful_m for t in THREATS if t.harmful_m} | {"debris": 100.0}
