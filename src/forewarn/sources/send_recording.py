"""Send a recording as radars and air traffic control would: ASTERIX over UDP, in real time.

    python -m forewarn.sources.send_recording RECORDING --to udp://127.0.0.1:8600

For rehearsals: what listens sees a radar at work now. Plots of a simulated sensor say so on
the wire (I048/020), and a site takes them only for a sensor marked `simulated = true`.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from forewarn.errors import ConfigError
from forewarn.records import Event, PlotBatch, Sensor, SensorKind
from forewarn.sources.asterix_encode import encode_scan
from forewarn.sources.capture import Datagram, moved
from forewarn.sources.feed import Feed, UdpAddress, parse_feed


def sent_feeds(sensors: Sequence[Sensor], feed_url: str, sac: int) -> list[Feed]:
    """The radars among some sensors, and who knows the aircraft with a flight plan, marked
    with SIC 1, 2, 3 ... in their order."""
    speak = [
        one
        for one in sensors
        if one.kind in (SensorKind.RADAR, SensorKind.RADAR2D) or one.vouches
    ]
    return [Feed(sensor, feed_url, sac, i) for i, sensor in enumerate(speak, 1)]


def datagrams(
    feeds: Sequence[Feed], batches: Sequence[Event] | Iterator[Event], now_s: float
) -> Iterator[Datagram]:
    """What the sensors send and when, moved so that the first scan arrives at `now_s`."""
    by_sensor = {feed.sensor.sensor_id: feed for feed in feeds}
    shift_s = None
    for batch in batches:
        if not isinstance(batch, PlotBatch) or batch.sensor_id not in by_sensor:
            continue
        shift_s = now_s - batch.received_s if shift_s is None else shift_s
        sent = moved(batch, shift_s)
        for payload in encode_scan(by_sensor[batch.sensor_id], sent):
            yield Datagram(sent.received_s, payload)


def send(
    recording: Annotated[Path, typer.Argument(help="folder of the recording")],
    to: Annotated[str, typer.Option(help="where to send it")] = "udp://127.0.0.1:8600",
    sac: Annotated[int, typer.Option(help="system area code of the radars")] = 1,
) -> None:
    """Send what a recording's sensors saw over UDP, in real time."""
    from forewarn.files import read_recording

    address = parse_feed(to)
    if not isinstance(address, UdpAddress):
        raise ConfigError(f"--to is {to!r}, expected udp://ADDRESS:PORT")
    content = read_recording(recording)
    feeds = sent_feeds(content.sensors, to, sac)
    if not feeds:
        raise ConfigError(
            f"{recording}: holds neither a radar nor a trusted source of traffic"
        )
    for feed in feeds:
        print(f"{feed.sensor.sensor_id}: sac = {feed.sac}, sic = {feed.sic}")
    count = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        if address.interface:
            via = socket.inet_aton(address.interface)
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, via)
        for datagram in datagrams(feeds, content.events(), time.time()):
            time.sleep(max(0.0, datagram.received_s - time.time()))
            sender.sendto(datagram.payload, (address.host, address.port))
            count += 1
    print(f"{count} datagrams sent to {address.host}:{address.port}")


if __name__ == "__main__":
    typer.run(send)
