"""The simulated world: physics of its own, noise as stated, the same seed the same raid."""

from dataclasses import replace
from math import radians
from pathlib import Path

import numpy as np
import pytest

from forewarn.errors import ConfigError
from forewarn.geodesy import geographic_points, metres_per_radian
from forewarn.records import Sensor, SensorKind
from forewarn.sim import raids, world
from forewarn.sim.raid_keys import FaultKeys
from forewarn.sim.sight import Flyer, observe, polar
from forewarn.sim.traffic import read_aircraft
from forewarn.sim.world import Launch, fly, steer

SITE = np.array([[radians(56.0), radians(9.0)]])


def launch(beta: float = 1e9, speed: float = 400.0, burn_s: float = 0.5) -> Launch:
    one = np.ones(1)
    return Launch(SITE, 0.7 * one, radians(45) * one, speed * one, burn_s * one, beta * one)


def reach_m(spot: np.ndarray) -> float:
    return float(np.hypot(*((spot - SITE) * metres_per_radian(SITE[0, 0])).T)[0])


def test_without_drag_a_body_flies_the_parabola() -> None:
    _, _, down, spot = fly(launch(), (0.0, 0.0))
    # v2 sin(2a)/g and 2 v sin(a)/g, less what the short burn under gravity costs
    assert down[0] == pytest.approx(2 * 400 * np.sin(radians(45)) / 9.815, rel=0.02)
    assert reach_m(spot) == pytest.approx(400**2 / 9.815, rel=0.03)


def test_drag_and_wind_act_as_they_should() -> None:
    calm = fly(launch(beta=3000.0), (0.0, 0.0))[3]
    thick = fly(launch(beta=1500.0), (0.0, 0.0))[3]
    blown = fly(launch(beta=3000.0), (20.0, 0.0))[3]
    assert reach_m(thick) < reach_m(calm) < 0.95 * 400**2 / 9.8
    assert blown[0, 1] > calm[0, 1]


@pytest.mark.parametrize("lat_deg", [0.0, 31.0, 47.0, 56.0, 80.0])
def test_a_body_comes_down_on_the_ellipsoid(lat_deg: float) -> None:
    there = replace(launch(beta=3000.0), site_rad=np.radians([[lat_deg, 9.0]]))
    time_s, path, down, _ = fly(there, (0.0, 0.0))
    end = world.Path(time_s, path[:, 0]).at(down)
    _, _, height_m = geographic_points(end[:, :3].copy())
    assert height_m[0] == pytest.approx(0.0, abs=1.0)


RADAR = Sensor(
    "r",
    SensorKind.RADAR,
    SITE[0, 0],
    SITE[0, 1],
    50.0,
    scan_s=1.0,
    sigma_range_m=20.0,
    sigma_azimuth_rad=2e-3,
    sigma_elevation_rad=2e-3,
    sigma_range_rate_mps=5.0,
    range_min_m=1e3,
    range_max_m=50e3,
    elevation_min_rad=0.0,
    elevation_max_rad=1.2,
    detection_probability=0.8,
    clutter_per_scan=7.0,
    simulated=True,
)


@pytest.mark.parametrize("errors", [1.0, 1.5])
def test_a_radar_sees_with_the_misses_and_clutter_it_states_and_with_the_noise_it_has(
    errors: float,
) -> None:
    way = steer(
        np.array([SITE[0, 0] + 3e-3, SITE[0, 1]]), [(600.0, 1.0, 20.0, 0.0)], 5e3, 0.0
    )
    stream = np.random.SeedSequence(1)
    scans = observe([RADAR], [Flyer("x", way)], (0.0, 600.0), stream, False, errors)
    batches = [scan.plots for scan in scans]
    hits, false = [], 0
    for batch in batches:
        true = polar(way.at(np.array([batch.received_s - 0.2])), RADAR)[0]
        away = (batch.measured - true) / RADAR.sigma
        assert (batch.sigma == RADAR.sigma).all()
        near = (np.abs(away) < 6).all(axis=1)
        false += int((~near).sum())
        hits += list(away[near])
    assert len(hits) / len(batches) == pytest.approx(0.8, abs=0.05)
    assert false / len(batches) == pytest.approx(7.0, rel=0.1)
    np.testing.assert_allclose(np.std(hits, axis=0), errors, rtol=0.1)
    np.testing.assert_allclose(np.mean(hits, axis=0), 0.0, atol=0.15 * errors)


def test_the_same_seed_is_the_same_raid_and_another_is_not() -> None:
    raid = raids.load("rockets")
    one, again, other = (raids.generate(raid, seed) for seed in (1, 1, 2))
    assert len(one.batches) == len(again.batches)
    for a, b in zip(one.batches, again.batches, strict=True):
        np.testing.assert_array_equal(a.measured, b.measured)
    np.testing.assert_array_equal(one.truth.impact_s, again.truth.impact_s)
    assert not np.array_equal(one.truth.impact_s, other.truth.impact_s)


def test_shipped_raids_come_down_around_their_towns_and_are_simulated() -> None:
    for name in ("rockets", "demo"):
        raid = raids.load(name)
        drawn = raids.generate(raid, 3)
        aims = np.array(
            [(s.aim_lat_deg, s.aim_lon_deg) for s in (*raid.salvos, *raid.drones)]
        )
        away = (drawn.truth.impact_deg[:, None] - aims) * (111e3, 62e3)
        assert np.hypot(*np.moveaxis(away, 2, 0)).min(axis=1).max() < 6e3
        assert all(sensor.simulated for sensor in drawn.sensors)


def test_aircraft_are_in_the_states_and_no_threats() -> None:
    truth = raids.generate(raids.load("quiet"), 1).truth
    assert truth.threat_id == ()
    assert len(set(truth.state_id)) == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"table \[raid\] is missing"),
        ("schema = 3", "schema is 3"),
        ('[raid]\nname = "x"\n[launcher]\n', r"unknown table \[launcher\]"),
    ],
)
def test_a_wrong_raid_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "raid.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        raids.load(str(path))


def test_an_unknown_raid_names_those_shipped() -> None:
    with pytest.raises(ConfigError, match="demo, evening, load"):
        raids.load("nowhere")


def test_real_aircraft_are_cleaned(shared_data: Path) -> None:
    flyers = read_aircraft(shared_data / "adsb" / "paris_2021-10-07.csv.gz")
    assert len(flyers) > 60
    speeds = [np.linalg.norm(f.path.state[:, 3:], axis=1).max() for f in flyers]
    assert max(speeds) < 330.0  # a receiver once reported 37,500 m of height


def test_a_table_without_aircraft_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,icao24\n1,abc\n")
    with pytest.raises(ConfigError, match="column 'latitude' is missing"):
        read_aircraft(path)


def test_a_barrage_is_drawn_anew_with_every_seed_and_falls_on_its_towns() -> None:
    raid = raids.load("volley")
    first, again, other = (raids.generate(raid, seed).truth for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.impact_deg, again.impact_deg)
    assert np.abs(np.median(first.impact_deg - other.impact_deg, axis=0)).max() > 0.01
    scale = np.radians(metres_per_radian(radians(56.0)))
    middle = np.median(first.impact_deg, axis=0)
    assert np.median(np.hypot(*((first.impact_deg - middle) * scale).T)) < 1500.0


def test_a_flight_that_is_moved_to_its_aim_keeps_place_and_velocity_of_one_piece() -> None:
    truth = raids.generate(raids.load("ten_missiles"), 1).truth
    own = np.array(truth.state_id) == truth.threat_id[0]
    lat, height = np.radians(truth.state[own, 0]), truth.state[own, 2]
    per_lat = np.array([metres_per_radian(float(one))[0] for one in lat])
    north = np.gradient(lat, truth.state_time_s[own]) * (per_lat + height)
    middle = slice(5, -5)
    np.testing.assert_allclose(north[middle], truth.state[own, 4][middle], atol=8.0)  # m/s


def test_faults_lean_lose_repeat_and_delay_scans() -> None:
    raid = raids.load("volley")
    clean = raids.generate(replace(raid, faults=None), 3)
    bad = FaultKeys(
        range_bias_m=200.0,
        drop_outs_per_h=60.0,
        drop_out_s=20.0,
        late_share=0.2,
        doubled_share=0.2,
        jammed_per_h=60.0,
        wind_error_mps=3.0,
    )
    spoilt = raids.generate(replace(raid, faults=bad), 3)
    times = [batch.received_s for batch in spoilt.batches]
    assert times == sorted(times)
    seen = {(b.sensor_id, *b.time_s[:3]) for b in spoilt.batches if len(b.time_s)}
    assert len(seen) < len([b for b in spoilt.batches if len(b.time_s)])  # some came twice
    assert len({(b.sensor_id, *b.time_s[:3]) for b in clean.batches}) > len(seen)  # lost
    assert max(len(b.time_s) for b in spoilt.batches) > 60  # jammed
    told = spoilt.told[0]
    assert not clean.told
    assert np.hypot(*(told.wind_mps[-1] - raid.raid.wind_mps)) < 15.0


def test_drones_of_a_raid_turn_no_faster_than_a_wing_lets_them() -> None:
    truth = raids.generate(raids.load("evening"), 2).truth
    for name, kind in zip(truth.threat_id, truth.kind, strict=True):
        if kind == "ballistic_missile":
            continue
        state = truth.state[np.array(truth.state_id) == name]
        course = np.unwrap(np.arctan2(state[:, 3], state[:, 4]))
        most = radians(3.1 if kind == "drone" else 5.1)
        assert np.abs(np.diff(course)).max() < most
        assert state[:-1, 2].min() > 0.0
