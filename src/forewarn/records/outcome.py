"""What one event led to."""

from dataclasses import dataclass

from forewarn.records.alerts import Alert
from forewarn.records.stages import Exposures, Forecasts, Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """All four stages' answers to one event."""

    seq: int
    received_s: float
    tracks: Tracks
    forecasts: Forecasts
    exposures: Exposures
    alerts: tuple[Alert, ...]
