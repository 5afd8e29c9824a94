"""One alert, one zone and one site that tests of texts and channels share."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from forewarn.channels import Context
from forewarn.channels.drill import Drill
from forewarn.records import IN_ERROR, Alert, AlertState, Parcel
from forewarn.records import Key as StepKey
from forewarn.signing import Key, KeyKind, KeyRing, Signer, World
from forewarn.words import LANGUAGES, drill_texts, render

ALERT = Alert(
    alert_id="0123456789abcdef",
    step=0,
    seq=7,
    zone_id="881f204867fffff",
    state=AlertState.TAKE_COVER,
    issued_s=1767268800.2,
    onset_p05_s=1767268878.9,
    onset_p50_s=1767268881.0,
    probability=0.01,
    threshold=1e-4,
    people=1200.0,
    kind="rocket",
    threats=("T65536",),
    sources=("north",),
    reason="threat",
)
STATES = (AlertState.PREPARE, AlertState.TAKE_COVER, AlertState.STAY, AlertState.ALL_CLEAR)
CORRECTED = replace(ALERT, state=AlertState.ALL_CLEAR, step=2, reason=IN_ERROR)
SQUARE = '{"type":"Polygon","coordinates":[[[9.0,56.0],[9.1,56.0],[9.1,56.1],[9.0,56.0]]]}'
DRILL = Drill("d1", 1767268800.2, drill_texts(LANGUAGES, exercise=False))


def parcel(alert: Alert = ALERT, name: str = "Viborg", polygon: str = SQUARE) -> Parcel:
    """The alert as a channel gets it, in every language, ten seconds between its steps."""
    texts = {language: render(alert, name, language) for language in LANGUAGES}
    earlier = tuple(alert.issued_s - 10.0 * k for k in range(alert.step, 0, -1))
    return Parcel(alert, texts, name, polygon, earlier)


def parcels(count: int) -> list[Parcel]:
    """Different alerts."""
    return [parcel(replace(ALERT, alert_id=f"a{i}")) for i in range(count)]


def ring_of(*signers: Signer, world: World = World.LIVE) -> KeyRing:
    """A ring in which the keys of these hold until 2100."""
    return KeyRing(
        [Key(world, KeyKind.ALERTS, one.public, 0.0, 4_102_444_800.0) for one in signers]
    )


def context(
    folder: Path,
    delivered: Callable[[list[StepKey]], None],
    zone_ids: Sequence[str] = (ALERT.zone_id,),
    exercise: bool = False,
) -> Context:
    """What a channel of a site in that folder knows."""
    world = World.EXERCISE if exercise else World.LIVE
    return Context(
        site="Testland",
        languages=("en", "uk"),
        time_zone="UTC",
        own_texts=None,
        exercise=exercise,
        zone_names={zone_id: {"": f"Zone {zone_id}"} for zone_id in zone_ids},
        signer=Signer.from_file(folder / f"{world}.key", world),
        delivered=delivered,
    )
