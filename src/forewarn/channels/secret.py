"""Secrets of channels: files that only their owner can read, made where there is none."""

import os
from collections.abc import Callable
from pathlib import Path

from forewarn.errors import ConfigError


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; without one, `make` says what is put into it."""
    if not path.exists():
        _write(path, make())
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise ConfigError(f"{path}: others may read this secret: {mode:o}, expected 600")
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None


def _write(path: Path, secret: str) -> None:
    """Whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{secret}\n")
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)
