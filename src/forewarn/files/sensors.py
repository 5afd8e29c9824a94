"""`sensors.toml` of a recording, and the `[[sensor]]` tables of a site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan, pi
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError
from forewarn.files.toml import fill, parse_toml, read_toml
from forewarn.records import Sensor, SensorKind
from forewarn.units import DEG_PER_RAD, RAD_PER_DEG


@dataclass(frozen=True, slots=True)
class SensorKeys:
    """One `[[sensor]]` as written: degrees and metres. nan = absent."""

    id: str
    kind: str
    lat_deg: float = nan
    lon_deg: float = nan
    height_m: float = nan
    scan_s: float = nan
    sigma_range_m: float = nan
    sigma_azimuth_deg: float = nan
    sigma_elevation_deg: float = nan
    sigma_range_rate_mps: float = nan
    sigma_position_m: float = nan
    sigma_height_m: float = nan
    range_min_m: float = 0.0
    range_max_m: float = nan
    elevation_min_deg: float = -90.0
    elevation_max_deg: float = 90.0
    detection_probability: float = 0.9
    clutter_per_scan: float = 0.0
    independence: str = ""
    trusted: bool | None = None
    propagation: str = "light"
    reports: str = "traffic"
    simulated: bool = False


_NEEDS = {
    SensorKind.RADAR: (
        "sigma_range_m",
        "sigma_azimuth_deg",
        "sigma_elevation_deg",
        "range_max_m",
    ),
    SensorKind.RADAR2D: ("sigma_range_m", "sigma_azimuth_deg", "range_max_m"),
    SensorKind.BEARING: ("sigma_azimuth_deg",),
    SensorKind.POSITION: ("sigma_position_m", "sigma_height_m"),
}


def sensor_from_table(table: Mapping[str, Any], where: str) -> Sensor:
    """One sensor, with every number checked."""
    keys = fill(SensorKeys, table, where)
    where = f"{where} {keys.id!r}"
    try:
        kind = SensorKind(keys.kind)
    except ValueError:
        raise ConfigError(
            f"{where} kind: found {keys.kind!r}, expected one of {', '.join(SensorKind)}"
        ) from None
    for name in _NEEDS[kind]:
        if isnan(getattr(keys, name)):
            raise ConfigError(f"{where}: a {kind} needs {name}")
    placed = not isnan(keys.lat_deg)
    if kind in (SensorKind.RADAR, SensorKind.RADAR2D) and not placed:
        raise ConfigError(f"{where}: a {kind} needs lat_deg, lon_deg, height_m")
    if placed and (isnan(keys.lon_deg) or isnan(keys.height_m)):
        raise ConfigError(f"{where}: lat_deg needs lon_deg and height_m beside it")
    _check_ranges(keys, where)
    return Sensor(
        sensor_id=keys.id,
        kind=kind,
        lat_rad=keys.lat_deg * RAD_PER_DEG,
        lon_rad=keys.lon_deg * RAD_PER_DEG,
        height_m=keys.height_m,
        scan_s=keys.scan_s,
        sigma_range_m=keys.sigma_range_m,
        sigma_azimuth_rad=keys.sigma_azimuth_deg * RAD_PER_DEG,
        sigma_elevation_rad=keys.sigma_elevation_deg * RAD_PER_DEG,
        sigma_range_rate_mps=keys.sigma_range_rate_mps,
        sigma_position_m=keys.sigma_position_m,
        sigma_height_m=keys.sigma_height_m,
        range_min_m=keys.range_min_m,
        range_max_m=keys.range_max_m if not isnan(keys.range_max_m) else float("inf"),
        elevation_min_rad=keys.elevation_min_deg * RAD_PER_DEG,
        elevation_max_rad=keys.elevation_max_deg * RAD_PER_DEG,
        detection_probability=keys.detection_probability,
        clutter_per_scan=keys.clutter_per_scan,
        independence=keys.independence,
        trusted=keys.trusted if keys.trusted is not None else kind is SensorKind.RADAR,
        propagation=keys.propagation,
        reports=keys.reports,
        simulated=keys.simulated,
    )


def _check_ranges(keys: SensorKeys, where: str) -> None:
    limits = {
        "lat_deg": (-90.0, 90.0),
        "lon_deg": (-180.0, 180.0),
        "elevation_min_deg": (-90.0, 90.0),
        "elevation_max_deg": (-90.0, 90.0),
        "detection_probability": (0.01, 1.0),
        "clutter_per_scan": (0.0, 1e6),
        "range_min_m": (0.0, 1e7),
        "scan_s": (0.01, 120.0),
    }
    for name, (low, high) in limits.items():
        value = getattr(keys, name)
        if not isnan(value) and not low <= value <= high:
            raise ConfigError(
                f"{where} {name}: found {value}, expected {low:g} to {high:g}"
            )
    for name in SensorKeys.__slots__:
        if name.startswith("sigma_") and getattr(keys, name) <= 0.0:
            raise ConfigError(
                f"{where} {name}: found {getattr(keys, name)}, expected above 0"
            )
    for name, choices in (
        ("propagation", ("light", "sound")),
        ("reports", ("traffic", "threat")),
    ):
        if getattr(keys, name) not in choices:
            raise ConfigError(
                f"{where} {name}: found {getattr(keys, name)!r}, "
                f"expected {' or '.join(choices)}"
            )


def read_sensors(path: Path) -> tuple[Sensor, ...]:
    """All sensors of a `sensors.toml`."""
    return _sensors(read_toml(path), str(path))


def sensors_of(text: str, where: str) -> tuple[Sensor, ...]:
    """All sensors of a text that `sensors_text` made."""
    return _sensors(parse_toml(text, where), where)


def _sensors(tables: dict[str, Any], where: str) -> tuple[Sensor, ...]:
    rows = tables.pop("sensor", [])
    if tables or not isinstance(rows, list):
        found = ", ".join(tables) or "sensor"
        raise ConfigError(f"{where}: found {found}, expected only [[sensor]] tables")
    sensors = tuple(sensor_from_table(row, f"{where}: [[sensor]]") for row in rows)
    names = [sensor.sensor_id for sensor in sensors]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"{where}: sensor {name!r} stands there {names.count(name)} times"
            )
    return sensors


def write_sensors(path: Path, sensors: Sequence[Sensor]) -> None:
    """Write them so that `read_sensors` gives the same."""
    path.write_text(sensors_text(sensors), encoding="utf-8")


def sensors_text(sensors: Sequence[Sensor]) -> str:
    """The content of a `sensors.toml`."""
    lines = ["schema = 1", ""]
    for sensor in sensors:
        lines.append("[[sensor]]")
        lines += [f"{key} = {_text(value)}" for key, value in _keys(sensor).items()]
        lines.append("")
    return "\n".join(lines)


def _keys(sensor: Sensor) -> dict[str, object]:
    def degrees(value: float) -> float:
        return round(value * DEG_PER_RAD, 12)

    keys: dict[str, object] = {
        "id": sensor.sensor_id,
        "kind": str(sensor.kind),
        "lat_deg": degrees(sensor.lat_rad),
        "lon_deg": degrees(sensor.lon_rad),
        "height_m": sensor.height_m,
        "scan_s": sensor.scan_s,
        "sigma_range_m": sensor.sigma_range_m,
        "sigma_azimuth_deg": degrees(sensor.sigma_azimuth_rad),
        "sigma_elevation_deg": degrees(sensor.sigma_elevation_rad),
        "sigma_range_rate_mps": sensor.sigma_range_rate_mps,
        "sigma_position_m": sensor.sigma_position_m,
        "sigma_height_m": sensor.sigma_height_m,
        "range_min_m": sensor.range_min_m,
        "range_max_m": sensor.range_max_m,
        "elevation_min_deg": degrees(max(sensor.elevation_min_rad, -pi / 2)),
        "elevation_max_deg": degrees(min(sensor.elevation_max_rad, pi / 2)),
        "detection_probability": sensor.detection_probability,
        "clutter_per_scan": sensor.clutter_per_scan,
        "independence": sensor.independence,
        "trusted": sensor.trusted,
        "propagation": sensor.propagation,
        "reports": sensor.reports,
        "simulated": sensor.simulated,
    }
    return {
        key: value
        for key, value in keys.items()
        if value != ""
        and not (isinstance(value, float) and (isnan(value) or value == float("inf")))
    }


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
