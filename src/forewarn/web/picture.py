"""What pages are shown: the chain's records as JSON, whole or only what changed."""

import json
from collections.abc import Mapping
from math import isnan
from typing import Any

import numpy as np

from forewarn.geodesy import enu_from_ecef, geographic_points, metres_per_radian
from forewarn.records import Alert, Exposures, Forecasts, Outcome, Tracks, Zones
from forewarn.threats import AIRCRAFT, CLASSES, CLUTTER
from forewarn.units import DEG_PER_RAD

CHI2_90 = 4.605  # of two degrees of freedom
RING = 36
LIKELY = 0.9  # existence above which operators see a track before it counts


def operators_zone(alert: Alert) -> dict[str, Any]:
    """Why a zone is told what it is told."""
    return {
        "zone_id": alert.zone_id,
        "state": str(alert.state),
        "probability": alert.probability,
        "threshold": alert.threshold,
        "onset_p05_s": _number(alert.onset_p05_s),
        "onset_p50_s": _number(alert.onset_p50_s),
        "people": alert.people,
        "threats": list(alert.threats),
        "sources": list(alert.sources),
        "reason": alert.reason,
    }


def zones_geojson(zones: Zones) -> bytes:
    """The zones for pages: outlines and names."""
    features = []
    for zone_id, name, names, shelter_s, people, polygon in zip(
        zones.zone_id,
        zones.name,
        zones.names,
        zones.shelter_s,
        zones.population,
        zones.polygons,
        strict=True,
    ):
        properties = {
            "zone_id": zone_id,
            "name": name,
            "names": dict(names),
            "shelter_s": float(shelter_s),
            "population": round(float(people)),
        }
        told = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
        # outlines are JSON already: reading and writing them anew takes most of the time
        features.append(f'{{"type":"Feature","properties":{told},"geometry":{polygon}}}')
    body = f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'
    return body.encode()


def tracks_json(tracks: Tracks) -> list[dict[str, Any]]:
    """Tracks confirmed, and likely ones still watched, where they are at `received_s`."""
    rows = np.flatnonzero(tracks.confirmed | (tracks.existence > LIKELY))
    if not len(rows):
        return []
    mean = np.einsum("nm,nmk->nk", tracks.mode_weight[rows], tracks.mean[rows])
    ahead = np.clip(tracks.received_s - tracks.time_s[rows], 0.0, 10.0)
    lat, lon, height = geographic_points(mean[:, :3] + ahead[:, None] * mean[:, 3:6])
    out = []
    for k, row in enumerate(rows):
        east, north, up = enu_from_ecef(lat[k], lon[k]) @ mean[k, 3:6]
        prob = tracks.class_prob[row]
        kind = int(prob.argmax())
        groups = tracks.group_mask[row]
        out.append(
            {
                "id": f"T{tracks.track_id[row]}",
                "lat_deg": round(lat[k] * DEG_PER_RAD, 5),
                "lon_deg": round(lon[k] * DEG_PER_RAD, 5),
                "height_m": round(height[k]),
                "speed_mps": round(float(np.sqrt(east**2 + north**2 + up**2)), 1),
                "course_deg": round(float(np.arctan2(east, north)) * DEG_PER_RAD % 360, 1),
                "kind": CLASSES[kind],
                "kind_probability": round(float(prob[kind]), 3),
                "confirmed": bool(tracks.confirmed[row]),
                "named": bool(tracks.named[row]),
                "identity": tracks.identity[row],
                "groups": [g for i, g in enumerate(tracks.group_names) if groups >> i & 1],
                "threat_probability": round(
                    float(tracks.existence[row] * (1 - prob[AIRCRAFT] - prob[CLUTTER])), 3
                ),
            }
        )
    return out


def areas_json(forecasts: Forecasts) -> list[dict[str, Any]]:
    """The area of each threat that holds 90 % of where it may come down."""
    out = []
    for i, track_id in enumerate(forecasts.track_id):
        rows = slice(forecasts.start[i], forecasts.start[i + 1])
        total = forecasts.weight[rows].sum()
        if total < 0.05:
            continue
        w = forecasts.weight[rows] / total
        middle = w @ forecasts.place_rad[rows]
        scale = np.array(metres_per_radian(float(middle[0])))
        away = ((forecasts.place_rad[rows] - middle) * scale)[:, ::-1]  # east, north
        spread = np.einsum("k,ki,kj->ij", w, away, away)
        own = w @ forecasts.cov_m2[rows]
        cov = spread + np.array([[own[0], own[1]], [own[1], own[2]]])
        values, axes = np.linalg.eigh(cov)
        turn = np.linspace(0, 2 * np.pi, RING + 1)
        circle = np.stack([np.cos(turn), np.sin(turn)]) * np.sqrt(CHI2_90 * values)[:, None]
        ring = (axes @ circle).T / scale[::-1] + middle[::-1]
        time_s = float(w @ forecasts.time_s[rows])
        sigma_s = np.sqrt(
            w @ (forecasts.sigma_time_s[rows] ** 2 + (forecasts.time_s[rows] - time_s) ** 2)
        )
        out.append(
            {
                "track_id": f"T{track_id}",
                "kind": CLASSES[forecasts.kind[i]],
                "lat_deg": round(middle[0] * DEG_PER_RAD, 5),
                "lon_deg": round(middle[1] * DEG_PER_RAD, 5),
                "onset_p05_s": round(time_s - 1.645 * float(sigma_s), 1),
                "onset_p50_s": round(time_s, 1),
                "ring": np.round(ring * DEG_PER_RAD, 5).tolist(),
            }
        )
    return out


def people_at_risk(exposures: Exposures, zones: Zones) -> float:
    """Expected number of people harmed if nobody took shelter."""
    return float(exposures.probability @ zones.population[exposures.zone])


def picture(outcome: Outcome, zones: Zones) -> dict[str, Any]:
    """The whole picture after an event; `changes` makes differences of it."""
    return {
        "time_s": outcome.received_s,
        "seq": outcome.seq,
        "tracks": tracks_json(outcome.tracks),
        "areas": areas_json(outcome.forecasts),
        "people_at_risk": round(people_at_risk(outcome.exposures, zones), 2),
    }


def changes(
    before: Mapping[str, dict[str, Any]], now: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """What is new or other than before, and the ids of what is gone."""
    return {
        "set": [item for key, item in now.items() if before.get(key) != item],
        "gone": [key for key in before if key not in now],
    }


def _number(value: float) -> float | None:
    return None if isnan(value) else value
