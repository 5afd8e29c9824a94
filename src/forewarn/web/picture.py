"""What operators are shown of the chain: first whole, then only what changed."""

import json
from collections.abc import Mapping
from math import isnan
from typing import Any

import numpy as np

from forewarn.forecast.areas import arrival_s
from forewarn.geodesy import geographic_points
from forewarn.records import (
    Alert,
    Exposures,
    FloatArray,
    Forecasts,
    IntArray,
    Outcome,
    Tracks,
    Zones,
)
from forewarn.threats import AIRCRAFT, CLASSES, CLUTTER
from forewarn.units import DEG_PER_RAD
from forewarn.warning import Weighed

LIKELY = 0.9  # existence above which operators see a track before it counts
LIKELY_THREAT = 0.05  # weight of its futures from which a track's area is shown
AREAS_MAX = 300  # of those that come down soonest
WEIGHED_MAX = 200  # zones nearest to their threshold
NEAR = 0.02  # of the threshold: below it nobody asks why a zone is quiet
NAMED = 5  # threats of a zone
AHEAD_S = 10.0  # a track that was not seen is shown so much further on, at most
DIGITS = 3  # of what is told of areas
WEIGHED_DIGITS = 2  # and of what zones are held against, which trembles

Changes = dict[str, Any]


def operators_zone(alert: Alert) -> dict[str, Any]:
    """Why a zone is told what it is told."""
    return {
        "zone_id": alert.zone_id,
        "state": str(alert.state),
        "issued_s": alert.issued_s,
        "probability": alert.probability,
        "threshold": alert.threshold,
        "onset_p05_s": _number(alert.onset_p05_s),
        "onset_p50_s": _number(alert.onset_p50_s),
        "people": alert.people,
        "kind": alert.kind,
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


class Painter:
    """Draws outcomes; remembers what it drew, to tell only what is other than before."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._first = True
        self._tracks: dict[str, dict[str, Any]] = {}
        self._places: dict[str, tuple[float, ...]] = {}
        self._areas: dict[str, tuple[float, str]] = {}
        self._weighed: dict[str, dict[str, Any]] = {}

    def paint(self, outcome: Outcome, weighed: Weighed | None) -> dict[str, Any]:
        """What changed since the last picture; the first one has `reset`."""
        first, self._first = self._first, False
        return {
            "seq": outcome.seq,
            "at_s": outcome.received_s,
            "reset": first,
            "people_at_risk": round(people_at_risk(outcome.exposures, self._zones), 2),
            "tracks": self._paint_tracks(outcome.tracks),
            "areas": self._paint_areas(outcome.forecasts),
            "weighed": self._paint_weighed(outcome.exposures, weighed),
        }

    def _paint_tracks(self, tracks: Tracks) -> Changes:
        """`set`: what is new of them, or named anew; `moved`: where the others went."""
        rows = np.flatnonzero(tracks.confirmed | (tracks.existence > LIKELY))
        names = [f"T{number}" for number in tracks.track_id[rows].tolist()]
        told = dict(zip(names, _attributes(tracks, rows), strict=True))
        places = dict(zip(names, places_of(tracks, rows), strict=True))
        found = changes(self._tracks, told)
        new = {track["id"] for track in found["set"]}
        moved = [
            [name, *place]
            for name, place in places.items()
            if name not in new and self._places.get(name) != place
        ]
        self._tracks, self._places = told, places
        placed = [track | {"place": places[track["id"]]} for track in found["set"]]
        return {"set": placed, "moved": moved, "gone": found["gone"]}

    def _paint_areas(self, forecasts: Forecasts) -> Changes:
        """The futures of every threat, when they were made anew: pages draw the areas."""
        rows = _soonest(forecasts)
        made = forecasts.made_s[rows].tolist()
        names = [f"T{number}" for number in forecasts.track_id[rows].tolist()]
        kinds = [CLASSES[kind] for kind in forecasts.kind[rows].tolist()]
        before = self._areas
        self._areas = dict(zip(names, zip(made, kinds, strict=True), strict=True))
        anew = [
            _area(forecasts, row, name)
            for row, name in zip(rows.tolist(), names, strict=True)
            if before.get(name) != self._areas[name]
        ]
        return {"set": anew, "gone": [name for name in before if name not in self._areas]}

    def _paint_weighed(self, exposures: Exposures, weighed: Weighed | None) -> Changes:
        """Every zone near its threshold or above it: what it is held against."""
        told = {} if weighed is None else _weighed(exposures, weighed, self._zones)
        found = changes(self._weighed, told)
        self._weighed = told
        return found


def places_of(tracks: Tracks, rows: IntArray) -> list[tuple[float, ...]]:
    """Of some tracks: latitude, longitude (deg), height m, velocity east, north, up m/s.

    Where they are at `received_s`, as far as that can be said.
    """
    mean = np.einsum("nm,nmk->nk", tracks.mode_weight[rows], tracks.mean[rows])
    ahead = np.clip(tracks.received_s - tracks.time_s[rows], 0.0, AHEAD_S)
    velocity = mean[:, 3:6]
    lat, lon, height = geographic_points(mean[:, :3] + ahead[:, None] * velocity)
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(lat), np.cos(lat), np.sin(lon), np.cos(lon)
    vx, vy, vz = velocity.T
    outward = cos_lon * vx + sin_lon * vy
    columns = (
        np.round(lat * DEG_PER_RAD, 5),
        np.round(lon * DEG_PER_RAD, 5),
        np.round(height),
        np.round(cos_lon * vy - sin_lon * vx, 1),
        np.round(cos_lat * vz - sin_lat * outward, 1),
        np.round(sin_lat * vz + cos_lat * outward, 1),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _attributes(tracks: Tracks, rows: IntArray) -> list[dict[str, Any]]:
    """What is said of tracks beside their place."""
    prob = tracks.class_prob[rows]
    threat = tracks.existence[rows] * (1 - prob[:, AIRCRAFT] - prob[:, CLUTTER])
    groups: dict[int, list[str]] = {}
    out = []
    for i, row in enumerate(rows.tolist()):
        kind, mask = int(prob[i].argmax()), int(tracks.group_mask[row])
        if mask not in groups:
            groups[mask] = [g for k, g in enumerate(tracks.group_names) if mask >> k & 1]
        out.append(
            {
                "id": f"T{tracks.track_id[row]}",
                "kind": CLASSES[kind],
                "kind_probability": round(float(prob[i, kind]), 2),
                "confirmed": bool(tracks.confirmed[row]),
                "named": bool(tracks.named[row]),
                "identity": tracks.identity[row],
                "groups": groups[mask],
                "first_s": round(float(tracks.first_s[row]), 1),
                "threat_probability": round(float(threat[i]), 2),
            }
        )
    return out


def _soonest(forecasts: Forecasts) -> IntArray:
    """Rows of likely threats; where there are too many, of those that are down first."""
    count = len(forecasts.track_id)
    owner = np.repeat(np.arange(count), np.diff(forecasts.start))
    rows = np.flatnonzero(
        np.bincount(owner, forecasts.weight, minlength=count) >= LIKELY_THREAT
    )
    soonest = np.argsort(forecasts.last_s[rows], kind="stable")[:AREAS_MAX]
    return np.sort(rows[soonest])


def _area(forecasts: Forecasts, row: int, name: str) -> dict[str, Any]:
    """Futures of a threat: share, latitude, longitude (deg), covariance m2 (ee, en, nn)."""
    own = slice(forecasts.start[row], forecasts.start[row + 1])
    weight = forecasts.weight[own]
    early_s, median_s = arrival_s(forecasts, row, (0.05, 0.5))
    futures = np.column_stack(
        [
            _short(weight / weight.sum()),
            np.round(forecasts.place_rad[own] * DEG_PER_RAD, 6),
            _short(forecasts.cov_m2[own]),
        ]
    )
    return {
        "track_id": name,
        "kind": CLASSES[forecasts.kind[row]],
        "probability": round(float(weight.sum()), 3),
        "onset_p05_s": round(float(early_s), 1),
        "onset_p50_s": round(float(median_s), 1),
        "futures": futures[weight > 1e-4 * weight.sum()].tolist(),
    }


def _weighed(
    exposures: Exposures, weighed: Weighed, zones: Zones
) -> dict[str, dict[str, Any]]:
    danger = weighed.danger
    over = danger.soon / weighed.threshold
    # also where an alert stays for what would raise none
    near = np.flatnonzero((over > NEAR) | (danger.due_stays > weighed.threshold))
    if len(near) > WEIGHED_MAX:
        near = np.sort(near[np.argsort(-over[near], kind="stable")[:WEIGHED_MAX]])
    columns = zip(
        near.tolist(),
        weighed.rows[near].tolist(),
        *(
            _short(values[near], WEIGHED_DIGITS).tolist()
            for values in (danger.due, danger.soon, weighed.threshold, weighed.prepare_at)
        ),
        strict=True,
    )
    return {
        zones.zone_id[row]: {
            "zone_id": zones.zone_id[row],
            "due": due,
            "soon": soon,
            "threshold": threshold,
            "prepare_at": prepare_at,
            "onset_p05_s": _second(danger.onset_p05_s[k]),
            "onset_p50_s": _second(danger.onset_p50_s[k]),
            "threats": _threats(exposures, danger.counts, row),
        }
        for k, row, due, soon, threshold, prepare_at in columns
    }


def _threats(exposures: Exposures, counts: Any, row: int) -> list[tuple[str, float]]:
    """The gravest threats of a zone, each with its probability there."""
    first, last = np.searchsorted(exposures.zone, [row, row + 1])
    pairs = first + np.flatnonzero(counts[first:last])
    pairs = pairs[np.argsort(-exposures.probability[pairs], kind="stable")[:NAMED]]
    ids = exposures.track_id[exposures.threat[pairs]].tolist()
    odds = _short(exposures.probability[pairs], WEIGHED_DIGITS).tolist()
    return [(f"T{number}", p) for number, p in zip(ids, odds, strict=True)]


def people_at_risk(exposures: Exposures, zones: Zones) -> float:
    """Expected number of people harmed if nobody took shelter."""
    return float(exposures.probability @ zones.population[exposures.zone])


def changes(
    before: Mapping[str, dict[str, Any]], now: Mapping[str, dict[str, Any]]
) -> Changes:
    """What is new or other than before, and the ids of what is gone."""
    return {
        "set": [item for key, item in now.items() if before.get(key) != item],
        "gone": [key for key in before if key not in now],
    }


def _short(values: FloatArray, digits: int = DIGITS) -> FloatArray:
    """The same to so many digits: what trembles below is not sent again."""
    size = np.floor(np.log10(np.maximum(np.abs(values), 1e-300)))
    unit = 10.0 ** (digits - 1 - np.clip(size, -290, 290))
    return np.asarray(np.round(values * unit) / unit) + 0.0  # no minus before zero


def _second(value: float) -> float | None:
    return None if isnan(value) else round(float(value))


def _number(value: float) -> float | None:
    return None if isnan(value) else value
