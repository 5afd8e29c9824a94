"""Challenges that need no memory until they are answered, and are good once.

A flood of people who ask for one costs nothing and pushes nobody else's out.
"""

import os
from collections import OrderedDict
from dataclasses import dataclass, field

from itsdangerous import BadSignature, TimestampSigner

from forewarn.web.refusal import RefusedError

LASTS_S = 120
KEPT = 100_000  # answered ones that are remembered; each cost a valid signature


@dataclass(slots=True)
class Challenges:
    """Makes and takes back challenges, each for one purpose."""

    _signer: TimestampSigner = field(
        default_factory=lambda: TimestampSigner(os.urandom(32), salt="forewarn.challenge")
    )
    _used: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def new(self, purpose: str) -> bytes:
        """A challenge for a purpose."""
        return self._signer.sign(f"{purpose}.{os.urandom(16).hex()}")

    def check(self, challenge: bytes, purpose: str) -> None:
        """Refuse one that is not ours, for another purpose, too old, or used."""
        try:
            told = self._signer.unsign(challenge, max_age=LASTS_S).decode()
        except (BadSignature, UnicodeDecodeError):
            raise RefusedError(401, "this sign-in took too long: begin again") from None
        if told.rpartition(".")[0] != purpose or challenge in self._used:
            raise RefusedError(401, "this sign-in was used already: begin again")

    def used(self, challenge: bytes) -> None:
        """It was answered rightly: never again."""
        self._used[challenge] = None
        while len(self._used) > KEPT:
            self._used.popitem(last=False)
