"""Files that only their owner may read, whole or absent."""

import os
import tempfile
from pathlib import Path

from forewarn.errors import ConfigError


def read_secret(path: Path) -> bytes:
    """The content of a file that nobody but its owner may read; else it is refused."""
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            raise ConfigError(f"{path}: others may read this file: {mode:o}, expected 600")
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def write_secret(path: Path, content: bytes) -> None:
    """A new file; one that another process just made stays."""
    half = _written(path, content)
    try:
        os.link(half, path)
    except FileExistsError:
        pass
    finally:
        half.unlink()


def replace_file(path: Path, content: bytes) -> None:
    """A file anew: whoever reads it finds the old or the new one, whole."""
    half = _written(path, content)
    half.chmod(0o644)
    half.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(path: Path, content: bytes) -> Path:
    """On disk under another name, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, half = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Path(half)
