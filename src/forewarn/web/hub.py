"""Server-sent events: one writer, many readers, none of whom can hold up another."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

QUEUE_MAX = 256  # messages; who falls further behind is let go and connects again


class Hub:
    """Hands every message to every reader's own bounded queue."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[dict[str, str] | None]] = set()
        self.dropped = 0

    def publish(self, event: str, body: dict[str, Any], seq: int | None = None) -> None:
        """Queue one message for all readers."""
        message = {"event": event, "data": compact(body)}
        if seq is not None:
            message["id"] = str(seq)
        for queue in tuple(self._readers):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self.dropped += 1
                self._readers.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

    def __len__(self) -> int:
        """Readers now."""
        return len(self._readers)

    async def read(self, first: list[dict[str, str]]) -> AsyncIterator[dict[str, str]]:
        """Messages for one reader, beginning with what it needs to know at once."""
        queue: asyncio.Queue[dict[str, str] | None] = asyncio.Queue(QUEUE_MAX)
        self._readers.add(queue)
        try:
            for message in first:
                yield message
            while (following := await queue.get()) is not None:
                yield following
        finally:
            self._readers.discard(queue)

    def close(self) -> None:
        """Send every reader home."""
        for queue in self._readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)


def compact(body: dict[str, Any]) -> str:
    """JSON without spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
