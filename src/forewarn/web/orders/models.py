"""Bodies and answers of the routes for sending by hand."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ZONES_MAX = 50_000
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Area(_Body):
    """A GeoJSON area, longitude before latitude."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


class DraftBody(_Body):
    """What is to be done, and where: either `zone_ids` or `area`, never neither."""

    action: Literal["prepare", "take_cover", "extend", "all_clear"]
    threat: Literal["", "rocket", "ballistic_missile", "cruise_missile", "drone"] = ""
    zone_ids: list[Id] | None = Field(None, max_length=ZONES_MAX)
    area: Area | None = None


class Proof(_Body):
    """A fresh signature: by a passkey over the draft's challenge, or a password."""

    credential: dict[str, Any] | None = None
    password: Words | None = None


class SendBody(_Body):
    """What was shown, confirmed in its words; for `take cover` signed as well."""

    confirm: Words
    digest: Words
    typed: Words = ""
    proof: Proof | None = None


class CorrectionBody(_Body):
    """Which alerts were a mistake: those of a draft, or of zones that are under alert."""

    draft_id: Id | None = None
    zone_ids: list[Id] | None = Field(None, max_length=ZONES_MAX)
    confirm: Words = ""


class EchoZone(BaseModel):
    """A zone of a draft, and what its people are told now."""

    zone_id: str
    name: str
    people: int
    state: str


class EchoText(BaseModel):
    """A text, word for word. Clock times in it will be those of sending."""

    language: str
    form: str
    text: str


class Signer(BaseModel):
    """Who signed, and how."""

    account_id: str
    how: str


class Echo(BaseModel):
    """A draft as it would go out; `texts` for its zone of most people."""

    draft_id: str
    state: str
    world: str
    action: str
    threat: str
    zones: list[EchoZone]
    people: int
    area_km2: float
    share: float
    text_zone_id: str
    texts: list[EchoText]
    needs_two: bool
    needs_typing: bool
    confirm: str
    digest: str
    signed: list[Signer]
    made_by: str
    made_s: float
    expires_s: float
    notes: list[str]


class DraftLine(BaseModel):
    """A draft in a list."""

    draft_id: str
    state: str
    action: str
    threat: str
    zones: int
    people: int
    made_by: str
    expires_s: float
