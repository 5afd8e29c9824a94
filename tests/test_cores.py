"""Work shared out between two cores: in order, in the same cut, and nothing lost."""

import threading
import time

import pytest

from forewarn.cores import in_two


def test_parts_come_back_in_order_and_hold_every_row_once() -> None:
    for count in range(40):
        parts = in_two(lambda part: list(range(40))[part], count, 8)
        assert [row for part in parts for row in part] == list(range(count))
        assert len(parts) == (1 if count < 8 else 2)


def test_both_parts_are_worked_on_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=10.0)
    in_two(lambda _: meet.wait(), 2, 2)  # each waits for the other


def test_rows_that_weigh_more_may_be_cut_elsewhere() -> None:
    assert in_two(lambda part: part, 10, 2, 3) == [slice(0, 3), slice(3, 10)]


@pytest.mark.parametrize("bad", [0, 1])
def test_a_fault_in_either_part_is_told_and_nothing_goes_on_behind(bad: int) -> None:
    done = []

    def work(part: slice) -> None:
        first = part.start == 0
        if first:
            time.sleep(0.05)
        if first == (bad == 0):
            raise ValueError(f"part {bad}")
        done.append(part.start)

    with pytest.raises(ValueError, match=f"part {bad}"):
        in_two(work, 10, 2)
    assert len(done) == 1
    assert in_two(lambda part: part.stop, 10, 2) == [5, 10]  # and the next goes well
