"""Figure: hours of a quiet month, and whom people were told to hide from.

Nothing in the raid `month` threatens anybody, so every `take cover` is a mistake. Each is
laid to what the tracks it names followed: one of the raid's kinds of traffic, or nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from forewarn.bench import drawing
from forewarn.bench.raid import needing
from forewarn.bench.result import Ask, Figure, Result
from forewarn.records import AlertState
from forewarn.score import Watcher, judge, summarise
from forewarn.score.following import followed
from forewarn.score.reading import make_case
from forewarn.score.statistics import exact_interval
from forewarn.sim import raids
from forewarn.sim.raid_keys import Raid
from forewarn.sim.steered import traffic_of

RAID = "month"
NEED_S = 90.0  # those who need most are warned of most
NOTHING = "nothing that flies"


def measure(ask: Ask, progress: Callable[[], None]) -> Result:
    """So many hours of it, each drawn anew."""
    raid = raids.load(RAID)
    hours: list[Counter[str]] = []
    minutes = 0.0
    for seed in range(1, ask.seeds + 1):
        told, per_person = hour(raid, seed)
        hours.append(told)
        minutes += per_person
        progress()
    kinds = (*(one.name for one in raid.traffic), NOTHING)
    found = [_woken(kind, hours) for kind in kinds]
    label = "minutes under take cover or stay per person and day"
    found.append(Figure(label, 24.0 * minutes / ask.seeds, "min"))
    return Result(
        "quiet",
        f"Quiet sky, {ask.seeds} hours, people who need {NEED_S:.0f} s: "
        f"{raid.raid.description}",
        tuple(found),
        _table(kinds, hours),
    )


def hour(raid: Raid, seed: int) -> tuple[Counter[str], float]:
    """Zones told to take cover by what they were told of; minutes of it per person."""
    drawn = raids.generate(raid, seed)
    zones = needing(drawing.region_zones(raid), NEED_S)
    watcher = Watcher(zones)
    alerts, until_s = drawing.run(drawn, zones, (watcher,))
    case = make_case(RAID, drawn.truth, zones, drawn.sensors, alerts, until_s)
    assert case.paths is not None
    track_id, body, _ = followed(watcher.evidence(), case.paths)
    flyers = sorted(set(drawn.truth.state_id))  # as the paths are, for nothing threatens
    kind = {
        track: raid.traffic[traffic_of(flyers[k])].name
        for track, k in zip(track_id.tolist(), body, strict=True)
        if k >= 0
    }
    told = {
        (alert.alert_id, kind.get(int(threat[1:]), NOTHING))
        for alert in alerts
        if alert.state is AlertState.TAKE_COVER
        for threat in alert.threats
    }
    return Counter(of for _, of in told), summarise([judge(case)]).minutes.per_person


def _woken(kind: str, hours: Sequence[Counter[str]]) -> Figure:
    """In how many hours anybody was told to take cover because of it."""
    bad = sum(kind in told for told in hours)
    return Figure(
        f"hours with a take cover because of {kind}",
        bad / len(hours),
        "",
        "<= 0",
        *exact_interval(bad, len(hours)),
        f"{bad} of {len(hours)}, {sum(told[kind] for told in hours):,} zones; "
        "Clopper-Pearson",
    )


def _table(
    kinds: Sequence[str], hours: Sequence[Counter[str]]
) -> tuple[tuple[str, ...], ...]:
    """Zones told to take cover, of each hour."""
    rows: list[tuple[str, ...]] = [("hour", *kinds)]
    for number, told in enumerate(hours, start=1):
        rows.append((str(number), *(f"{told[kind]:,}" for kind in kinds)))
    return tuple(rows)
