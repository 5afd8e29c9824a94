"""Classes of threat, with their public numbers.

Harmful radii are those of the truth contract (docs/contracts.md): distances within which
an unsheltered person may be hurt by blast or fragments, taken wide on purpose.
Speeds and heights are ranges in public descriptions; they serve to tell classes apart
and to bound what a track may do, so they too are wide.
"""

from dataclasses import dataclass

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

HARMFUL_M = {t.name: t.harmful_m for t in THREATS if t.harmful_m} | {"debris": 100.0}
