"""The contract files, read and written: recordings, truth, sites, output of runs."""

from forewarn.files.grid import Grid, read_grid
from forewarn.files.recorder import RecordingWriter, write_recording
from forewarn.files.recording import Recording, empty_batch, read_recording
from forewarn.files.run import (
    Run,
    RunWriter,
    alert_line,
    cut_alerts,
    read_alerts,
    read_run,
    write_alerts,
)
from forewarn.files.sensors import read_sensors, sensors_of, sensors_text, write_sensors
from forewarn.files.site import (
    ChannelTable,
    Feed,
    Region,
    Site,
    StoreKeys,
    WebKeys,
    ZoneKeys,
    read_site,
)
from forewarn.files.toml import convert, fill, read_toml
from forewarn.files.truth import Truth, read_truth, write_truth

__all__ = [
    "ChannelTable",
    "Feed",
    "Grid",
    "Recording",
    "RecordingWriter",
    "Region",
    "Run",
    "RunWriter",
    "Site",
    "StoreKeys",
    "Truth",
    "WebKeys",
    "ZoneKeys",
    "alert_line",
    "convert",
    "cut_alerts",
    "empty_batch",
    "fill",
    "read_alerts",
    "read_grid",
    "read_recording",
    "read_run",
    "read_sensors",
    "read_site",
    "read_toml",
    "read_truth",
    "sensors_of",
    "sensors_text",
    "write_alerts",
    "write_recording",
    "write_sensors",
    "write_truth",
]
