"""What can be told of the past: from the journal of a site, or from a recording."""

import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forewarn.errors import ConfigError
from forewarn.files import Site
from forewarn.web.past import Look

if TYPE_CHECKING:
    from forewarn.app.film import Stretch
    from forewarn.app.period import Period
    from forewarn.records import Alert, Event
    from forewarn.stores import SqlStore

PART = 1 << 18  # bytes handed on at once


@dataclass(frozen=True, slots=True)
class Journal:
    """What is on record of a site."""

    site: Site

    def parts(self, look: Look, folder: Path) -> Iterator[bytes]:
        """The answer to a look. folder: empty, for what it needs meanwhile."""
        from forewarn.app.assembly import site_zones
        from forewarn.stores import read_store

        store = read_store(self.site.store)
        try:
            if look.what == "recording":
                yield from _packed(_exported(store, look, folder / "recording"), folder)
            elif look.what == "film":
                yield from _film(self.site, _recorded(store, look.span_s))
            else:
                from forewarn.app.period import LOOK_BACK_S, period

                from_s, to_s = look.span_s
                steps = [step[0] for step in store.steps(from_s - LOOK_BACK_S, to_s)]
                zones = site_zones(self.site)
                told = period(steps, store.deliveries(from_s, to_s), zones, look.span_s)
                yield _counted(told, look, self.site)
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording, run through the chain of a site. truth: a folder, where it is known."""

    site: Site
    recording: Path
    truth: Path | None = None

    def parts(self, look: Look, folder: Path) -> Iterator[bytes]:
        """The answer to a look."""
        from forewarn.files import read_recording

        if look.what == "film":
            from forewarn.app.film import WARM_S, Stretch

            found = read_recording(self.recording)
            events = between(found.events(), look.span_s[0] - WARM_S, look.span_s[1])
            yield from _film(self.site, Stretch(look.span_s, events, found.sensors))
        elif look.what == "recording":
            yield from _packed(_cut(self.recording, look, folder / "recording"), folder)
        else:
            yield self._judged(look, folder)

    def _judged(self, look: Look, folder: Path) -> bytes:
        from forewarn.app.assembly import site_zones
        from forewarn.app.judging import judged
        from forewarn.app.period import period
        from forewarn.app.rehearsal import rehearse
        from forewarn.app.replay import replay_recording
        from forewarn.app.score_report import report
        from forewarn.files import read_recording, read_run
        from forewarn.score import summarise

        for _ in rehearse():
            pass
        found, zones = read_recording(self.recording), site_zones(self.site)
        replay_recording(found, self.site, zones, folder)
        run = read_run(folder)
        if look.what == "report" and self.truth is not None:
            one = judged(self.recording.name, run, self.truth, zones, found.sensors)
            return report(summarise([one]), [one]).encode()
        return _counted(period(run.alerts, (), zones, look.span_s), look, self.site)


def between(events: "Iterator[Event]", from_s: float, to_s: float) -> "Iterator[Event]":
    """Those received in [from, to)."""
    for event in events:
        if event.received_s >= to_s:
            return
        if event.received_s >= from_s:
            yield event


def _recorded(store: "SqlStore", span_s: tuple[float, float]) -> "Stretch":
    from forewarn.app.export import heard
    from forewarn.app.film import WARM_S, Stretch
    from forewarn.app.period import LOOK_BACK_S

    from_s, to_s = span_s
    first, last = store.span(from_s - WARM_S, to_s)
    if last < first:
        raise ConfigError("nothing is on record of that time")
    events = takewhile(lambda event: event.seq <= last, store.events_after(first - 1))
    alerts: list[Alert] = [step[0] for step in store.steps(from_s - LOOK_BACK_S, to_s)]
    return Stretch(span_s, events, heard(store, first, last), alerts)


def _film(site: Site, stretch: "Stretch") -> Iterator[bytes]:
    from forewarn.app.assembly import site_zones
    from forewarn.app.film import film
    from forewarn.app.rehearsal import rehearse

    for _ in rehearse():
        pass
    for picture in film(site, site_zones(site), stretch):
        yield _line(picture)


def _counted(told: "Period", look: Look, site: Site) -> bytes:
    from forewarn.app.period_report import report

    return (
        report(told, site.name).encode() if look.what == "report" else _line(asdict(told))
    )


def _line(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _exported(store: "SqlStore", look: Look, out: Path) -> Path:
    from forewarn.app.export import export_events
    from forewarn.files import write_alerts

    export_events(store, out, look.span_s)
    write_alerts(out / "alerts.jsonl", store.steps(*look.span_s))
    return out


def _cut(recording: Path, look: Look, out: Path) -> Path:
    """The span of a recording that was asked for, and what people were told in it."""
    from forewarn.files import cut_alerts, read_recording, write_recording

    found = read_recording(recording)
    batches = [one for one in found.batches if look.holds(one.received_s)]
    others = [one for one in found.others if look.holds(one.received_s)]
    if not batches and not others:
        raise ConfigError("nothing is on record of that time")
    write_recording(out, found.sensors, batches, others)
    if (recording / "alerts.jsonl").exists():
        cut_alerts(recording / "alerts.jsonl", out / "alerts.jsonl", look.holds)
    return out


def _packed(recording: Path, folder: Path) -> Iterator[bytes]:
    packed = folder / "recording.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(recording.rglob("*")):
            archive.write(path, path.relative_to(recording.parent))
    with packed.open("rb") as file:
        while part := file.read(PART):
            yield part
