"""Work shared out between two cores: in order, in the same cut, and nothing lost."""

import threading
import time

import pytest

from forewarn.cores import pieces, shared_out


def test_pieces_hold_every_row_once() -> None:
    for count in range(40):
        for parts in (2, 6):
            cut = pieces(count, 8, parts)
            assert [row for part in cut for row in range(40)[part]] == list(range(count))
            assert len(cut) == (1 if count < 8 else parts)
            lengths = [part.stop - part.start for part in cut]
            assert max(lengths) - min(lengths) <= 1
    assert pieces(3, 2, 6) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_what_comes_of_each_job_is_in_the_order_of_jobs() -> None:
    def work(job: int) -> int:
        time.sleep(0.001 * (job % 3))
        return -job

    for count in range(20):
        assert shared_out(work, range(count)) == [-job for job in range(count)]


def test_two_jobs_are_worked_on_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=10.0)
    shared_out(lambda _: meet.wait(), [0, 1])  # each waits for the other


def test_whoever_is_done_takes_the_next_one() -> None:
    """One long job, and others that the other core does meanwhile."""
    done: list[int] = []
    others = threading.Event()

    def work(job: int) -> None:
        if job == 0:
            assert others.wait(10.0)
        else:
            done.append(job)
            if len(done) == 5:
                others.set()

    shared_out(work, range(6))
    assert done == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("bad", [0, 1])
def test_a_fault_in_either_core_is_told_and_nothing_goes_on_behind(bad: int) -> None:
    meet = threading.Barrier(2, timeout=10.0)
    done = []

    def work(job: int) -> None:
        if job < 2:
            meet.wait()
        if job == bad:
            raise ValueError(f"job {job}")
        time.sleep(0.05)
        done.append(job)

    with pytest.raises(ValueError, match=f"job {bad}"):
        shared_out(work, range(9))
    count = len(done)
    time.sleep(0.1)
    assert len(done) == count < 8
    assert shared_out(lambda job: job, [5, 10]) == [5, 10]  # and the next goes well
