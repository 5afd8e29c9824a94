"""Truth of a simulated raid, for the judge."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forewarn.files import Truth
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.sim.sight import Flyer
from forewarn.threats import HARMFUL_M
from forewarn.units import DEG_PER_RAD


@dataclass(frozen=True, slots=True)
class Fallen:
    """One threat: when it set off, when and where (latitude, longitude) it came down."""

    name: str
    kind: str
    appears_s: float
    impact_s: float
    place_rad: tuple[float, float]


def make_truth(flyers: Sequence[Flyer], fallen: Sequence[Fallen]) -> Truth:
    """Threats, and states of all that flew, once a second and at the end."""
    ids: list[str] = []
    times: list[FloatArray] = []
    states: list[FloatArray] = []
    for flyer in flyers:
        first, last = flyer.path.time_s[0], flyer.path.time_s[-1]
        when = np.unique(np.append(np.arange(np.ceil(first), last), last))
        ids += [flyer.name] * len(when)
        times.append(when)
        states.append(flyer.path.at(when))
    place = np.array([one.place_rad for one in fallen]).reshape(-1, 2)
    return Truth(
        threat_id=tuple(one.name for one in fallen),
        kind=tuple(one.kind for one in fallen),
        appears_s=np.array([one.appears_s for one in fallen]),
        impact_s=np.array([one.impact_s for one in fallen]),
        impact_deg=place * DEG_PER_RAD,
        impact_height_m=np.zeros(len(fallen)),
        harmful_m=np.array([HARMFUL_M[one.kind] for one in fallen], float),
        state_id=tuple(ids),
        state_time_s=np.concatenate([np.zeros(0), *times]),
        state=_geographic(np.concatenate([np.zeros((0, 6)), *states])),
    )


def _geographic(state: FloatArray) -> FloatArray:
    lat, lon, height = geographic_points(np.ascontiguousarray(state[:, :3]))
    east = np.stack([-np.sin(lon), np.cos(lon), np.zeros_like(lon)], axis=1)
    up = np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1
    )
    speeds = [(state[:, 3:] * axis).sum(axis=1) for axis in (east, np.cross(up, east), up)]
    return np.stack([lat * DEG_PER_RAD, lon * DEG_PER_RAD, height, *speeds], axis=1)
