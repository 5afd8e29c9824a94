"""A phone that subscribed to push messages, and reads what its push service holds."""

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from receiver import Post, Receiver


class Phone:
    """Keys of its own, and an endpoint at a push service that tests play."""

    def __init__(self, service: Receiver, name: str = "phone") -> None:
        self._service = service
        self._path = f"/push/{name}"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)

    @property
    def endpoint(self) -> str:
        return self._service.address + self._path

    @property
    def keys(self) -> tuple[str, str]:
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return _base64url(point), _base64url(self._auth)

    def posts(self) -> list[Post]:
        """What its push service took for it, in order."""
        return [post for post in list(self._service.got) if post.path == self._path]

    def messages(self) -> list[dict[str, Any]]:
        """The same, as only this phone can read it."""
        return [self.read(post) for post in self.posts()]

    def read(self, post: Post) -> dict[str, Any]:
        plain = http_ece.decrypt(
            post.body, private_key=self._key, auth_secret=self._auth, version="aes128gcm"
        )
        return dict(json.loads(plain))

    def steps(self) -> list[str]:
        return [f"{told['alert_id']}-{told['step']}" for told in self.messages()]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
