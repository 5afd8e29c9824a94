"""The check cases of NASA: spheres that several independent simulators let fall.

Each case is told to us as a file of `forewarn fly`, made from the first row of a
simulator, and its other rows are where that simulator has the sphere later.
Source: "Check-Cases for Verification of 6-Degree-of-Freedom Flight Vehicle Simulations",
NASA/TM-2015-218675.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.case import Case, read_case
from forewarn.flight import follow_path
from forewarn.geodesy import EARTH_RATE_RADPS, FloatArray
from forewarn.units import FOOT_M

LONGEST_S = 30.01
SIMULATORS = ("04", "05")  # the others differ from these, and among themselves, by metres
SPHERE = "mass_kg = 14.593903\narea_m2 = 0.0182414616\n"
CASES = {
    "01_DroppedSphere": "drag = 0.0",
    "04_DroppedSphereRoundNonRotation": """drag = 0.1
[earth]
model = "round"
radius_m = 6371007.1809
rotating = false""",
    "06_DroppedSphereEllipsoidalNoWind": "drag = 0.1",
    "07_DroppedSphereSteadyWind": """drag = 0.1
[air]
height_m = [0.0, 20000.0]
east_mps = [6.096, 6.096]""",
    "09_EastwardCannonball": "drag = 0.1",
}


class Check(NamedTuple):
    """One case as one simulator flew it.

    time_s : (k,)
    place  : (k, 3) Earth-fixed, m
    asked  : text of a case file that asks `forewarn fly` for the same
    """

    time_s: FloatArray
    place: FloatArray
    asked: str


def read_check(folder: Path, name: str, simulator: str) -> Check:
    """A case of CASES from the folder that has them all."""
    source = folder / f"Atmos_{name}" / f"Atmos_{name[:2]}_sim_{simulator}.csv"
    try:
        with source.open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if float(row["time"]) < LONGEST_S]
        return Check(
            np.array([float(row["time"]) for row in rows]),
            np.array([_place(row, 0.0 if "NonRotation" in name else 1.0) for row in rows]),
            _asked(rows[0], name),
        )
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise ConfigError(f"{source}: no check case: {error!r}") from None


def _place(row: dict[str, str], turning: float) -> FloatArray:
    """Earth-fixed place (m) of a row, from the inertial one: all simulators have that."""
    x, y, z = (FOOT_M * float(row[f"eiPosition_ft_{axis}"]) for axis in "XYZ")
    angle = turning * EARTH_RATE_RADPS * float(row["time"])
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([cosine * x + sine * y, cosine * y - sine * x, z])


def _asked(first: dict[str, str], name: str) -> str:
    velocity = [FOOT_M * float(first[f"feVelocity_ft_s_{axis}"]) for axis in "XYZ"]
    return f"""[start]
lat_deg = {float(first["latitude_deg"])}
lon_deg = {float(first["longitude_deg"])}
height_m = {FOOT_M * float(first["altitudeMsl_ft"])}
vel_ned_mps = {velocity}
[ground]
height_m = -100.0
[path]
every_s = 0.1
until_s = 30.0
[body]
{SPHERE}{CASES[name]}
"""


def case_of(check: Check, folder: Path) -> Case:
    """The case as `forewarn fly` reads it; its file is written to the folder."""
    path = folder / "case.toml"
    path.write_text(check.asked, encoding="utf-8")
    return read_case(path)


def distances_m(check: Check, case: Case, longest_step_s: float) -> FloatArray:
    """(k,) how far from the simulator our flight is at each of its times."""
    states, _ = follow_path(
        case.state,
        case.per_beta,
        np.zeros(2),
        check.time_s,
        case.ground,
        case.air,
        case.drag,
        case.earth,
        longest_step_s,
    )
    return np.asarray(np.linalg.norm(states[:, :3] - check.place, axis=1))
