"""How sensors, channels and keys fare, as rows for the operators."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from forewarn.app.lookout import Cover
from forewarn.channels.durable import write_durably
from forewarn.pipeline import Channel, Source
from forewarn.records import Sensor
from forewarn.signing import KeyRing, World
from forewarn.signing.ring import DAY_S
from forewarn.units import DEG_PER_RAD

FRESH_SCANS = 3  # missed by a sensor before it counts as silent
REPORTS_S = 20.0  # between two reports of a sensor without scans, at most
Heard = Mapping[str, Sequence[float]]  # of each sensor: scans, plots, when last


def sensor_rows(
    sensors: Iterable[Sensor], heard: Heard, cover: Cover, now_s: float
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
            "trouble": cover.troubles.get(sensor.sensor_id, ""),
            "error_ratio": cover.erring.get(sensor.sensor_id, 1.0),
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


class Noted:
    """What was noted last under each name, over restarts, so that it is noted once.

    path : file of it; one that is no such file is as good as none
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, str] = {}
        self._saved = True
        with suppress(OSError, msgspec.MsgspecError):
            self._last = msgspec.json.decode(path.read_bytes(), type=dict[str, str])

    def is_new(self, name: str, what: str) -> bool:
        """Whether this was not what was noted last; now it is."""
        new = self._last.get(name) != what
        self._last[name] = what
        self._saved &= not new
        return new

    def save(self) -> None:
        """Put on disk what is new; an OSError where that cannot be done."""
        if not self._saved:
            write_durably(self._path, msgspec.json.encode(self._last))
            self._saved = True


def key_rows(
    ring: KeyRing,
    world: World,
    noted: Noted,
    now_s: float,
    note: Callable[..., None],
) -> list[dict[str, Any]]:
    """Until when a world has keys; that they end is noted 30, 7, 1 days before."""
    ends = [one for one in ring.ends(now_s) if one.world is world]
    for one in ends:
        # by the day: without a key that ever signed, the end is now, at every look
        what = f"{one.days} days before the end of day {one.ends_s // DAY_S:.0f}"
        if one.days is not None and noted.is_new(str(one.kind), what):
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
