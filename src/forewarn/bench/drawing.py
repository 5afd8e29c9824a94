"""What several figures share: a raid drawn, led through the default chain, judged."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from time import perf_counter
from typing import Protocol

from forewarn.atmosphere import standard_air
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.pipeline import Pipeline
from forewarn.records import (
    LIVE_STATES,
    Alert,
    Event,
    Exposures,
    Forecasts,
    Outcome,
    PlotBatch,
    Sensor,
    Tick,
    Tracks,
    Zones,
)
from forewarn.score import Judged, Watcher, judge
from forewarn.score.reading import make_case
from forewarn.sim.defence.flown import Engagement, Said, said_of
from forewarn.sim.defence.sky import Sky
from forewarn.sim.raid_keys import Generated, Raid
from forewarn.track import Tracker, TrackParams
from forewarn.warning import Warner, WarningParams
from forewarn.zones import Region, made_zones

RUN_ON_S = 1800


class Defence(Protocol):
    """A simulated defence over a sky, that is told once a second what the chain says."""

    @property
    def sky(self) -> Sky:
        """What flies, as the defence left it."""

    def step(self, now_s: float, said: Sequence[Said]) -> list[Engagement]:
        """What is fired now."""


class Foresees(Protocol):
    """All of a chain but its decision."""

    def foresee(self, event: Event) -> tuple[Tracks, Forecasts, Exposures]:
        """As of `Pipeline`."""


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


def _seen(drawn: Generated, defence: Defence | None) -> Iterator[Event]:
    """The same events; scans as they are once a defence has done its part."""
    scan = 0
    for event in numbered(drawn):
        if defence is not None and isinstance(event, PlotBatch):
            event = replace(defence.sky.batches[scan], seq=event.seq)
            scan += 1
        yield event


def run(
    drawn: Generated, zones: Zones, watchers: Sequence[Watcher] = ()
) -> tuple[tuple[Alert, ...], float]:
    """All alerts of a drawing, and the time at which the last was cleared."""
    (alerts,), now_s, _ = _run(drawn, (zones,), watchers)
    return alerts, now_s


def judged(name: str, drawn: Generated, zones: Zones) -> Judged:
    """A drawing, led through the chain and judged."""
    return judged_for(name, drawn, (zones,))[0]


def judged_for(
    name: str,
    drawn: Generated,
    each: Sequence[Zones],
    waits_s: list[float] | None = None,
    defence: Defence | None = None,
    watch: bool = True,
    chain: Foresees | None = None,
) -> list[Judged]:
    """A drawing led through the chain once, decided and judged for several needs.

    each    : the same zones, whose people need other seconds
    waits_s : gets how long each event took
    defence : a simulated one over the same drawing, which alters what comes of it
    watch   : whether what was said on the way to the alerts is judged too
    chain   : in place of the one that is shipped
    """
    watchers = [Watcher(zones) for zones in each] if watch else []
    alerts, until_s, took_s = _run(drawn, each, watchers, defence, chain)
    truth = drawn.truth if defence is None else defence.sky.truth()
    if waits_s is not None:
        waits_s += took_s
    seen = [watcher.evidence() for watcher in watchers] if watch else [None] * len(each)
    return [
        judge(make_case(name, truth, zones, drawn.sensors, told, until_s), evidence=one)
        for zones, told, one in zip(each, alerts, seen, strict=True)
    ]


def _run(
    drawn: Generated,
    each: Sequence[Zones],
    watchers: Sequence[Watcher],
    defence: Defence | None = None,
    chain: Foresees | None = None,
) -> tuple[list[tuple[Alert, ...]], float, list[float]]:
    """All alerts for each of some zones, when the last was cleared, seconds per event."""
    foreseen = chain or default_chain(drawn.sensors, each[0])
    warners = [Warner("bench", zones, WarningParams()) for zones in each]
    alerts: list[list[Alert]] = [[] for _ in each]
    live: set[tuple[int, str]] = set()
    took_s: list[float] = []

    def step(event: Event) -> None:
        begun_s = perf_counter()
        tracks, forecasts, exposures = foreseen.foresee(event)
        if defence is not None and isinstance(event, Tick):
            defence.step(event.received_s, said_of(tracks, forecasts))
        told = [warner.step(exposures, event) for warner in warners]
        took_s.append(perf_counter() - begun_s)
        for k, some in enumerate(told):
            alerts[k] += some
            for alert in some:
                mine = (k, alert.zone_id)
                (live.add if alert.state in LIVE_STATES else live.discard)(mine)
        for watcher, some in zip(watchers, told, strict=False):
            now_s = event.received_s
            watcher.step(Outcome(event.seq, now_s, tracks, forecasts, exposures, some))

    seq, now_s = 0, 0.0
    for event in _seen(drawn, defence):
        step(event)
        seq, now_s = event.seq, event.received_s
    for extra in range(1, RUN_ON_S):
        if not live:
            break
        now_s = ceil(now_s) + 1.0
        step(Tick(seq + extra, now_s))
    return [tuple(some) for some in alerts], now_s, took_s
