"""Where events come from: adapters, one standard per file."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Protocol

from forewarn.errors import ConfigError
from forewarn.records import Event
from forewarn.sources.asterix import AsterixDecoder
from forewarn.sources.capture import CaptureSource
from forewarn.sources.feed import CaptureAddress, Feed, UdpAddress, parse_feed
from forewarn.sources.udp import UdpSource

__all__ = [
    "AsterixDecoder",
    "CaptureAddress",
    "CaptureSource",
    "Feed",
    "FeedSource",
    "UdpAddress",
    "UdpSource",
    "open_feeds",
    "parse_feed",
]


class FeedSource(Protocol):
    """A pipeline.Source that also counts what it refuses, by (source, reason)."""

    def events(self) -> AsyncIterator[Event]: ...

    @property
    def refused(self) -> Counter[tuple[str, str]]: ...


def open_feeds(
    feeds: Sequence[Feed], folder: Path = Path(), clock: Callable[[], float] = time.time
) -> list[FeedSource]:
    """One source for each feed address; sensors that share one are told apart by SAC, SIC.

    UDP addresses are taken at once, so that a busy port stops the start. Files are relative
    to `folder`; arrivals are stamped by `clock`. ConfigError names the sensor whose feed
    cannot be used.
    """
    shared: dict[str, list[Feed]] = {}
    for feed in feeds:
        shared.setdefault(feed.feed_url, []).append(feed)
    opened: list[FeedSource] = []
    for text, sharing in shared.items():
        try:
            opened.append(_opened(parse_feed(text, folder), sharing, clock))
        except ConfigError as error:
            for source in opened:
                if isinstance(source, UdpSource):
                    source.close()
            raise ConfigError(f"sensor {sharing[0].sensor.sensor_id}: {error}") from error
    return opened


def _opened(
    address: UdpAddress | CaptureAddress, sharing: list[Feed], clock: Callable[[], float]
) -> FeedSource:
    if isinstance(address, CaptureAddress):
        return CaptureSource(address, sharing, clock)
    source = UdpSource(address, sharing, clock)
    source.open()
    return source
