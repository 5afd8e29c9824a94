"""Zones that changed: where the people of an old zone are now, so that none is lost.

Between alert and all-clear a centre may load another zones file. Whoever was told to
take cover has to hear of the end of it: the state of an old zone goes on in each of its
heirs, and where it has none, under its own name and area until it is cleared.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from forewarn.records import Zones
from forewarn.units import RAD_PER_DEG

LEAST_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class Change:
    """From one version of the zones to another.

    old, new : versions
    same     : ids that are in both, and hold the same area
    gone     : ids that are no more
    fresh    : ids that were not there before
    heirs    : of each old zone, new zones in which its people are now, with the share of
               them, largest first
    left     : of each old zone with people in no new zone, the share of them
    """

    old: str
    new: str
    same: frozenset[str]
    gone: tuple[str, ...]
    fresh: tuple[str, ...]
    heirs: dict[str, tuple[tuple[str, float], ...]]
    left: dict[str, float]


def remap(old: Zones, new: Zones) -> Change:
    """Where the people of each old zone are in the new ones, by the points they stand at.

    A point on a border belongs to every zone that touches it: told twice is safe. A zone
    that is the same to the letter is its own only heir.
    """
    at_new = {zone: row for row, zone in enumerate(new.zone_id)}
    same = frozenset(
        zone
        for zone, polygon in zip(old.zone_id, old.polygons, strict=True)
        if zone in at_new and new.polygons[at_new[zone]] == polygon
    )
    shares = _shares(old, new, same)
    heirs: dict[str, tuple[tuple[str, float], ...]] = {}
    left: dict[str, float] = {}
    for row, zone in enumerate(old.zone_id):
        if zone in same:
            heirs[zone] = ((zone, 1.0),)
            continue
        found, lost = shares[row]
        ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        heirs[zone] = tuple((new.zone_id[heir], share) for heir, share in ranked)
        if lost > LEAST_SHARE:
            left[zone] = lost
    known = set(old.zone_id)
    return Change(
        old.version,
        new.version,
        same,
        tuple(zone for zone in old.zone_id if zone not in at_new),
        tuple(zone for zone in new.zone_id if zone not in known),
        heirs,
        left,
    )


def _shares(
    old: Zones, new: Zones, same: frozenset[str]
) -> list[tuple[dict[int, float], float]]:
    """Of each old zone: share of its people in rows of the new ones, and in none."""
    moved = np.array([zone not in same for zone in old.zone_id])
    at = np.flatnonzero(moved[old.point_zone])
    out: list[tuple[dict[int, float], float]] = [({}, 0.0) for _ in old.zone_id]
    if not len(at):
        return out
    lat, lon = old.point_rad[at].T / RAD_PER_DEG
    tree = shapely.STRtree(shapely.from_geojson(list(new.polygons)))
    point, heir = tree.query(shapely.points(lon, lat), predicate="intersects")
    zone, share = old.point_zone[at[point]], old.point_share[at[point]]
    for row, one, part in zip(zone.tolist(), heir.tolist(), share.tolist(), strict=True):
        out[row][0][one] = out[row][0].get(one, 0.0) + part
    alone = np.setdiff1d(np.arange(len(at)), point)
    lost = np.bincount(old.point_zone[at[alone]], old.point_share[at[alone]], len(out))
    return [(found, float(part)) for (found, _), part in zip(out, lost, strict=True)]
