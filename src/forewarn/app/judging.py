"""Puts together what the judge looks at: a run, its truth, its zones, its sensors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files import Run, Truth, read_run, read_sensors, read_site, read_truth
from forewarn.geodesy import ecef_points
from forewarn.records import Alert, Sensor, Zones
from forewarn.score import Case, first_seen_s
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


def read_case(out: Path, truth: Path) -> Case:
    """The case of a run folder; site and recording are those its summary names."""
    from forewarn.app.assembly import site_zones

    run: Run = read_run(out)
    for key in ("site_file", "recording"):
        if not Path(run.summary.get(key, "")).exists() or key not in run.summary:
            raise ConfigError(
                f"{out / 'summary.json'}: {key} is {run.summary.get(key)!r}, which is not "
                "here; replay the recording again where both are"
            )
    zones = site_zones(read_site(Path(run.summary["site_file"])))
    if zones.version != run.summary["zones_version"]:
        raise ConfigError(
            f"{out}: was made with zones {run.summary['zones_version']}, the site has "
            f"{zones.version}; replay it again"
        )
    sensors = read_sensors(Path(run.summary["recording"]) / "sensors.toml")
    until_s = float(run.summary["until_s"])
    return make_case(out.name, read_truth(truth), zones, sensors, run.alerts, until_s)
