"""ASTERIX over UDP, unicast or multicast. One socket, one bounded queue."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress

from forewarn.errors import ConfigError
from forewarn.records import Event
from forewarn.sources.asterix import BATCH_MAX_S, AsterixDecoder
from forewarn.sources.feed import Feed, UdpAddress

QUEUE_MAX = 4096  # datagrams; a few seconds of a busy radar
BUFFER_BYTES = 4 << 20  # of the kernel, which drops what comes while we decode
POLL_S = BATCH_MAX_S / 5


class UdpSource:
    """Plots of the radars that send to one address.

    refused : count by (source, reason), as of AsterixDecoder, and of datagrams dropped here
    """

    def __init__(
        self,
        address: UdpAddress,
        feeds: Sequence[Feed],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self._clock = clock
        self.decoder = AsterixDecoder(feeds, address.doppler_sign)
        self._queue: asyncio.Queue[tuple[bytes, float]] = asyncio.Queue(QUEUE_MAX)
        self._socket: socket.socket | None = None

    @property
    def refused(self) -> Counter[tuple[str, str]]:
        """What came and was not turned into plots."""
        return self.decoder.refused

    def open(self) -> int:
        """Take the address, before anything else starts; returns the port."""
        if self._socket is None:
            self._socket = _bound(self.address)
        return int(self._socket.getsockname()[1])

    def receiver(self) -> "_Receiver":
        """The end of the socket that fills the queue."""
        return _Receiver(self._queue, self.address.sender, self.refused, self._clock)

    def close(self) -> None:
        """Give the address back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def events(self) -> AsyncIterator[Event]:
        """Batches as they close, for ever; the socket closes with the iterator."""
        self.open()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(self.receiver, sock=self._socket)
        try:
            while True:
                for batch in await self._next():
                    yield batch
                await asyncio.sleep(0)  # decoding must not starve the rest of the shell
        finally:
            transport.close()
            self._socket = None

    async def _next(self) -> list[Event]:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                datagram, received_s = await self._queue.get()
            return list(self.decoder.feed(datagram, received_s))
        return list(self.decoder.poll(self._clock()))


class _Receiver(asyncio.DatagramProtocol):
    """Stamps each datagram with its arrival and queues it."""

    def __init__(
        self,
        queue: asyncio.Queue[tuple[bytes, float]],
        sender: str,
        refused: Counter[tuple[str, str]],
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._queue = queue
        self._sender = sender
        self._refused = refused

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._sender and addr[0] != self._sender:
            self._refused["feed", "datagram of another sender"] += 1
            return
        try:
            self._queue.put_nowait((data, self._clock()))
        except asyncio.QueueFull:
            self._refused["feed", "datagram dropped, queue full"] += 1


def _bound(address: UdpAddress) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.setblocking(False)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        if address.multicast:
            # Other programs of this machine may listen to the same group.
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            receiver.bind((address.host, address.port))
            joined = socket.inet_aton(address.host) + socket.inet_aton(
                address.interface or "0.0.0.0"
            )
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        else:
            receiver.bind((address.host, address.port))
    except OSError as error:
        receiver.close()
        raise ConfigError(
            f"feed udp://{address.host}:{address.port}: cannot listen: {error.strerror}"
        ) from error
    return receiver
