"""The record held against what really flew."""

import json
from collections.abc import Iterator
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

from checker.record import Record

DEGREE_KM = 111.2


def truth_faults(
    record: Record, truth: Path, zones: Path, reach_km: float
) -> Iterator[str]:
    """Who was hit was told to take cover; nobody far from every threat was told anything.

    truth    : JSON, a list of threat_id, impact_s, impact_lat_deg, impact_lon_deg
    zones    : GeoJSON
    reach_km : from a corner of a zone to an impact; further off a warning is of nothing
    """
    threats = json.loads(truth.read_text(encoding="utf-8"))
    outlines = {
        feature["properties"]["zone_id"]: list(_rings(feature["geometry"]))
        for feature in json.loads(zones.read_text(encoding="utf-8"))["features"]
    }
    for threat in threats:
        point = threat["impact_lon_deg"], threat["impact_lat_deg"]
        for zone_id, rings in outlines.items():
            if any(_inside(point, ring) for ring in rings):
                yield from _hit_faults(record, threat, zone_id)
    for zone_id in {step.zone_id for step in record.steps}:
        corners = [corner for ring in outlines.get(zone_id, []) for corner in ring]
        near = (_km(corner, threat) <= reach_km for corner in corners for threat in threats)
        if not any(near):
            yield f"zone {zone_id} was warned of thin air"


def _hit_faults(record: Record, threat: dict[str, Any], zone_id: str) -> Iterator[str]:
    before = [
        step.state
        for step in record.steps
        if step.zone_id == zone_id and step.body["issued_s"] < threat["impact_s"]
    ]
    if not before or before[-1] not in ("take_cover", "stay"):
        told = before[-1] if before else "nothing"
        yield f"{threat['threat_id']} came down in {zone_id}, which was told {told}"


def _rings(geometry: dict[str, Any]) -> Iterator[list[tuple[float, float]]]:
    parts = geometry["coordinates"]
    for part in [parts] if geometry["type"] == "Polygon" else parts:
        yield [(x, y) for x, y, *_ in part[0]]


def _inside(point: tuple[float, float], ring: list[tuple[float, float]]) -> bool:
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside


def _km(corner: tuple[float, float], threat: dict[str, Any]) -> float:
    east = (corner[0] - threat["impact_lon_deg"]) * cos(radians(corner[1]))
    return DEGREE_KM * hypot(east, corner[1] - threat["impact_lat_deg"])
