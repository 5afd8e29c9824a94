"""Conversions. Inside: SI, radians, UTC seconds since 1970; all else at the edge."""

from datetime import UTC, datetime
from math import pi

from forewarn.errors import PlotError

RAD_PER_DEG = pi / 180.0
DEG_PER_RAD = 180.0 / pi
FOOT_M = 0.3048  # exact
NAUTICAL_MILE_M = 1852.0  # exact
KNOT_MPS = NAUTICAL_MILE_M / 3600.0


def epoch_from_iso(text: str) -> float:
    """UTC seconds since 1970 of an ISO 8601 time that names its zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise PlotError(f"time {text!r} names no zone; send {text}Z or an offset")
    return moment.timestamp()


def iso_from_epoch(time_s: float) -> str:
    """ISO 8601 UTC time, to the second, of UTC seconds since 1970."""
    return datetime.fromtimestamp(time_s, UTC).isoformat(timespec="seconds")
