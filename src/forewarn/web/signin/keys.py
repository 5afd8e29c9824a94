"""A person's own key: a passkey that stays on its device, or one sealed with a password.

Either signs: to come in, a challenge of ours; to send, the bytes of the order itself.
"""

import hashlib
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import webauthn
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from forewarn.web.refusal import RefusedError
from forewarn.web.signin.accounts import Account, Passkey, PasswordKey

PASSWORD_MIN, PASSWORD_MAX = 12, 200  # letters
COST = (3, 65536, 4)  # argon2id: passes, KiB, lanes; RFC 9106, second choice
_NONCE = 12
_SIGNED = ("clientDataJSON", "authenticatorData", "signature")
_LONGEST = 4096  # letters of each part of a credential
_REFUSED = "this passkey is not accepted here"


@dataclass(frozen=True, slots=True)
class Place:
    """Where people sign in.

    rp_id  : the host name that passkeys are bound to
    hosts  : names that browsers may call this service by, without port
    secure : whether browsers get here by TLS
    """

    rp_id: str
    hosts: frozenset[str]
    secure: bool

    def origin(self, host: str) -> str:
        """The one origin of pages of ours, by the Host header; "" = not our name."""
        if host_name(host) not in self.hosts:
            return ""
        return f"{'https' if self.secure else 'http'}://{host.lower()}"


def host_name(host: str) -> str:
    """The name in a Host header, without port."""
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name.strip("[]").lower()


def text_of(raw: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """What `text_of` was given."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# passkeys


def registration_options(place: Place, account: Account, challenge: bytes) -> Any:
    """What a browser needs to make a passkey for an account."""
    options = webauthn.generate_registration_options(
        rp_id=place.rp_id,
        rp_name="Forewarn",
        user_name=account.account_id,
        user_id=hashlib.sha256(account.account_id.encode()).digest(),
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_named(account.passkeys),
    )
    return msgspec.json.decode(webauthn.options_to_json(options))


def registered(
    place: Place, origin: str, challenge: bytes, credential: dict[str, Any], now_s: float
) -> Passkey:
    """The passkey that a browser made on a page of ours."""
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=place.rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except Exception:  # a library over hostile bytes: whatever it raises, it is no key
        raise RefusedError(400, _REFUSED) from None
    return Passkey(
        text_of(made.credential_id),
        text_of(made.credential_public_key),
        made.sign_count,
        now_s,
    )


def request_options(place: Place, challenge: bytes, passkeys: Sequence[Passkey]) -> Any:
    """What a browser needs to sign; no passkeys named = whichever it holds for us."""
    options = webauthn.generate_authentication_options(
        rp_id=place.rp_id,
        challenge=challenge,
        allow_credentials=_named(passkeys),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return msgspec.json.decode(webauthn.options_to_json(options))


def answered(
    rp_id: str, origin: str, challenge: bytes, credential: dict[str, Any], passkey: Passkey
) -> Passkey:
    """The passkey, counted on, if it signed this challenge on a page of this origin."""
    try:
        found = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=bytes_of(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception:  # as above
        raise RefusedError(401, _REFUSED) from None
    return replace(passkey, sign_count=found.new_sign_count)


def challenge_in(credential: dict[str, Any]) -> bytes:
    """The challenge that a credential says it signed; not yet checked."""
    try:
        told = msgspec.json.decode(bytes_of(credential["response"]["clientDataJSON"]))
        return bytes_of(told["challenge"])
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
        raise RefusedError(401, _REFUSED) from None


def bare_credential(credential: dict[str, Any]) -> dict[str, Any]:
    """Only what a signature needs to be checked again, for the record."""
    try:
        response = credential["response"]
        kept = {name: response[name] for name in _SIGNED}
        told = {"id": credential["id"], "rawId": credential["rawId"], "type": "public-key"}
    except (KeyError, TypeError):
        raise RefusedError(401, _REFUSED) from None
    texts = (*kept.values(), *told.values())
    if not all(isinstance(text, str) and len(text) <= _LONGEST for text in texts):
        raise RefusedError(401, _REFUSED)
    return {**told, "response": kept}


def _named(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=bytes_of(k.credential_id)) for k in passkeys]


# passwords


def sealed_key(password: str) -> PasswordKey:
    """A new key that only this password opens."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise RefusedError(
            400, f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} letters: use a sentence"
        )
    key, salt = Ed25519PrivateKey.generate(), os.urandom(16)
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(_stretched(password, salt, COST)).encrypt(
        nonce, key.private_bytes_raw(), None
    )
    public = key.public_key().public_bytes_raw()
    return PasswordKey(text_of(public), text_of(salt), text_of(nonce + sealed), COST)


def opened_key(kept: PasswordKey | None, password: str) -> Ed25519PrivateKey | None:
    """The key, if the password opens it. Takes as long for an account without one."""
    if kept is None:
        _stretched(password, bytes(16), COST)
        return None
    sealed = bytes_of(kept.sealed)
    try:
        raw = AESGCM(_stretched(password, bytes_of(kept.salt), kept.cost)).decrypt(
            sealed[:_NONCE], sealed[_NONCE:], None
        )
    except InvalidTag:
        return None
    return Ed25519PrivateKey.from_private_bytes(raw)


def _stretched(password: str, salt: bytes, cost: tuple[int, int, int]) -> bytes:
    passes, kib, lanes = cost
    return hash_secret_raw(password.encode(), salt, passes, kib, lanes, 32, Type.ID)
