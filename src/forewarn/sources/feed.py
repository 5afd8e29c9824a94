"""Which feed a sensor's plots come in by, and how a site file writes that down.

    udp://0.0.0.0:8600                         unicast, any interface
    udp://239.1.1.1:8600?interface=127.0.0.1   multicast, joined on one interface
    udp://0.0.0.0:8600?from=10.0.0.7           only datagrams of that sender count
    pcap:radar.pcap                            a packet capture, at the pace it was made
    raw:radar.ast                              data blocks end to end, timed by themselves
    pcap:radar.pcap?speed=0&times=capture      as fast as it goes, with the capture's times

Every form takes `doppler=receding` (default), `approaching` or `ignored`: what a positive
Doppler speed of this feed means, since the standard does not say and radars differ.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qsl

from forewarn.errors import ConfigError
from forewarn.records import Sensor, SensorKind
from forewarn.sources.asterix_frame import CAT_SERVICE, CAT_TARGETS, CAT_TRACKS

USUAL = {CAT_TARGETS: "1.32", CAT_TRACKS: "1.20"}
EXPECTED = "udp://ADDRESS:PORT, pcap:FILE or raw:FILE"


@dataclass(frozen=True, slots=True)
class Feed:
    """One sensor of a site and the feed that carries its plots.

    sac, sic : system area code and identification code that mark its records, 0..255
    edition  : as the maker states it, such as "1.30": of CAT048 for a radar, of CAT062 for
               a source of positions; "" = the one in USUAL
    """

    sensor: Sensor
    feed_url: str
    sac: int
    sic: int
    edition: str = ""

    def __post_init__(self) -> None:
        for name, value in (("sac", self.sac), ("sic", self.sic)):
            if not 0 <= value <= 255:
                raise ConfigError(
                    f"sensor {self.sensor.sensor_id}: {name} is {value}, expected 0 to 255"
                )

    @property
    def category(self) -> int:
        """Of the ASTERIX records that tell what it sees."""
        return CAT_TRACKS if self.sensor.kind is SensorKind.POSITION else CAT_TARGETS

    @property
    def categories(self) -> tuple[int, ...]:
        """All that its source may send."""
        return (CAT_TARGETS, CAT_SERVICE) if self.category == CAT_TARGETS else (CAT_TRACKS,)

    @property
    def read_as(self) -> str:
        """The edition its records are read by."""
        return self.edition or USUAL[self.category]


@dataclass(frozen=True, slots=True)
class UdpAddress:
    """Where a UDP feed arrives; `interface` and `sender` are "" where any will do."""

    host: str
    port: int
    interface: str
    sender: str
    doppler_sign: float

    @property
    def multicast(self) -> bool:
        """Whether `host` is a group to join, and not an address of this machine."""
        return IPv4Address(self.host).is_multicast


@dataclass(frozen=True, slots=True)
class CaptureAddress:
    """A recorded feed.

    speed : how many times faster than it was made; 0 = without waiting
    now   : times are moved so that the first datagram arrives now
    """

    path: Path
    form: str
    speed: float
    now: bool
    doppler_sign: float


def parse_feed(text: str, folder: Path = Path()) -> UdpAddress | CaptureAddress:
    """The address a feed setting names; files are relative to `folder`, the site file's."""
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in ("udp", "pcap", "raw"):
        raise ConfigError(f"feed is {text!r}, expected {EXPECTED}")
    place, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    sign = _doppler_sign(text, options.pop("doppler", "receding"))
    if scheme == "udp":
        return _udp(text, place, options, sign)
    return _capture(text, scheme, folder / place, options, sign)


def _udp(text: str, place: str, options: dict[str, str], sign: float) -> UdpAddress:
    host, _, port = place.removeprefix("//").rpartition(":")
    interface, sender = options.pop("interface", ""), options.pop("from", "")
    _refuse_rest(text, options, "interface, from, doppler")
    _check_address(text, "address", host)
    for name, value in (("interface", interface), ("from", sender)):
        if value:
            _check_address(text, name, value)
    if not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"feed {text!r}: port is {port!r}, expected 0 to 65535")
    return UdpAddress(host, int(port), interface, sender, sign)


def _capture(
    text: str, form: str, path: Path, options: dict[str, str], sign: float
) -> CaptureAddress:
    speed, times = options.pop("speed", "1"), options.pop("times", "now")
    _refuse_rest(text, options, "speed, times, doppler")
    try:
        factor = float(speed)
    except ValueError:
        factor = -1.0
    if not 0 <= factor < float("inf"):
        raise ConfigError(f"feed {text!r}: speed is {speed!r}, expected a number from 0")
    if times not in ("now", "capture"):
        raise ConfigError(f"feed {text!r}: times is {times!r}, expected now or capture")
    if times == "now" and factor != 1:
        # Objects would seem to fly faster than they did, and come down elsewhere.
        raise ConfigError(f"feed {text!r}: a speed other than 1 needs times=capture")
    if not path.is_file():
        raise ConfigError(f"feed {text!r}: no file {path}")
    return CaptureAddress(path, form, factor, times == "now", sign)


def _check_address(text: str, name: str, value: str) -> None:
    try:
        IPv4Address(value)
    except ValueError:
        raise ConfigError(
            f"feed {text!r}: {name} is {value!r}, expected an IPv4 address such as 0.0.0.0"
        ) from None


def _refuse_rest(text: str, options: dict[str, str], known: str) -> None:
    for name in options:
        raise ConfigError(f"feed {text!r}: unknown option {name!r}, expected {known}")


def _doppler_sign(text: str, value: str) -> float:
    signs = {"receding": 1.0, "approaching": -1.0, "ignored": 0.0}
    if value not in signs:
        raise ConfigError(
            f"feed {text!r}: doppler is {value!r}, expected {', '.join(signs)}"
        )
    return signs[value]
