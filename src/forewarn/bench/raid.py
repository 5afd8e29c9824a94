"""Figure: the shipped rocket raid, many drawings of it."""

from collections.abc import Callable

from forewarn.bench.drawing import judged, region_zones
from forewarn.bench.result import Ask, Figure, Result
from forewarn.score import Judged, Score, summarise
from forewarn.sim import raids


def measure(ask: Ask, progress: Callable[[], None], name: str = "rockets") -> Result:
    """Draw, run and judge the raid with each seed."""
    raid = raids.load(name)
    zones = region_zones(raid)
    runs: list[Judged] = []
    for seed in range(1, ask.seeds + 1):
        runs.append(judged(f"{name}-{seed}", raids.generate(raid, seed), zones))
        progress()
    total = summarise(runs)
    table = [("seed", "could be warned", "in time", "in vain, oblast / ours")]
    for seed, one in enumerate(runs, start=1):
        alone = summarise([one])
        table.append(
            (
                str(seed),
                f"{alone.people.could:,.0f}",
                f"{alone.people.in_time_share.value:.4f}",
                f"{oblast_ratio(alone):.1f}",
            )
        )
    return Result(
        "raid", f"Shipped raid {name}, {ask.seeds} seeds", figures(total), tuple(table)
    )


def oblast_ratio(score: Score) -> float:
    """Person-minutes in vain of warning the oblast, over ours."""
    return next(p.ratio.value for p in score.minutes.practices if p.name == "oblast")


def figures(total: Score) -> tuple[Figure, ...]:
    """The bars of a rocket raid, with intervals over seeds."""
    people = total.people
    share = people.in_time_share
    found = [
        Figure(
            "people warned in time, of those who could be",
            share.value,
            goal=">= 0.95",
            low=share.low,
            high=share.high,
            note=f"{people.could:,.0f} people, once per impact",
        ),
        Figure(
            "threats that reached anybody late or unwarned",
            people.failed_share.value,
            low=people.failed_share.low,
            high=people.failed_share.high,
            note=f"{people.threats_failed} of {people.threats}; Clopper-Pearson",
        ),
    ]
    for practice in total.minutes.practices:
        found.append(
            Figure(
                f"in vain: warning the {practice.name} / ours",
                practice.ratio.value,
                goal=">= 4" if practice.name == "oblast" else "",
                low=practice.ratio.low,
                high=practice.ratio.high,
                note="same timing and hold",
            )
        )
    return tuple(found)
