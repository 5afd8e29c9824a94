"""A stretch of the past as operators would have seen it, from what is on record.

Alerts are those that people were told. Tracks, areas and what zones were held against are
not on record: a second chain makes them again from the same plots.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from forewarn.app.assembly import assemble
from forewarn.errors import ModelError, PlotError
from forewarn.files import Site
from forewarn.records import Act, Alert, AlertState, Command, Event, Outcome, Sensor, Zones
from forewarn.warning import Warner
from forewarn.web.picture import Painter, operators_zone
from forewarn.web.scene import Scene, alert_line

WARM_S = 180.0  # the chain is shown plots so long before the film: tracks take time
KEY_S = 30.0  # between two pictures that stand for themselves, to jump to
PICTURE_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """What is on record of it.

    events : in order, from WARM_S before
    alerts : steps in order, those before it as well; None = what the chain now says
    """

    span_s: tuple[float, float]
    events: Iterable[Event]
    sensors: tuple[Sensor, ...]
    alerts: Sequence[Alert] | None = None


def film(site: Site, zones: Zones, stretch: Stretch) -> Iterator[dict[str, Any]]:
    """Pictures in order, each with its `time_s`, as the operators' stream has them."""
    warner = Warner(site.name, zones, site.warning)
    chain = assemble(site, stretch.sensors, zones, warner)
    projector = _Projector(stretch, Painter(zones), warner)
    for event in stretch.events:
        try:
            outcome = chain.step(event)
        except (PlotError, ModelError) as error:
            projector.scene.note(event.received_s, "fault", str(error))
            continue
        yield from projector.frames(event, outcome)


class _Projector:
    """Keeps the scene of a film up, and says when it has a picture."""

    def __init__(self, stretch: Stretch, painter: Painter, warner: Warner) -> None:
        self.scene = Scene()
        self._from_s = stretch.span_s[0]
        self._painter, self._warner = painter, warner
        steps = stretch.alerts
        self._own = steps is None
        self._waiting = [
            (time_s, list(alerts))
            for time_s, alerts in groupby(steps or (), lambda alert: alert.issued_s)
        ][::-1]
        self._shown_s = self._key_s = float("-inf")

    def frames(self, event: Event, outcome: Outcome) -> Iterator[dict[str, Any]]:
        """What is new on the screen after an event."""
        now_s = event.received_s
        told = [self._tell(time_s, alerts) for time_s, alerts in self._due(outcome)]
        self._note(event)
        if now_s < self._from_s:
            return
        if self._key_s > float("-inf"):  # else the first picture has them all
            yield from ({**body, "time_s": now_s} for body in told)
        if now_s - self._shown_s < PICTURE_S:
            return
        self._shown_s = now_s
        body = self.scene.show(self._painter.paint(outcome, self._warner.weighed))
        if now_s - self._key_s >= KEY_S:
            self._key_s = now_s
            body = self.scene.whole()
        yield body | {"time_s": now_s}

    def _due(self, outcome: Outcome) -> Iterator[tuple[float, list[Alert]]]:
        if self._own:
            if outcome.alerts:
                yield outcome.received_s, list(outcome.alerts)
            return
        while self._waiting and self._waiting[-1][0] <= outcome.received_s:
            yield self._waiting.pop()

    def _tell(self, time_s: float, alerts: list[Alert]) -> dict[str, Any]:
        zones: dict[AlertState, list[str]] = {}
        for alert in alerts:
            zones.setdefault(alert.state, []).append(alert.zone_id)
        for state, zone_ids in zones.items():
            text, where = alert_line(str(state), zone_ids)
            self.scene.note(time_s, "alert", text, **where)
        return self.scene.tell({alert.zone_id: operators_zone(alert) for alert in alerts})

    def _note(self, event: Event) -> None:
        if isinstance(event, Command):
            what = f"{event.action} {event.threat}".rstrip().replace("_", " ")
            text = f"{event.operator_id}: {what} in {len(event.zone_ids)} zones"
            self.scene.note(event.received_s, "operator", text)
        if isinstance(event, Act):
            words = (event.operator_id, event.act, event.detail)
            self.scene.note(
                event.received_s, "operator", " ".join(word for word in words if word)
            )
