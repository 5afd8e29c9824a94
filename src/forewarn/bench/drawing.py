"""What several figures share: a raid drawn, led through the default chain, judged."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import ceil

from forewarn.atmosphere import standard_air
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.pipeline import Pipeline
from forewarn.records import LIVE_STATES, Alert, Event, Sensor, Tick, Zones
from forewarn.score import Judged, judge
from forewarn.score.reading import make_case
from forewarn.sim.raid_keys import Generated, Raid
from forewarn.track import Tracker, TrackParams
from forewarn.warning import Warner, WarningParams
from forewarn.zones import Region, made_zones

RUN_ON_S = 1800


def region_zones(raid: Raid) -> Zones:
    """Zones of the raid's region."""
    region = raid.region
    return made_zones(
        Region(region.lat_deg, region.lon_deg, region.radius_km, shelter_s=region.shelter_s)
    )


def default_chain(sensors: tuple[Sensor, ...], zones: Zones) -> Pipeline:
    """The chain with the settings it is shipped with: one set for every raid."""
    air = standard_air()
    return Pipeline(
        Tracker(sensors, air, TrackParams()),
        Forecaster(air, zones, ForecastParams()),
        Warner("bench", zones, WarningParams()),
        zones,
    )


def numbered(drawn: Generated) -> Iterator[Event]:
    """Scans and a tick a second, numbered, in order of arrival."""
    first, last = drawn.batches[0].received_s, drawn.batches[-1].received_s
    ticks = (Tick(0, float(second)) for second in range(ceil(first), ceil(last)))
    arrivals: list[Iterable[Event]] = [drawn.told, drawn.batches, ticks]
    merged = heapq.merge(*arrivals, key=lambda event: event.received_s)
    for seq, event in enumerate(merged, start=1):
        yield replace(event, seq=seq)


def run(drawn: Generated, zones: Zones) -> tuple[tuple[Alert, ...], float]:
    """All alerts of a drawing, and the time at which the last was cleared."""
    pipeline = default_chain(drawn.sensors, zones)
    alerts: list[Alert] = []
    live: set[str] = set()

    def step(event: Event) -> None:
        for alert in pipeline.step(event).alerts:
            alerts.append(alert)
            (live.add if alert.state in LIVE_STATES else live.discard)(alert.zone_id)

    seq, now_s = 0, 0.0
    for event in numbered(drawn):
        step(event)
        seq, now_s = event.seq, event.received_s
    for extra in range(1, RUN_ON_S):
        if not live:
            break
        now_s = ceil(now_s) + 1.0
        step(Tick(seq + extra, now_s))
    return tuple(alerts), now_s


def judged(name: str, drawn: Generated, zones: Zones) -> Judged:
    """A drawing, led through the chain and judged."""
    alerts, until_s = run(drawn, zones)
    return judge(make_case(name, drawn.truth, zones, drawn.sensors, alerts, until_s))
