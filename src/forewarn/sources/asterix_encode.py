"""Plots written as ASTERIX, as sensors would send them: for rehearsals over a real socket.

Packed by hand, not through the library that decodes, so that one checks the other.
Items of CAT048: 010, 140, 020, 040, 220, 240, 110, 120; of CAT034: 010, 000, 030, 020; of
CAT062: 010, 070, 105, 380, 040, 080, 130. They are the same in every edition.
"""

from collections.abc import Iterator
from math import isfinite, sin, tau

from forewarn.geodesy import geographic_points
from forewarn.records import PlotBatch
from forewarn.sources.asterix import curvature_radius
from forewarn.sources.asterix_frame import (
    ALTITUDE_LSB_M,
    ANGLE_LSB_RAD,
    CAT_SERVICE,
    CAT_TARGETS,
    DAY_S,
    DOPPLER_LIMIT,
    HEIGHT_LSB_M,
    NORTH_MARKER,
    PLACE_LSB_RAD,
    RANGE_LSB_M,
    SECTOR_CROSSING,
    SECTOR_LSB_RAD,
    TIME_LSB_S,
)
from forewarn.sources.feed import Feed

DATAGRAM_MAX = 1400  # bytes; fits an Ethernet frame
SIX_BIT = {
    character: ord(character) & 0x3F
    for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"
}
TARGET_ORDER = (
    ("010", "140", "020", "040", "070", "090", "130"),
    ("220", "240", "250", "161", "042", "200", "170"),
    ("210", "030", "080", "100", "110", "120", "230"),
)
TRACK_ORDER = (
    ("010", "", "015", "070", "105", "100", "185"),
    ("210", "060", "245", "380", "040", "080", "290"),
    ("200", "295", "136", "130", "135", "220", "390"),
)
SERVICE_ORDER = (("010", "000", "030", "020"),)


def encode_scan(feed: Feed, batch: PlotBatch) -> Iterator[bytes]:
    """The datagrams a sensor sends for one batch; a radar ends with its antenna's mark."""
    radar = feed.category == CAT_TARGETS
    encode = encode_plot if radar else encode_position
    waiting = b""
    for row in range(len(batch.time_s)):
        record = encode(feed, batch, row)
        if waiting and len(waiting) + len(record) + 3 > DATAGRAM_MAX:
            yield _block(feed.category, waiting)
            waiting = b""
        waiting += record
    last = _block(feed.category, waiting) if waiting else b""
    if radar:
        last += encode_mark(feed, batch.received_s, batch.sector_rad[1] % tau)
    if last:
        yield last


def encode_mark(feed: Feed, time_s: float, azimuth_rad: float) -> bytes:
    """A CAT034 block: the antenna crosses an azimuth (rad); 0 is the north marker."""
    sector = round(azimuth_rad / SECTOR_LSB_RAD) % 256
    items = {
        "010": bytes([feed.sac, feed.sic]),
        "000": bytes([SECTOR_CROSSING if sector else NORTH_MARKER]),
        "030": _time_of_day(time_s),
    }
    if sector:
        items["020"] = bytes([sector])
    return _block(CAT_SERVICE, _record(items, SERVICE_ORDER))


def encode_plot(feed: Feed, batch: PlotBatch, row: int) -> bytes:
    """One CAT048 record; empty where the format cannot tell the plot (out of its range)."""
    range_m, azimuth_rad, elevation_rad, rate_mps = (float(x) for x in batch.measured[row])
    if not 0.5 < range_m / RANGE_LSB_M < 65535.5:
        return b""
    simulated = 0x10 if feed.sensor.simulated else 0
    items = {
        "010": bytes([feed.sac, feed.sic]),
        "140": _time_of_day(float(batch.time_s[row])),
        "020": bytes([0x20 | simulated]),
        "040": round(range_m / RANGE_LSB_M).to_bytes(2, "big")
        + (round(azimuth_rad / ANGLE_LSB_RAD) % 65536).to_bytes(2, "big"),
    }
    _identify(items, batch.identity[row])
    if isfinite(elevation_rad):
        here = curvature_radius(feed.sensor.lat_rad, azimuth_rad) + feed.sensor.height_m
        there = (here**2 + range_m**2 + 2 * here * range_m * sin(elevation_rad)) ** 0.5
        steps = round((there - here + feed.sensor.height_m) / HEIGHT_LSB_M)
        if abs(steps) < 1 << 13:  # 62 km and above cannot be told: the height is left out
            items["110"] = (steps & 0x3FFF).to_bytes(2, "big")
    if isfinite(rate_mps):
        speed = max(-DOPPLER_LIMIT, min(DOPPLER_LIMIT, round(rate_mps)))
        items["120"] = b"\x80" + (speed & 0x3FF).to_bytes(2, "big")
    return _record(items, TARGET_ORDER)


def encode_position(feed: Feed, batch: PlotBatch, row: int) -> bytes:
    """One CAT062 record of an aircraft with a flight plan, named by its address; empty
    where it has none."""
    name = batch.identity[row]
    if not _is_address(name):
        return b""
    place = geographic_points(batch.origin_ecef_m[row : row + 1])
    lat_rad, lon_rad, height_m = (float(part[0]) for part in place)
    simulated = 0x80 if feed.sensor.simulated else 0
    items = {
        "010": bytes([feed.sac, feed.sic]),
        "070": _time_of_day(float(batch.time_s[row])),
        "105": b"".join(
            round(angle / PLACE_LSB_RAD).to_bytes(4, "big", signed=True)
            for angle in (lat_rad, lon_rad)
        ),
        "380": b"\x80" + bytes.fromhex(name),
        "040": row.to_bytes(2, "big"),
        "080": bytes([0x01, simulated | 0x10]),  # with a flight plan
        "130": round(height_m / ALTITUDE_LSB_M).to_bytes(2, "big", signed=True),
    }
    return _record(items, TRACK_ORDER)


def _is_address(text: str) -> bool:
    return len(text) == 6 and all(one in "0123456789ABCDEF" for one in text.upper())


def _identify(items: dict[str, bytes], identity: str) -> None:
    text = identity.upper()
    if _is_address(text):
        items["220"] = bytes.fromhex(text)
    elif text and all(character in SIX_BIT for character in text):
        packed = 0
        for character in text[:8].ljust(8):
            packed = packed << 6 | SIX_BIT[character]
        items["240"] = packed.to_bytes(6, "big")


def _time_of_day(time_s: float) -> bytes:
    return (round(time_s % DAY_S / TIME_LSB_S) % round(DAY_S / TIME_LSB_S)).to_bytes(
        3, "big"
    )


def _record(items: dict[str, bytes], order: tuple[tuple[str, ...], ...]) -> bytes:
    """Items behind the bits that say which are there: seven an octet, the eighth = more."""
    octets = [
        sum(0x80 >> place for place, name in enumerate(names) if name in items)
        for names in order
    ]
    while octets[-1] == 0:
        octets.pop()
    for i in range(len(octets) - 1):
        octets[i] |= 1
    return bytes(octets) + b"".join(
        items[name] for names in order for name in names if name in items
    )


def _block(category: int, records: bytes) -> bytes:
    return bytes([category]) + (len(records) + 3).to_bytes(2, "big") + records
