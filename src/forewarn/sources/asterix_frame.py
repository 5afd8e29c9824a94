"""ASTERIX on the wire: data blocks of a datagram, records of a block, fields of a record.

CAT048 (reports of targets), CAT034 (the antenna's turning) and CAT062 (tracks of air
traffic control), strictly: what does not fit the edition, or leaves its range, raises
PlotError with a reason from a short fixed list, so that reasons can be counted. Source:
EUROCONTROL-SPEC-0149, part 4 (CAT048), part 2b (CAT034) and part 9 (CAT062), through
libasterix, which holds every edition as a table.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from math import nan
from typing import Any

from forewarn.errors import ConfigError, PlotError
from forewarn.units import FOOT_M, NAUTICAL_MILE_M, RAD_PER_DEG

CAT_TARGETS = 48
CAT_SERVICE = 34
CAT_TRACKS = 62
DAY_S = 86400.0
RANGE_LSB_M = NAUTICAL_MILE_M / 256
ANGLE_LSB_RAD = 360 * RAD_PER_DEG / 65536
SECTOR_LSB_RAD = 360 * RAD_PER_DEG / 256
TIME_LSB_S = 1 / 128
HEIGHT_LSB_M = 25 * FOOT_M
PLACE_LSB_RAD = 180 * RAD_PER_DEG / (1 << 25)
ALTITUDE_LSB_M = 6.25 * FOOT_M
HEIGHT_MIN_M = -500.0  # the shore of the Dead Sea is 430 m below the sea
FLIGHT_LEVEL_MIN, FLIGHT_LEVEL_MAX = -15.0, 1500.0
DOPPLER_LIMIT = 511  # 10 bits, two's complement, m/s; the two ends may mean "or more"
RECORDS_MAX = 512  # of one datagram; bounds the work a hostile one can cause
NORTH_MARKER, SECTOR_CROSSING = 1, 2
SERVICE_EDITION = "1.29"


@dataclass(frozen=True, slots=True)
class Block:
    """One data block: its category, its records undecoded, the source of the first."""

    category: int
    records: bytes
    source: tuple[int, int]


@dataclass(frozen=True, slots=True)
class TargetReport:
    """One CAT048 record that tells of a target. nan = not in the record.

    time_of_day_s : seconds since midnight UTC
    height_m      : above mean sea level, from I048/110
    doppler_mps   : calculated Doppler speed, sign as sent
    unreal        : why it tells of nothing that flies, "" if it does
    """

    source: tuple[int, int]
    time_of_day_s: float
    range_m: float
    azimuth_rad: float
    height_m: float
    doppler_mps: float
    identity: str
    simulated: bool
    unreal: str


@dataclass(frozen=True, slots=True)
class ControlTrack:
    """One CAT062 record of an aircraft that air traffic control has a flight plan of.

    height_m : geometric where told (I062/130), else of the flight level (I062/136)
    unreal   : why it tells of no aircraft seen just now, "" if it does
    """

    source: tuple[int, int]
    time_of_day_s: float
    lat_rad: float
    lon_rad: float
    height_m: float
    identity: str
    simulated: bool
    unreal: str


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """One CAT034 record: what it tells, and where the antenna points (nan = not told)."""

    source: tuple[int, int]
    message: int
    azimuth_rad: float


@cache
def _library() -> Any:
    import asterix.generated  # 2 s: only once a feed needs it

    return asterix.generated


@cache
def editions(category: int = CAT_TARGETS) -> tuple[str, ...]:
    """Editions of a category that can be read, oldest first."""
    found = [tuple(spec.cv_edition) for spec in _library().manifest["CATS"][category]]
    return tuple(f"{major}.{minor}" for major, minor in sorted(found))


@cache
def record_spec(category: int, edition: str) -> Any:
    """The table of a category's edition; ConfigError if there is none."""
    name = f"Cat_{category:03d}_{edition.replace('.', '_')}"
    spec = getattr(_library(), name, None)
    if spec is None:
        raise ConfigError(
            f"edition is {edition!r}, expected one of {', '.join(editions(category))}"
        )
    return spec.cv_record


def split_blocks(datagram: bytes) -> Iterator[Block | PlotError]:
    """The data blocks of a datagram; one that cannot be used yields why, the rest go on."""
    at = 0
    while at < len(datagram):
        head = datagram[at : at + 3]
        length = int.from_bytes(head[1:3], "big")
        if len(head) < 3 or length < 3 or at + length > len(datagram):
            # Where the next block begins is not known any more.
            yield PlotError("block length does not fit the datagram")
            return
        yield _block(head[0], datagram[at + 3 : at + length])
        at += length


def _block(category: int, records: bytes) -> Block | PlotError:
    if category not in (CAT_TARGETS, CAT_SERVICE, CAT_TRACKS):
        return PlotError("category not read")
    start = next((i + 1 for i, octet in enumerate(records) if not octet & 1), 0)
    # The source, item 010 of each of them, comes first in every edition.
    if not start or not records[0] & 0x80 or len(records) < start + 2:
        return PlotError("record names no source")
    return Block(category, records, (records[start], records[start + 1]))


def read_records(block: Block, edition: str, at_most: int = RECORDS_MAX) -> list[Any]:
    """Every record of a block, decoded; PlotError if one of them does not fit the edition.

    A block is refused whole: a record that does not fit says that the edition may be
    another, and then the records before it were misread without a sign of it.
    """
    from asterix.base import Bits, ParsingMode

    spec = record_spec(block.category, edition)
    rest = Bits.from_bytes(block.records)
    found: list[Any] = []
    while len(rest):
        if len(found) == at_most:
            raise PlotError(f"more than {RECORDS_MAX} records in a datagram")
        try:
            result = spec.parse(ParsingMode.StrictParsing, rest)
        except Exception as error:  # bytes of a stranger in a foreign library: anything
            raise PlotError("record does not fit the edition") from error
        if isinstance(result, ValueError):
            raise PlotError("record does not fit the edition")
        record, rest = result
        if record.get_item("010") is None:
            raise PlotError("record names no source")
        found.append(record)
    return found


def target_report(record: Any) -> TargetReport:
    """The fields of a CAT048 record, each within its range, or PlotError."""
    polar = _value(record, "040")
    if polar is None:
        raise PlotError("no measured position")
    descriptor = _descriptor(record)
    range_m = (polar >> 16) * RANGE_LSB_M
    if range_m == 0:
        raise PlotError("range is zero")
    if descriptor("ERR"):
        raise PlotError("range beyond 256 nautical miles is not read")
    level = _value(record, "090")
    # The top two bits say garbled or not validated: its value then means nothing.
    if level is not None and level >> 14 == 0:
        flight_level = _signed(level & 0x3FFF, 14) / 4
        if not FLIGHT_LEVEL_MIN <= flight_level <= FLIGHT_LEVEL_MAX:
            raise PlotError("flight level out of range")
    return TargetReport(
        source=_source(record),
        time_of_day_s=_time_of_day(record, "140"),
        range_m=range_m,
        azimuth_rad=(polar & 0xFFFF) * ANGLE_LSB_RAD,
        height_m=_height(record),
        doppler_mps=_doppler(record),
        identity=_identity(record),
        simulated=bool(descriptor("SIM")),
        unreal=_unreal(descriptor),
    )


def control_track(record: Any) -> ControlTrack:
    """The fields of a CAT062 record, each within its range, or PlotError."""
    place = _value(record, "105")
    if place is None:
        raise PlotError("no position in WGS 84")
    lat_rad = _signed(place >> 32, 32) * PLACE_LSB_RAD
    lon_rad = _signed(place & 0xFFFFFFFF, 32) * PLACE_LSB_RAD
    if abs(lat_rad) > 90 * RAD_PER_DEG or abs(lon_rad) > 180 * RAD_PER_DEG:
        raise PlotError("position out of range")
    status = _flags(record, "080")
    return ControlTrack(
        source=_source(record),
        time_of_day_s=_time_of_day(record, "070"),
        lat_rad=lat_rad,
        lon_rad=lon_rad,
        height_m=_altitude(record),
        identity=_called(record),
        simulated=bool(status("SIM")),
        unreal=_not_seen(status),
    )


def service_message(record: Any) -> ServiceMessage:
    """The fields of a CAT034 record, or PlotError."""
    message, azimuth = _value(record, "000"), _value(record, "020")
    if message is None:
        raise PlotError("service message without a type")
    if message == NORTH_MARKER:
        return ServiceMessage(_source(record), message, 0.0)
    if message == SECTOR_CROSSING and azimuth is None:
        raise PlotError("sector crossing without an azimuth")
    return ServiceMessage(
        _source(record), message, nan if azimuth is None else azimuth * SECTOR_LSB_RAD
    )


def _value(record: Any, name: str) -> int | None:
    item = record.get_item(name)
    return None if item is None else int(item.as_uint())


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _source(record: Any) -> tuple[int, int]:
    value = record.get_item("010").as_uint()
    return int(value >> 8), int(value & 0xFF)


def _time_of_day(record: Any, name: str) -> float:
    value = _value(record, name)
    if value is None:
        raise PlotError("no time of day")
    if value * TIME_LSB_S >= DAY_S:
        raise PlotError("time of day beyond 24 h")
    return value * TIME_LSB_S


def _height(record: Any) -> float:
    value = _value(record, "110")
    if value is None:
        return nan
    height_m = _signed(value & 0x3FFF, 14) * HEIGHT_LSB_M
    if value >> 14 or height_m < HEIGHT_MIN_M:
        raise PlotError("height out of range")
    return height_m


def _doppler(record: Any) -> float:
    """Calculated Doppler speed; nan where absent, doubtful or at the end of its scale.

    The raw Doppler speed is folded at the radar's ambiguity, which a single plot cannot
    undo, so it is left alone.
    """
    item = record.get_item("120")
    calculated = None if item is None else item.variation.get_item("CAL")
    if calculated is None:
        return nan
    value = calculated.as_uint()
    speed = _signed(value & 0x3FF, 10)
    if value >> 15 or abs(speed) >= DOPPLER_LIMIT:
        return nan
    return float(speed)


def _identity(record: Any) -> str:
    """Aircraft address as six hexadecimal digits, else callsign, else "".

    A transponder that sends nonsense here loses its name, not its plot.
    """
    address = _value(record, "220")
    if address is not None and 0 < address < 0xFFFFFF:
        return f"{address:06x}"
    item = record.get_item("240")
    return "" if item is None else str(item.variation.content.as_string()).strip()


def _flags(record: Any, name: str) -> Callable[[str], int]:
    """Reads the parts of an item by name; what is left out is 0."""
    item = record.get_item(name)

    def flag(part_name: str) -> int:
        part = None if item is None else item.variation.get_item(part_name)
        return 0 if part is None else int(part.as_uint())

    return flag


def _descriptor(record: Any) -> Callable[[str], int]:
    if record.get_item("020") is None:
        return lambda name: 1 if name == "TYP" else 0
    return _flags(record, "020")


def _altitude(record: Any) -> float:
    for name, step_m in (("130", ALTITUDE_LSB_M), ("136", HEIGHT_LSB_M)):
        value = _value(record, name)
        if value is not None:
            height_m = _signed(value, 16) * step_m
            if height_m < HEIGHT_MIN_M:
                raise PlotError("height out of range")
            return height_m
    raise PlotError("no height")


def _called(record: Any) -> str:
    """Aircraft address that control has of its transponder, else its callsign, else ""."""
    part = record.get_item("380")
    address = None if part is None else part.variation.get_item("ADR")
    if address is not None and 0 < address.as_uint() < 0xFFFFFF:
        return f"{address.as_uint():06x}"
    plan = record.get_item("390")
    callsign = None if plan is None else plan.variation.get_item("CS")
    return "" if callsign is None else str(callsign.variation.content.as_string()).strip()


def _not_seen(status: Callable[[str], int]) -> str:
    if status("TSE"):
        return "end of a track"
    if status("CNF"):
        return "tentative track"
    if status("CST"):
        return "no detection"
    return "" if status("FPC") else "no flight plan"


def _unreal(descriptor: Callable[[str], int]) -> str:
    if descriptor("TYP") == 0:
        return "no detection"  # a track carried on without an echo
    if descriptor("TST"):
        return "test target"
    if descriptor("RAB"):
        return "field monitor"
    return ""
