"""Sensors one by one: microphones, people, radars in clutter, radars and real aircraft."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from forewarn.bench import microphones as ears
from forewarn.bench import witnesses as eyes
from forewarn.bench.aircraft import SCENES, FlightScore, follow_aircraft, read_flights
from forewarn.bench.clutter import ClutterScore, follow_clutter
from forewarn.bench.result import Ask, Figure, Result
from forewarn.geodesy import FloatArray
from forewarn.score.statistics import exact_interval

HEARD_SEEDS, TOLD_SEEDS = 5, 20
CLUTTER_HOURS = 1.0


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """All four; real aircraft only where their files are."""
    heard, told, flown = [], [], {}
    for seed in range(1, HEARD_SEEDS + 1):
        heard.append(ears.follow_heard(ears.hear(seed)))
        progress()
    for seed in range(1, TOLD_SEEDS + 1):
        told.append(eyes.follow_told(eyes.tell(seed)))
        progress()
    clutter = follow_clutter(CLUTTER_HOURS, 1, progress)
    folder = ask.aircraft.parent
    for name, away_deg in SCENES.items():
        if (folder / name).exists():
            flown[name] = follow_aircraft(read_flights(folder / name), away_deg)
            progress()
    figures = [
        *heard_figures(heard),
        *told_figures(told),
        *clutter_figures(clutter),
        *flight_figures(flown, folder),
    ]
    return Result(
        "sensing",
        "Sensors one by one: microphones, people, tenfold clutter, real aircraft",
        tuple(figures),
        _table(flown),
    )


def heard_figures(scores: Sequence[ears.HeardScore]) -> list[Figure]:
    """Drones that microphones hear, over all drawings."""
    covered = [np.isfinite(score.cover_s) for score in scores]
    took = [score.took_s[c] for score, c in zip(scores, covered, strict=True)]
    longest = [t[np.isfinite(t)].max(initial=0.0) for t in took]
    never = sum(int(np.isinf(t).sum()) for t in took)
    shown, nothing = sum(s.shown for s in scores), sum(s.nothing for s in scores)
    return [
        Figure(
            "microphones: longest from cover to track",
            float(max(longest)),
            "s",
            "<= 30",
            note=f"{ears.MICROPHONES}, 5 degrees, 3 km apart, 1 Hz, 5 % false;"
            f" {ears.DRONES} drones at 50 m/s; by seed {_listed(longest)}",
        ),
        Figure(
            "microphones: drones never tracked",
            float(never),
            "",
            "<= 0",
            note=f"of {sum(int(c.sum()) for c in covered)} that came into cover",
        ),
        Figure(
            "microphones: median error across the ground",
            _median([s.error_m for s in scores]),
            "m",
            "<= 150",
            note="from 30 s after each was found; bound 75 m;"
            f" by seed {_listed([_median([s.error_m]) for s in scores])}",
        ),
        Figure(
            "microphones: share of shown tracks that are of nothing",
            nothing / max(shown, 1),
            note=f"{nothing:,} of {shown:,} over all scans, 1.5 km from every drone",
        ),
    ]


def told_figures(scores: Sequence[eyes.ToldScore]) -> list[Figure]:
    """One drone that people point at, over all drawings."""
    found_s = [score.found_s for score in scores if np.isfinite(score.found_s)]
    return [
        Figure(
            "people: until a drone is found, median",
            _median([np.array(found_s)]),
            "s",
            note=f"in {len(found_s)} of {len(scores)} drawings, at the latest"
            f" {max(found_s, default=np.nan):.0f} s; {eyes.PEOPLE_AROUND} people, one in"
            f" ten pointing anywhere, {eyes.RATE_HZ:g} reports a second, 15 degrees",
        ),
        Figure(
            "people: median error",
            _median([score.error_m for score in scores]),
            "m",
            note="of the nearest track, height included, while one is within 3 km",
        ),
    ]


def clutter_figures(score: ClutterScore) -> list[Figure]:
    """What comes of nothing but clutter."""
    hours = score.hours
    return [
        Figure(
            "tenfold clutter, no target: false plots",
            float(score.plots),
            note=f"{hours:g} h, two radars, one scan a second each, 200 a scan;"
            " `make clutter` runs 24 h",
        ),
        Figure("tenfold clutter: likely tracks an hour", score.likely / hours),
        Figure("tenfold clutter: confirmed tracks an hour", score.confirmed / hours),
        Figure(
            "tenfold clutter: tracks that could raise a warning",
            float(score.threats),
            "",
            "<= 0",
        ),
    ]


def flight_figures(scores: Mapping[str, FlightScore], folder: Path) -> list[Figure]:
    """Real flights of all files together, the error of the worst; by file in the table."""
    flights = sum(score.flights for score in scores.values())
    if not flights:
        note = f"{folder} is not here: names, false tracks and errors are left out"
        return [Figure("real aircraft: flights tracked", 0.0, note=note)]
    changed = sum(score.changed for score in scores.values())
    low, high = exact_interval(changed, flights)
    return [
        Figure(
            "real aircraft: flights tracked",
            float(flights),
            note="two radars: 50 m, 2 mrad, 1 Hz, 20 false plots a scan",
        ),
        Figure(
            "real aircraft: share of flights that change name",
            changed / flights,
            "",
            "<= 0.05",
            low,
            high,
            note=f"{changed} of {flights}; Clopper-Pearson",
        ),
        Figure(
            "real aircraft: false tracks",
            float(sum(score.false for score in scores.values())),
            "",
            "<= 0",
            note="over all scans",
        ),
        Figure(
            "real aircraft: error over a plot's, the worst file",
            max(score.over_noise for score in scores.values()),
            "",
            "<= 0.5",
        ),
    ]


def _table(scores: Mapping[str, FlightScore]) -> tuple[tuple[str, ...], ...]:
    """A row for each file of real flights; empty without any."""
    if not scores:
        return ()
    head = (
        "flights of",
        "tracked",
        "changed name",
        "false",
        "missed",
        "error m",
        "over noise",
    )
    rows = [
        (
            name.split("_20")[0].replace("_", " "),
            str(score.flights),
            str(score.changed),
            str(score.false),
            f"{score.missed:.4f}",
            f"{score.error_m:.0f}",
            f"{score.over_noise:.2f}",
        )
        for name, score in scores.items()
    ]
    return (head, *rows)


def _median(parts: Sequence[FloatArray]) -> float:
    """Over all of them together; nan where there is nothing."""
    whole = np.concatenate(parts)
    return float(np.median(whole)) if len(whole) else float("nan")


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)
