"""Clocks on the wall, for many moments at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from forewarn.errors import ConfigError
from forewarn.geodesy import FloatArray

HOUR_S = 3600.0


def local_clock(name: str) -> Callable[[FloatArray], FloatArray]:
    """From UTC seconds to seconds of local clocks in a time zone such as Europe/Kyiv."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"--time-zone: found {name!r}, expected a name like Europe/Kyiv"
        ) from None

    def local(time_s: FloatArray) -> FloatArray:
        hours, row = np.unique(np.floor(time_s / HOUR_S), return_inverse=True)
        offset_s = np.array([_offset_s(HOUR_S * hour, zone) for hour in hours.tolist()])
        return np.asarray(time_s + offset_s[row])

    return local


def _offset_s(time_s: float, zone: ZoneInfo) -> float:
    offset = datetime.fromtimestamp(time_s, UTC).astimezone(zone).utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
