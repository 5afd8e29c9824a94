"""How the web application is served: to thousands at once, and nobody can hold it up."""

import gc
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from forewarn.errors import ConfigError
from forewarn.web.limits import BODY_MAX

STALLED_S = 20.0  # a client that takes nothing so long shows "not reachable" by itself
BACKLOG = 2048  # connections that may wait to be taken: all come back at once
CLOSE_S = 5  # for answers to end when the service stops
WORTH_IT = 50_000  # objects made since memory was looked through for rubbish
RUBBISH_MAX = 2_000_000  # that may wait while alerts are out: some hundred megabytes


class WebServer(uvicorn.Server):
    """Serves the application; signals are the service's own matter.

    transport : by TLS or not, as `tls.transport` has it
    """

    def __init__(self, app: ASGIApp, **transport: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,  # addresses of those who ask are nobody's business
                backlog=BACKLOG,
                ws="websockets-sansio",
                ws_max_size=BODY_MAX,
                ws_per_message_deflate=False,  # a compressor for each of thousands
                timeout_graceful_shutdown=CLOSE_S,
                **transport,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield


def listener(host: str, port: int, stalled_s: float = STALLED_S) -> socket.socket:
    """The socket that clients connect to.

    The kernel ends a connection whose client takes no byte for `stalled_s`. Nothing above
    it could: what was written to such a client waits in its socket for ever.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        ours = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(f"[web] {host}:{port} cannot be used: {error}") from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        wait_ms = round(1000 * stalled_s)
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, wait_ms)
    return ours


def raise_file_limit() -> int:
    """As many open files as the system lets this process have: each client is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def tidy(quiet: bool) -> None:
    """Look through memory for rubbish: when no alert is out, or when it has to be.

    With thousands of readers that takes a second in which nobody is told anything.
    Python's own collector, hence disabled, chooses the moment at which alerts go out.
    """
    if gc.get_count()[0] > (WORTH_IT if quiet else RUBBISH_MAX):
        gc.collect()
