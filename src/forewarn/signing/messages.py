"""Keys and signatures: Ed25519 over canonical bytes, exercise and live worlds apart.

A signature covers the name of its world and of what is signed, so that even with the same
key bytes made in an exercise never verify as live, nor a heartbeat as an alert. The worlds
have different keys besides: a key file names its world and loads in no other.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from math import floor, isfinite
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from forewarn.errors import ConfigError
from forewarn.records import Alert, Parcel
from forewarn.signing.secret_files import read_secret, write_secret

_MARK = "forewarn-ed25519"


class World(StrEnum):
    """What a signature speaks for."""

    LIVE = "live"
    EXERCISE = "exercise"


class Matter(StrEnum):
    """What is signed."""

    ALERT = "alert"
    HEARTBEAT = "heartbeat"
    ORDER = "order"  # of an operator, signed with a key of their own
    SIREN = "siren"


def canonical(values: Mapping[str, Any]) -> bytes:
    """One way to write the same values: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def alert_values(alert: Alert, texts: Mapping[str, str]) -> dict[str, Any]:
    """What the public may know of a step: zone, state, time, text; no track, no sensor."""
    onset_s = alert.onset_p05_s
    return {
        "alert_id": alert.alert_id,
        "step": alert.step,
        "zone_id": alert.zone_id,
        "state": str(alert.state),
        "issued_s": alert.issued_s,
        "onset_s": floor(onset_s) if isfinite(onset_s) else None,
        "kind": alert.kind,
        "text": dict(texts),
    }


def told(parcel: Parcel) -> dict[str, Any]:
    """A step as channels tell the public: what it may know, and the signature over that."""
    values = alert_values(parcel.alert, parcel.texts)
    return {**values, "signature": b64encode(parcel.signature).decode()}


def heartbeat_values(
    service: str, time_s: float, expires_s: float, reduced: Sequence[str] = ()
) -> dict[str, Any]:
    """A sign of life: after `expires_s` silence means that the service is not reachable.

    reduced : regions of which parts are not watched just now
    """
    return {
        "service": service,
        "time_s": time_s,
        "expires_s": expires_s,
        "reduced": list(reduced),
    }


class Signer:
    """Signs for one world, with one key or with the one that is `newest` at the time."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        world: World,
        newest: Callable[[], Ed25519PrivateKey] | None = None,
    ) -> None:
        self._key = key
        self._world = world
        self._newest = newest or (lambda: key)

    @classmethod
    def from_file(cls, path: Path, world: World) -> "Signer":
        """Read a key, or make one that only its owner can read."""
        if not path.exists():
            cls(Ed25519PrivateKey.generate(), world).to_file(path)
        return cls(read_key(path, world), world)

    def to_file(self, path: Path) -> None:
        """Write what `read_key` reads; a key that stands there stays."""
        raw = self._key.private_bytes_raw()
        write_secret(path, f"{_MARK} {self._world} {raw.hex()}\n".encode())

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._newest().public_key().public_bytes_raw()

    def sign(self, matter: Matter, body: bytes) -> bytes:
        """Signature of a body, 64 bytes."""
        return self._newest().sign(_framed(self._world, matter, body))

    def seal(self, matter: Matter, values: Mapping[str, Any]) -> bytes:
        """Values with their signature, as JSON that `opened` reads."""
        signature = self.sign(matter, canonical(values))
        envelope = {
            "world": str(self._world),
            "matter": str(matter),
            "values": values,
            "signature": b64encode(signature).decode(),
        }
        return canonical(envelope)


def read_key(path: Path, world: World) -> Ed25519PrivateKey:
    """The key of a file; one of another world is refused."""
    parts = read_secret(path).split()
    if len(parts) != 3 or parts[0].decode("ascii", "replace") != _MARK:
        raise ConfigError(f"{path}: is no key; expected '{_MARK} {world} <64 digits>'")
    if parts[1].decode("ascii", "replace") != world:
        raise ConfigError(
            f"{path}: found a key of world {parts[1].decode('ascii', 'replace')!r}, "
            f"expected {str(world)!r}"
        )
    try:
        raw = bytes.fromhex(parts[2].decode("ascii"))
        return Ed25519PrivateKey.from_private_bytes(raw)
    except ValueError:
        raise ConfigError(f"{path}: the key is not 64 hexadecimal digits") from None


def verify(
    public: bytes, world: World, matter: Matter, body: bytes, signature: bytes
) -> bool:
    """Whether a body was signed with this key, for this world, as this matter."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, _framed(world, matter, body))
    except (InvalidSignature, ValueError):
        return False
    return True


def opened(
    public: bytes, world: World, matter: Matter, sealed: bytes
) -> dict[str, Any] | None:
    """The values of a sealed message; None if it is not from this key and world."""
    try:
        envelope = json.loads(sealed)
        values = dict(envelope["values"])
        signature = b64decode(envelope["signature"], validate=True)
        body = canonical(values)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return values if verify(public, world, matter, body, signature) else None


def _framed(world: World, matter: Matter, body: bytes) -> bytes:
    return f"forewarn/1/{world}/{matter}/".encode() + body
