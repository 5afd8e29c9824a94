"""One alert and one zone that tests of texts and channels share."""

from dataclasses import replace

from forewarn.records import IN_ERROR, Alert, AlertState, Parcel
from forewarn.words import LANGUAGES, render

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


def parcel(alert: Alert = ALERT, name: str = "Viborg", polygon: str = SQUARE) -> Parcel:
    """The alert as a channel gets it, in every language, ten seconds between its steps."""
    texts = {language: render(alert, name, language) for language in LANGUAGES}
    earlier = tuple(alert.issued_s - 10.0 * k for k in range(alert.step, 0, -1))
    return Parcel(alert, texts, name, polygon, earlier)


def parcels(count: int) -> list[Parcel]:
    """Different alerts."""
    return [parcel(replace(ALERT, alert_id=f"a{i}")) for i in range(count)]
