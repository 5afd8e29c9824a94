"""ASTERIX over real sockets on this machine."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from math import nan
from pathlib import Path

import pytest
from numpy.testing import assert_allclose

from asterix_frames import RADAR, feed_of, scan_of
from forewarn.errors import ConfigError
from forewarn.records import PlotBatch
from forewarn.sources import Feed, UdpAddress, UdpSource, open_feeds
from forewarn.sources.asterix_encode import encode_scan
from forewarn.sources.asterix_frame import RANGE_LSB_M
from forewarn.sources.send_recording import datagrams, sent_feeds
from forewarn.sources.udp import QUEUE_MAX

LOOPBACK = UdpAddress("127.0.0.1", 0, "", "", 1.0)
GROUP = "239.192.77.1"


def received(
    source: UdpSource, plots: int, send: Callable[[socket.socket, int], None]
) -> list[PlotBatch]:
    """What a source yields until it has given so many plots."""

    async def collect() -> list[PlotBatch]:
        port = source.open()
        found: list[PlotBatch] = []
        events = source.events()
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            send(sender, port)
        async with asyncio.timeout(15):
            while sum(len(batch.time_s) for batch in found) < plots:
                batch = await waiting
                assert isinstance(batch, PlotBatch)
                found.append(batch)
                waiting = asyncio.ensure_future(anext(events))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await events.aclose()
        return found

    return asyncio.run(collect())


def test_radar_on_a_real_socket_gives_batches_stamped_on_arrival() -> None:
    scan = scan_of(
        [(9000.0 + i, 0.01 * i, 0.1, nan) for i in range(100)], received_s=time.time()
    )

    def send(sender: socket.socket, port: int) -> None:
        for payload in encode_scan(feed_of(), scan):
            sender.sendto(payload, ("127.0.0.1", port))

    source = UdpSource(LOOPBACK, [feed_of()])
    batches = received(source, 100, send)
    assert sum(len(batch.time_s) for batch in batches) == 100
    assert all(abs(batch.received_s - scan.received_s) < 15 for batch in batches)
    assert_allclose(batches[0].measured[0, 0], 9000.0, atol=RANGE_LSB_M)
    assert not source.refused


def test_plots_without_a_mark_come_out_by_themselves() -> None:
    scan = scan_of([(9000.0, 1.0, 0.1, nan)], received_s=time.time())

    def send(sender: socket.socket, port: int) -> None:
        (payload,) = encode_scan(feed_of(), scan)
        sender.sendto(payload[:-10], ("127.0.0.1", port))

    (batch,) = received(UdpSource(LOOPBACK, [feed_of()]), 1, send)
    assert len(batch.time_s) == 1


def test_two_radars_share_a_feed_and_rubbish_between_them_is_counted() -> None:
    south = replace(RADAR, sensor_id="south")
    feeds = [feed_of(), feed_of(south, sic=11)]

    def send(sender: socket.socket, port: int) -> None:
        for feed in feeds:
            scan = scan_of(
                [(9000.0, 1.0, 0.1, nan)], received_s=time.time(), sensor=feed.sensor
            )
            for payload in encode_scan(feed, scan):
                sender.sendto(payload, ("127.0.0.1", port))
            sender.sendto(b"not a radar", ("127.0.0.1", port))

    source = UdpSource(LOOPBACK, feeds)
    batches = received(source, 2, send)
    assert {batch.sensor_id for batch in batches} == {"north", "south"}
    assert source.refused["feed", "block length does not fit the datagram"] >= 1


def test_datagrams_of_another_sender_are_counted_and_not_read() -> None:
    scan = scan_of([(9000.0, 1.0, 0.1, nan)], received_s=time.time())

    def send(sender: socket.socket, port: int) -> None:
        (payload,) = encode_scan(feed_of(), scan)
        for address in ("127.0.0.3", "127.0.0.2"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind((address, 0))
                other.sendto(payload, ("127.0.0.1", port))

    source = UdpSource(replace(LOOPBACK, sender="127.0.0.2"), [feed_of()])
    assert len(received(source, 1, send)[0].time_s) == 1
    assert source.refused["feed", "datagram of another sender"] == 1


def test_multicast_group_is_joined_on_the_named_interface() -> None:
    scan = scan_of([(9000.0, 1.0, 0.1, nan)], received_s=time.time())
    source = UdpSource(UdpAddress(GROUP, 0, "127.0.0.1", "", 1.0), [feed_of()])
    try:
        source.open()
    except ConfigError as error:
        pytest.skip(f"this machine has no multicast on loopback: {error}")

    def send(sender: socket.socket, port: int) -> None:
        sender.setsockopt(
            socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1")
        )
        for payload in encode_scan(feed_of(), scan):
            sender.sendto(payload, (GROUP, port))

    assert len(received(source, 1, send)[0].time_s) == 1


def test_more_datagrams_than_the_queue_holds_are_dropped_and_counted() -> None:
    async def flood() -> int:
        source = UdpSource(LOOPBACK, [feed_of()])
        receiver = source.receiver()
        for _ in range(QUEUE_MAX + 7):
            receiver.datagram_received(b"\x30", ("127.0.0.1", 1))
        return source.refused["feed", "datagram dropped, queue full"]

    assert asyncio.run(flood()) == 7


def test_port_in_use_stops_the_start_and_names_the_sensor() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as busy:
        busy.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{busy.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"sensor north: feed udp.*cannot listen"):
            open_feeds([feed_of(url="udp://127.0.0.1:0"), feed_of(url=url, sic=12)])


def test_sensors_of_one_address_share_one_source(tmp_path: Path) -> None:
    url = "udp://127.0.0.1:0"
    opened = open_feeds(
        [feed_of(url=url), feed_of(replace(RADAR, sensor_id="south"), url=url, sic=11)],
        tmp_path,
    )
    assert len(opened) == 1
    assert isinstance(opened[0], UdpSource)
    opened[0].close()


def test_recording_is_sent_as_its_radars_would_and_moved_to_now() -> None:
    scans = [scan_of([(9000.0, 1.0, 0.1, nan)], received_s=1e9 + i) for i in range(3)]
    (feed,) = sent_feeds([RADAR], "udp://127.0.0.1:8600", 25)
    assert feed == Feed(RADAR, "udp://127.0.0.1:8600", 25, 1)
    now_s = time.time()
    sent = list(datagrams([feed], iter(scans), now_s))
    assert [datagram.received_s - now_s for datagram in sent] == pytest.approx(
        [0, 1, 2], abs=1e-5
    )
    source = UdpSource(LOOPBACK, [feed])
    (batch,) = source.decoder.feed(sent[0].payload, now_s) or source.decoder.flush(now_s)
    assert_allclose(batch.time_s[0], now_s - 0.25, atol=0.01)
