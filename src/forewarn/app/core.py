"""The core: journal, chain, record. In a process of its own, never on the event loop."""

import gc
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from forewarn.app.assembly import (
    Speaker,
    assemble,
    is_exercise,
    site_signer,
    site_zones,
)
from forewarn.app.lookout import Lookout
from forewarn.app.pressure import GROUP_MAX, Pressure
from forewarn.errors import ForewarnError, ModelError, PlotError
from forewarn.files import Site
from forewarn.pipeline import Pipeline, Store
from forewarn.records import Alert, Command, Event, Load, Outcome, Parcel, Sensor, Zones
from forewarn.signing import Matter, alert_values, canonical, told
from forewarn.stores import SqlStore, open_store, read_store
from forewarn.stores.lasting import LastingStore
from forewarn.warning import Warner
from forewarn.web.picture import Painter, operators_zone, zones_geojson

SNAPSHOT_S = 10.0  # of event time between two snapshots
TIDY_S = 10.0  # and between two looks for what may be let go
DAY_S = 86_400.0
PICTURE_S = 1.0
PRESSED_PICTURE_S = 5.0  # while the core falls behind
NOWHERE = '{"type":"MultiPolygon","coordinates":[]}'  # of a zone the site has no more

Tell = Callable[[Outcome, list[Parcel]], None]


class Core:
    """Numbers events, puts them on record, acts on them, puts alerts on record."""

    def __init__(
        self, site: Site, sensors: Sequence[Sensor], zones: Zones, store: Store
    ) -> None:
        self.zones = zones
        self.store = store
        self.warner = Warner(site.name, zones, site.warning)
        self.painter = Painter(zones)
        self.pipeline: Pipeline = assemble(site, sensors, zones, self.warner)
        self.lookout = Lookout(
            sensors, zones, self.pipeline.lately, self.pipeline.error_ratio
        )
        self._speaker = Speaker(site, zones, sensors)
        self._signer = site_signer(site, sensors)
        self._keep_s = site.store.keep_days * DAY_S
        self._tidied_s = float("-inf")
        self._places = dict(
            zip(zones.zone_id, zip(zones.name, zones.polygons, strict=True), strict=True)
        )
        self._saved_s = float("-inf")
        self._earlier: dict[str, list[float]] = {}
        self.faults: list[str] = []

    def recover(self) -> int:
        """Go on from the snapshot and the events after it; returns how many those were.

        Alerts of replayed events stand on record already, or are put there now: the same
        events give the same ids, so nothing is lost and nothing doubled.
        """
        kept = self.store.load_snapshot()
        last = 0
        if kept is not None:
            last, memory = kept
            self.pipeline.restore(memory)
        count = 0
        for event in list(self.store.events_after(last)):
            outcome = self._step(event)
            if outcome is not None:
                self.store.record([outcome], self._speaker.texts(outcome.alerts))
            count += 1
        for alert, _ in self.store.live():
            self._earlier[alert.alert_id] = list(self.store.issued_s(alert.alert_id))
        return count

    @property
    def level(self) -> int:
        """How much the chain leaves out, as it remembers."""
        return int(self.pipeline.memory()["forecast.level"][0])

    def taken_after(self, seq: int) -> int:
        """Events on record behind a number, of those that the shell has sent."""
        events = self.store.events_after(seq)
        return sum(not isinstance(event, Load) for event in events)

    def handle(
        self, events: Sequence[Event], tell: Tell = lambda outcome, parcels: None
    ) -> tuple[list[Outcome], list[Parcel]]:
        """A group of events, durable before acted on; all that they lead to.

        tell : told what one event leads to as soon as that is durable
        """
        first = self.store.last_seq + 1
        numbered = [replace(event, seq=first + i) for i, event in enumerate(events)]
        self.store.append(numbered)
        outcomes, parcels = [], []
        for event in numbered:
            outcome = self._step(event)
            if outcome is None:
                continue
            texts = self._speaker.texts(outcome.alerts)
            self.store.record([outcome], texts)
            fresh = [self._next(a, texts[a.zone_id]) for a in outcome.alerts]
            tell(outcome, fresh)
            outcomes.append(outcome)
            parcels += fresh
        if numbered and numbered[-1].received_s - self._saved_s >= SNAPSHOT_S:
            self.store.save(numbered[-1].seq, self.pipeline.memory())
            self._saved_s = numbered[-1].received_s
        return outcomes, parcels

    def tidy(self, idle: Callable[[], bool]) -> None:
        """Let go of what is old, while nothing waits."""
        now_s = self.store.last_s
        if not self._keep_s or now_s - self._tidied_s < TIDY_S:
            return
        self._tidied_s = now_s
        while idle() and self.store.prune(now_s - self._keep_s):
            pass

    def _step(self, event: Event) -> Outcome | None:
        try:
            outcome = self.pipeline.step(event)
            self.lookout.step(event, len(outcome.tracks.track_id))
            return outcome
        except (PlotError, ModelError) as error:
            self.faults.append(str(error))
            return None
        finally:
            self.faults += self.pipeline.faults()

    def _next(self, alert: Alert, texts: dict[str, str]) -> Parcel:
        times = self._earlier.setdefault(alert.alert_id, [])
        parcel = self._parcel(alert, texts, times)
        times.append(alert.issued_s)
        return parcel

    def _parcel(
        self, alert: Alert, texts: dict[str, str], issued_s: Sequence[float]
    ) -> Parcel:
        name, polygon = self._places.get(alert.zone_id, (alert.zone_id, NOWHERE))
        signature = self._signer.sign(Matter.ALERT, canonical(alert_values(alert, texts)))
        return Parcel(alert, texts, name, polygon, tuple(issued_s[: alert.step]), signature)

    @property
    def zone_names(self) -> dict[str, dict[str, str]]:
        """By zone, by language."""
        return self._speaker.names

    def live(self) -> list[Parcel]:
        """Alerts that are out."""
        return [self._parcel(alert, texts, ()) for alert, texts in self.store.live()]

    def pending(self, channel: str) -> list[Parcel]:
        """What a channel has not confirmed."""
        return [
            self._parcel(alert, texts, self.store.issued_s(alert.alert_id))
            for alert, texts in self.store.pending(channel)
        ]


MadeOf = tuple[Site, tuple[Sensor, ...], tuple[str, ...]]


def core_main(pipe: Connection, made_of: Callable[[], MadeOf]) -> None:
    """Life of a core process: load, wait for its turn, recover, act on events, stop.

    made_of : waits for the site, its sensors and the names of its channels
    """
    try:
        _run(pipe, made_of)
    except ForewarnError as error:
        pipe.send(("failed", str(error)))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return  # the shell is gone: what is on record stays on record


def _run(pipe: Connection, made_of: Callable[[], MadeOf]) -> None:
    from forewarn.app.rehearsal import rehearse

    # a third of a start would go into looking for rubbish among all that is here to stay
    gc.disable()
    parent = os.getppid()
    for done, total in rehearse():
        pipe.send(("starting", f"compiling kernels, {done} of {total}"))
    site, sensors, channels = made_of()
    pipe.send(("starting", "loading zones"))
    zones = site_zones(site)
    pipe.send(("warm",))
    _, done_seq = pipe.recv()
    pipe.send(("starting", "opening the store"))
    store = lasting_store(site, sensors, channels, done_seq or 0)
    core = Core(site, sensors, zones, store)
    pipe.send(("starting", "recovering"))
    core.recover()
    pipe.send(("zones", zones_geojson(zones), zones.version, core.zone_names))
    live = core.live()
    pipe.send(("live", _told(live), live, store.last_seq))
    for channel in channels:
        pipe.send(("carry", channel, core.pending(channel)))
    known = 0 if done_seq is None else core.taken_after(done_seq)
    pipe.send(("recovered", store.last_seq, store.last_s, known))
    pipe.send(("load", core.level))
    pipe.send(("ready", store.trouble))
    gc.freeze()
    gc.enable()
    _serve(pipe, core, store, parent)


def lasting_store(
    site: Site, sensors: Sequence[Sensor], channels: Sequence[str], after: int = 0
) -> LastingStore:
    """The store of a site, for a core that goes on behind the event numbered `after`."""

    def open_it(again: bool) -> SqlStore:
        store = open_store(site.store, channels, again=again)
        try:
            store.claim(is_exercise(site, sensors))
            store.heard(sensors)
        except BaseException:
            store.close()
            raise
        return store

    return LastingStore(open_it, lambda: read_store(site.store), after)


def _serve(pipe: Connection, core: Core, store: LastingStore, parent: int) -> None:
    trouble, pressure, shown_s = store.trouble, Pressure(core.level), 0.0
    while True:
        if not pipe.poll(5.0):
            if os.getppid() != parent:
                return
            continue
        messages = _take(pipe)
        events = [message[1] for message in messages if message[0] == "event"]
        if events and pressure.step(len(events)):
            events.append(Load(0, events[-1].received_s, pressure.level))
            pipe.send(("load", pressure.level))
        outcome = _act(pipe, core, events)
        for _, *receipt in (one for one in messages if one[0] == "delivered"):
            store.delivered(*receipt)
        if store.trouble != trouble:
            trouble = store.trouble
            pipe.send(("ready", trouble))
        pipe.send(("done", len(messages), store.last_seq))
        pause_s = PRESSED_PICTURE_S if pressure.level else PICTURE_S
        if outcome is not None and time.monotonic() - shown_s >= pause_s:
            shown_s = time.monotonic()
            _show(pipe, core, outcome)
        for faults in (core.faults, store.faults):
            while faults:
                pipe.send(("fault", faults.pop(0)))
        core.tidy(lambda: not pipe.poll(0))
        if messages[-1] == ("stop",):
            store.save(store.last_seq, core.pipeline.memory())
            store.close()
            return


def _act(pipe: Connection, core: Core, events: Sequence[Event]) -> Outcome | None:
    """Tell what a group of events leads to, as it does; returns the last outcome."""

    def tell(outcome: Outcome, parcels: list[Parcel]) -> None:
        if parcels:
            pipe.send(("alerts", _told(parcels), parcels, outcome.seq))

    outcomes, _ = core.handle(events, tell)
    orders = [event.order_id for event in events if isinstance(event, Command)]
    if orders:
        pipe.send(("acted", orders))
    return outcomes[-1] if outcomes else None


def _show(pipe: Connection, core: Core, outcome: Outcome) -> None:
    pipe.send(("picture", core.painter.paint(outcome, core.warner.weighed)))
    pipe.send(("refused", dict(core.pipeline.refused)))
    pipe.send(("cover", core.lookout.cover()))


def _take(pipe: Connection) -> list[tuple[Any, ...]]:
    """All that waits, up to a group of events, or up to the word to stop."""
    messages = [pipe.recv()]
    events = messages[0][0] == "event"
    while events < GROUP_MAX and messages[-1] != ("stop",) and pipe.poll(0):
        messages.append(pipe.recv())
        events += messages[-1][0] == "event"
    return messages


def _told(parcels: Sequence[Parcel]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(told(p), operators_zone(p.alert)) for p in parcels]
