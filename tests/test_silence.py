"""What radars would have shown of a drone that flew on, and did not."""

import numpy as np

from forewarn.geodesy import ecef_points, enu_from_ecef
from forewarn.records import STRAIGHT
from forewarn.threats import DRONE, ROCKET
from forewarn.track import table as tables
from forewarn.track.silence import MOST, count_silence

LAT, LON = np.radians([50.0, 30.0])
ORIGIN = ecef_points(np.array([LAT]), np.array([LON]), np.array([100.0]))[0]
TURN = enu_from_ecef(LAT, LON)
STAND = (ORIGIN, TURN, np.array([1e3, 60e3, 0.0, 1.0]))
AROUND = (0.0, 2 * np.pi)


def diving(kind: int = DRONE, east_m: float = 20e3) -> tables.Table:
    """One track, last seen at 0 s, 500 m up and steeply on its way down."""
    t = tables.empty(1)
    t["mean"][0, STRAIGHT, :3] = ORIGIN + np.array([east_m, 0.0, 500.0]) @ TURN
    t["mean"][0, STRAIGHT, 3:6] = np.array([40.0, 0.0, -40.0]) @ TURN
    t["weight"][0, STRAIGHT] = 1.0
    t["prob"][0] = np.eye(6)[kind]
    t["scan_s"] = 5.0
    return t


def looks(t: tables.Table, whens_s: list[float], detection: float = 0.9) -> float:
    for when_s in whens_s:
        count_silence(t, np.array([-1]), when_s, STAND, AROUND, detection)
    return float(t["silence"][0])


def test_scans_that_would_have_shown_it_flying_on_speak_against_it() -> None:
    # after 15 s its track is below the ground, where no radar looks
    np.testing.assert_allclose(looks(diving(), [10.0, 15.0, 20.0]), 3 * np.log(10.0))


def test_within_its_own_scan_nothing_is_missed() -> None:
    assert looks(diving(), [1.0, 4.0]) == 0.0


def test_where_no_radar_looks_silence_says_nothing() -> None:
    assert looks(diving(east_m=90e3), [10.0, 15.0, 20.0]) == 0.0


def test_a_poor_radar_says_less_and_nothing_is_ever_sure() -> None:
    assert 0.0 < looks(diving(), [10.0], 0.3) < looks(diving(), [10.0])
    assert looks(diving(), [10.0 + k for k in range(50)]) == MOST


def test_a_plot_ends_it_and_what_falls_is_not_asked() -> None:
    t = diving()
    looks(t, [10.0])
    count_silence(t, np.array([0]), 11.0, STAND, AROUND, 0.9)
    assert t["silence"][0] == 0.0
    assert looks(diving(ROCKET), [10.0, 15.0]) == 0.0
