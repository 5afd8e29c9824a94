"""VAPID (RFC 8292): by which a push service knows who posts."""

import base64
import time
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from py_vapid import Vapid02

from forewarn.channels.secret import kept_secret
from forewarn.errors import ConfigError

PROOF_S = 12 * 3600.0  # that a proof holds; RFC 8292 allows a day
PROOF_RENEWED_S = 3600.0


class Vapid:
    """The site's key towards push services, and proofs made with it."""

    def __init__(self, path: Path, contact: str) -> None:
        pem = kept_secret(path, _made_key)
        try:
            self._key = Vapid02.from_pem(pem.encode())
            self._contact = contact
            self.proof("https://example.invalid")
        except Exception as error:  # whatever the library makes of a file that is no key
            raise ConfigError(f"{path}: is no key for push, or contact: {error}") from None
        self._proofs: dict[str, tuple[float, str]] = {}

    @property
    def public(self) -> str:
        """The public key as browsers take it (`applicationServerKey`), base64url."""
        point = self._key.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def authorization(self, endpoint: str) -> str:
        """The header for an endpoint; one proof serves a whole service for an hour."""
        parts = urlsplit(endpoint)
        origin = f"{parts.scheme}://{parts.netloc}"
        made_s, proof = self._proofs.get(origin, (0.0, ""))
        now_s = time.time()
        if not 0.0 <= now_s - made_s < PROOF_RENEWED_S:
            proof = self.proof(origin)
            self._proofs[origin] = now_s, proof
        return proof

    def proof(self, origin: str) -> str:
        """A fresh one."""
        until_s = int(time.time() + PROOF_S)
        claims = {"aud": origin, "exp": until_s, "sub": self._contact}
        return str(self._key.sign(claims)["Authorization"])


def _made_key() -> str:
    key = Vapid02()
    key.generate_keys()
    return bytes(key.private_pem()).decode()
