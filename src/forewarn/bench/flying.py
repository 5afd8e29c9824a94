"""How fast and how true bodies are flown to the ground, beside general integrators.

All fly through the same tables of air and drag; the truth is the plain form of our own
flight in steps of 0.01 s, which tests hold against a seventh-order integrator. SciPy's
integrators get the loosest tolerance at which they are as accurate as we claim to be.
"""

import time
from collections.abc import Callable
from math import log, sqrt
from typing import Any, NamedTuple

import numpy as np

from forewarn.atmosphere import FLOOR_M, STEP_M, standard_air, with_profile
from forewarn.compiled import kernel
from forewarn.dynamics import (
    MACH_STEP,
    falling_acceleration,
    height_of,
)
from forewarn.flight import fall, follow_path, level_ground
from forewarn.geodesy import WGS84, FloatArray, ecef_from_geographic, enu_from_ecef

LAT, LON = np.radians(56.0), np.radians(9.0)
AIR = with_profile(
    standard_air(), np.array([0.0, 10e3]), np.array([[5.0, 2.0], [20.0, 10.0]])
)
SEA = level_ground(0.0)
SPREAD = np.array([30.0, 30.0, 30.0, 5.0, 5.0, 5.0])  # m and m/s, of bodies alike
BETA_SPREAD = 0.1
FINE_S = 0.01  # steps of the truth
CLOSE_M = 0.2  # accuracy at which speeds are compared
METHODS = ("RK45", "DOP853", "LSODA")
TOLERANCES = tuple(10.0 ** (-0.5 * k) for k in range(7, 25))
TRIED = 16  # flights that choose between methods and are timed
ROUNDS = 9

# height m, velocity towards east, north, up m/s, ballistic coefficient kg/m2
FAMILIES = {
    "rocket, a minute to go": (3000.0, (418.0, 0.0, 326.0), 4000.0),
    "light and fast": (3000.0, (418.0, 0.0, 326.0), 500.0),
    "wreck": (2000.0, (100.0, 0.0, -9.0), 600.0),
    "debris under a drogue": (3000.0, (56.0, 0.0, 20.0), 40.0),
    "300 km class": (30e3, (1040.0, 600.0, 1200.0), 8000.0),
    "fireball": (18e3, (1140.0, 150.0, -2880.0), 3000.0),
}
ROCKET = "rocket, a minute to go"


class Bodies(NamedTuple):
    """state : (n, 6), ln_beta : (n,), gust : (n, 2), as `fall` takes them."""

    state: FloatArray
    ln_beta: FloatArray
    gust: FloatArray


def start(height_m: float, vel_enu_mps: tuple[float, float, float]) -> FloatArray:
    """(6,) Earth-fixed state over the place where all begin."""
    pos = ecef_from_geographic(LAT, LON, height_m)
    vel = np.array(vel_enu_mps) @ enu_from_ecef(LAT, LON)
    return np.array([*pos, *vel])


def bodies(family: str, count: int, gust_mps: float, seed: int) -> Bodies:
    """Bodies of a family: alike, and no two the same."""
    height_m, vel_mps, beta = FAMILIES[family]
    rng = np.random.default_rng(seed)
    return Bodies(
        start(height_m, vel_mps) + rng.standard_normal((count, 6)) * SPREAD,
        log(beta) + BETA_SPREAD * rng.standard_normal(count),
        gust_mps * rng.standard_normal((count, 2)),
    )


def fly(those: Bodies, drag: FloatArray) -> FloatArray:
    """(n, 7) as `fall`."""
    return fall(*those, SEA, AIR, drag)


def fly_fine(those: Bodies, drag: FloatArray) -> FloatArray:
    """(n, 7) the truth: each alone, in steps of FINE_S."""
    return np.array(
        [
            follow_path(
                state, np.exp(-ln_beta), gust, np.zeros(0), SEA, AIR, drag, WGS84, FINE_S
            )[1]
            for state, ln_beta, gust in zip(*those, strict=True)
        ]
    )


def apart_m(one: FloatArray, other: FloatArray) -> FloatArray:
    """(n,) between places on the ground, of (n, 7) as of `fall`."""
    return np.asarray(np.linalg.norm(one[:, 1:4] - other[:, 1:4], axis=1))


def took_s(call: Callable[[], object], rounds: int) -> FloatArray:
    """(rounds,) process time of calls; one before them warms up."""
    call()
    took = np.empty(rounds)
    for k in range(rounds):
        before = time.process_time()
        call()
        took[k] = time.process_time() - before
    return took


@kernel
def compiled_slope(
    _: float, s: FloatArray, ln_beta: float, air: FloatArray, drag: FloatArray
) -> FloatArray:
    """Right-hand side for general integrators, from our own compiled forces."""
    out = np.empty(6)
    out[:3] = s[3:]
    out[3], out[4], out[5] = falling_acceleration(
        s[0], s[1], s[2], s[3], s[4], s[5], ln_beta, air, drag
    )
    return out


@kernel
def compiled_height(
    _: float, s: FloatArray, ln_beta: float, air: FloatArray, drag: FloatArray
) -> float:
    """Event of coming down, for general integrators."""
    return float(height_of(s[0], s[1], s[2]))


class Plain:
    """The same forces as one writes them in plain Python, on lists: no array is slower."""

    def __init__(self, air: FloatArray, drag: FloatArray) -> None:
        self._air, self._drag = air.tolist(), drag.tolist()

    def height(self, _: float, s: FloatArray, per_beta: float) -> float:
        """Event of coming down."""
        x, y, z = s[:3].tolist()
        r2 = x * x + y * y + z * z
        return sqrt(r2) - WGS84.a_m / sqrt(1.0 + WGS84.oblate * z * z / r2)

    def slope(self, _: float, s: FloatArray, per_beta: float) -> list[float]:
        """Right-hand side."""
        px, py, pz, vx, vy, vz = s.tolist()
        across2 = px * px + py * py
        r2 = across2 + pz * pz
        r, across = sqrt(r2), sqrt(across2)
        x, y, z = px / across, py / across, pz / r
        height = r - WGS84.a_m / sqrt(1.0 + WGS84.oblate * z * z)
        place = min(max((height - FLOOR_M) / STEP_M, 0.0), len(self._air) - 1e-9)
        cell = int(place)
        u = place - cell
        density, slowness, east, north = (
            a + u * (b + u * (c + u * d))
            for a, b, c, d in zip(*self._air[cell], strict=True)
        )
        rx = vx + east * y + north * z * x
        ry = vy - east * x + north * z * y
        rz = vz - north * across / r
        speed = sqrt(rx * rx + ry * ry + rz * rz)
        mach = min(speed * slowness / MACH_STEP, len(self._drag) - 1e-9)
        cell = int(mach)
        u = mach - cell
        a, b, c, d, _steep = self._drag[cell]
        brake = 0.5 * density * speed * per_beta * (a + u * (b + u * (c + u * d)))
        pull = -WGS84.gm_m3ps2 / (r2 * r)
        bulge, z2 = 1.5 * WGS84.j2 * WGS84.a_m**2 / r2, 5.0 * z * z
        spin = WGS84.rate_radps
        flat = pull * (1.0 + bulge * (1.0 - z2)) + spin * spin
        return [
            vx,
            vy,
            vz,
            flat * px + 2.0 * spin * vy - brake * rx,
            flat * py - 2.0 * spin * vx - brake * ry,
            pull * pz * (1.0 + bulge * (3.0 - z2)) - brake * rz,
        ]


class Peer(NamedTuple):
    """A method of SciPy at the tolerance it needs, and its worst error there (m)."""

    method: str
    rtol: float
    worst_m: float


def all_scipy(those: Bodies, drag: FloatArray, peer: Peer, plain: bool) -> FloatArray:
    """(n, 7) as `fall`, one after another; calm beyond the table. plain : not compiled."""
    by_hand = Plain(AIR, drag)  # once: what a table costs is no part of a flight
    alone: list[tuple[Any, Any, tuple[Any, ...]]]
    if plain:
        per_beta = np.exp(-those.ln_beta).tolist()
        alone = [(by_hand.slope, by_hand.height, (one,)) for one in per_beta]
    else:
        ln_beta = those.ln_beta.tolist()
        alone = [(compiled_slope, compiled_height, (one, AIR, drag)) for one in ln_beta]
    return np.array(
        [
            _fly_scipy(state, *one, peer)
            for state, one in zip(those.state, alone, strict=True)
        ]
    )


def _fly_scipy(
    state: FloatArray, slope: Any, height: Any, args: tuple[Any, ...], peer: Peer
) -> FloatArray:
    """(7,) as a row of `fall`."""
    from scipy.integrate import solve_ivp

    def ground(time_s: float, s: FloatArray, *args: Any) -> float:
        return float(height(time_s, s, *args))

    ground.terminal = True  # type: ignore[attr-defined]
    ground.direction = -1  # type: ignore[attr-defined]
    method: Any = peer.method
    answer: Any = solve_ivp(
        slope,
        (0.0, 3000.0),
        state,
        method=method,
        rtol=peer.rtol,
        atol=1e-6,
        events=ground,
        args=args,
    )
    return np.array([answer.t_events[0][0], *answer.y_events[0][0]])


def choose_peer(those: Bodies, truth: FloatArray, drag: FloatArray, plain: bool) -> Peer:
    """Of each method the loosest tolerance that is CLOSE_M true; of these the fastest."""
    good = []
    few = Bodies(*(rows[:TRIED] for rows in those))
    for method in METHODS:
        for rtol in TOLERANCES:
            peer = Peer(method, rtol, 0.0)
            if apart_m(all_scipy(few, drag, peer, plain), truth[:TRIED]).max() > CLOSE_M:
                continue
            worst = float(apart_m(all_scipy(those, drag, peer, plain), truth).max())
            if worst <= CLOSE_M:
                good.append(peer._replace(worst_m=worst))
                break
    took = [
        np.median(took_s(lambda: all_scipy(few, drag, peer, plain), 3))  # noqa: B023
        for peer in good
    ]
    return good[int(np.argmin(took))]


def ratio_of(
    ours: Callable[[], object], our_count: int, theirs: Callable[[], object], count: int
) -> tuple[float, float]:
    """Our flights a second over theirs, and theirs; medians, timed in turn."""
    ours(), theirs()
    ratio, rate = np.empty(ROUNDS), np.empty(ROUNDS)
    for k in range(ROUNDS):
        one = took_s(ours, 1)[0] / our_count
        other = took_s(theirs, 1)[0] / count
        ratio[k], rate[k] = other / one, 1.0 / other
    return float(np.median(ratio)), float(np.median(rate))
