"""Which keys hold, from when to when: what whoever checks a signature has to know.

A ring is public: it holds no secret. It has keys of both worlds; while one key takes over
from another, both hold. Whoever checks takes any key that holds and was not revoked.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Any

import msgspec

from forewarn.errors import ConfigError
from forewarn.signing.messages import Matter, World, opened, verify
from forewarn.units import iso_from_epoch

SCHEMA = 1
DAY_S = 86_400.0
TOLD_DAYS = (30, 7, 1)  # before the last key of a world ends, operators are told
SLACK_S = 300.0  # by which the clock of whoever checks may be behind ours


class KeyKind(StrEnum):
    """What a key signs."""

    ALERTS = "alerts"  # Ed25519: alerts and heartbeats
    CAP = "cap"  # ECDSA P-256 with a certificate: the XML of CAP messages


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret.

    public       : 32 bytes of Ed25519; of CAP the certificate (DER)
    not_before_s : it signs from then on
    expires_s    : from then on nothing signed with it is taken, nor from `revoked_s` on
    """

    world: World
    kind: KeyKind
    public: bytes
    not_before_s: float
    expires_s: float
    revoked_s: float | None = None

    @property
    def key_id(self) -> str:
        """Names it: the beginning of a hash of what is public of it."""
        return hashlib.sha256(self.public).hexdigest()[:16]

    @property
    def ends_s(self) -> float:
        """When it stops to hold."""
        return min(self.expires_s, inf if self.revoked_s is None else self.revoked_s)

    def signs(self, now_s: float) -> bool:
        """Whether it may be signed with."""
        return self.not_before_s <= now_s < self.ends_s

    def counts(self, now_s: float) -> bool:
        """Whether what it signed is taken, by a clock that may be a little behind."""
        return self.not_before_s - SLACK_S <= now_s < self.ends_s


@dataclass(frozen=True, slots=True)
class Ending:
    """When a world will be without a key of a kind, or came to be.

    days : within so many, of those at which it is told: 30, 7, 1, 0; None = later
    """

    world: World
    kind: KeyKind
    days: int | None
    ends_s: float

    def __str__(self) -> str:
        when = iso_from_epoch(self.ends_s)
        if self.days is None:
            return f"keys of world {self.world} sign {self.kind} until {when}"
        said = f"within {self.days} days" if self.days > 1 else "within a day"
        if not self.days:
            said = "and from then on no signature is taken"
        return (
            f"the last {self.kind} key of world {self.world} ends {when}, {said}: "
            "forewarn keys rotate"
        )


class KeyRing:
    """The keys that a signature may be made with."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = tuple(keys)

    @classmethod
    def from_file(cls, path: Path) -> "KeyRing":
        """Read a ring; a file that is none is refused."""
        try:
            return cls.from_bytes(path.read_bytes(), str(path))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file") from None

    @classmethod
    def from_bytes(cls, body: bytes, where: str) -> "KeyRing":
        """What `to_bytes` made; `where` it was found, for messages."""
        try:
            held = msgspec.json.decode(body, type=_File)
        except msgspec.MsgspecError as error:
            raise ConfigError(f"{where}: is no key ring: {error}") from None
        if held.schema != SCHEMA:
            raise ConfigError(
                f"{where}: schema is {held.schema}, this build reads {SCHEMA}"
            )
        return cls(held.keys)

    def to_bytes(self) -> bytes:
        """What `from_file` reads."""
        return msgspec.json.format(msgspec.json.encode(_File(SCHEMA, self.keys))) + b"\n"

    def signing(self, world: World, kind: KeyKind, now_s: float) -> Key | None:
        """The newest key that may be signed with now; of equals the one added last."""
        ours = (key for key in reversed(self.of(world, kind)) if key.signs(now_s))
        return max(ours, key=lambda key: key.not_before_s, default=None)

    def verify(
        self, world: World, matter: Matter, body: bytes, signature: bytes, now_s: float
    ) -> bool:
        """Whether a body was signed with a key that counts now, for this world."""
        return any(
            verify(key.public, world, matter, body, signature)
            for key in self._counting(world, now_s)
        )

    def opened(
        self, world: World, matter: Matter, sealed: bytes, now_s: float
    ) -> dict[str, Any] | None:
        """The values of a message that a key sealed which counts now; else None."""
        found = (
            opened(key.public, world, matter, sealed)
            for key in self._counting(world, now_s)
        )
        return next((values for values in found if values is not None), None)

    def endings(self, now_s: float) -> list[Ending]:
        """Worlds that will be without a key within 30 days, or are."""
        return [one for one in self.ends(now_s) if one.days is not None]

    def ends(self, now_s: float) -> list[Ending]:
        """Of every world and kind that has had a key."""
        found = []
        for world in World:
            for kind in KeyKind:
                if not self.of(world, kind):
                    continue
                ends_s = self._covered_until_s(world, kind, now_s)
                left = (ends_s - now_s) / DAY_S
                days = [day for day in (*TOLD_DAYS, 0) if left <= day]
                found.append(Ending(world, kind, days[-1] if days else None, ends_s))
        return found

    def _covered_until_s(self, world: World, kind: KeyKind, now_s: float) -> float:
        """When no key signs any more, if nobody makes one."""
        keys = self.of(world, kind)
        covered_s = now_s
        while later := [key.ends_s for key in keys if key.signs(covered_s)]:
            covered_s = max(later)
        if covered_s == now_s:  # none signs now: it ended in the past
            covered_s = max(
                (key.ends_s for key in keys if key.ends_s <= now_s), default=now_s
            )
        return covered_s

    def of(self, world: World, kind: KeyKind) -> list[Key]:
        """All of a world and kind, ended ones too."""
        return [key for key in self.keys if key.world is world and key.kind is kind]

    def _counting(self, world: World, now_s: float) -> list[Key]:
        return [key for key in self.of(world, KeyKind.ALERTS) if key.counts(now_s)]


class _File(msgspec.Struct):
    schema: int
    keys: tuple[Key, ...]
