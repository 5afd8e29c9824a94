"""The accounts file: who may sign in, as what, with which keys. JSON, for its owner only.

It holds no secret that opens anything by itself: public keys, sealed keys, hashes.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from forewarn.errors import ConfigError
from forewarn.web.signin.roles import Role

SCHEMA = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key that never leaves its device. Bytes are base64url without padding.

    sign_count : as the device told it last; one that does not rise is a copy
    """

    credential_id: str
    public_key: str
    sign_count: int
    added_s: float


@dataclass(frozen=True, slots=True)
class PasswordKey:
    """An Ed25519 key, sealed with what argon2id makes of a password; base64url.

    cost : argon2id passes, memory in KiB, lanes
    """

    public_key: str
    salt: str
    sealed: str
    cost: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that was handed out and not used yet: SHA-256 of its token."""

    digest: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class Account:
    """One person."""

    account_id: str
    role: Role
    passkeys: tuple[Passkey, ...] = ()
    password: PasswordKey | None = None
    invitation: Invitation | None = None

    def public_keys(self) -> set[str]:
        """All keys of this person."""
        own = {self.password.public_key} if self.password else set()
        return own | {passkey.public_key for passkey in self.passkeys}


@dataclass(frozen=True, slots=True)
class _File:
    schema: int
    accounts: list[Account] = field(default_factory=list)


class Accounts:
    """The file as it stands: read again whenever it changed, changed under a lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._known: dict[str, Account] = {}

    def all(self) -> Mapping[str, Account]:
        """By id. A file that others may read, or that is not sound, is refused."""
        try:
            stat = self.path.stat()
        except OSError as error:
            raise ConfigError(
                f"{self.path}: no accounts: {error.strerror}; make some with "
                "`forewarn operators add`"
            ) from None
        if stat.st_mode & 0o077:
            raise ConfigError(
                f"{self.path}: others may read it: {stat.st_mode & 0o777:o}, expected 600"
            )
        seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if seen != self._seen:
            self._known, self._seen = self._read(), seen
        return self._known

    def _read(self) -> dict[str, Account]:
        try:
            file = msgspec.json.decode(self.path.read_bytes(), type=_File)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self.path}: is no file of accounts: {error}") from None
        if file.schema != SCHEMA:
            raise ConfigError(
                f"{self.path}: schema is {file.schema}, this build reads {SCHEMA}"
            )
        for account in file.accounts:
            check_name(account.account_id, str(self.path))
        known = {account.account_id: account for account in file.accounts}
        if len(known) < len(file.accounts):
            raise ConfigError(f"{self.path}: an account_id stands there twice")
        return known

    def change(
        self, account_id: str, edit: Callable[[Account | None], Account | None]
    ) -> Account | None:
        """Replace one account by what `edit` makes of it; None takes it away."""
        with self._locked():
            known = dict(self.all()) if self.path.exists() else {}
            account = edit(known.get(account_id))
            known.pop(account_id, None)
            if account is not None:
                known[account_id] = account
            self._write(list(known.values()))
        return account

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be changed: {error}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, accounts: list[Account]) -> None:
        """Whole or not at all, and readable by its owner only."""
        body = json.dumps(msgspec.to_builtins(_File(SCHEMA, accounts)), indent=1)
        try:
            handle, half = tempfile.mkstemp(dir=self.path.parent)
            with os.fdopen(handle, "w") as file:
                file.write(body + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(half, self.path)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be written: {error}") from None


def check_name(account_id: str, where: str) -> None:
    """Refuse what could not stand in a log or be told apart from another."""
    if not _NAME.fullmatch(account_id):
        raise ConfigError(
            f"{where}: account {account_id!r}: expected up to 32 of a-z, 0-9, '.', '_', "
            "'-', beginning with a letter or digit"
        )


def invitation(expires_s: float) -> tuple[str, Invitation]:
    """A new token, and what is kept of it."""
    token = secrets.token_urlsafe(32)
    return token, Invitation(_digest(token), expires_s)


def invited(accounts: Mapping[str, Account], token: str, now_s: float) -> Account | None:
    """Whose unused invitation a token is."""
    digest = _digest(token)
    for account in accounts.values():
        found = account.invitation
        if found and secrets.compare_digest(found.digest, digest):
            return account if now_s < found.expires_s else None
    return None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
