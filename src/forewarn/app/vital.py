"""Signs of life to whatever keeps this service running, and of the core to us."""

import os
import socket
import time

HUNG_S = 10.0  # without a word from a core that hears a tick a second


class Pulse:
    """When the core last spoke. Until it has, it is starting, and may take its time."""

    def __init__(self) -> None:
        self._heard_s: float | None = None

    def heard(self) -> None:
        """The core said something."""
        self._heard_s = time.monotonic()

    def gone(self) -> None:
        """The core ended; another one is starting."""
        self._heard_s = None

    def beats(self) -> bool:
        """Whether it spoke lately, or is starting."""
        return self._heard_s is None or time.monotonic() - self._heard_s < HUNG_S


def notify(message: str) -> None:
    """Tell systemd, where it asked to be told: `READY=1`, `WATCHDOG=1`, `STATUS=...`.

    Source: sd_notify(3), a datagram to the socket that NOTIFY_SOCKET names.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.sendto(message.encode(), address.replace("@", "\0", 1))
