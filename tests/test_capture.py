"""Recorded ASTERIX feeds: captures and raw files, at their pace or as fast as it goes."""

import asyncio
import os
import time
from pathlib import Path

import dpkt
import pytest
from numpy.testing import assert_allclose

from asterix_frames import NOON_S, RADAR, feed_of, scan_of
from forewarn.errors import ConfigError
from forewarn.records import Event, PlotBatch
from forewarn.sources import CaptureAddress, FeedSource, open_feeds, parse_feed
from forewarn.sources.asterix_encode import encode_scan
from forewarn.sources.asterix_frame import ANGLE_LSB_RAD, RANGE_LSB_M
from forewarn.sources.capture import read_pcap, read_raw

SCANS = [
    scan_of([(40_000.0 - 500 * i, 1.0, 0.05, -300.0)], received_s=NOON_S + 0.25 * i)
    for i in range(4)
]


def framed(payload: bytes, link: int) -> bytes:
    datagram = dpkt.udp.UDP(sport=30000, dport=8600, data=payload)
    datagram.ulen = len(datagram)
    packet = dpkt.ip.IP(src=b"\x0a\0\0\x01", dst=b"\x0a\0\0\x02", p=17, data=datagram)
    packet.len = len(packet)
    if link == dpkt.pcap.DLT_EN10MB:
        return bytes(dpkt.ethernet.Ethernet(src=b"\2" * 6, dst=b"\4" * 6, data=packet))
    return bytes(packet)


def capture(path: Path, link: int = dpkt.pcap.DLT_EN10MB) -> Path:
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=link, nano=True)
        for scan in SCANS:
            for payload in encode_scan(feed_of(), scan):
                writer.writepkt(framed(payload, link), scan.received_s)
    return path


def raw(path: Path) -> Path:
    path.write_bytes(b"".join(x for scan in SCANS for x in encode_scan(feed_of(), scan)))
    os.utime(path, (NOON_S + 3600, NOON_S + 3600))
    return path


def all_of(source: FeedSource) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in source.events()]

    return asyncio.run(collect())


@pytest.mark.parametrize("form", ["pcap", "raw"])
def test_recorded_feed_gives_its_plots_with_the_times_they_had(
    form: str, tmp_path: Path
) -> None:
    made = capture(tmp_path / "a.pcap") if form == "pcap" else raw(tmp_path / "a.raw")
    url = f"{form}:{made.name}?speed=0&times=capture"
    (source,) = open_feeds([feed_of(url=url)], tmp_path)
    plots = [b for b in all_of(source) if isinstance(b, PlotBatch) and len(b.time_s)]
    assert len(plots) == len(SCANS)
    for found, scan in zip(plots, SCANS, strict=True):
        assert found.sensor_id == RADAR.sensor_id
        assert_allclose(found.measured[:, 0], scan.measured[:, 0], atol=RANGE_LSB_M)
        assert_allclose(found.measured[:, 1], scan.measured[:, 1], atol=ANGLE_LSB_RAD)
        assert_allclose(found.time_s, scan.time_s, atol=1 / 256)
        assert_allclose(found.received_s, scan.received_s, atol=0.26)
    assert not source.refused


@pytest.mark.parametrize("link", [dpkt.pcap.DLT_EN10MB, dpkt.pcap.DLT_RAW])
def test_capture_of_either_kind_of_link_is_read(link: int, tmp_path: Path) -> None:
    found = list(read_pcap(capture(tmp_path / "a.pcap", link)))
    assert [d.received_s for d in found] == pytest.approx([s.received_s for s in SCANS])


def test_feed_at_its_own_pace_starts_now_and_keeps_its_gaps(tmp_path: Path) -> None:
    capture(tmp_path / "a.pcap")
    (source,) = open_feeds([feed_of(url="pcap:a.pcap")], tmp_path)
    begun_s = time.time()
    events = [e for e in all_of(source) if isinstance(e, PlotBatch) and len(e.time_s)]
    assert 0.7 <= time.time() - begun_s < 3.0
    first, last = events[0], events[-1]
    assert 0 <= first.received_s - begun_s < 1.5
    assert_allclose(last.time_s[0] - first.time_s[0], 0.75, atol=1 / 64)
    assert_allclose(first.received_s - first.time_s[0], 0.25, atol=0.02)


def test_other_packets_in_a_capture_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        arp = dpkt.ethernet.Ethernet(type=dpkt.ethernet.ETH_TYPE_ARP, data=dpkt.arp.ARP())
        writer.writepkt(bytes(arp), NOON_S)
        writer.writepkt(b"\0" * 5, NOON_S)
        writer.writepkt(framed(b"\x30", dpkt.pcap.DLT_EN10MB), NOON_S)
    assert [datagram.payload for datagram in read_pcap(path)] == [b"\x30"]


def test_raw_file_runs_on_past_midnight(tmp_path: Path) -> None:
    late = [
        scan_of([(9000.0, 1.0, 0.1, 0.0)], received_s=NOON_S + 43199.5 + i) for i in (0, 1)
    ]
    path = tmp_path / "night.raw"
    path.write_bytes(b"".join(x for scan in late for x in encode_scan(feed_of(), scan)))
    os.utime(path, (NOON_S + 43300, NOON_S + 43300))
    times = [datagram.received_s for datagram in read_raw(path)]
    assert times == sorted(times)
    assert_allclose(
        (times[0], times[-1]), (late[0].time_s[0], late[1].received_s), atol=0.01
    )


def test_file_that_is_no_capture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.pcap"
    path.write_text("not a capture, and long enough to hold a header of one")
    with pytest.raises(ConfigError, match=r"notes\.pcap: not a packet capture"):
        list(read_pcap(path))


def test_raw_file_cut_short_says_where(tmp_path: Path) -> None:
    path = raw(tmp_path / "a.raw")
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(
        ConfigError, match=r"a\.raw: byte \d+: block length is 10, expected 3 to 8"
    ):
        list(read_raw(path))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("tcp://1.2.3.4:5", r"feed is 'tcp://1.2.3.4:5', expected udp://"),
        ("udp://localhost:1", r"address is 'localhost', expected an IPv4 address"),
        ("udp://0.0.0.0:70000", r"port is '70000', expected 0 to 65535"),
        ("udp://0.0.0.0:1?iface=x", r"unknown option 'iface', expected interface, from"),
        ("udp://0.0.0.0:1?doppler=up", r"doppler is 'up', expected receding"),
        ("pcap:none.pcap", r"no file .*none\.pcap"),
        ("pcap:x?speed=fast", r"speed is 'fast', expected a number from 0"),
        ("raw:x?speed=4", r"a speed other than 1 needs times=capture"),
        ("raw:x?times=then", r"times is 'then', expected now or capture"),
    ],
)
def test_feed_that_cannot_be_understood_says_what_is_expected(
    url: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        open_feeds([feed_of(url=url)])


def test_feed_settings_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.ast").write_bytes(b"")
    address = parse_feed("raw:a.ast?speed=8&times=capture&doppler=approaching", tmp_path)
    assert address == CaptureAddress(tmp_path / "a.ast", "raw", 8.0, False, -1.0)
