"""Real bodies that came down: what was seen of each, its weather, and where it ended."""

import configparser
import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from forewarn.atmosphere import standard_air, with_profile
from forewarn.errors import ConfigError
from forewarn.geodesy import EARTH_B_M, FloatArray

GAS_JPKGK = 287.05287
SITE_M = 160.0  # launch site of both rockets, whose files tell heights above it
SITE_RAD = tuple(np.radians([39.3897, -8.2890]))
# of what the files tell, against a smooth curve through it; place of one is not told
ASTRA_SIGMA_M, ASTRA_SEEN_S = (10.0, 10.0), 26.0  # a tenth of a second of its way
ASTRA_FIRM_S, LOOSE_M = 36.0, 1000.0  # before then its places are frozen or wild
# barometer at 20 Hz, 3.6 m off the curve for half a second at a time; each fourth is used
EREBUS_SIGMA_M, EREBUS_SEEN_S, EREBUS_EACH = (1000.0, 6.0), 26.44, 4


class Fall(NamedTuple):
    """Reports of a body that comes down, the last of them where and when it ended.

    time_s  : (n,)    seconds since its launch
    place   : (n, 3)  latitude, longitude rad, height m
    sigma_m : (n, 2)  standard deviation across, up
    air     : table of `atmosphere`, as it was that day
    """

    name: str
    time_s: FloatArray
    place: FloatArray
    sigma_m: FloatArray
    air: FloatArray


class Stone(NamedTuple):
    """A meteorite at the end of its light, and where it was found.

    start       : latitude, longitude rad, height m, speed m/s, zenith angle, azimuth of its
                  way rad
    sigma       : (6,) standard deviation of each
    mass_kg     : of the stone, and its standard deviation; rock_kgpm3 : density, likewise
    wind_mps    : standard deviation of the wind
    ground_m    : height of the ground
    found_rad   : latitude, longitude
    """

    start: FloatArray
    sigma: FloatArray
    mass_kg: tuple[float, float]
    rock_kgpm3: tuple[float, float]
    wind_mps: float
    ground_m: float
    found_rad: FloatArray
    air: FloatArray


def read_astra(folder: Path) -> Fall:
    """Faraday Rocketry UPV's rocket of 2022: no parachute, and it slides sideways."""
    rows = _columns(folder / "astra_2022/flight_data.csv", ("t", "alt", "lat", "lon"))
    time_s, up, lat, lon = rows[(rows[:, 0] >= ASTRA_SEEN_S) & (rows[:, 2] > 1.0)].T
    sigma = np.tile(ASTRA_SIGMA_M, (len(time_s), 1))
    sigma[time_s < ASTRA_FIRM_S, 0] = LOOSE_M
    place = np.column_stack([np.radians(lat), np.radians(lon), up + SITE_M])
    return Fall("Astra", time_s, place, sigma, _air_over(folder / "astra_2022"))


def read_erebus(folder: Path) -> Fall:
    """BME Suborbitals' rocket of 2022, nose down: heights only, placed at its site."""
    rows = _columns(folder / "erebus_2022/flight_data.csv", ("t", "alt"))
    rows = rows[rows[:, 0] >= EREBUS_SEEN_S][::-1][::EREBUS_EACH][::-1]
    sigma = np.tile(EREBUS_SIGMA_M, (len(rows), 1))
    place = np.column_stack([np.tile(SITE_RAD, (len(rows), 1)), rows[:, 1] + SITE_M])
    return Fall(
        "Erebus", rows[:, 0].copy(), place, sigma, _air_over(folder / "erebus_2022")
    )


def read_stone(folder: Path) -> Stone:
    """The Murrili meteorite of 2015, as the Desert Fireball Network saw and found it."""
    event = configparser.ConfigParser()
    try:
        event.read_string((folder / "event.cfg").read_text(encoding="utf-8"))
        found = json.loads((folder / "found.json").read_text(encoding="utf-8"))
        profile = np.loadtxt(folder / "wind_profile.csv", delimiter=",")
        met, spread = (_numbers(event[part]) for part in ("met", "montecarlo"))
        ground_m = float(event["gnd"]["gndlvl"])
    except (OSError, KeyError, ValueError, configparser.Error) as error:
        raise ConfigError(f"{folder}: no meteorite: {error!r}") from None
    names = ("lat0", "lon0", "z0", "vtot0", "zenangle", "azimuth0")
    errors = ("dlat", "dlon", "dz", "dvtot", "dzenith", "dazimuth0")
    angles = np.array([True, True, False, False, True, True])
    start, sigma = (np.array([met[k] for k in keys]) for keys in (names, errors))
    height_m, temperature, pressure, _, speed, from_deg = profile.T
    # told is where the wind comes from
    way = -speed[:, None] * _unit(np.radians(from_deg))
    return Stone(
        np.where(angles, np.radians(start), start),
        np.where(angles, np.radians(sigma), sigma),
        (met["mass0"], spread["dmass"]),
        (met["rdens0"], spread["drdens"]),
        spread["dwind"],
        ground_m,
        np.radians([found["latitude_deg"], found["longitude_deg"]]),
        measured_air(height_m, temperature, pressure, way),
    )


def measured_air(
    height_m: FloatArray, warm_k: FloatArray, pressure_pa: FloatArray, wind: FloatArray
) -> FloatArray:
    """Table of `atmosphere` from a profile; wind : (n, 2) m/s towards the east, north."""
    thick = pressure_pa / (GAS_JPKGK * warm_k)
    return with_profile(standard_air(), height_m, wind, thick, warm_k)


def _air_over(folder: Path) -> FloatArray:
    names = ("geopotential_height_m", "pressure_hPa", "temperature_K")
    winds = ("wind_east_m_s", "wind_north_m_s")
    rows = _columns(folder / "era5_profile.csv", names + winds)
    height_m = EARTH_B_M * rows[:, 0] / (EARTH_B_M - rows[:, 0])
    return measured_air(height_m, rows[:, 2], 100.0 * rows[:, 1], rows[:, 3:])


def _columns(source: Path, names: tuple[str, ...]) -> FloatArray:
    """(rows, columns) numbers of a CSV file, by name."""
    try:
        with source.open(encoding="utf-8") as file:
            return np.array(
                [[float(row[k]) for k in names] for row in csv.DictReader(file)]
            )
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{source}: no fall: {error!r}") from None


def _numbers(part: Mapping[str, str]) -> dict[str, float]:
    """What of a part of a configuration are numbers."""
    out = {}
    for key, text in part.items():
        try:
            out[key] = float(text)
        except ValueError:
            continue
    return out


def _unit(azimuth_rad: FloatArray) -> FloatArray:
    """(n, 2) east, north of directions (n,)."""
    return np.column_stack([np.sin(azimuth_rad), np.cos(azimuth_rad)])
