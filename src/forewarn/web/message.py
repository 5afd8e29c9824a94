"""One message of a stream, put into bytes once for all who read it."""

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Message:
    """What readers are sent.

    event : what it is about
    data  : JSON, on one line
    id    : from which a reader may resume; "" = none
    """

    event: str
    data: str
    id: str = ""

    @cached_property
    def sse(self) -> bytes:
        """As a server-sent event."""
        named = f"id: {self.id}\n" if self.id else ""
        return f"event: {self.event}\n{named}data: {self.data}\n\n".encode()

    @cached_property
    def text(self) -> str:
        """As JSON of its own, for a WebSocket: `event`, `data`, and `id` if it has one."""
        named = f',"id":"{self.id}"' if self.id else ""
        return f'{{"event":"{self.event}"{named},"data":{self.data}}}'
