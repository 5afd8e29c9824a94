"""What flows along the chain. Frozen records that check themselves and do no more."""

from forewarn.records.alerts import BY_HAND, IN_ERROR, LIVE_STATES, Alert, AlertState
from forewarn.records.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    rows_of,
    seal,
    two_groups,
)
from forewarn.records.delivery import Counts, Key, Parcel
from forewarn.records.events import (
    Act,
    ChannelDelay,
    ClockState,
    Command,
    CommandAction,
    Event,
    Load,
    PlotBatch,
    Tick,
    Weather,
)
from forewarn.records.gap import Gap
from forewarn.records.outcome import Outcome
from forewarn.records.sensors import Sensor, SensorKind
from forewarn.records.stages import (
    BOOSTING,
    FALLING,
    MODES,
    STRAIGHT,
    TURNING,
    Exposures,
    Forecasts,
    Tracks,
)
from forewarn.records.zones import Zones

__all__ = [
    "BOOSTING",
    "BY_HAND",
    "FALLING",
    "IN_ERROR",
    "LIVE_STATES",
    "MODES",
    "STRAIGHT",
    "TURNING",
    "Act",
    "Alert",
    "AlertState",
    "BoolArray",
    "ChannelDelay",
    "ClockState",
    "Command",
    "CommandAction",
    "Counts",
    "Event",
    "Exposures",
    "FloatArray",
    "Forecasts",
    "Gap",
    "IntArray",
    "Key",
    "Load",
    "Outcome",
    "Parcel",
    "PlotBatch",
    "Sensor",
    "SensorKind",
    "Tick",
    "Tracks",
    "Weather",
    "Zones",
    "rows_of",
    "seal",
    "two_groups",
]
