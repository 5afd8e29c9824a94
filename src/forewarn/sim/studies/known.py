"""The self-test: cases whose answer is known without any simulation, run as any study is.

Binomial leakage, shoot-look-shoot, magazines, queues by Erlang and with impatience
(M/M/c+D), salvos after Hughes (1995), a circular normal impact in a disc, Steiner's
formula for a disc over squares, and bounds by dynamic programming that no rule may pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import pi, sqrt

import numpy as np

from forewarn.geodesy import FloatArray
from forewarn.sim.defence import Battery, Doctrine, Layer, Odds, Timing
from forewarn.sim.studies.keys import (
    AreaKeys,
    CampaignKeys,
    CountKeys,
    PeopleKeys,
    PlaceKeys,
    PolicyKeys,
    RaidKeys,
    Scenario,
    SensorKeys,
    ShelterKeys,
    StudyKeys,
    WarningKeys,
)
from forewarn.sim.studies.measures import (
    ALERTED,
    ENGAGED,
    EXPOSED,
    LEAKERS,
    NO_CHANNEL,
    ROUNDS,
    UNSHELTERED,
)
from forewarn.sim.studies.plan import Plan, told_radius

RUNS = 4000
SEED = 20260101
SIDE_KM = 100.0
MIDDLE = (SIDE_KM / 2, SIDE_KM / 2)
MOST = 4.0  # standard errors that an answer may be off


@dataclass(frozen=True, slots=True)
class Check:
    """One known answer and what came out.

    error : standard error of what was found; 0 = it must agree to 1e-6 of the answer
    bound : the answer is the least that any rule can reach
    """

    id: str
    case: str
    expected: float
    found: float
    error: float
    bound: bool = False

    @property
    def off(self) -> float:
        """Standard errors between them."""
        apart = self.found - self.expected
        if self.bound:
            apart = min(apart, 0.0)
        least = 1e-6 * max(abs(self.expected), 1.0)
        return apart / max(self.error, least / MOST)

    @property
    def holds(self) -> bool:
        return abs(self.off) < MOST


def known_answers() -> Iterator[Check]:
    """Every check, one after the other; two or three seconds of a core in all."""
    for checks in (
        _binomial,
        _layers,
        _looks,
        _magazine,
        _populated,
        _poisson,
        _erlang,
        _impatient,
        _salvos,
        _disc,
        _holding,
        _squares,
        _shelter,
        _staged,
    ):
        yield from checks()


WORLD = Scenario(
    study=StudyKeys("known answers", seed=SEED),
    area=AreaKeys(
        (SIDE_KM, SIDE_KM),
        (PlaceKeys("middle", MIDDLE, 1000.0, 1.0),),
        cell_km=1.0,
    ),
    sensor=SensorKeys(),
    raid=(RaidKeys("rocket", CountKeys(100.0, "constant"), 600.0, 1.0, 0.0),),
    layer=(),
    policy=PolicyKeys(WarningKeys(alert="nobody", zone_km=SIDE_KM)),
    people=PeopleKeys(1.0, ShelterKeys(30.0, 0.6)),
    campaign=CampaignKeys(),
)


def _battery(magazine: int = 1_000_000, channels: int = 1, km: float = 500.0) -> Battery:
    return Battery("B", km, channels, magazine, at_km=MIDDLE)


def _layer(p: float, battery: Battery | None = None, **more: object) -> Layer:
    """A layer that is never busy, unless its timing says so."""
    timing = Timing(0.0, 0.0)
    made = Layer("L", Odds(p, "round"), timing, (battery or _battery(),))
    return replace(made, **more)  # type: ignore[arg-type]


def _with(
    layers: tuple[Layer, ...] = (), n: float = 100, dist: str = "constant", **rule: object
) -> Scenario:
    """So many threats against layers, under a rule."""
    raid = replace(WORLD.raid[0], count=CountKeys(n, dist))  # type: ignore[arg-type]
    defence = Doctrine(**{"engage": "all", **rule})  # type: ignore[arg-type]
    policy = replace(WORLD.policy, defence=defence)
    return replace(WORLD, raid=(raid,), layer=layers, policy=policy)


def _run(scenario: Scenario, runs: int = RUNS) -> FloatArray:
    plan = Plan((scenario,))
    return plan.play(plan.policies[0], plan.draw(0, runs), 0)[0]


def _mean(id_: str, case: str, expected: float, values: FloatArray) -> Check:
    error = float(values.std(ddof=1) / sqrt(len(values)))
    return Check(id_, case, expected, float(values.mean()), error)


def _variance(id_: str, case: str, expected: float, values: FloatArray) -> Check:
    return _mean(id_, case, expected, (values - values.mean()) ** 2)


def _none(id_: str, case: str, expected: float, values: FloatArray) -> Check:
    return _mean(id_, f"{case}: share of raids with none", expected, values == 0.0)


def _binomial() -> Iterator[Check]:
    for salvo, mean, sd, none in (
        (1, 10.0, 3.0, 2.65614e-5),
        (2, 1.0, 0.994987, 0.366032),
        (3, 0.1, 0.316070, 0.904792),
    ):
        leak = _run(_with((_layer(0.9),), salvo=salvo))[:, LEAKERS]
        case = f"100 threats, p 0.9, salvo {salvo}: leakers"
        yield _mean("A", case, mean, leak)
        yield _variance("A", f"{case}, variance", sd**2, leak)
        if none > 0.01:
            yield _none("A", case, none, leak)


def _layers() -> Iterator[Check]:
    three = (_layer(0.5), _layer(0.7), _layer(0.9))
    leak = _run(_with(three, 40))[:, LEAKERS]
    yield _mean("B", "40 threats, layers 0.5, 0.7, 0.9: leakers", 0.6, leak)
    yield _none("B", "the same", 0.546323, leak)
    down = (_layer(0.9, common_mode_down=0.05),)
    leak = _run(_with(down, 50), 4 * RUNS)[:, LEAKERS]
    case = "50 threats, p 0.9, layer down in 5 % of raids: leakers"
    yield _mean("B", case, 7.25, leak)
    yield _variance("B", f"{case}, variance", 100.4625, leak)
    yield _none("B", case, 0.004896, leak)


def _looks() -> Iterator[Check]:
    for looks, rounds, leak in ((2, 1.3, 0.09), (3, 1.39, 0.027), (4, 1.417, 0.0081)):
        found = _run(_with((_layer(0.7),), looks=looks))
        yield _mean("C", f"p 0.7, {looks} looks: rounds", 100 * rounds, found[:, ROUNDS])
        yield _mean("C", f"p 0.7, {looks} looks: leakers", 100 * leak, found[:, LEAKERS])
    for looks, rounds, leak in ((2, 1.41, 0.111), (3, 1.5487, 0.05997)):
        scenario = _with(
            (_layer(0.7),), looks=looks, alive_called_dead=0.1, dead_called_alive=0.2
        )
        found = _run(scenario)
        case = f"p 0.7, {looks} looks that err:"
        yield _mean("C2", f"{case} rounds", 100 * rounds, found[:, ROUNDS])
        yield _mean("C2", f"{case} leakers", 100 * leak, found[:, LEAKERS])


def _magazine() -> Iterator[Check]:
    for n, p, looks, salvo, leak in (
        (50, 0.7, 2, 1, 8.048422),
        (50, 0.7, 1, 2, 22.7),
        (100, 0.9, 2, 1, 46.0),
        (100, 0.9, 1, 2, 70.3),
    ):
        layer = _layer(p, _battery(60))
        found = _run(_with((layer,), n, looks=looks, salvo=salvo))
        case = f"{n} threats, p {p}, 60 rounds, salvo {salvo}, looks {looks}"
        yield _mean("D", f"{case}: leakers", leak, found[:, LEAKERS])
        if salvo == 1:
            rest = found[:, LEAKERS] - (n - p * found[:, ROUNDS])
            yield _mean("D2", f"{case}: leakers less those of its rounds", 0.0, rest)


def _populated() -> Iterator[Check]:
    raid = replace(WORLD.raid[0], count=CountKeys(200.0), share_to_places=0.25)
    for engage, answers in (
        ("populated_only", (14.192853, 5.255278, 5.000075)),
        ("all", (41.0, 36.5, 32.0)),
    ):
        for magazine, leak in zip((40, 60, 80), answers, strict=True):
            scenario = _with((_layer(0.9, _battery(magazine)),), engage=engage)
            found = _run(replace(scenario, raid=(raid,)))[:, LEAKERS]
            case = f"Poisson 200, a quarter at places, {magazine} rounds, {engage}"
            yield _mean("E", f"{case}: leakers", leak, found)


def _poisson() -> Iterator[Check]:
    for magazine, leak in ((60, 46.000013), (100, 13.587490), (120, 10.092448)):
        scenario = _with((_layer(0.9, _battery(magazine)),), dist="poisson")
        case = f"Poisson 100, p 0.9, {magazine} rounds: leakers"
        yield _mean("F", case, leak, _run(scenario)[:, LEAKERS])
    leak_all = _run(_with((_layer(0.9),), dist="poisson"))[:, LEAKERS]
    yield _mean("F", "Poisson 100, p 0.9, no limit: leakers", 10.0, leak_all)
    yield _variance("F", "the same, variance", 10.0, leak_all)


def _queue(channels: int, rate: float, wait_s: float, cycle: str) -> FloatArray:
    """Share of threats that found no channel, of forty long raids."""
    n = 10_000
    raid = RaidKeys("rocket", CountKeys(n), n / rate, 1.0, 0.0)
    timing = Timing(wait_s, 1.0, cycle)  # type: ignore[arg-type]
    layer = _layer(0.5, _battery(channels=channels), timing_s=timing)
    found = _run(replace(_with((layer,)), raid=(raid,)), 40)
    return np.asarray(found[:, NO_CHANNEL] / found[:, 0])


def _erlang() -> Iterator[Check]:
    for channels, load, lost in (
        (2, 1.0, 0.2),
        (6, 4.0, 0.117162),
        (12, 10.0, 0.119739),
        (24, 20.0, 0.066097),
    ):
        for cycle in ("exponential", "constant"):
            case = f"{channels} channels, load {load:g}, {cycle}: share lost"
            yield _mean("G", case, lost, _queue(channels, load, 0.0, cycle))


def _impatient() -> Iterator[Check]:
    for channels, rate, wait_s, lost in (
        (6, 4.0, 0.5, 0.037541),
        (6, 6.0, 1.0, 0.102305),
        (2, 3.0, 1.0, 0.385915),
    ):
        case = f"{channels} channels, rate {rate:g}, window {wait_s:g}: share lost"
        yield _mean("G2", case, lost, _queue(channels, rate, wait_s, "exponential"))


def _salvos() -> Iterator[Check]:
    for shots, stop, staying, lost in ((8, 3, 2, 2.5), (9, 4, 2, 2.5)):
        found = _run(_with((_layer(1.0, _battery(stop)),), shots), 2)[:, LEAKERS]
        case = f"Hughes: {shots} shots, {stop} stopped, {staying} to lose one"
        yield Check("H", case, lost, float(found.mean()) / staying, 0.0)
    raid = RaidKeys("rocket", CountKeys(16.0, "binomial", 20), 600.0, 1.0, 0.0)
    for rounds, mean, none in ((18, 1.973879, 0.325809), (20, 0.995647, None)):
        # looks without end: every round meets a live threat, as in a salvo exchange
        scenario = _with((_layer(0.8, _battery(rounds)),), looks=100)
        leak = _run(replace(scenario, raid=(raid,)))[:, LEAKERS]
        case = f"binomial salvos of 20 and {rounds}: hits"
        yield _mean("H", case, mean, leak)
        if none:
            yield _none("H", case, none, leak)


def _disc() -> Iterator[Check]:
    raid = replace(WORLD.raid[0], impact_sigma_km=2.0)
    for offset, share in ((0.0, 0.675348), (3.0, 0.356284), (6.0, 0.040780)):
        battery = replace(_battery(km=3.0), at_km=(MIDDLE[0] + offset, MIDDLE[1]))
        found = _run(replace(_with((_layer(0.5, battery),)), raid=(raid,)))
        case = f"circular normal, sigma 2, in a disc of 3 at {offset:g}"
        yield _mean("I", case, share, found[:, ENGAGED] / 100.0)


def _holding() -> Iterator[Check]:
    sigma = 2.0
    for holds, area in ((0.9, 57.87), (0.99, 115.74), (0.999, 173.61)):
        sensor = SensorKeys(predicted_impact_sigma_km=sigma)
        warning = replace(WORLD.policy.warning, holds=holds)
        scenario = replace(
            WORLD, sensor=sensor, policy=replace(WORLD.policy, warning=warning)
        )
        exact = told_radius(scenario, np.array([sigma]))[0] - 0.15  # less a rocket's harm
        case = f"disc that holds {holds:g}, sigma 2: km2"
        yield Check("J", case, area, round(pi * exact**2, 2), 0.0)
        error = Plan((scenario,)).draw(0, RUNS // 4).error
        inside = np.hypot(error[:, 0], error[:, 1]) * sigma <= exact
        yield _mean("J", f"disc that holds {holds:g}: it does", holds, inside * 1.0)


def _squares() -> Iterator[Check]:
    ground = 22_000.0
    area = replace(WORLD.area, rural_per_km2=1.0, populated_per_km2=0.5)
    raid = replace(WORLD.raid[0], count=CountKeys(1.0, "constant"), impact_sigma_km=10.0)
    for radius in (3.0, 5.0):
        for zones in (258, 1700, 3000):
            side = sqrt(ground / zones)
            place = replace(area.place[0], people=0.0)
            warning = WarningKeys(zone_km=side, radius_km=radius)
            scenario = replace(
                WORLD,
                area=replace(area, place=(place,), cell_km=0.5),
                raid=(raid,),
                policy=PolicyKeys(warning),
            )
            told = _run(scenario)[:, ALERTED]
            expected = pi * radius**2 + 4 * radius * side + side**2
            case = f"disc of {radius:g} km over {zones} zones in 22,000 km2: km2 told"
            yield _mean("K", case, expected, told)


def _shelter() -> Iterator[Check]:
    for lead_s, share in (
        (15.0, 0.123995),
        (30.0, 0.5),
        (45.0, 0.750408),
        (60.0, 0.876005),
        (90.0, 0.966451),
    ):
        raid = replace(WORLD.raid[0], count=CountKeys(1.0, "constant"), seen_s=100.0)
        warning = WarningKeys(zone_km=SIDE_KM, lead_s=lead_s)
        found = _run(replace(WORLD, raid=(raid,), policy=PolicyKeys(warning)), 2)
        safe = 1.0 - found[0, UNSHELTERED] / found[0, EXPOSED]
        yield Check("L", f"in shelter after {lead_s:g} s", share, round(safe, 6), 0.0)


def _staged() -> Iterator[Check]:
    for n, magazine, p, answers in (
        (10, 20, 0.7, (0.9, 0.162592, 0.04162)),
        (5, 8, 0.6, (1.28, 0.688333, 0.638566)),
    ):
        for looks, bound in enumerate(answers, 1):
            for salvo in (1, 2):
                layers = (_layer(p, _battery(magazine)),)
                leak = _run(_with(layers, n, looks=looks, salvo=salvo))[:, LEAKERS]
                case = (
                    f"{n} threats, {magazine} rounds, p {p}, looks {looks}, salvo {salvo}"
                )
                check = _mean("O", f"{case}: leakers, at least", bound, leak)
                yield replace(check, bound=True)
