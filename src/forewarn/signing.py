"""Keys and signatures: Ed25519 over canonical bytes, exercise and live worlds apart.

A signature covers the name of its world, so that even with the same key bytes made in an
exercise never verify as live; and the worlds have different keys besides.
"""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from forewarn.errors import ConfigError


class World(StrEnum):
    """What a signature speaks for."""

    LIVE = "live"
    EXERCISE = "exercise"


def canonical(values: Mapping[str, Any]) -> bytes:
    """One way to write the same values: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


class Signer:
    """Signs for one world with the key in one file."""

    def __init__(self, key: Ed25519PrivateKey, world: World) -> None:
        self._key = key
        self._world = world

    @classmethod
    def from_file(cls, path: Path, world: World) -> "Signer":
        """Read a key of 32 raw bytes, or make one that only its owner can read."""
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        raw = path.read_bytes()
        if len(raw) != 32:
            raise ConfigError(f"{path}: holds {len(raw)} bytes, a key has 32")
        return cls(Ed25519PrivateKey.from_private_bytes(raw), world)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, body: bytes) -> bytes:
        """Signature of a body, 64 bytes."""
        return self._key.sign(_framed(self._world, body))


def verify(public: bytes, world: World, body: bytes, signature: bytes) -> bool:
    """Whether a body was signed with this key, for this world."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(signature, _framed(world, body))
    except (InvalidSignature, ValueError):
        return False
    return True


def _framed(world: World, body: bytes) -> bytes:
    return f"forewarn/1/{world}/".encode() + body
