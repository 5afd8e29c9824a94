"""A case out of a run's alerts and the truth beside it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from forewarn.cover import first_seen_s
from forewarn.errors import ConfigError
from forewarn.files import Run, Truth
from forewarn.files.parquet import numbers, read_groups, read_table
from forewarn.geodesy import FloatArray, ecef_points
from forewarn.records import Alert, IntArray, Sensor, Zones
from forewarn.score.case import Case, Paths, Rules
from forewarn.score.evidence import Areas, Evidence, Pairs, assemble, need_s
from forewarn.units import RAD_PER_DEG


def make_case(
    name: str,
    truth: Truth,
    zones: Zones,
    sensors: Sequence[Sensor],
    alerts: tuple[Alert, ...],
    until_s: float,
) -> Case:
    """A run beside its truth; aircraft and birds stand in states only, no threats."""
    row = {threat_id: i for i, threat_id in enumerate(truth.threat_id)}
    threat = np.array([row.get(state_id, -1) for state_id in truth.state_id], np.int64)
    of_threats = threat >= 0
    place = truth.state[of_threats]
    pos = ecef_points(place[:, 0] * RAD_PER_DEG, place[:, 1] * RAD_PER_DEG, place[:, 2])
    seen_s = first_seen_s(
        truth.state_time_s[of_threats], threat[of_threats], pos, sensors, len(row)
    )
    return Case(
        name=name,
        threat_id=truth.threat_id,
        kind=truth.kind,
        appears_s=truth.appears_s,
        impact_s=truth.impact_s,
        impact_rad=truth.impact_deg * RAD_PER_DEG,
        harmful_m=truth.harmful_m,
        seen_s=seen_s,
        zones=zones,
        alerts=alerts,
        until_s=until_s,
        paths=_paths(truth),
        sensors=tuple(sensors),
    )


def _paths(truth: Truth) -> Paths:
    """States in order of body and time: threats first, in their order."""
    others = sorted(set(truth.state_id) - set(truth.threat_id))
    number = {name: i for i, name in enumerate((*truth.threat_id, *others))}
    body = np.array([number[name] for name in truth.state_id], np.int64)
    order = np.lexsort((truth.state_time_s, body))
    return Paths(
        start=np.searchsorted(body[order], np.arange(len(number) + 1)),
        time_s=truth.state_time_s[order],
        place_rad=truth.state[order, :2] * RAD_PER_DEG,
        height_m=truth.state[order, 2],
    )


def fallen_by(truth: Truth, time_s: float) -> Truth:
    """Only the threats that have come down by a time: what can be judged so far."""
    down = truth.impact_s <= time_s
    return replace(
        truth,
        threat_id=tuple(
            name for name, yes in zip(truth.threat_id, down, strict=True) if yes
        ),
        kind=tuple(kind for kind, yes in zip(truth.kind, down, strict=True) if yes),
        appears_s=truth.appears_s[down],
        impact_s=truth.impact_s[down],
        impact_deg=truth.impact_deg[down],
        impact_height_m=truth.impact_height_m[down],
        harmful_m=truth.harmful_m[down],
    )


def read_evidence(run: Run, zones: Zones, rules: Rules | None = None) -> Evidence | None:
    """What the tables of a run folder say; None where it has none."""
    if not (run.folder / "tracks.parquet").exists():
        return None
    pairs = Pairs(need_s(zones, rules or Rules()))
    path = run.folder / "exposures.parquet"
    for table in read_groups(path):
        zone = numbers(path, table, "zone").astype(np.int64)
        if len(zone) and not 0 <= zone.min() <= zone.max() < len(zones.zone_id):
            raise ConfigError(
                f"{path}: zone: found {zone.min()} to {zone.max()}, expected a row of the "
                f"site's {len(zones.zone_id)} zones"
            )
        track = table.column("track_id").to_numpy().astype(np.int64)
        names = ("received_s", "probability", "onset_p05_s", "onset_p50_s")
        rows = np.stack([numbers(path, table, name) for name in names], axis=1)
        pairs.add(zone, track, rows)
    issued_s = np.array([alert.issued_s for alert in run.alerts], np.float64)
    latency = run.recorded_s - issued_s
    return assemble(
        _tracks(run.folder / "tracks.parquet"),
        pairs,
        _areas(run.folder / "forecasts.parquet"),
        latency[np.isfinite(latency)],
    )


def _tracks(path: Path) -> tuple[IntArray, FloatArray, FloatArray]:
    table = read_table(path)
    lat, lon = (
        numbers(path, table, f"{axis}_deg") * RAD_PER_DEG for axis in ("lat", "lon")
    )
    place = ecef_points(lat, lon, numbers(path, table, "height_m"))
    ids = table.column("track_id").to_numpy().astype(np.int64)
    return ids, numbers(path, table, "time_s"), place


def _areas(path: Path) -> Areas:
    """95 % areas of all tracks, where the run tells them."""
    table, areas = read_table(path), Areas()
    ids = table.column("track_id").to_numpy().astype(np.int64)
    told = numbers(path, table, "area_95_m2", required=False)
    areas.add(ids, numbers(path, table, "received_s"), told)
    return areas
