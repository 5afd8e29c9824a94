"""Who sees a track and who denies it, group by group."""

import numpy as np

from forewarn.track import table as tables
from forewarn.track.denial import DENIED, FIRM, deny

MINE, OTHER = 1, 2


def looked(t: tables.Table, seen: str, bit: int = OTHER, hit: float = 0.9) -> None:
    """The group looks once a letter: `x` it has a plot there, `.` it has none."""
    for letter in seen:
        taken = np.array([0 if letter == "x" else -1])
        if letter == "x":
            t["group_mask"] |= bit  # as `note` does of any plot
        deny(t, taken, np.array([hit]), np.array([1.0]), bit, 0.1)


def track_of(mask: int) -> tables.Table:
    t = tables.empty(1)
    t["group_mask"] = mask
    return t


def test_a_group_that_sees_it_from_the_first_is_a_second_witness_at_once() -> None:
    t = track_of(MINE)
    looked(t, "x")
    assert t["group_mask"][0] == MINE | OTHER


def test_one_plot_among_many_empty_looks_is_no_witness_and_still_a_denial() -> None:
    t = track_of(MINE)
    looked(t, "........x")
    assert t["group_mask"][0] == MINE
    assert t["denied"][0, 1] > DENIED


def test_a_group_that_sees_it_from_now_on_becomes_a_witness_within_a_few_looks() -> None:
    t = track_of(MINE)
    looked(t, "........xxx")
    assert t["group_mask"][0] == MINE | OTHER
    assert t["denied"][0, 1] <= 0.0


def test_a_witness_by_chance_is_none_any_more_once_it_looks_again() -> None:
    t = track_of(MINE)
    looked(t, "x...")
    assert t["group_mask"][0] == MINE


def test_a_true_witness_may_miss_it_now_and_then() -> None:
    t = track_of(MINE)
    looked(t, "xxxxxx..xx.xx..x")
    assert t["group_mask"][0] == MINE | OTHER


def test_where_it_does_not_look_nothing_is_denied() -> None:
    t = track_of(MINE)
    looked(t, "." * 20, hit=0.05)
    assert t["denied"][0, 1] == 0.0


def test_the_only_group_that_ever_saw_it_stays_its_source() -> None:
    t = track_of(MINE)
    looked(t, "xx" + "." * 20, MINE)
    assert t["group_mask"][0] == MINE
    assert t["denied"][0, 0] == FIRM
