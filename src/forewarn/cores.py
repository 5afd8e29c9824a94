"""Work of kernels shared out between two cores.

Kernels hold no lock while they run. A batch is always cut in the same way, however many
cores there are: the same events must give the same bytes on every machine.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def shared_out(work: Callable[[J], R], jobs: Sequence[J]) -> list[R]:
    """What `work` returns for each job, in order: each core takes the next one left.

    work : of a job, and of nothing else that another thread changes; must not call this
           itself, for there is one other thread and it would wait for it
    jobs : each longer than the 0.1 ms that handing over takes
    """
    if len(jobs) < 2:
        return [work(job) for job in jobs]
    done: dict[int, R] = {}
    left = iter(range(len(jobs)))  # the interpreter hands a number to one core alone

    def take() -> None:
        try:
            for k in left:
                done[k] = work(jobs[k])
        finally:
            list(left)  # after a fault nothing more is begun

    other = _other_core().submit(take)
    try:
        take()
    finally:
        other.exception()  # waits: nothing goes on behind the caller's back
    other.result()
    return [done[k] for k in range(len(jobs))]


def pieces(count: int, least: int, parts: int = 2) -> list[slice]:
    """Rows of a batch in so many even parts; below `least` of them in one."""
    parts = min(parts, count) if count >= least else 1
    edges = [count * k // parts for k in range(parts + 1)]
    return [slice(edges[k], edges[k + 1]) for k in range(parts)]


@cache
def _other_core() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "other-core")
