"""Recordings: a folder of `sensors.toml`, `plots.parquet`, perhaps scans and events.

One taken out of a journal has the numbers of its events: it is replayed in their order and
under these numbers, ticks included, so that its alerts get the same ids.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, isnan, pi
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.errors import ConfigError
from forewarn.files.events import read_events
from forewarn.files.parquet import numbers, read_table, texts, unknown
from forewarn.files.sensors import read_sensors
from forewarn.geodesy import FloatArray, ecef_points
from forewarn.records import (
    Event,
    PlotBatch,
    Sensor,
    SensorKind,
    Tick,
)
from forewarn.units import RAD_PER_DEG

MEASURED = ("range_m", "azimuth_deg", "elevation_deg", "range_rate_mps")
PLACE = ("lat_deg", "lon_deg", "height_m")
SIGMA = (
    "sigma_range_m",
    "sigma_azimuth_deg",
    "sigma_elevation_deg",
    "sigma_range_rate_mps",
    "sigma_position_m",
    "sigma_height_m",
)
EXACT = ("azimuth_rad", "elevation_rad")  # where degrees cannot tell the last bit
_COLUMNS = (
    "received_s",
    "time_s",
    "sensor_id",
    "scan_id",
    "identity",
    *MEASURED,
    *PLACE,
    *SIGMA,
    *EXACT,
)
ALL_ROUND = (0.0, 2 * pi)  # a scan that sweeps no sector
# what a plot may say: column, lowest, highest; outside of it the row is refused
_LIMITS = (
    ("range_m", 0.0, 1e7),
    ("azimuth_deg", 0.0, 360.0),
    ("elevation_deg", -90.0, 90.0),
    ("range_rate_mps", -2e4, 2e4),
    ("lat_deg", -90.0, 90.0),
    ("lon_deg", -180.0, 180.0),
    ("height_m", -1e3, 2e6),
)
_SHOWN = 20  # refused rows described one by one; the rest are only counted


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What was seen. `refused` says which rows could not be used, and why."""

    sensors: tuple[Sensor, ...]
    batches: tuple[PlotBatch, ...]
    others: tuple[Event, ...]
    refused: tuple[str, ...]
    refused_count: int
    notices: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether any of it was made up."""
        return any(sensor.simulated for sensor in self.sensors)

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last time of arrival."""
        times = [event.received_s for event in (*self.batches, *self.others)]
        return min(times, default=0.0), max(times, default=0.0)

    def __len__(self) -> int:
        first, last = self.span_s
        ticks = 0 if self.numbered else max(floor(last) - ceil(first) + 1, 0)
        return len(self.batches) + len(self.others) + ticks

    @property
    def numbered(self) -> bool:
        """Whether its events have the numbers of a journal."""
        return any(event.seq for event in (*self.batches, *self.others))

    def events(self) -> Iterator[Event]:
        """All events by number; without numbers by arrival, a tick every whole second."""
        if self.numbered:
            yield from sorted((*self.batches, *self.others), key=lambda event: event.seq)
            return
        first, last = self.span_s
        ticks = (Tick(0, float(second)) for second in range(ceil(first), floor(last) + 1))
        merged = heapq.merge(
            self.batches, self.others, ticks, key=lambda event: event.received_s
        )
        for seq, event in enumerate(merged, start=1):
            yield replace(event, seq=seq)


def read_recording(folder: Path) -> Recording:
    """Read a recording; rows that cannot be used are refused, the rest is read."""
    folder = Path(folder)
    if folder.is_file():
        raise ConfigError(
            f"{folder}: is a file, expected a folder: unpack it, if it is a zip"
        )
    sensors = read_sensors(folder / "sensors.toml")
    path = folder / "plots.parquet"
    table = read_table(path)
    columns = {
        name: numbers(path, table, name, required=name in ("received_s", "time_s"))
        for name in _COLUMNS
        if name not in ("sensor_id", "identity")
    }
    names = np.array(texts(path, table, "sensor_id"), dtype=np.str_)
    identity = texts(path, table, "identity", required=False)
    good, refused, count = _check_rows(path, columns, names, sensors)
    ordered = np.diff(columns["received_s"][good])
    if (ordered < 0).any():
        row = np.flatnonzero(good)[int(np.argmax(ordered < 0)) + 1]
        raise ConfigError(
            f"{path}: row {row} received_s goes back in time, expected never decreasing"
        )
    notices = tuple(f"{path}: column {name!r} ignored" for name in unknown(table, _COLUMNS))
    empty, told = _told_scans(folder / "scans.parquet", sensors)
    batches = [
        replace(batch, seq=told[key].seq, sector_rad=told[key].sector_rad)
        if (key := (batch.sensor_id, scan)) in told
        else batch
        for scan, batch in _batches(columns, names, identity, np.flatnonzero(good), sensors)
    ]
    merged = sorted((*batches, *empty), key=lambda batch: batch.received_s)
    others = read_events(folder / "events.jsonl")
    given = [event.seq for event in (*merged, *others)]
    if any(given) and len(set(given) - {0}) < len(given):
        raise ConfigError(f"{folder}: some events have a seq, others none or the same one")
    return Recording(sensors, tuple(merged), others, tuple(refused), count, notices)


def _check_rows(
    path: Path,
    columns: dict[str, FloatArray],
    names: NDArray[np.str_],
    sensors: Sequence[Sensor],
) -> tuple[NDArray[np.bool_], list[str], int]:
    """Which rows can be used, the first refused ones in words, how many were refused."""
    good = np.ones(len(names), bool)
    words: list[str] = []

    def refuse(bad: NDArray[np.bool_], column: str, values: Any, expected: str) -> None:
        for row in np.flatnonzero(bad & good)[: max(_SHOWN - len(words), 0)]:
            words.append(
                f"{path}: row {row} of sensor {str(names[row])!r}: {column} is "
                f"{values[row]}, expected {expected}: row refused"
            )
        good[bad] = False

    known = ", ".join(sensor.sensor_id for sensor in sensors)
    stands = np.isin(names, [sensor.sensor_id for sensor in sensors])
    refuse(~stands, "sensor_id", names, f"one of {known}")
    for name in ("received_s", "time_s"):
        refuse(~np.isfinite(columns[name]), name, columns[name], "seconds since 1970")
    for name, low, high in _LIMITS:
        value = columns[name]
        with np.errstate(invalid="ignore"):
            refuse((value < low) | (value > high), name, value, f"{low:g} to {high:g}")
    for name, degrees in zip(EXACT, ("azimuth_deg", "elevation_deg"), strict=True):
        value = columns[name]
        with np.errstate(invalid="ignore"):
            apart = np.abs(value - columns[degrees] * RAD_PER_DEG) > 1e-9
        refuse(apart, name, value, f"the angle of {degrees}")
    for name in SIGMA:
        with np.errstate(invalid="ignore"):
            refuse(columns[name] <= 0, name, columns[name], "above 0")
    for sensor in sensors:
        needs = {
            SensorKind.RADAR: ("range_m", "azimuth_deg", "elevation_deg"),
            SensorKind.RADAR2D: ("range_m", "azimuth_deg"),
            SensorKind.BEARING: ("azimuth_deg",),
            SensorKind.POSITION: PLACE,
        }[sensor.kind]
        if isnan(sensor.lat_rad):
            needs = (*needs, *PLACE)
        mine = names == sensor.sensor_id
        for name in needs:
            refuse(
                mine & np.isnan(columns[name]),
                name,
                columns[name],
                f"a value for {sensor.kind}",
            )
    return good, words, int((~good).sum())


def _batches(
    columns: dict[str, FloatArray],
    names: NDArray[np.str_],
    identity: list[str],
    rows: NDArray[np.int64],
    sensors: Sequence[Sensor],
) -> list[tuple[float, PlotBatch]]:
    """Scans and their scan_id: by that where there is one, else by sensor and arrival."""
    out = []
    for sensor in sensors:
        mine = rows[names[rows] == sensor.sensor_id]
        if not len(mine):
            continue
        scan = columns["scan_id"][mine]
        key = np.where(np.isnan(scan), columns["received_s"][mine], scan)
        edges = np.flatnonzero(np.diff(key) != 0) + 1
        filled = _fill(columns, mine, sensor)
        for part in np.split(np.arange(len(mine)), edges):
            order = part[np.argsort(filled["time_s"][part], kind="stable")]
            batch = PlotBatch(
                seq=0,
                received_s=float(columns["received_s"][mine[part[-1]]]),
                sensor_id=sensor.sensor_id,
                time_s=filled["time_s"][order],
                measured=filled["measured"][order],
                sigma=filled["sigma"][order],
                origin_ecef_m=filled["origin"][order],
                sigma_pos_m=filled["sigma_pos"][order],
                identity=tuple(identity[row] for row in mine[order]),
            )
            out.append((float(scan[part[0]]), batch))
    return out


def _fill(
    columns: dict[str, FloatArray], rows: NDArray[np.int64], sensor: Sensor
) -> dict[str, FloatArray]:
    """One sensor's rows inside: radians, ECEF, its own noise where none is given."""
    n = len(rows)
    scale = np.array([1.0, RAD_PER_DEG, RAD_PER_DEG, 1.0])
    measured = np.stack([columns[name][rows] for name in MEASURED], axis=1) * scale
    exact = np.stack([columns[name][rows] for name in EXACT], axis=1)
    measured[:, 1:3] = np.where(np.isnan(exact), measured[:, 1:3], exact)
    given = np.stack([columns[name][rows] for name in SIGMA], axis=1)
    sigma = np.where(np.isnan(given[:, :4]), sensor.sigma, given[:, :4] * scale)
    sigma_pos = np.full((n, 2), np.nan)
    own = np.array([sensor.sigma_position_m, sensor.sigma_height_m])
    moving = isnan(sensor.lat_rad) or sensor.kind is SensorKind.POSITION
    if sensor.kind is SensorKind.POSITION:
        measured, sigma = np.full((n, 4), np.nan), np.full((n, 4), np.nan)
        sigma_pos = np.where(np.isnan(given[:, 4:]), own, given[:, 4:])
    sigma[np.isnan(measured)] = np.nan
    if moving:
        lat, lon, height = (columns[name][rows] for name in PLACE)
        origin = ecef_points(lat * RAD_PER_DEG, lon * RAD_PER_DEG, height)
    else:
        origin = np.tile(sensor.origin_ecef_m, (n, 1))
    return {
        "time_s": columns["time_s"][rows],
        "measured": measured,
        "sigma": sigma,
        "origin": origin,
        "sigma_pos": sigma_pos,
    }


def empty_batch(sensor_id: str, received_s: float) -> PlotBatch:
    """A scan that saw nothing: it still tells that nothing was there."""
    return PlotBatch(
        seq=0,
        received_s=received_s,
        sensor_id=sensor_id,
        time_s=np.zeros(0),
        measured=np.zeros((0, 4)),
        sigma=np.zeros((0, 4)),
        origin_ecef_m=np.zeros((0, 3)),
        sigma_pos_m=np.zeros((0, 2)),
        identity=(),
    )


def _told_scans(
    path: Path, sensors: Sequence[Sensor]
) -> tuple[list[PlotBatch], dict[tuple[str, float], PlotBatch]]:
    """Scans without a plot, which `plots.parquet` cannot tell; all, by sensor and scan."""
    if not path.exists():
        return [], {}
    table = read_table(path)
    names = texts(path, table, "sensor_id")
    known = {sensor.sensor_id for sensor in sensors}
    for row, name in enumerate(names):
        if name not in known:
            raise ConfigError(f"{path}: row {row}: sensor {name!r} is unknown")
    columns = {
        name: numbers(path, table, name, required=name == "received_s")
        for name in ("scan_id", "received_s", "plots", "seq", "from_deg", "to_deg")
    }
    seq = np.nan_to_num(columns["seq"]).astype(np.int64).tolist()
    swept = np.stack([columns["from_deg"], columns["to_deg"]], axis=1) * RAD_PER_DEG
    sectors = np.where(np.isnan(swept), ALL_ROUND, swept).tolist()
    scans = [
        replace(
            empty_batch(name, float(columns["received_s"][row])),
            seq=seq[row],
            sector_rad=tuple(sectors[row]),
        )
        for row, name in enumerate(names)
    ]
    empty = [scan for scan, n in zip(scans, columns["plots"], strict=True) if n == 0]
    keys = zip(names, columns["scan_id"].tolist(), strict=True)
    return empty, dict(zip(keys, scans, strict=True))
