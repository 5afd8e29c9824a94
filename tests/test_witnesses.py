"""People who point at what they see: seldom, coarsely, and some of them wrongly."""

from dataclasses import replace

import numpy as np

from forewarn.bench.witnesses import PEOPLE, follow_told, tell
from forewarn.track import Tracker, TrackParams
from tracking import AIR


def test_people_alone_find_a_drone_to_within_a_district() -> None:
    scores = [follow_told(tell(seed)) for seed in range(1, 7)]
    assert np.median([score.found_s for score in scores]) <= 90.0
    assert np.median(np.concatenate([score.error_m for score in scores])) < 1000.0


def test_who_speaks_again_within_a_minute_is_not_heard_twice() -> None:
    batches, _, _ = tell(1)
    tracker = Tracker([PEOPLE], AIR, TrackParams())
    for k, batch in enumerate(batches[:20]):
        tracker.step(replace(batch, seq=2 * k))
        again = batch.measured + np.array([0.0, 1e-3, 0.0, 0.0])
        later = replace(batch, seq=2 * k + 1, measured=again)
        tracker.step(replace(later, time_s=batch.time_s + 0.1))
    assert tracker.refused["people", "spoke again within a minute"] == 20


def test_who_is_often_wrong_is_believed_less() -> None:
    doubts: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(1, 4):
        batches, _, liars = tell(seed)
        tracker = Tracker([PEOPLE], AIR, TrackParams())
        for batch in batches:
            tracker.step(batch)
        for name, doubt in tracker.doubts.items():
            doubts[name in liars].append(doubt)
    assert np.mean(doubts[True]) > np.mean(doubts[False])


def test_a_snapshot_remembers_who_has_spoken() -> None:
    batches, _, _ = tell(2)
    one, two = (Tracker([PEOPLE], AIR, TrackParams()) for _ in range(2))
    half = len(batches) // 2
    for batch in batches[:half]:
        one.step(batch)
    two.restore(one.memory())
    for batch in batches[half:]:
        first, second = one.step(batch), two.step(batch)
        np.testing.assert_array_equal(first.mean, second.mean)
    assert one.doubts == two.doubts
