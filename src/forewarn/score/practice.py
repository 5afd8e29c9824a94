"""What others would have done: whole districts warned, for as long as they do."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import IntArray, Zones
from forewarn.score.spans import Spans

# mean area of Ukraine's units, km2; where their names stand in Zones.parents; and how long
# half of their real alerts last, minutes: medians of 29,876 oblast, 896 raion and 4,083
# hromada alerts of 2022-03-15 to 2023-12-31 (Vadimkin/ukrainian-air-raid-sirens-dataset,
# official data, commit 1366c7b). `forewarn history` measures them; a test holds them to it
PRACTICES = (
    ("oblast", 24_000.0, 2, 39.2),
    ("raion", 4_460.0, 1, 35.1),
    ("hromada", 297.0, 0, 55.6),
)


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Zones in the groups that a practice warns together.

    group    : (z,) row of the group of each zone
    how      : where the groups come from, for the reader
    held_min : minutes that half of its real alerts last
    """

    name: str
    group: IntArray
    how: str
    held_min: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Person-minutes of a practice that warns whenever we warn any zone of a group.

    in_vain_min, under_min : for as long as we do: of people no impact reached; of all
    held_in_vain_min       : for at least `held_min`, as it is really held
    """

    name: str
    how: str
    held_min: float
    in_vain_min: float
    under_min: float
    held_in_vain_min: float


def groupings(zones: Zones) -> tuple[Grouping, ...]:
    """Oblasts, raions, hromadas: as the zones file names them, else squares as large."""
    found = []
    for name, area_km2, level, held_min in PRACTICES:
        parents = [parent[level] for parent in zones.parents]
        if parents and all(parents):
            group = np.unique(np.array(parents), return_inverse=True)[1].astype(np.int64)
            how = "parents of the zones"
        else:
            group = _squares(zones, area_km2)
            how = f"squares of {area_km2:,.0f} km2: the zones name no {name}"
        found.append(Grouping(name, group, how, held_min))
    return tuple(found)


def _squares(zones: Zones, area_km2: float) -> IntArray:
    """(z,) square of each zone, the site's middle being the middle of a square."""
    if not len(zones.zone_id):
        return np.zeros(0, np.int64)
    low, high = zones.centre_rad.min(axis=0), zones.centre_rad.max(axis=0)
    middle = (low + high) / 2
    scale = np.array(metres_per_radian(float(middle[0])))
    side_m = 1e3 * np.sqrt(area_km2)
    cell = np.floor((zones.centre_rad - middle) * scale / side_m + 0.5).astype(np.int64)
    return np.unique(cell, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def practice_cost(
    grouping: Grouping, spans: Spans, spared: FloatArray, everyone: FloatArray
) -> Cost:
    """Warn a whole group when any of its zones is; spared, everyone: (z,) people."""
    groups = int(grouping.group.max(initial=-1)) + 1
    same = spans.merged(grouping.group)
    held = np.maximum(same.end_s, same.start_s + 60.0 * grouping.held_min)
    long = Spans(same.zone, same.start_s, held).merged(np.arange(groups))

    def of(people: FloatArray, times: Spans) -> float:
        inside = np.zeros(groups)
        np.add.at(inside, grouping.group, people)
        return times.person_minutes(inside)

    return Cost(
        name=grouping.name,
        how=grouping.how,
        held_min=grouping.held_min,
        in_vain_min=of(spared, same),
        under_min=of(everyone, same),
        held_in_vain_min=of(spared, long),
    )
