"""What the APIs answer, for their OpenAPI documents."""

from typing import Any

from pydantic import BaseModel


class Status(BaseModel):
    """State of the service. Past `expires_s` (its own time) do not believe it any more.

    `world` is `live` or `exercise`; `banner`, by language, stands on every page of an
    exercise, and is empty for live.
    `reduced`: regions of which parts are not watched just now; "" = the site names none.
    """

    service: str
    detail: str
    site: str
    languages: list[str]
    time_zone: str
    simulated: bool
    time_s: float
    speed: float
    world: str
    banner: dict[str, str]
    seq: int
    expires_s: float
    zones_version: str
    reduced: list[str]


class PublicAlert(BaseModel):
    """What the people of one zone are told. `onset_s`: UTC seconds, early estimate.

    `issued_s` is when this step was decided.
    `signature` is Ed25519 over the other values: keys sorted, no spaces, UTF-8; base64.
    It is "" where texts of other languages were left out.
    """

    alert_id: str
    step: int
    zone_id: str
    state: str
    issued_s: float
    onset_s: int | None
    kind: str
    text: dict[str, str]
    signature: str


class State(BaseModel):
    """Live alerts, and the all-clears of the last ten minutes.

    Past `expires_s` (the service's own time) do not believe it any more. `since_s`: when
    each zone came into its state. `others`, only where asked for: [zone_id, state,
    onset_s] of warned zones that are not told whole.
    """

    time_s: float
    seq: int
    expires_s: float
    service: str
    alerts: list[PublicAlert]
    since_s: dict[str, float]
    ended: list[PublicAlert]
    others: list[tuple[str, str, int | None]] | None = None


class FeatureCollection(BaseModel):
    """GeoJSON."""

    type: str
    features: list[dict[str, Any]]


class OperatorsStatus(Status):
    """State of the service with sensors, channels, refused input and faults.

    `keys`: by kind, until when this world has some, and `days`: 30, 7, 1, 0 once that is so
    near.
    `drills`: what came of the newest self-drill, as POST /v1/drills answers it; whether one
    is under way, and when the next is due.
    `record_s`: first and last moment of a recording, where there is nothing but that.
    `machine_clock`: whether the kernel steers it (`synchronised`), its greatest error and
    how far it is from the service's time; null where another clock is used.
    """

    sensors: list[dict[str, Any]]
    channels: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    keys: list[dict[str, Any]]
    drills: list[dict[str, Any]]
    drilling: bool
    drill_next_s: float | None
    machine_clock: dict[str, Any] | None
    faults: list[str]
    blind: list[str]
    coarse: list[str]
    record_s: list[float] | None


class ActLine(BaseModel):
    """Something an operator did."""

    time_s: float
    operator_id: str
    act: str
    detail: str
