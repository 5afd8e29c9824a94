"""Server-sent events: one writer, many readers, none of whom can hold up another."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

from forewarn.web.message import Message
from forewarn.web.wish import Wish

BEAT_S = 5.0
QUEUE_MAX = 256  # messages; who falls further behind is let go and connects again
ALL = Wish()
BEAT = Message("", "")  # stands in a queue for a sign of life that is made when it is sent

Queue = asyncio.Queue[Message | None]


class Hub:
    """Hands messages to every reader's own bounded queue; one wish is served once."""

    def __init__(self) -> None:
        self._readers: dict[Wish, set[Queue]] = {}
        self.dropped = 0
        self._closed = False

    def publish(self, event: str, body: dict[str, Any]) -> None:
        """Queue one message for all readers."""
        message = sent(event, body)
        for queues in tuple(self._readers.values()):
            self._put(queues, message)

    def publish_each(
        self, event: str, say: Callable[[Wish], dict[str, Any] | None], message_id: str
    ) -> None:
        """Queue what each wish is to be told; None = nothing."""
        for wish, queues in tuple(self._readers.items()):
            body = say(wish)
            if body is not None:
                self._put(queues, sent(event, body, message_id))

    async def read(
        self,
        first: Callable[[], list[Message]],
        wish: Wish = ALL,
        beat: Callable[[], Message] | None = None,
    ) -> AsyncGenerator[Message]:
        """Messages for one reader, beginning with what it needs to know at once.

        `first` is asked once the reader is in line: what is said meanwhile is not lost.
        `beat` is said to it every `BEAT_S`: to each reader in its own time, so that
        thousands of them never stand in the way of an alert.
        """
        queue: Queue = asyncio.Queue(QUEUE_MAX)
        self._readers.setdefault(wish, set()).add(queue)
        if self._closed:
            queue.put_nowait(None)
        beating = _Beating(queue) if beat else None
        try:
            for message in first():
                yield message
            while (following := await queue.get()) is not None:
                yield beat() if beat and following is BEAT else following
        finally:
            if beating:
                beating.stop()
            self._forget(wish, queue)

    def __len__(self) -> int:
        """Readers now."""
        return sum(len(queues) for queues in self._readers.values())

    def close(self) -> None:
        """Send every reader home, and whoever comes later."""
        self._closed = True
        for queues in self._readers.values():
            for queue in queues:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(None)

    def _put(self, queues: set[Queue], message: Message) -> None:
        for queue in tuple(queues):
            try:
                queue.put_nowait(message)
            except asyncio.QueueFull:
                self.dropped += 1
                queues.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)

    def _forget(self, wish: Wish, queue: Queue) -> None:
        queues = self._readers.get(wish, set())
        queues.discard(queue)
        if not queues:
            self._readers.pop(wish, None)


class _Beating:
    """Puts a sign of life into a queue every `BEAT_S`, unless its reader is held up."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._later()

    def stop(self) -> None:
        """No more of them."""
        self._timer.cancel()

    def _later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _beat(self) -> None:
        if self._queue.empty():
            self._queue.put_nowait(BEAT)
        self._later()


def sent(event: str, body: dict[str, Any], message_id: str = "") -> Message:
    """A message as readers get it; those with an id are where one may resume."""
    return Message(event, compact(body), message_id)


def compact(body: dict[str, Any]) -> str:
    """JSON without spaces."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
