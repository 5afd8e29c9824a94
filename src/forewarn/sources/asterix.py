"""ASTERIX feeds: datagrams in, batches of plots out. No socket, no clock.

A batch is what a radar saw between two marks of its antenna (CAT034 north marker or sector
crossing). Where marks are absent or late, a batch closes half a second after its first
plot, and claims as swept only the arc its plots span: nobody looked for a target outside.
So does a batch of positions, out of what air traffic control says of its flights (CAT062).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import asin, cos, isfinite, nan, sin, tau
from typing import Any

import numpy as np

from forewarn.errors import ConfigError, PlotError
from forewarn.geodesy import EARTH_A_M, EARTH_E2, ecef_points
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.records.arrays import FloatArray
from forewarn.sources.asterix_frame import (
    CAT_SERVICE,
    CAT_TARGETS,
    CAT_TRACKS,
    DAY_S,
    NORTH_MARKER,
    RECORDS_MAX,
    SECTOR_CROSSING,
    SERVICE_EDITION,
    Block,
    ControlTrack,
    ServiceMessage,
    TargetReport,
    control_track,
    read_records,
    record_spec,
    service_message,
    split_blocks,
    target_report,
)
from forewarn.sources.feed import Feed

READ: dict[int, Callable[[Any], TargetReport | ServiceMessage | ControlTrack]] = {
    CAT_TARGETS: target_report,
    CAT_SERVICE: service_message,
    CAT_TRACKS: control_track,
}
NEEDED = ("lat_rad", "lon_rad", "height_m", "sigma_range_m", "sigma_azimuth_rad")
WHOLE = (0.0, tau)  # a position is seen from everywhere
BATCH_MAX_S = 0.5
BATCH_MAX_PLOTS = 512
CLOCK_MAX_S = 30.0  # a radar whose clock is further off would put its plots elsewhere
SECTOR_SLACK_RAD = 0.02  # over half of a sector's own rounding, 360 / 256 degrees
REFUSED_MAX = 1000  # lines of the count
LAG_MARKS = 128  # a few turns
NO_SCAN_S = 15.0  # slowest turn of an antenna whose scan_s is not known


@dataclass(frozen=True, slots=True)
class _Row:
    time_s: float
    identity: str
    measured: tuple[float, float, float, float] = (nan, nan, nan, nan)
    place: tuple[float, float, float] = (nan, nan, nan)  # lat, lon rad, height m


@dataclass(slots=True)
class _Scan:
    """What has been seen of one sensor since its last batch.

    marked_rad, marked_s : azimuth and arrival of the last mark; nan before the first
    whole                : since that mark no plot was refused or taken out early
    lags                 : marks for which its plots are taken to come late, after the mark
                           that ends their sector, since some did
    """

    feed: Feed
    rows: list[_Row] = field(default_factory=list)
    opened_s: float = nan
    marked_rad: float = nan
    marked_s: float = nan
    whole: bool = False
    lags: int = 0


class AsterixDecoder:
    """Turns the datagrams of some sensors into batches; numbers none of them (seq = 0).

    refused : count by (source, reason) of all that was not turned into plots
    """

    def __init__(self, feeds: Sequence[Feed], doppler_sign: float = 1.0) -> None:
        self._scans: dict[tuple[int, int], _Scan] = {}
        self._doppler_sign = doppler_sign
        self.refused: Counter[tuple[str, str]] = Counter()
        for feed in feeds:
            _check(feed)
            before = self._scans.setdefault((feed.sac, feed.sic), _Scan(feed)).feed
            if before is not feed:
                raise ConfigError(
                    f"sensors {before.sensor.sensor_id} and {feed.sensor.sensor_id}:"
                    f" both have sac {feed.sac}, sic {feed.sic} on feed {feed.feed_url!r}"
                )

    def feed(self, datagram: bytes, received_s: float) -> list[PlotBatch]:
        """Take one datagram; returns the batches it completed or whose time is up."""
        batches = self.poll(received_s)
        left = RECORDS_MAX
        for block in split_blocks(datagram):
            if isinstance(block, PlotError):
                self._refuse("feed", block)
                continue
            scan = self._scans.get(block.source)
            if scan is None:
                self._refuse(_named(block.source), PlotError("not a sensor of this feed"))
                continue
            try:
                if block.category not in scan.feed.categories:
                    raise PlotError("category of another kind of sensor")
                records = read_records(block, _edition(block, scan.feed), left)
            except PlotError as error:
                self._refuse(_named(block.source), error)
                scan.whole = False
                continue
            left -= len(records)
            for record in records:
                try:
                    batches += self._record(block, record, received_s)
                except PlotError as error:
                    self._refuse(_named(block.source), error)
                    scan.whole = False
        return batches

    def poll(self, received_s: float) -> list[PlotBatch]:
        """The batches whose time is up."""
        return [
            _close(scan, received_s)
            for scan in self._scans.values()
            if scan.rows and received_s - scan.opened_s >= BATCH_MAX_S
        ]

    def flush(self, received_s: float) -> list[PlotBatch]:
        """All that is held, whatever its time: the feed has ended."""
        return [_close(scan, received_s) for scan in self._scans.values() if scan.rows]

    def _refuse(self, source: str, error: PlotError) -> None:
        key = (source, str(error))
        if len(self.refused) >= REFUSED_MAX and key not in self.refused:
            key = ("others", str(error))  # a stranger may make up codes for ever
        self.refused[key] += 1

    def _record(self, block: Block, record: object, received_s: float) -> list[PlotBatch]:
        found = READ[block.category](record)
        scan = self._scans.get(found.source)
        if scan is None or _edition(block, scan.feed) != _edition(
            block, self._scans[block.source].feed
        ):
            raise PlotError("block holds a record of another sensor")
        if isinstance(found, ServiceMessage):
            return _mark(scan, found, received_s)
        if found.unreal:
            self._refuse(_named(found.source), PlotError(found.unreal))
            return []
        if found.simulated and not scan.feed.sensor.simulated:
            raise PlotError("simulated target from a live sensor")
        row = (
            _position(found, received_s)
            if isinstance(found, ControlTrack)
            else _row(scan.feed.sensor, found, received_s, self._doppler_sign)
        )
        if not scan.rows:
            scan.opened_s = received_s
        scan.rows.append(row)
        return [_close(scan, received_s)] if len(scan.rows) >= BATCH_MAX_PLOTS else []


def utc_from_time_of_day(time_of_day_s: float, received_s: float) -> float:
    """UTC seconds of a time of day, on the day that puts it nearest to its arrival."""
    midnight_s = received_s - received_s % DAY_S
    return min(
        (midnight_s + shift_s + time_of_day_s for shift_s in (-DAY_S, 0.0, DAY_S)),
        key=lambda time_s: abs(time_s - received_s),
    )


def curvature_radius(lat_rad: float, azimuth_rad: float) -> float:
    """Radius (m) of the sphere that fits the Earth along an azimuth, by Euler's formula."""
    squeeze = 1 - EARTH_E2 * sin(lat_rad) ** 2
    across = EARTH_A_M / squeeze**0.5
    along = across * (1 - EARTH_E2) / squeeze
    return float(1 / (cos(azimuth_rad) ** 2 / along + sin(azimuth_rad) ** 2 / across))


def elevation_from_height(
    sensor: Sensor, range_m: float, azimuth_rad: float, height_m: float
) -> float:
    """Elevation (rad) at which a target at a height is seen, over a round Earth.

    The height is above mean sea level and is taken as above the ellipsoid, as the sensor's
    is: the two differ by the geoid, at most 107 m. At 100 km, 30 m of it turn a plot by
    0.3 mrad. PlotError if no straight line of that length joins the two.
    """
    radius = curvature_radius(sensor.lat_rad, azimuth_rad)
    here, there = radius + sensor.height_m, radius + height_m
    sine = (there**2 - here**2 - range_m**2) / (2 * range_m * here)
    if abs(sine) > 1:
        raise PlotError("height and range contradict each other")
    return asin(sine)


def _check(feed: Feed) -> None:
    sensor = feed.sensor
    if sensor.kind is SensorKind.BEARING:
        raise ConfigError(
            f"sensor {sensor.sensor_id}: kind is bearing, expected radar, radar2d or"
            " position for an ASTERIX feed"
        )
    if sensor.kind is SensorKind.POSITION and not sensor.names_aircraft:
        raise ConfigError(
            f"sensor {sensor.sensor_id}: reports is {sensor.reports!r}, expected 'traffic':"
            " CAT062 tells of flights that air traffic control knows"
        )
    for name in NEEDED if sensor.kind is not SensorKind.POSITION else ():
        if not isfinite(getattr(sensor, name)):
            key = name.replace("_rad", "_deg")
            raise ConfigError(
                f"sensor {sensor.sensor_id}: {key} is missing; an ASTERIX feed needs it"
            )
    try:
        record_spec(feed.category, feed.read_as)
    except ConfigError as error:
        raise ConfigError(f"sensor {sensor.sensor_id}: {error}") from None


def _edition(block: Block, feed: Feed) -> str:
    return SERVICE_EDITION if block.category == CAT_SERVICE else feed.read_as


def _named(source: tuple[int, int]) -> str:
    return f"SAC {source[0]} SIC {source[1]}"


def _seen_s(time_of_day_s: float, received_s: float) -> float:
    time_s = utc_from_time_of_day(time_of_day_s, received_s)
    if abs(time_s - received_s) > CLOCK_MAX_S:
        raise PlotError(f"time of day over {CLOCK_MAX_S:.0f} s from its arrival")
    return time_s


def _position(found: ControlTrack, received_s: float) -> _Row:
    time_s = _seen_s(found.time_of_day_s, received_s)
    place = (found.lat_rad, found.lon_rad, found.height_m)
    return _Row(time_s, found.identity, place=place)


def _row(sensor: Sensor, found: TargetReport, received_s: float, sign: float) -> _Row:
    time_s = _seen_s(found.time_of_day_s, received_s)
    elevation = nan
    if sensor.kind is SensorKind.RADAR and isfinite(found.height_m):
        elevation = elevation_from_height(
            sensor, found.range_m, found.azimuth_rad, found.height_m
        )
    rate = sign * found.doppler_mps if sign else nan
    return _Row(time_s, found.identity, (found.range_m, found.azimuth_rad, elevation, rate))


def _mark(scan: _Scan, found: ServiceMessage, received_s: float) -> list[PlotBatch]:
    """The antenna passed a mark: what was seen since the one before is complete."""
    if found.message not in (NORTH_MARKER, SECTOR_CROSSING):
        return []
    turn_s = scan.feed.sensor.scan_s
    longest_s = 1.5 * (turn_s if isfinite(turn_s) else NO_SCAN_S)
    known = scan.whole and received_s - scan.marked_s <= longest_s
    sector = (0.0, 0.0)
    if known:
        width = (found.azimuth_rad - scan.marked_rad) % tau
        # A radar that sends its north marker beside the crossing into sector 0 marks twice.
        repeated = width == 0 and received_s - scan.marked_s < longest_s / 4
        sector = (scan.marked_rad, scan.marked_rad + (width or (0.0 if repeated else tau)))
    if known and any(not _inside(row.measured[1], sector) for row in scan.rows):
        scan.lags = LAG_MARKS
    batches = []
    if known and not scan.lags and sector[1] > sector[0]:
        batches.append(_close(scan, received_s, sector))
    elif scan.rows:
        batches.append(_close(scan, received_s))
    scan.marked_rad, scan.marked_s, scan.whole = found.azimuth_rad, received_s, True
    scan.lags = max(0, scan.lags - 1)
    return batches


def _inside(azimuth_rad: float, sector_rad: tuple[float, float]) -> bool:
    width = sector_rad[1] - sector_rad[0]
    past = (azimuth_rad - sector_rad[0] + SECTOR_SLACK_RAD) % tau
    return past <= width + 2 * SECTOR_SLACK_RAD


def arc_of(azimuth_rad: FloatArray) -> tuple[float, float]:
    """The smallest arc, clockwise, that holds all azimuths (n,); `to` may exceed 2 pi."""
    turned = np.sort(azimuth_rad)
    gaps = np.diff(turned, append=turned[0] + tau)
    widest = int(np.argmax(gaps))
    start, end = float(turned[(widest + 1) % len(turned)]), float(turned[widest])
    return start, end if end >= start else end + tau


def _close(
    scan: _Scan, received_s: float, sector_rad: tuple[float, float] | None = None
) -> PlotBatch:
    rows = sorted(scan.rows, key=lambda row: row.time_s)
    scan.rows = []
    scan.whole = False
    sensor = scan.feed.sensor
    n = len(rows)
    measured = np.array([row.measured for row in rows]).reshape(n, 4)
    sigma = np.tile(sensor.sigma, (n, 1))
    origin, sigma_pos = np.tile(sensor.origin_ecef_m, (n, 1)), np.full((n, 2), nan)
    if sensor.kind is SensorKind.POSITION:
        place = np.array([row.place for row in rows]).reshape(n, 3)
        origin = ecef_points(*place.T)
        sigma_pos = np.tile([sensor.sigma_position_m, sensor.sigma_height_m], (n, 1))
        sector_rad = WHOLE
    # A quantity of unknown noise cannot be weighed, so it counts as not measured.
    missing = np.isnan(measured) | np.isnan(sigma)
    measured[missing] = nan
    sigma[missing] = nan
    return PlotBatch(
        seq=0,
        received_s=received_s,
        sensor_id=sensor.sensor_id,
        time_s=np.array([row.time_s for row in rows]),
        measured=measured,
        sigma=sigma,
        origin_ecef_m=origin,
        sigma_pos_m=sigma_pos,
        identity=tuple(row.identity for row in rows),
        sector_rad=sector_rad or arc_of(measured[:, 1]),
    )
