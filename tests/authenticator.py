"""A passkey in software: what a browser and its device answer, on `cryptography` alone."""

import hashlib
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One key on one device. `verified` is whether it asks its owner (finger, PIN)."""

    def __init__(self, origin: str, verified: bool = True) -> None:
        self.origin = origin
        self.verified = verified
        self.count = 0
        self.credential_id = os.urandom(32)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key()

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """As `navigator.credentials.create`."""
        public = self.public.public_numbers()
        cose = _map(
            (1, 2), (3, -7), (-1, 1), (-2, public.x.to_bytes(32, "big")),
            (-3, public.y.to_bytes(32, "big")),
        )  # fmt: skip
        size = struct.pack(">H", len(self.credential_id))
        attested = bytes(16) + size + self.credential_id + cose
        authenticator = self._data(options["rp"]["id"], ATTESTED) + attested
        statement = _map(("fmt", "none"), ("attStmt", {}), ("authData", authenticator))
        client = self._client("webauthn.create", options["challenge"])
        return self._credential(
            clientDataJSON=text_of(client), attestationObject=text_of(statement)
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """As `navigator.credentials.get`."""
        self.count += 1
        client = self._client("webauthn.get", options["challenge"])
        authenticator = self._data(options["rpId"], 0)
        signed = authenticator + hashlib.sha256(client).digest()
        return self._credential(
            clientDataJSON=text_of(client),
            authenticatorData=text_of(authenticator),
            signature=text_of(self._key.sign(signed, ec.ECDSA(hashes.SHA256()))),
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps({**told, "crossOrigin": False}).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        rp_hash = hashlib.sha256(rp_id.encode()).digest()
        return rp_hash + bytes([flags]) + struct.pack(">I", self.count)

    def _credential(self, **response: str) -> dict[str, Any]:
        name = text_of(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}


def _map(*pairs: tuple[Any, Any]) -> bytes:
    """CBOR of a map, as far as it is needed here."""
    return bytes([0xA0 + len(pairs)]) + b"".join(_cbor(k) + _cbor(v) for k, v in pairs)


def _cbor(value: Any) -> bytes:
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value)) + value.encode()
    return _map(*value.items())


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    if number < 256:
        return bytes([major << 5 | 24, number])
    return bytes([major << 5 | 25]) + struct.pack(">H", number)
