"""What others would have done: whole districts warned, and one who knew the impacts."""

from dataclasses import dataclass

import numpy as np

from forewarn.geodesy import FloatArray, metres_per_radian
from forewarn.records import IntArray, Zones
from forewarn.score.case import Case, Rules
from forewarn.score.people import Harm
from forewarn.score.spans import Spans

# mean area of Ukraine's units, km2, and where their names stand in Zones.parents
PRACTICES = (("oblast", 24_000.0, 2), ("raion", 4_460.0, 1), ("hromada", 297.0, 0))


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Zones in the groups that a practice warns together.

    group : (z,) row of the group of each zone
    how   : where the groups come from, for the reader
    """

    name: str
    group: IntArray
    how: str


def groupings(zones: Zones) -> tuple[Grouping, ...]:
    """Oblasts, raions, hromadas: as the zones file names them, else squares as large."""
    found = []
    for name, area_km2, level in PRACTICES:
        parents = [parent[level] for parent in zones.parents]
        if parents and all(parents):
            group = np.unique(np.array(parents), return_inverse=True)[1]
            found.append(Grouping(name, group.astype(np.int64), "parents of the zones"))
        else:
            how = f"squares of {area_km2:,.0f} km2: the zones name no {name}"
            found.append(Grouping(name, _squares(zones, area_km2), how))
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


def practice_minutes(grouping: Grouping, spans: Spans, people: FloatArray) -> float:
    """Minutes of `people` (z,) if a whole group were warned when any of its zones is."""
    groups = int(grouping.group.max(initial=-1)) + 1
    inside = np.zeros(groups)
    np.add.at(inside, grouping.group, people)
    return spans.merged(grouping.group).person_minutes(inside)


def oracle_spans(case: Case, harm: Harm, rules: Rules) -> Spans:
    """Zones that are truly hit, warned with our delay, margin and hold.

    From the impact less shelter, delay and margin, until the hold after it.
    """
    impact = case.impact_s[harm.threat]
    lead = case.zones.shelter_s[harm.zone] + rules.oracle_delay_s + rules.margin_s
    one = Spans(harm.zone, impact - lead, impact + rules.hold_s)
    return one.merged(np.arange(len(case.zones.zone_id)))
