"""What the APIs answer, for their OpenAPI documents."""

from typing import Any

from pydantic import BaseModel


class Status(BaseModel):
    """State of the service. Past `expires_s` (its own time) do not believe it any more."""

    service: str
    detail: str
    site: str
    languages: list[str]
    simulated: bool
    time_s: float
    speed: float
    seq: int
    expires_s: float
    zones_version: str


class PublicAlert(BaseModel):
    """What the people of one zone are told. `onset_s`: UTC seconds, early estimate."""

    alert_id: str
    step: int
    zone_id: str
    state: str
    issued_s: float
    onset_s: int | None
    kind: str
    text: dict[str, str]


class State(BaseModel):
    """All live alerts."""

    time_s: float
    seq: int
    service: str
    alerts: list[PublicAlert]


class OperatorsStatus(Status):
    """State of the service with sensors, channels, refused input and faults.

    `machine_clock`: whether the kernel steers it (`synchronised`), its greatest error and
    how far it is from the service's time; null where another clock is used.
    """

    sensors: list[dict[str, Any]]
    channels: list[dict[str, Any]]
    refused: list[dict[str, Any]]
    machine_clock: dict[str, Any] | None
    faults: list[str]


class CommandBody(BaseModel):
    """An operator's decision for zones: prepare, take_cover or all_clear."""

    action: str
    zone_ids: list[str]
    operator_id: str
