"""A case out of a run's alerts and the truth beside it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forewarn.files import Truth
from forewarn.geodesy import ecef_points
from forewarn.records import Alert, Sensor, Zones
from forewarn.score.case import Case
from forewarn.score.cover import first_seen_s
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
