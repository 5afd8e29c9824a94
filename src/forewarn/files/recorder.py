"""Writes recordings, event by event, so that a long night does not fill the memory."""

from collections.abc import Iterable, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np

from forewarn.files.events import write_events
from forewarn.files.parquet import TableWriter, write_table
from forewarn.files.recording import ALL_ROUND, EXACT, MEASURED, PLACE, SIGMA, empty_batch
from forewarn.files.sensors import write_sensors
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import Event, PlotBatch, Sensor, SensorKind
from forewarn.units import DEG_PER_RAD, RAD_PER_DEG

IN_DEGREES = np.array([False, True, True, False])  # of what is measured


class RecordingWriter:
    """A recording in the making. Numbers of events are kept where they are not 0."""

    def __init__(self, folder: Path, sensors: Sequence[Sensor]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        write_sensors(folder / "sensors.toml", sensors)
        self._folder = folder
        self._sensors = {sensor.sensor_id: sensor for sensor in sensors}
        self._plots = TableWriter(folder / "plots.parquet")
        self._scan_ids = dict.fromkeys(self._sensors, 0)
        self._scans: list[dict[str, Any]] = []
        self._others: list[Event] = []

    def add(self, event: Event) -> None:
        """The next event, in order of arrival; plots are of a sensor of this recording."""
        if not isinstance(event, PlotBatch):
            self._others.append(event)
            return
        scan_id = self._scan_ids[event.sensor_id]
        self._scan_ids[event.sensor_id] += 1
        self._scans.append(_scan(event, scan_id))
        if len(event.time_s):
            self._plots.add(_plot_columns(event, scan_id, self._sensors[event.sensor_id]))

    def close(self) -> None:
        """Complete the files."""
        if not any(scan["plots"] for scan in self._scans):  # a file has its columns even so
            self._plots.add(
                _plot_columns(empty_batch("", 0.0), 0, Sensor("", SensorKind.RADAR))
            )
        self._plots.close()
        write_events(self._folder / "events.jsonl", self._others)
        names = _scan(empty_batch("", 0.0), 0)
        columns = {name: np.array([scan[name] for scan in self._scans]) for name in names}
        if not columns["seq"].any():
            del columns["seq"]
        if np.isnan(columns["from_deg"]).all():
            del columns["from_deg"], columns["to_deg"]
        columns["sensor_id"] = columns["sensor_id"].astype(str)
        write_table(self._folder / "scans.parquet", columns)


def write_recording(
    folder: Path,
    sensors: Sequence[Sensor],
    batches: Iterable[PlotBatch],
    others: Iterable[Event] = (),
) -> None:
    """Write a whole recording; batches, and others, in order of arrival."""
    writer = RecordingWriter(Path(folder), sensors)
    for event in (*batches, *others):
        writer.add(event)
    writer.close()


def degrees(angle_rad: FloatArray) -> FloatArray:
    """Degrees that give the very same radians when read, wherever there are any."""
    near = angle_rad * DEG_PER_RAD
    exact = near
    for other in (np.nextafter(near, np.inf), np.nextafter(near, -np.inf), near):
        exact = np.where(other * RAD_PER_DEG == angle_rad, other, exact)
    return exact


def _scan(batch: PlotBatch, scan_id: int) -> dict[str, Any]:
    swept = (
        (nan, nan) if batch.sector_rad == ALL_ROUND else degrees(np.array(batch.sector_rad))
    )
    return {
        "scan_id": scan_id,
        "sensor_id": batch.sensor_id,
        "start_s": batch.received_s,
        "end_s": batch.received_s,
        "received_s": batch.received_s,
        "plots": len(batch.time_s),
        "seq": batch.seq,
        "from_deg": swept[0],
        "to_deg": swept[1],
    }


def _plot_columns(batch: PlotBatch, scan_id: int, sensor: Sensor) -> dict[str, Any]:
    n = len(batch.time_s)
    measured = np.where(IN_DEGREES, degrees(batch.measured), batch.measured)
    measured[:, 1] %= 360.0
    angles = batch.measured[:, 1:3]
    exact = np.where(measured[:, 1:3] * RAD_PER_DEG == angles, nan, angles)
    sigma = np.where(batch.sigma == sensor.sigma, nan, batch.sigma)
    sigma = np.where(IN_DEGREES, degrees(sigma), sigma)
    place = np.full((n, 3), nan)
    if sensor.kind is SensorKind.POSITION or isnan(sensor.lat_rad):
        lat, lon, height = geographic_points(batch.origin_ecef_m)
        place = np.stack([degrees(lat), degrees(lon), height], axis=1)
    return {
        "received_s": np.full(n, batch.received_s),
        "time_s": batch.time_s,
        "sensor_id": np.full(n, batch.sensor_id),
        "scan_id": np.full(n, scan_id, np.int64),
        "identity": np.array(batch.identity, dtype=np.str_),
        **{name: measured[:, i] for i, name in enumerate(MEASURED)},
        **{name: place[:, i] for i, name in enumerate(PLACE)},
        **dict(zip(EXACT, exact.T, strict=True)),
        **dict(zip(SIGMA, (*sigma.T, *batch.sigma_pos_m.T), strict=True)),
    }
