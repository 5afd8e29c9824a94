"""One body to the ground on numbers alone, without an array: what a thread of a card does.

`lanes` is faster on a processor, where this form is held against it by tests.
"""

from math import exp, isfinite, nan
from typing import NamedTuple, TypeAlias

from forewarn.compiled import bare_kernel
from forewarn.dynamics import braking, gravity_over
from forewarn.flight.ground import Ground, first_touch, ground_at, root_of
from forewarn.flight.lanes import LONGEST_S
from forewarn.flight.lift import aside, lift_of
from forewarn.flight.path import climbing, rate_of
from forewarn.flight.steps import step_of
from forewarn.geodesy import Earth, FloatArray

State: TypeAlias = tuple[float, float, float, float, float, float]
Landing: TypeAlias = tuple[float, float, float, float, float, float, float]


class Body(NamedTuple):
    """What moves one body beside gravity.

    per_beta       : one over the ballistic coefficient, m2/kg
    east, north    : wind beyond the table's, m/s
    lift_x, _y, _z : lift over drag, Earth-fixed
    """

    per_beta: float
    east: float
    north: float
    lifted: bool
    lift_x: float
    lift_y: float
    lift_z: float


class World(NamedTuple):
    """What all of them fly through and over, as `fall` takes it."""

    ground: Ground
    air: FloatArray
    drag: FloatArray
    earth: Earth


@bare_kernel
def fly_row(
    state: FloatArray,
    ln_beta: FloatArray,
    push: FloatArray,
    world: World,
    i: int,
    out: FloatArray,
) -> None:
    """Row i of what `fall` takes and returns."""
    s = state[i, 0], state[i, 1], state[i, 2], state[i, 3], state[i, 4], state[i, 5]
    lifted, lift = push.shape[1] > 2, (0.0, 0.0, 0.0)
    if lifted:
        lift = lift_of(world.earth, s[0], s[1], s[2], push[i])
    body = Body(exp(-ln_beta[i]), push[i, 0], push[i, 1], lifted, lift[0], lift[1], lift[2])
    landing = fly_one(s, body, world)
    for k in range(7):
        out[i, k] = landing[k]


@bare_kernel
def fly_one(s: State, body: Body, world: World) -> Landing:
    """One row of what `fall` returns, in the same steps."""
    ground, earth = world.ground, world.earth
    nothing = (nan, nan, nan, nan, nan, nan, nan)
    height, climb = climbing(s, earth)
    over = height - ground_at(ground, earth.oblate, s[0], s[1], s[2])
    if over <= 0.0:
        return 0.0, s[0], s[1], s[2], s[3], s[4], s[5]
    now_s, dt, last = 0.0, 0.0, False
    while now_s < LONGEST_S and isfinite(height) and over > 0.0:
        if not last:
            dt = _next_s(s, body, world, height, climb)
        new = _step(s, dt, body, world)
        new_height, new_climb = climbing(new, earth)
        if not last and now_s + dt >= LONGEST_S:
            break
        if last:
            under = ground_at(ground, earth.oblate, new[0], new[1], new[2])
            return _landed(new, now_s + dt, (under - new_height) / new_climb)
        part = 2.0
        if new_height <= ground.highest_m:
            heights = (height, new_height, dt * climb, dt * new_climb)
            part = _touch(ground, earth.oblate, heights, s, new, dt)
        if part <= 1.0:  # the same step again, only so far: along with the others' next
            dt, last = dt * part, True
        else:
            s, height, climb, now_s = new, new_height, new_climb, now_s + dt
    return nothing


@bare_kernel
def _landed(s: State, now_s: float, rest_s: float) -> Landing:
    """What height the last step missed is fallen straight."""
    x, y, z = s[0] + rest_s * s[3], s[1] + rest_s * s[4], s[2] + rest_s * s[5]
    return now_s + rest_s, x, y, z, s[3], s[4], s[5]


@bare_kernel
def _touch(
    ground: Ground,
    oblate: float,
    heights: tuple[float, float, float, float],
    first: State,
    last: State,
    dt: float,
) -> float:
    """Part of a step after which it touches the ground; 2 = it does not."""
    if ground.height_m.size > 1:
        return float(first_touch(ground, oblate, heights, first, last, dt))
    level = ground.highest_m
    return float(root_of(heights[0] - level, heights[1] - level, heights[2], heights[3]))


@bare_kernel
def _next_s(s: State, body: Body, world: World, height_m: float, climb: float) -> float:
    brake, rx, ry, rz = _brake(s, body, world)
    rate = rate_of(brake, rx, ry, rz, height_m, world.air, world.drag)
    return step_of(rate, height_m, climb)


@bare_kernel
def _brake(s: State, body: Body, world: World) -> tuple[float, float, float, float]:
    return braking(
        world.earth,
        s[0],
        s[1],
        s[2],
        s[3],
        s[4],
        s[5],
        body.per_beta,
        body.east,
        body.north,
        world.air,
        world.drag,
    )


@bare_kernel
def _rate(s: State, body: Body, world: World) -> State:
    """What a state grows by in a second."""
    gx, gy, gz = gravity_over(world.earth, s[0], s[1], s[2], s[3], s[4], s[5])
    brake, rx, ry, rz = _brake(s, body, world)
    ax, ay, az = gx - brake * rx, gy - brake * ry, gz - brake * rz
    if body.lifted:
        lx, ly, lz = aside(brake, rx, ry, rz, body.lift_x, body.lift_y, body.lift_z)
        ax, ay, az = ax + lx, ay + ly, az + lz
    return s[3], s[4], s[5], ax, ay, az


@bare_kernel
def _add(a: State, share: float, b: State) -> State:
    return (
        a[0] + share * b[0],
        a[1] + share * b[1],
        a[2] + share * b[2],
        a[3] + share * b[3],
        a[4] + share * b[4],
        a[5] + share * b[5],
    )


@bare_kernel
def _step(s: State, dt: float, body: Body, world: World) -> State:
    """One Runge-Kutta step of the fifth order: `STAGES` and `WEIGHTS` of `path`."""
    a = _rate(s, body, world)
    b = _rate(_add(s, 0.25 * dt, a), body, world)
    c = _rate(_add(s, 0.125 * dt, _add(a, 1.0, b)), body, world)
    d = _rate(_add(s, dt, _add(c, -0.5, b)), body, world)
    e = _rate(_add(s, 0.1875 * dt, _add(a, 3.0, d)), body, world)
    rise = _add(_add(_add(_add(e, 1.5, c), -1.5, d), 0.25, b), -0.375, a)
    f = _rate(_add(s, (8.0 / 7.0) * dt, rise), body, world)
    ends, middle = _add(a, 1.0, f), _add(_add(c, 1.0, e), 0.375, d)
    return _add(s, (16.0 / 45.0) * dt, _add(middle, 7.0 / 32.0, ends))
