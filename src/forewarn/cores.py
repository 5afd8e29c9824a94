"""Work of kernels shared out between two cores.

Kernels hold no lock while they run. A batch is always cut in the same way, however many
cores there are: the same events must give the same bytes on every machine.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

R = TypeVar("R")


def in_two(
    work: Callable[[slice], R], count: int, least: int, middle: int | None = None
) -> list[R]:
    """What `work` returns for the rows of a batch, in order: in two parts, side by side.

    work   : of a slice of rows, and of nothing else that another thread changes; must not
             call `in_two` itself, for there is one other thread and it would wait for it
    count  : of rows; below `least` they are one part, for handing over takes 0.1 ms
    middle : first row of the second part; where rows weigh alike it need not be told
    """
    if count < least:
        return [work(slice(0, count))]
    middle = count // 2 if middle is None else middle
    first = _other_core().submit(work, slice(0, middle))
    try:
        second = work(slice(middle, count))
    finally:
        first.exception()  # waits: nothing goes on behind the caller's back
    return [first.result(), second]


@cache
def _other_core() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "other-core")
