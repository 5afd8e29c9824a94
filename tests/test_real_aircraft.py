"""Real flights as noisy radars see them: one name each, and half the error of a plot."""

from pathlib import Path

import pytest

from forewarn.bench.aircraft import SCENES, follow_aircraft, read_flights


@pytest.mark.parametrize(
    ("name", "start_s", "end_s"),
    [
        ("paris_2021-10-07.csv.gz", 0.0, 300.0),
        ("zero_gravity_2020-06-25.csv.gz", 2000.0, 4000.0),
        ("uav_2019-12-09.csv", 0.0, 1e9),
    ],
)
def test_a_real_flight_keeps_its_name_at_half_the_error_of_its_plots(
    shared_data: Path, name: str, start_s: float, end_s: float
) -> None:
    source = shared_data / "adsb" / name
    if not source.exists():
        pytest.skip(f"{source} is not here: real flights are not part of the project")
    score = follow_aircraft(read_flights(source, start_s, end_s), SCENES[name])
    print(
        f"{name}: {score.flights} flights, {score.changed} changed name, {score.false}"
        f" false, missed {100 * score.missed:.2f} %, error {score.error_m:.0f} m,"
        f" {score.over_noise:.2f} of a plot's"
    )
    assert score.changed <= 0.05 * score.flights
    assert score.false == 0
    assert score.over_noise <= 0.5
