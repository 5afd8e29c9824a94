"""How sensors, channels and keys fare, as rows for the operators."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from math import isfinite
from typing import Any

from forewarn.pipeline import Channel, Source
from forewarn.records import Sensor
from forewarn.signing import KeyRing, World
from forewarn.units import DEG_PER_RAD

FRESH_SCANS = 3  # missed by a sensor before it counts as silent
REPORTS_S = 20.0  # between two reports of a sensor without scans, at most
Heard = Mapping[str, Sequence[float]]  # of each sensor: scans, plots, when last


def sensor_rows(
    sensors: Iterable[Sensor], heard: Heard, troubles: Mapping[str, str], now_s: float
) -> list[dict[str, Any]]:
    """Where each stands, what it reaches, what was heard of it, why it is not believed."""
    return [
        {
            "sensor_id": sensor.sensor_id,
            "kind": str(sensor.kind),
            "lat_deg": _degrees(sensor.lat_rad),
            "lon_deg": _degrees(sensor.lon_rad),
            "range_max_m": sensor.range_max_m if sensor.range_max_m < 1e8 else None,
            "scans": heard[sensor.sensor_id][0],
            "plots": heard[sensor.sensor_id][1],
            "last_s": heard[sensor.sensor_id][2] or None,
            "fresh": _fresh(sensor, now_s - heard[sensor.sensor_id][2]),
            "trouble": troubles.get(sensor.sensor_id, ""),
            "simulated": sensor.simulated,
        }
        for sensor in sensors
    ]


def _fresh(sensor: Sensor, silent_s: float) -> bool:
    """Whether it was heard within three of its scans."""
    every_s = sensor.scan_s if isfinite(sensor.scan_s) else REPORTS_S
    return silent_s <= FRESH_SCANS * every_s + 1.0


def channel_rows(
    channels: Mapping[str, Channel], before: list[dict[str, Any]], note: Callable[..., None]
) -> list[dict[str, Any]]:
    """What each carried; one that begins or ceases to fail is noted."""
    rows = [{"channel": name, **asdict(one.counts())} for name, one in channels.items()]
    failing = {row["channel"]: row["last_error"] for row in before}
    for row in rows:
        name, error = row["channel"], row["last_error"]
        if bool(error) != bool(failing.get(name, "")):
            note(f"channel {name}: {error or 'well again'}", "channel")
    return rows


def key_rows(
    ring: KeyRing,
    world: World,
    before: list[dict[str, Any]],
    now_s: float,
    note: Callable[..., None],
) -> list[dict[str, Any]]:
    """Until when a world has keys; that they end is noted 30, 7, 1 days before."""
    ends = [one for one in ring.ends(now_s) if one.world is world]
    told = {(row["kind"], row["days"]) for row in before}
    for one in ends:
        if one.days is not None and (str(one.kind), one.days) not in told:
            note(str(one), "fault")
    return [{"kind": str(one.kind), "ends_s": one.ends_s, "days": one.days} for one in ends]


def refused_rows(
    sources: Iterable[Source], refused: Mapping[tuple[str, str], int]
) -> list[dict[str, Any]]:
    """Input that was not used, by feed and by sensor."""
    counts = [item for feed in sources for item in getattr(feed, "refused", {}).items()]
    return [
        {"source": source, "reason": reason, "count": count}
        for (source, reason), count in [*counts, *refused.items()]
    ]


def _degrees(angle_rad: float) -> float | None:
    return None if angle_rad != angle_rad else round(angle_rad * DEG_PER_RAD, 6)
