"""`forewarn fly`, held against the check cases of independent simulators."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from typer.testing import CliRunner

from forewarn.app.command_line import cli
from forewarn.app.flown import path_rows
from forewarn.bench.check_cases import (
    CASES,
    SIMULATORS,
    case_of,
    distances_m,
    read_check,
)
from forewarn.errors import ConfigError
from forewarn.flight.steps import STEP_S


@pytest.mark.parametrize("simulator", SIMULATORS)
@pytest.mark.parametrize("name", CASES)
def test_check_cases_of_independent_simulators_are_met_to_a_centimetre(
    shared_data: Path, tmp_path: Path, name: str, simulator: str
) -> None:
    check = read_check(shared_data / "trajectories/nesc", name, simulator)
    case = case_of(check, tmp_path)
    flown, end = path_rows(case)
    assert len(flown) == len(check.time_s) == 301
    assert np.isnan(end[0])
    ours = np.array([[row[f"{axis}_m"] for axis in "xyz"] for row in flown])
    assert np.linalg.norm(ours - check.place, axis=1).max() < 0.01
    # and in the long steps that a warning takes
    assert distances_m(check, case, STEP_S).max() < 0.01


def test_a_folder_without_check_cases_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=tmp_path.name):
        read_check(tmp_path, "01_DroppedSphere", "04")


BASE = """[start]
lat_deg = 50.0
lon_deg = 10.0
height_m = 3000.0
vel_ned_mps = [0.0, 420.0, -326.0]
[body]
beta_kgpm2 = 4000.0
"""


def run(tmp_path: Path, text: str, *more: str) -> tuple[int, str]:
    case = tmp_path / "case.toml"
    case.write_text(text)
    done = CliRunner().invoke(cli, ["fly", str(case), *more])
    if isinstance(done.exception, ConfigError):
        return 2, str(done.exception)
    return done.exit_code, done.output


def test_the_path_ends_on_the_ground_and_rises_before(tmp_path: Path) -> None:
    out = tmp_path / "path.csv"
    code, text = run(tmp_path, BASE, "--out", str(out), "--json")
    assert code == 0
    end = json.loads(text)["end"]
    assert end["down"]
    assert abs(end["height_m"]) < 0.1
    with out.open() as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    assert_allclose([row["time_s"] for row in rows[:3]], [0.0, 1.0, 2.0])
    assert_allclose(rows[-1]["time_s"], end["time_s"], atol=1e-4)
    assert max(row["height_m"] for row in rows) > 5500.0
    assert_allclose((rows[0]["vn_mps"], rows[0]["ve_mps"]), (0.0, 420.0), atol=1e-9)


def test_a_start_in_either_frame_is_the_same_flight(tmp_path: Path) -> None:
    out = tmp_path / "path.csv"
    _, text = run(tmp_path, BASE, "--out", str(out), "--json")
    with out.open() as file:
        first = next(csv.DictReader(file))
    place, speed = (
        ", ".join(first[name] for name in names)
        for names in (("x_m", "y_m", "z_m"), ("vx_mps", "vy_mps", "vz_mps"))
    )
    other = f"""[start]
ecef_m = [{place}]
vel_ecef_mps = [{speed}]
[body]
beta_kgpm2 = 4000.0
"""
    assert json.loads(run(tmp_path, other, "--json")[1]) == json.loads(text)


def test_profile_and_grid_files_are_read_beside_the_case(tmp_path: Path) -> None:
    calm = json.loads(run(tmp_path, BASE, "--json")[1])["end"]
    (tmp_path / "air.csv").write_text(
        "height_m, east_mps, north_mps, temperature_k, pressure_pa\n"
        "0, 0, 0, 288.15, 101325\n5000, 30, 0, 255.7, 54020\n12000, 30, 0, 216.65, 19330\n"
    )
    (tmp_path / "hills.asc").write_text(
        "ncols 2\nnrows 2\nxllcorner 9.0\nyllcorner 49.0\ncellsize 1.0\n300 300\n300 300\n"
    )
    windy = BASE + '[air]\nprofile = "air.csv"\n[ground]\ngrid = "hills.asc"\n'
    end = json.loads(run(tmp_path, windy, "--json")[1])["end"]
    assert_allclose(end["height_m"], 300.0, atol=0.1)
    assert end["lon_deg"] > calm["lon_deg"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BASE.replace("beta_kgpm2 = 4000.0", "beta_kgpm2 = -1.0"), "expected > 0"),
        (BASE.replace("beta_kgpm2 = 4000.0", "mass_kg = 3.0"), "area_m2"),
        (BASE.replace("vel_ned_mps", "vel_nde_mps"), "did you mean 'vel_ned_mps'"),
        (BASE + '[earth]\nmodel = "flat"\n', "expected wgs84 or round"),
        (BASE + "[air]\nheight_m = [9.0, 5.0]\neast_mps = [0.0, 1.0]\n", "must rise"),
        (BASE + "[path]\ntimes_s = [3.0, -1.0]\n", "never backwards"),
        (BASE + "[aim]\nlat_deg = 1.0\n", r"unknown table [aim]"),
    ],
)
def test_a_wrong_case_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    code, told = run(tmp_path, text)
    assert code == 2
    assert says in told


def test_areas_grow_with_the_share_and_the_doubt(tmp_path: Path) -> None:
    sure = BASE + "[uncertainty]\nposition_m = 15.0\nvelocity_mps = 3.0\nln_beta = 0.05\n"
    areas = json.loads(run(tmp_path, sure, "--uncertainty", "--json")[1])["areas"]
    sizes = [areas[f"area_{share}_km2"] for share in (50, 90, 99)]
    assert_allclose(
        np.array(sizes) / sizes[0], np.log([0.5, 0.1, 0.01]) / np.log(0.5), 1e-3
    )
    assert areas["time_p05_s"] < areas["time_p50_s"] < areas["time_p95_s"]
    assert all(len(areas["outlines"][share]) == 1 for share in ("50", "90", "99"))
    vague = json.loads(run(tmp_path, BASE, "--uncertainty", "--json")[1])["areas"]
    wide = BASE + "[uncertainty]\nvelocity_mps = 10.0\nln_beta = 0.3\n"
    wider = json.loads(run(tmp_path, wide, "--uncertainty", "--json")[1])["areas"]
    assert wider["area_90_km2"] > 2.0 * vague["area_90_km2"]
