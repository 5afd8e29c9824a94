"""What a reader of the public API asked for, and what of the alerts that is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Told = Mapping[str, Any]  # a public alert


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose alerts, and how much of them; readers of one wish are told the same.

    zone_ids : whose alerts come whole; None = those of all zones
    language : of their texts; "" = all languages
    others   : also which other zones are warned: [zone_id, state, onset_s]
    """

    zone_ids: frozenset[str] | None = None
    language: str = ""
    others: bool = False

    def whole(self, alerts: Iterable[Told]) -> list[Told]:
        """The alerts of its zones, with its texts."""
        return [self._worded(alert) for alert in alerts if self._mine(alert)]

    def answer(
        self, alerts: Sequence[Told], head: Mapping[str, Any], since_s: Mapping[str, float]
    ) -> dict[str, Any]:
        """A message: its head, of the alerts those asked for, and since when they are so.

        That is told beside the alerts, which carry a signature.
        """
        mine = self.whole(alerts)
        begun = {told["zone_id"]: since_s.get(told["zone_id"]) for told in mine}
        body = {**head, "alerts": mine}
        body["since_s"] = {zone: s for zone, s in begun.items() if s is not None}
        if self.others:
            body["others"] = [
                [alert["zone_id"], alert["state"], alert["onset_s"]]
                for alert in alerts
                if not self._mine(alert)
            ]
        return body

    def concerns(self, zone_ids: Iterable[str]) -> bool:
        """Whether a change in these zones is to be told."""
        if self.zone_ids is None or self.others:
            return True
        return not self.zone_ids.isdisjoint(zone_ids)

    def _mine(self, alert: Told) -> bool:
        return self.zone_ids is None or alert["zone_id"] in self.zone_ids

    def _worded(self, alert: Told) -> Told:
        texts = alert["text"]
        if not self.language or self.language not in texts:
            return alert
        # a signature is of all texts: without some it would prove nothing
        return {**alert, "text": {self.language: texts[self.language]}, "signature": ""}
