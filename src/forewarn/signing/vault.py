"""The key folder of a site: its secrets, and the ring that says which keys hold.

`ring.json` is for everyone; each secret is a file beside it, `WORLD-KIND-ID.key`, that only
its owner may read. Beside the secret of a CAP key lies its certificate, `.pem`.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from forewarn.errors import ConfigError
from forewarn.signing.certificates import as_pem, make_certificate
from forewarn.signing.messages import Signer, World, read_key
from forewarn.signing.ring import DAY_S, Key, KeyKind, KeyRing
from forewarn.signing.secret_files import replace_file, write_secret
from forewarn.units import iso_from_epoch

OVERLAP_S = DAY_S  # that the old key is still taken for, once the new one signs
LOOK_S = 10.0  # between two looks for a new key
FIRST_DAYS = 365.0  # that a key made at the first start holds for


class Vault:
    """A key folder. `now_s` is UTC seconds; days are counted from when a key takes over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ring_file = folder / "ring.json"

    @property
    def ring(self) -> KeyRing:
        """The ring as it stands; without keys where there is none yet."""
        return KeyRing.from_file(self.ring_file) if self.ring_file.exists() else KeyRing(())

    def signer(self, world: World, clock: Callable[[], float]) -> Signer:
        """Signs alerts and heartbeats with the newest key; the first is made here.

        It looks again every ten seconds. After the last key ended, or if the folder cannot
        be read, it goes on with the one it has: people who do not check still hear.
        """
        looked_s = clock()
        key = self._secret(world, looked_s)

        def newest() -> Ed25519PrivateKey:
            nonlocal key, looked_s
            now_s = clock()
            if abs(now_s - looked_s) >= LOOK_S:
                looked_s = now_s
                with suppress(ConfigError, OSError):
                    key = self._secret(world, now_s)
            return key

        return Signer(key, world, newest)

    def _secret(self, world: World, now_s: float) -> Ed25519PrivateKey:
        return read_key(self.path(self._newest(world, KeyKind.ALERTS, now_s)), world)

    def make(self, world: World, kind: KeyKind, now_s: float, days: float) -> Key:
        """The first key of its world and kind; where one signs, `rotate` is meant."""
        with self._changing() as keys:
            standing = KeyRing(keys).signing(world, kind, now_s)
            if standing is not None:
                raise ConfigError(
                    f"{self.folder}: key {standing.key_id} of world {world} signs {kind} "
                    f"until {iso_from_epoch(standing.ends_s)}: rotate it"
                )
            keys.append(self._generate(world, kind, now_s, days))
            return keys[-1]

    def rotate(
        self, world: World, kind: KeyKind, now_s: float, days: float, in_days: float
    ) -> Key:
        """A key that takes over in some days; a day later the one before it ends.

        Until it takes over, whoever checks has time to fetch the ring. It takes over
        earlier where the key before it would end.
        """
        with self._changing() as keys:
            standing = KeyRing(keys).signing(world, kind, now_s)
            if standing is None:
                raise ConfigError(
                    f"{self.folder}: no key of world {world} signs {kind} now: make one"
                )
            starts_s = min(now_s + in_days * DAY_S, standing.ends_s - OVERLAP_S)
            fresh = self._generate(world, kind, max(starts_s, now_s), days)
            ends_s = fresh.not_before_s + OVERLAP_S
            for row, key in enumerate(keys):
                if (key.world, key.kind) == (world, kind):
                    keys[row] = replace(key, expires_s=min(key.expires_s, ends_s))
            keys.append(fresh)
            return fresh

    def revoke(self, key_id: str, now_s: float) -> Key:
        """From now on nothing signed with this key is taken."""
        with self._changing() as keys:
            rows = [row for row, key in enumerate(keys) if key.key_id == key_id]
            if not rows:
                known = ", ".join(key.key_id for key in keys) or "none"
                raise ConfigError(f"{self.folder}: no key {key_id!r}; it has {known}")
            key = keys[rows[0]] = replace(keys[rows[0]], revoked_s=now_s)
            if KeyRing(keys).signing(key.world, key.kind, now_s) is None:
                raise ConfigError(
                    f"{self.folder}: without {key_id} no key of world {key.world} signs "
                    f"{key.kind}: rotate it with --in-days 0 first"
                )
            return key

    def _newest(self, world: World, kind: KeyKind, now_s: float) -> Key:
        found = _to_sign_with(self.ring.keys, world, kind, now_s)
        if found is None:
            with self._changing() as keys:  # another process may have made it just now
                found = _to_sign_with(keys, world, kind, now_s)
                if found is None:
                    found = self._generate(world, kind, now_s, FIRST_DAYS)
                    keys.append(found)
        return found

    def path(self, key: Key, suffix: str = ".key") -> Path:
        """File of its secret; with ".pem" of its certificate."""
        return self.folder / f"{key.world}-{key.kind}-{key.key_id}{suffix}"

    def _generate(self, world: World, kind: KeyKind, from_s: float, days: float) -> Key:
        """A new key, its secret on disk."""
        until_s = from_s + days * DAY_S
        if kind is KeyKind.CAP:
            secret, certificate = make_certificate(world, from_s, until_s)
            key = Key(world, kind, certificate, from_s, until_s)
            write_secret(self.path(key), secret)
            replace_file(self.path(key, ".pem"), as_pem(certificate))
            return key
        signer = Signer(Ed25519PrivateKey.generate(), world)
        key = Key(world, kind, signer.public, from_s, until_s)
        signer.to_file(self.path(key))
        return key

    @contextmanager
    def _changing(self) -> Iterator[list[Key]]:
        """The keys, to be changed by one process at a time; written if nothing failed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            keys = list(self.ring.keys)
            yield keys
            replace_file(self.ring_file, KeyRing(keys).to_bytes())
        finally:
            os.close(lock)


def _to_sign_with(
    keys: Sequence[Key], world: World, kind: KeyKind, now_s: float
) -> Key | None:
    """The newest key that signs now; if none does, the one that ended last."""
    signing = KeyRing(keys).signing(world, kind, now_s)
    if signing is not None:
        return signing
    ended = (key for key in KeyRing(keys).of(world, kind) if key.revoked_s is None)
    return max(ended, key=lambda key: key.ends_s, default=None)
