"""Bodies and answers of the routes for signing in."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from forewarn.web.signin.keys import PASSWORD_MAX

Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=PASSWORD_MAX)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PasswordBody(_Body):
    """A password, for where a passkey cannot be used."""

    account_id: Name
    password: Password


class CredentialBody(_Body):
    """What `navigator.credentials.get` answered, as JSON."""

    credential: dict[str, Any]


class InvitationBody(_Body):
    """The token of an invitation link."""

    token: Name


class NewPasskeyBody(InvitationBody):
    """What `navigator.credentials.create` answered, as JSON."""

    credential: dict[str, Any]


class NewPasswordBody(InvitationBody):
    """A password chosen with an invitation."""

    password: Password


class Options(BaseModel):
    """For `navigator.credentials`: give `publicKey` to its JSON reader."""

    account_id: str
    publicKey: dict[str, Any]  # noqa: N815  (as browsers have it)


class WhoAmI(BaseModel):
    """A session. `csrf` goes back as X-CSRF-Token with every request that changes."""

    account_id: str
    role: str
    rights: list[str]
    csrf: str
    exercise: bool
    signed_in: bool
    ends_in_s: float


class AccountLine(BaseModel):
    """An account, as an admin sees it."""

    account_id: str
    role: str
    passkeys: int
    password: bool
    invited: bool
    sessions: int
