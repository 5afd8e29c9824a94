import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forewarn.errors import PlotError
from forewarn.records import PlotBatch, Sensor, SensorKind, Weather, rows_of
from forewarn.threats import CLASSES, HARMFUL_M, THREATS
from forewarn.units import epoch_from_iso, iso_from_epoch


def batch(n: int = 2, **changes: object) -> PlotBatch:
    fields: dict[str, object] = {
        "seq": 1,
        "received_s": 10.0,
        "sensor_id": "north",
        "time_s": np.full(n, 9.5),
        "measured": np.full((n, 4), 1.0),
        "sigma": np.full((n, 4), 0.1),
        "origin_ecef_m": np.zeros((n, 3)),
        "sigma_pos_m": np.full((n, 2), np.nan),
        "identity": ("",) * n,
    }
    return PlotBatch(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_record_keeps_its_arrays_from_being_rewritten() -> None:
    scan = batch()
    with pytest.raises(ValueError, match="read-only"):
        scan.measured[0, 0] = 2.0


def test_an_array_of_another_shape_is_refused_by_name() -> None:
    with pytest.raises(PlotError, match=r"north: sigma is \(2, 3\), must be \(2, 4\)"):
        batch(sigma=np.zeros((2, 3)))


@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9), unique=True))
def test_rows_are_found_by_their_ids(ids: list[int], among: list[int]) -> None:
    asked, rising = np.array(ids, np.int64), np.sort(np.array(among, np.int64))
    row, found = rows_of(asked, rising)
    assert found.tolist() == [one in among for one in ids]
    assert (rising[row[found]] == asked[found]).all()


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(PlotError, match="no time"):
        batch(time_s=np.array([1.0, np.nan]))


def test_an_identity_for_every_plot_or_none() -> None:
    with pytest.raises(PlotError, match="identity has 1 rows, must have 2"):
        batch(identity=("abc",))


def test_a_wind_profile_must_rise() -> None:
    with pytest.raises(PlotError, match="must rise"):
        Weather(1, 0.0, np.array([10.0, 5.0]), np.zeros((2, 2)))


def test_a_sensor_that_names_no_group_is_its_own() -> None:
    assert Sensor("north", SensorKind.RADAR).group == "north"
    assert Sensor("north", SensorKind.RADAR, independence="link-1").group == "link-1"


def test_every_class_has_numbers_and_every_threat_a_radius() -> None:
    assert tuple(threat.name for threat in THREATS) == CLASSES
    assert HARMFUL_M == {
        "rocket": 150.0,
        "ballistic_missile": 500.0,
        "cruise_missile": 250.0,
        "drone": 250.0,
        "debris": 100.0,
    }


def test_times_name_their_zone() -> None:
    assert epoch_from_iso("2026-01-01T00:00:00Z") == 1767225600.0
    assert iso_from_epoch(1767225600.4) == "2026-01-01T00:00:00+00:00"
    with pytest.raises(PlotError, match="names no zone"):
        epoch_from_iso("2026-01-01T00:00:00")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weather_that_is_no_number_never_becomes_an_event(bad: float) -> None:
    height, wind = np.array([0.0, 9e3]), np.array([[1.0, bad], [2.0, 3.0]])
    with pytest.raises(PlotError, match="no number"):
        Weather(1, 0.0, height, wind)
    with pytest.raises(PlotError, match="density_kgpm3"):
        Weather(1, 0.0, height.copy(), np.zeros((2, 2)), np.array([1.0, bad]))
