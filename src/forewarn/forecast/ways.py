"""What a class of threat that steers itself may do next: many ways on, drawn once.

A way is told in units of the speed and in axes along and across the course of the moment,
so that one table serves every target. It is a jump-Markov chain: straight on, turning,
climbing or sinking, another speed. How often and how far it turns is drawn anew for
every way, from a wide prior, for nobody tells us which habit a drone has. The table is
the same for every target and event: an estimate does not tremble because other numbers
were drawn.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forewarn.errors import ModelError
from forewarn.forecast.sobol import sobol
from forewarn.geodesy import FloatArray
from forewarn.records.arrays import seal
from forewarn.threats import CRUISE_MISSILE, DRONE, THREATS

Float32Array = NDArray[np.float32]

COLUMNS = 6  # of a way
DRAWS = 9
HABIT_DRAWS = 4
MOST_ASIDE = 2.0  # rad, of the turn into a dive
SUBSTEPS = 5  # of the chain in one step of the table
# shares of ways that go with these lie evenly over the table, and over each other
SILVER = 0.41421356237309515
RUN_S, RUNS = 20.0, 13  # width and number of the classes of straight runs; the last is open
LONG_S = RUN_S * RUNS  # a run as long as any
TURN_RAD = 0.15  # what ends a straight run: a course so far off its own,
STEADY_S = 60.0  # which follows slow curves in so long
SEED = 20261125  # with the class: other purposes draw from other streams


@dataclass(frozen=True, slots=True)
class Habits:
    """How a class manoeuvres; pairs are (median, sigma of the logarithm) over the ways.

    turns_per_s : events of turning
    turn_rad    : standard deviation of one change of course
    bound       : share of ways that are bound for a place: their courses scatter about a
                  fixed one, while the turns of the others add up
    turn_radps  : rate at which a change of course is flown
    hold_s      : mean time for which the turn of the moment goes on
    speed_per_s, speed_share : changes of speed, standard deviation of its logarithm
    climb_per_s, climb_mps, climb_s : changes of height, standard deviation of their rate,
                  mean time each lasts
    dives_per_s : hazard of the last dive, mean over the country
    run_s       : straight flight before it,
    sudden      : and share of the dives that need none
    aside       : share that turns aside into the dive
    aside_rad   : scale of that turn (Student's t of three degrees of freedom)
    ahead_rad   : standard deviation of the turn of all others, who dive on what lies ahead
    source      : where the numbers come from
    """

    turns_per_s: tuple[float, float]
    turn_rad: tuple[float, float]
    bound: float
    turn_radps: tuple[float, float]
    hold_s: float
    speed_per_s: float
    speed_share: float
    climb_per_s: float
    climb_mps: float
    climb_s: float
    dives_per_s: float
    run_s: tuple[float, float]
    sudden: float
    aside: float
    aside_rad: float
    ahead_rad: float
    source: str


HABITS = {
    DRONE: Habits(
        turns_per_s=(1 / 300.0, 0.6),
        turn_rad=(0.49, 0.35),
        bound=0.5,
        turn_radps=(0.03, 0.5),
        hold_s=15.0,
        speed_per_s=1 / 900.0,
        speed_share=0.06,
        climb_per_s=1 / 600.0,
        climb_mps=2.0,
        climb_s=60.0,
        dives_per_s=1 / 5400.0,
        run_s=(45.0, 1.0),
        sudden=0.15,
        aside=0.25,
        aside_rad=0.3,
        ahead_rad=0.08,
        source="turns: chosen so that drones on waypoint legs, about a course, adding up or"
        " towards an aim, are all calibrated, and lie between drones that turn more and"
        " those that turn less (`forewarn.bench.manoeuvring`); rates of turn: banks of"
        " 5-20 degrees at 50 m/s; dives: flights of 1-4 h over the country in public"
        " reports 2022-2025",
    ),
    CRUISE_MISSILE: Habits(
        turns_per_s=(1 / 120.0, 0.6),
        turn_rad=(0.8, 0.5),
        bound=0.5,
        turn_radps=(0.04, 0.5),
        hold_s=8.0,
        speed_per_s=1 / 900.0,
        speed_share=0.05,
        climb_per_s=1 / 200.0,
        climb_mps=8.0,
        climb_s=20.0,
        dives_per_s=1 / 2400.0,
        run_s=(45.0, 1.0),
        sudden=1.0,
        aside=1.0,
        aside_rad=0.2,
        ahead_rad=0.08,
        source="legs of 10-60 km at 200-250 m/s between changes of course, which are often"
        " a right angle and at times a loop: routes by waypoints, as told in public reports"
        " 2022-2025; rates of turn: banks of 30-60 degrees, 1.2-2 g; flights of 30-60 min"
        " over the country: the same reports",
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """N ways on of a class, for one unit of speed, along and across the course of now.

    step_s : seconds between two columns of a way
    way    : (N, 6, steps + 1) float32: along, across (to the right) in seconds of the
             initial speed; unit direction along, across; height gained m; seconds since it
             last turned, negative before its first turn
    draw   : (N, 9) float32: unit normals for place east, north, velocity east, north, and
             turn rate; seconds for which the turn of now goes on; unit normal of the way
             covered in its dive; share of a step at which that begins; turn into it, rad
    turns_rad : (N, 2) float32: that turn of what dives ahead, and of what turns aside
    eager  : (RUNS,) float32: hazard of a dive over its mean, by seconds of straight flight
             before it, in classes of RUN_S
    flown  : (k, 6, steps + 1) float32, of the ways that were seen flown, each with its turn
             of the moment, in the order of that; its height is that of the drawn way
    flown_radps : (k,) float32: of those turns, to the right
    flown_share : of the ways, those in place of which one of these counts
    """

    step_s: float
    way: Float32Array
    draw: Float32Array
    turns_rad: Float32Array
    eager: Float32Array
    flown: Float32Array
    flown_radps: Float32Array
    flown_share: float = 0.0

    def __post_init__(self) -> None:
        n, _, columns = self.way.shape
        k = len(self.flown)
        seal("ways", "way", self.way, (n, COLUMNS, columns))
        seal("ways", "draw", self.draw, (n, DRAWS))
        seal("ways", "turns_rad", self.turns_rad, (n, 2))
        seal("ways", "eager", self.eager, (RUNS,))
        seal("ways", "flown", self.flown, (k, COLUMNS, columns))
        seal("ways", "flown_radps", self.flown_radps, (k,))
        if not 0.0 <= self.flown_share <= float(k > 0):
            raise ModelError(f"ways: {self.flown_share:g} of them flown, of {k}: refused")

    @property
    def horizon_s(self) -> float:
        """How far ahead they go."""
        return float(self.step_s * (self.way.shape[2] - 1))

    def diving(self, eager: FloatArray, aside: float) -> "Ways":
        """The same ways to other dives: how eagerly by the run before them, (RUNS,), and
        the share that turns aside."""
        apart = np.arange(1, len(self.draw) + 1) * SILVER % 1.0 < aside
        draw = self.draw.copy()
        draw[:, 8] = np.where(apart, self.turns_rad[:, 1], self.turns_rad[:, 0])
        return replace(self, draw=draw, eager=eager.astype(np.float32))

    def seen(self, flown: Float32Array, radps: Float32Array, share: float) -> "Ways":
        """The same, but for a share that goes as ways were seen flown."""
        share = share if len(flown) else 0.0
        return replace(self, flown=flown, flown_radps=radps, flown_share=share)


def draw_ways(
    kind: int,
    count: int = 5000,
    horizon_s: float = 1800.0,
    step_s: float = 10.0,
    habits: Habits | None = None,
) -> Ways:
    """The ways of a class: the same arguments, the same bytes.

    kind   : index into THREATS, one of those in HABITS unless `habits` are given
    count  : of ways; the errors, speeds and habits are spread evenly (Sobol points)
    habits : in place of those of the class
    """
    # takes a second to import, and whoever only reads settings never needs it
    from scipy.special import ndtri, stdtrit

    own = habits or HABITS.get(kind)
    if own is None:
        raise ModelError(f"ways: a {THREATS[kind].name} has no habits: none drawn")
    if count < 1 or not step_s > 0.0 or not step_s <= horizon_s < np.inf:
        raise ModelError(f"ways: {count} over {horizon_s} s by {step_s} s: none drawn")
    # the first point is left out: all its shares are zero
    points = sobol(count + 1, DRAWS + HABIT_DRAWS)[1:]
    points = np.clip(points, 1e-4, 1 - 1e-4)
    normal = ndtri(points)
    draw = normal[:, :DRAWS].copy()
    draw[:, 5] = -own.hold_s * np.log(1.0 - points[:, 5])
    draw[:, 7] = points[:, 7]
    turns = np.column_stack(
        [own.ahead_rad * normal[:, 8], own.aside_rad * stdtrit(3, points[:, 8])]
    )
    turns_rad = np.clip(turns, -MOST_ASIDE, MOST_ASIDE).astype(np.float32)
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([SEED, kind])))
    habit = np.column_stack([normal[:, DRAWS:-1], points[:, -1]])
    way = _chain(own, habit, round(horizon_s / step_s), step_s, rng)
    eager = run_ins(own)
    ways = Ways(
        step_s,
        way,
        draw.astype(np.float32),
        turns_rad,
        eager.astype(np.float32),
        np.zeros((0, *way.shape[1:]), np.float32),
        np.zeros(0, np.float32),
    )
    return ways.diving(eager, own.aside)


def run_ins(habits: Habits) -> FloatArray:
    """(RUNS,) hazard of a dive over its mean, by the straight run before it, as believed
    before any was seen: the share of dives for which so long a run is enough, over what
    that is on average while turns come as often as believed."""
    from scipy.special import ndtr

    begin_s = RUN_S * np.arange(RUNS)
    median_s, sigma = habits.run_s
    enough = ndtr(np.log((begin_s + 0.5 * RUN_S) / median_s) / sigma)
    enough[-1] = 1.0
    share = habits.sudden + (1.0 - habits.sudden) * enough
    longer = np.append(np.exp(-begin_s * habits.turns_per_s[0]), 0.0)
    return np.asarray(share / (share @ -np.diff(longer)))


def _chain(
    own: Habits, habit: FloatArray, steps: int, step_s: float, rng: np.random.Generator
) -> Float32Array:
    """(N, 6, steps + 1), as `Ways`; habit: (N, 4), three unit normals and a share."""

    def spread(pair: tuple[float, float], normal: FloatArray) -> FloatArray:
        return np.asarray(pair[0] * np.exp(pair[1] * normal))

    count, dt = len(habit), step_s / SUBSTEPS
    turns = spread(own.turns_per_s, habit[:, 0])
    strength = spread(own.turn_rad, habit[:, 1])
    most = spread(own.turn_radps, habit[:, 2]) * dt
    bound = habit[:, 3] < own.bound
    # the course for the place it is bound for need not be that of now
    aim = np.where(bound, strength * rng.standard_normal(count), 0.0)
    course, wanted = np.zeros(count), np.zeros(count)
    speed, climb, place = np.ones(count), np.zeros(count), np.zeros((3, count))
    straight, since_s = np.zeros(count), np.full(count, -1.0)
    way = np.zeros((count, COLUMNS, steps + 1), np.float32)
    way[:, 2, 0], way[:, 5, 0] = 1.0, -1.0
    for step in range(1, steps + 1):
        for _ in range(SUBSTEPS):
            # of every way, whether it needs them or not: other habits, the same numbers
            chance, normal = rng.random((3, count)), rng.standard_normal((3, count))
            turn = np.flatnonzero(chance[0] < turns * dt)
            about = np.where(bound[turn], aim[turn], course[turn])
            wanted[turn] = about + strength[turn] * normal[0, turn]
            other = np.flatnonzero(chance[1] < own.speed_per_s * dt)
            speed[other] = np.exp(own.speed_share * normal[1, other])
            ends = (climb != 0.0) & (chance[2] < dt / own.climb_s)
            begins = (climb == 0.0) & (chance[2] < dt * own.climb_per_s)
            climb[ends] = 0.0
            climb[begins] = own.climb_mps * normal[2, begins]
            bend = np.clip(wanted - course, -most, most)
            middle = course + 0.5 * bend
            place += dt * np.stack([speed * np.cos(middle), speed * np.sin(middle), climb])
            course += bend
            since_s = np.where(since_s < 0.0, since_s, since_s + dt)
            turned = np.abs(course - straight) > TURN_RAD
            since_s[turned], straight[turned] = 0.0, course[turned]
            straight += (course - straight) * dt / STEADY_S
        rows = (place[0], place[1], np.cos(course), np.sin(course), place[2], since_s)
        way[:, :, step] = np.stack(rows, axis=1)
    return way
