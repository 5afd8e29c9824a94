"""Rockets flown by RocketPy, whose six degrees of freedom share nothing with our flights.

A small finned rocket is launched steeply, burns for seconds and comes down without a
parachute, nose first, as failed student rockets do. Mass, drag, rail and weather differ
from flight to flight. Also the benchmark case as RocketPy flies it, as a point.

Source: Ceotto et al., "RocketPy: six degree-of-freedom rocket trajectory simulator",
Journal of Aerospace Engineering 34(6), 2021.
"""

from collections.abc import Callable
from importlib.util import find_spec
from math import radians
from typing import Any, NamedTuple

import numpy as np

from forewarn.atmosphere import us1976
from forewarn.geodesy import FloatArray, ecef_from_geographic, enu_from_ecef

LAT_DEG, LON_DEG, SITE_M = 39.39, -8.29, 160.0  # where student rockets of EuRoC fly
BURN_S = 2.5
LATER_S = 2.0  # after burn-out and after the top
HEIGHTS_M = np.arange(0.0, 20_001.0, 500.0)
# of a finned rocket whose motor is out: RocketPy's Calisto, smoothed
DRAG = (
    (0.0, 0.42),
    (0.4, 0.41),
    (0.6, 0.41),
    (0.8, 0.43),
    (0.9, 0.47),
    (1.0, 0.60),
    (1.1, 0.66),
    (1.3, 0.62),
    (1.6, 0.55),
    (2.0, 0.48),
)


class Rocket(NamedTuple):
    """mass_kg : with its empty motor; speed_mps : what its motor would give it in space."""

    mass_kg: float
    radius_m: float
    drag_scale: float
    speed_mps: float
    up_deg: float
    azimuth_deg: float

    @property
    def area_m2(self) -> float:
        """Of its cross-section."""
        return float(np.pi * self.radius_m**2)

    @property
    def curve(self) -> list[list[float]]:
        """Mach numbers and drag coefficients."""
        return [[mach, self.drag_scale * drag] for mach, drag in DRAG]


class Weather(NamedTuple):
    """wind_mps : (heights, 2) towards the east, the north, at HEIGHTS_M
    thicker  : density of the air over that of the standard atmosphere"""

    wind_mps: FloatArray
    thicker: float


class Flown(NamedTuple):
    """time_s, state : (2,), (2, 6) Earth-fixed, LATER_S after burn-out and after the top
    end_s, end_rad : when, and at which latitude, longitude it came down"""

    time_s: FloatArray
    state: FloatArray
    end_s: float
    end_rad: FloatArray


def importable() -> bool:
    """Whether RocketPy is there."""
    return find_spec("rocketpy") is not None


def draw_rocket(rng: np.random.Generator) -> Rocket:
    """One of 6 to 20 kg, of like density, to fly 2 to 3 km high."""
    mass = 6.0 * float(np.exp(rng.uniform(0.0, np.log(20.0 / 6.0))))
    return Rocket(
        mass_kg=mass,
        radius_m=0.045 * (mass / 8.0) ** (1 / 3),
        drag_scale=float(np.exp(0.1 * rng.standard_normal())),
        speed_mps=float(rng.uniform(230.0, 300.0)),
        up_deg=float(rng.uniform(70.0, 88.0)),
        azimuth_deg=float(rng.uniform(0.0, 360.0)),
    )


def launch(rocket: Rocket, weather: Weather) -> Callable[[], Any]:
    """What flies it, all that can be made beforehand made: RocketPy's own flight alone."""
    from rocketpy import Flight

    built, environment = _built(rocket), _environment(weather)
    return lambda: Flight(
        rocket=built,
        environment=environment,
        rail_length=6.0,
        inclination=rocket.up_deg,
        heading=rocket.azimuth_deg,
        max_time=300.0,
    )


def fly_rocket(rocket: Rocket, weather: Weather) -> Flown:
    """One flight from the rail to the ground, some 45 s."""
    flight = launch(rocket, weather)()
    time_s = np.array([BURN_S, float(flight.apogee_time)]) + LATER_S
    end_s = float(flight.t_final)
    return Flown(
        time_s,
        np.array([_state(flight, one) for one in time_s]),
        end_s,
        np.radians([float(flight.latitude(end_s)), float(flight.longitude(end_s))]),
    )


def _state(flight: Any, time_s: float) -> FloatArray:
    """(6,) Earth-fixed."""
    lat, lon = (radians(flight.latitude(time_s)), radians(flight.longitude(time_s)))
    place = ecef_from_geographic(lat, lon, float(flight.z(time_s)))
    moves = np.array([float(part(time_s)) for part in (flight.vx, flight.vy, flight.vz)])
    return np.array([*place, *(moves @ enu_from_ecef(lat, lon))])


def _environment(weather: Weather) -> Any:
    from rocketpy import Environment

    out = Environment(latitude=LAT_DEG, longitude=LON_DEG, elevation=SITE_M)
    _, pressure, _ = us1976(HEIGHTS_M)
    out.set_atmospheric_model(
        type="custom_atmosphere",
        pressure=np.column_stack([HEIGHTS_M, weather.thicker * pressure]).tolist(),
        temperature=None,
        wind_u=np.column_stack([HEIGHTS_M, weather.wind_mps[:, 0]]).tolist(),
        wind_v=np.column_stack([HEIGHTS_M, weather.wind_mps[:, 1]]).tolist(),
    )
    return out


def _built(rocket: Rocket) -> Any:
    """A rod with a nose and four fins, stable by five calibres."""
    from rocketpy import GenericMotor
    from rocketpy import Rocket as Built

    propellant, radius = 0.12 * rocket.mass_kg, rocket.radius_m
    length = 42.0 * radius
    motor = GenericMotor(
        thrust_source=(rocket.mass_kg + propellant / 2) * (rocket.speed_mps / BURN_S + 9.8),
        burn_time=BURN_S,
        chamber_radius=0.7 * radius,
        chamber_height=0.25 * length,
        chamber_position=0.125 * length,
        propellant_initial_mass=propellant,
        nozzle_radius=0.4 * radius,
        dry_mass=0.01 * rocket.mass_kg,
        center_of_dry_mass_position=0.125 * length,
        dry_inertia=(0.0, 0.0, 0.0),
        nozzle_position=0.0,
    )
    across = rocket.mass_kg * length**2 / 12
    out = Built(
        radius=radius,
        mass=0.99 * rocket.mass_kg,
        inertia=(across, across, 0.5 * rocket.mass_kg * radius**2),
        power_off_drag=rocket.curve,
        power_on_drag=rocket.curve,
        center_of_mass_without_motor=0.5 * length,
    )
    out.add_motor(motor, position=0.0)
    out.add_nose(length=6.0 * radius, kind="vonKarman", position=length)
    out.add_trapezoidal_fins(
        n=4,
        root_chord=3.0 * radius,
        tip_chord=1.5 * radius,
        span=2.2 * radius,
        position=3.2 * radius,
    )
    return out


class Point:
    """The benchmark case of `flying` in RocketPy's mode of three degrees of freedom.

    Its drag acts along the axis of the body, which turns into the wind at a rate of its
    own; at one radian a second it is fastest, and lands within 100 m of where we do.
    """

    def __init__(
        self,
        height_m: float,
        speed_mps: float,
        up_deg: float,
        beta: float,
        drag: FloatArray,
    ) -> None:
        from rocketpy import Environment, PointMassRocket

        self._environment = Environment(latitude=56.0, longitude=9.0, elevation=0.0)
        self._environment.set_atmospheric_model(
            type="custom_atmosphere",
            wind_u=[(0.0, 5.0), (10e3, 20.0), (80e3, 20.0)],
            wind_v=[(0.0, 2.0), (10e3, 10.0), (80e3, 10.0)],
        )
        curve = [[0.05 * k, float(drag[k, 0])] for k in range(len(drag))]
        self._rocket = PointMassRocket(
            radius=0.1,
            mass=beta * np.pi * 0.1**2,
            center_of_mass_without_motor=0.0,
            power_off_drag=curve,
            power_on_drag=curve,
            weathercock_coeff=1.0,
        )
        along, up = np.cos(radians(up_deg)), np.sin(radians(up_deg))
        half = radians(90.0 - up_deg) / 2
        turn = [np.cos(half), 0.0, np.sin(half), 0.0]
        place = [0.0, 0.0, height_m, speed_mps * along, 0.0, speed_mps * up]
        self._start = [0.0, *place, *turn, 0.0, 0.0, 0.0]

    def fly(self) -> float:
        """Seconds until it comes down."""
        from rocketpy import Flight

        flight = Flight(
            rocket=self._rocket,
            environment=self._environment,
            rail_length=1.0,
            initial_solution=list(self._start),
            simulation_mode="3 DOF",
        )
        return float(flight.t_final)
