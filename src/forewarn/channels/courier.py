"""The common part of every channel: a queue, a thread, another try, a confirmation."""

import heapq
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from forewarn.errors import DeliveryError
from forewarn.records import Counts, Key, Parcel

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 30.0
LONGEST_AWAY_S = 5.0  # between two tries of a place that takes nothing
JITTER = 0.25  # a wait is longer by up to this share, so that not all knock at once
TOGETHER_MAX = 64  # parcels carried at once, unless a channel says otherwise
WAITING_MAX = 100_000  # beyond it a parcel stays in the outbox only, for the next start
CLOSE_S = 10.0
DELAYS_KEPT = 1000

Waiting = tuple[float, int, int, Parcel]  # due, order of arrival, tries so far, what


class AwayError(DeliveryError):
    """The place takes nothing for now: what was not carried waits, and keeps its order.

    results : for each parcel "", what is wrong with it alone, or None = it waits
    wait_s  : no other try before so long, if the place asked for that
    """

    def __init__(
        self, error: str, results: Sequence[str | None] = (), wait_s: float = 0.0
    ) -> None:
        super().__init__(error)
        self.results = results
        self.wait_s = wait_s


class Courier:
    """Carries parcels in a thread of its own and says which have arrived.

    carry     : tries some parcels; returns for each "" or what went wrong, or AwayError
    delivered : told the keys that arrived
    together  : parcels carried at once, at most
    A parcel that fails is tried again ever more slowly, and holds up no other.
    """

    def __init__(
        self,
        name: str,
        carry: Callable[[Sequence[Parcel]], Sequence[str]],
        delivered: Callable[[list[Key]], None],
        together: int = TOGETHER_MAX,
    ) -> None:
        self._carry = carry
        self._delivered = delivered
        self._together = together
        self._queue: list[Waiting] = []
        self._waiting: dict[Key, float] = {}  # since when
        self._delays_s: deque[float] = deque(maxlen=DELAYS_KEPT)
        self._order = 0
        self._aways, self._away_until_s = 0, 0.0
        self._arrived = self._failures = self._dropped = 0
        self._last_error = ""
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def offer(self, parcels: Sequence[Parcel]) -> None:
        """Queue parcels; one that waits already is not queued twice."""
        with self._change:
            for parcel in parcels:
                if parcel.key in self._waiting:
                    continue
                if self._closing or len(self._waiting) >= WAITING_MAX:
                    self._dropped += 1
                    continue
                self._waiting[parcel.key] = time.monotonic()
                self._push(0.0, 0, parcel)
            self._change.notify()

    def counts(self) -> Counts:
        """How it fares at this moment."""
        with self._change:
            return Counts(
                self._arrived,
                self._failures,
                len(self._waiting),
                self._dropped,
                self._last_error,
                quantile_95(self._delays_s),
            )

    def close(self) -> None:
        """Try once more all that waits, then end."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(timeout=CLOSE_S)

    def _push(self, due_s: float, tries: int, parcel: Parcel) -> None:
        self._order += 1
        heapq.heappush(self._queue, (due_s, self._order, tries, parcel))

    def _run(self) -> None:
        while True:
            batch, last_try = self._take()
            if not batch:
                return
            results = self._try([parcel for *_, parcel in batch])
            with self._change:
                for waiting, result in zip(batch, results, strict=True):
                    _, _, tries, parcel = waiting
                    if result == "" or last_try:
                        del self._waiting[parcel.key]
                    elif result is None:
                        heapq.heappush(self._queue, waiting)
                    else:
                        due_s = time.monotonic() + _wait_s(tries, LONGEST_WAIT_S)
                        self._push(due_s, tries + 1, parcel)

    def _take(self) -> tuple[list[Waiting], bool]:
        """Parcels that are due, once there are some, and whether they get no other try."""
        with self._change:
            while True:
                now_s = time.monotonic()
                batch: list[Waiting] = []
                while self._queue and len(batch) < self._together:
                    if self._due_s() > now_s and not self._closing:
                        break
                    batch.append(heapq.heappop(self._queue))
                if batch or self._closing:
                    return batch, self._closing
                self._change.wait(self._due_s() - now_s if self._queue else None)

    def _due_s(self) -> float:
        return max(self._queue[0][0], self._away_until_s)

    def _try(self, parcels: Sequence[Parcel]) -> Sequence[str | None]:
        """One try, which nothing can end the thread with."""
        results, error, away_s = self._carried(parcels)
        arrived = [
            p.key for p, result in zip(parcels, results, strict=True) if result == ""
        ]
        failed = [result for result in results if result]
        with self._change:
            now_s = time.monotonic()
            self._away_until_s = now_s + away_s
            self._arrived += len(arrived)
            self._delays_s.extend(now_s - self._waiting[key] for key in arrived)
            self._failures += len(failed) + bool(error)
            self._last_error = error or next(iter(failed), "")
        if arrived:
            self._tell(arrived)
        return results

    def _carried(
        self, parcels: Sequence[Parcel]
    ) -> tuple[Sequence[str | None], str, float]:
        """Results as `AwayError` has them; why the place is away, and for how long."""
        try:
            results = self._carry(parcels)
        except AwayError as away:
            self._aways = 1 if "" in away.results else self._aways + 1
            wait_s = max(away.wait_s, _wait_s(self._aways - 1, LONGEST_AWAY_S))
            return away.results or [None] * len(parcels), str(away), wait_s
        except Exception as error:  # a fault of one channel must not silence it
            return [f"{type(error).__name__}: {error}"] * len(parcels), "", 0.0
        self._aways = 0
        return results, "", 0.0

    def _tell(self, keys: list[Key]) -> None:
        try:
            self._delivered(keys)
        except Exception as error:  # they are offered again at the next start
            with self._change:
                self._last_error = f"not confirmed: {error}"


def _wait_s(tries: int, longest_s: float) -> float:
    """How long to wait after so many tries before."""
    wait_s = min(FIRST_WAIT_S * 2.0 ** min(tries, 20), longest_s)
    return wait_s * random.uniform(1.0, 1.0 + JITTER)


def quantile_95(values: Sequence[float]) -> float:
    """The 95 % quantile, or 0 of none."""
    return sorted(values)[int(0.95 * (len(values) - 1))] if values else 0.0
