"""Recorded ASTERIX: packet captures (pcap, pcapng) and raw files of data blocks."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError
from forewarn.records import Event, PlotBatch
from forewarn.sources.asterix import AsterixDecoder, utc_from_time_of_day
from forewarn.sources.asterix_frame import (
    CAT_SERVICE,
    CAT_TARGETS,
    CAT_TRACKS,
    DAY_S,
    TIME_LSB_S,
)
from forewarn.sources.feed import CaptureAddress, Feed


@dataclass(frozen=True, slots=True)
class Datagram:
    """What arrived, and when (UTC seconds)."""

    received_s: float
    payload: bytes


def read_pcap(path: Path) -> Iterator[Datagram]:
    """UDP payloads of a capture, in its order; other packets are passed over."""
    import dpkt

    with path.open("rb") as file:
        try:
            reader = dpkt.pcap.UniversalReader(file)
        except (ValueError, dpkt.dpkt.Error) as error:
            raise ConfigError(f"{path}: not a packet capture: {error}") from error
        try:
            for time_s, frame in reader:
                payload = _udp_payload(reader.datalink(), frame)
                if payload:
                    yield Datagram(float(time_s), payload)
        except dpkt.dpkt.Error as error:
            raise ConfigError(f"{path}: packet capture ends in mid-packet") from error


def read_raw(path: Path) -> Iterator[Datagram]:
    """Data blocks of a file, end to end, each timed by the time of day in its first record.

    The day is that of the file's last change, since the blocks do not say; the times never
    go back, so that a file may run past midnight.
    """
    content = path.read_bytes()
    changed_s = path.stat().st_mtime
    received_s = None
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at + 1 : at + 3], "big")
        if length < 3 or at + length > len(content):
            raise ConfigError(
                f"{path}: byte {at}: block length is {length},"
                f" expected 3 to {len(content) - at}"
            )
        block = content[at : at + length]
        time_of_day_s = _time_of_day(block)
        if time_of_day_s is not None:
            near_s = changed_s if received_s is None else received_s
            time_s = utc_from_time_of_day(time_of_day_s, near_s)
            received_s = time_s if received_s is None else max(received_s, time_s)
        yield Datagram(changed_s if received_s is None else received_s, block)
        at += length


class CaptureSource:
    """Plots of the radars in a recorded feed, at its pace or faster; ends with it."""

    def __init__(
        self,
        address: CaptureAddress,
        feeds: Sequence[Feed],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self._clock = clock
        self._decoder = AsterixDecoder(feeds, address.doppler_sign)

    @property
    def refused(self) -> Counter[tuple[str, str]]:
        """What was in it and was not turned into plots."""
        return self._decoder.refused

    async def events(self) -> AsyncIterator[Event]:
        """Batches as they close; then the iterator ends."""
        read = read_pcap if self.address.form == "pcap" else read_raw
        begun_s = time.monotonic()
        shift_s = first_s = last_s = None
        for datagram in read(self.address.path):
            if first_s is None or shift_s is None:
                first_s = last_s = datagram.received_s
                shift_s = self._clock() - first_s if self.address.now else 0.0
            # Packets of a capture may stand out of order; arrival never goes back.
            last_s = max(last_s or first_s, datagram.received_s)
            if self.address.speed:
                due_s = begun_s + (last_s - first_s) / self.address.speed
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            for batch in self._decoder.feed(datagram.payload, last_s):
                yield moved(batch, shift_s)
        if last_s is not None:
            for batch in self._decoder.flush(last_s):
                yield moved(batch, shift_s or 0.0)


def moved(batch: PlotBatch, shift_s: float) -> PlotBatch:
    """The same batch, seen and received so many seconds later."""
    if not shift_s:
        return batch
    return replace(
        batch, received_s=batch.received_s + shift_s, time_s=batch.time_s + shift_s
    )


def _udp_payload(link: int, frame: bytes) -> bytes:
    """What a captured frame carries over UDP; empty if it is something else."""
    import dpkt

    packet: Any
    try:
        if link == dpkt.pcap.DLT_EN10MB:
            packet = dpkt.ethernet.Ethernet(frame).data
        elif link == dpkt.pcap.DLT_LINUX_SLL:
            packet = dpkt.sll.SLL(frame).data
        elif link in (dpkt.pcap.DLT_NULL, dpkt.pcap.DLT_LOOP):
            packet = dpkt.ip.IP(frame[4:])
        else:
            packet = dpkt.ip.IP(frame)
    except dpkt.dpkt.Error:
        return b""
    segment = getattr(packet, "data", None)
    whole = isinstance(packet, dpkt.ip.IP | dpkt.ip6.IP6)
    if not whole or not isinstance(segment, dpkt.udp.UDP):
        return b""
    return bytes(segment.data)


def _time_of_day(block: bytes) -> float | None:
    """Time of day in the first record of a block; every edition has it at one place."""
    start = next((i + 1 for i, octet in enumerate(block[3:], 3) if not octet & 1), None)
    if start is None or start == 3:
        return None
    here = block[3]
    if block[0] == CAT_TARGETS and here & 0xC0 == 0xC0:
        at = start + 2
    elif block[0] == CAT_SERVICE and here & 0xE0 == 0xE0:
        at = start + 3
    elif block[0] == CAT_TRACKS and here & 0x90 == 0x90:
        at = start + (3 if here & 0x20 else 2)
    else:
        return None
    value = int.from_bytes(block[at : at + 3], "big") * TIME_LSB_S
    return value if len(block) >= at + 3 and value < DAY_S else None
