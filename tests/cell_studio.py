"""A cell broadcast channel at a centre of its own, for tests: what it told, and of whom."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from alerts import ALERT, parcel
from cell_centre import BroadcastCentre, Peer, Sent
from forewarn.channels import Context
from forewarn.channels.cell_broadcast import CellBroadcast, CellBroadcastKeys
from forewarn.channels.cell_broadcast.lines import TEST
from forewarn.records import AlertState, Key, Parcel
from forewarn.signing import Signer, World


def until(holds: Callable[[], bool], limit_s: float = 10.0) -> None:
    limit = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < limit, "it never came to hold"
        time.sleep(0.005)


@dataclass
class Studio:
    """The channel, its centre, and what came of it.

    done : steps confirmed, in order
    said : by identifier and serial number, the steps that the message tells of
    """

    folder: Path
    exercise: bool = False
    languages: tuple[str, ...] = ("en",)
    zone_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hold_s: float = 0.0
    geofence: bool = False
    peers: tuple[Peer, ...] = ()
    done: list[Key] = field(default_factory=list)
    said: dict[tuple[int, int], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.centre = BroadcastCentre(self.peers, self._note).open()
        self.channel = self.opened()

    def opened(self) -> CellBroadcast:
        """A channel that goes on where the last one ended."""
        keys = CellBroadcastKeys(self.centre.address, self.folder, self.geofence)
        context = Context(
            site="Test",
            languages=self.languages,
            time_zone="UTC",
            own_texts=None,
            exercise=self.exercise,
            zone_names=self.zone_names,
            signer=Signer(Ed25519PrivateKey.generate(), World.LIVE),
            delivered=self.done.extend,
        )
        return CellBroadcast(keys, context, self.hold_s)

    def close(self) -> None:
        self.channel.close()
        self.centre.close()

    def tell(self, *told: Parcel) -> None:
        """Offer steps, and wait until each is confirmed."""
        self.channel.offer(told)
        until(lambda: {each.key for each in told} <= set(self.done))

    @property
    def book(self) -> Path:
        return self.folder / f"{'exercise' if self.exercise else 'live'}.json"

    def arrived(self) -> set[str]:
        """Steps that were told, or were over before they could be: "ALERT_ID-STEP"."""
        over = json.loads(self.book.read_bytes())["over"] if self.book.exists() else {}
        overtaken = {f"{key}-{number}" for key, number in self.done if key in over}
        return overtaken.union(*self.said.values())

    def _note(self, sent: Sent) -> None:
        if sent.identifier in TEST.identifiers:
            return
        # what is on the air stands in the book before it is sent
        air = json.loads(self.book.read_bytes())["air"].values()
        (mine,) = (
            one
            for one in air
            if one["serial"] == sent.serial and str(sent.identifier) in one["texts"]
        )
        self.said[sent.identifier, sent.serial] = set(mine["said"])


def step(
    alert_id: str,
    state: AlertState,
    number: int = 0,
    name: str = "",
    kind: str = "rocket",
    **changes: object,
) -> Parcel:
    """A step of an alert in a zone of its own, ten seconds after the one before."""
    alert = replace(
        ALERT,
        alert_id=alert_id,
        step=number,
        zone_id=f"zone-{alert_id}",
        state=state,
        kind=kind,
        issued_s=ALERT.issued_s + 10.0 * number,
    )
    return parcel(replace(alert, **changes), name or alert_id.title())
