"""Zones once read, kept on disk by the hash of all they were read from, and by what."""

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import msgspec
import numpy as np
import platformdirs

from forewarn.records import Zones

_ARRAYS = (
    "population",
    "shelter_s",
    "area_m2",
    "centre_rad",
    "point_rad",
    "point_zone",
    "point_share",
    "point_sigma_m",
)


class _Words(NamedTuple):
    zone_id: tuple[str, ...]
    name: tuple[str, ...]
    names: tuple[tuple[tuple[str, str], ...], ...]
    parents: tuple[tuple[str, str, str, str], ...]
    polygons: tuple[str, ...]
    version: str


def folder() -> Path:
    """Where made and read zones are kept."""
    return Path(platformdirs.user_cache_dir("forewarn")) / "zones"


@cache
def method() -> str:
    """Hash of the code that makes and reads zones: what another one kept is not used."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]


def kept(key: str) -> Zones | None:
    """The zones of a key; None if there are none, or they are damaged."""
    path = folder() / f"{key}-{method()}.npz"
    try:
        with path.open("rb") as file, np.load(file) as found:
            arrays = {name: found[name] for name in _ARRAYS}
            words = msgspec.msgpack.decode(found["words"].tobytes(), type=_Words)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, msgspec.MsgspecError):
        path.unlink(missing_ok=True)
        return None
    return Zones(**words._asdict(), **arrays)


def keep(key: str, zones: Zones) -> None:
    """Put zones on disk for the next start."""
    path = folder() / f"{key}-{method()}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    words = _Words(*(getattr(zones, name) for name in _Words._fields))
    half = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(
        half,
        allow_pickle=False,
        words=np.frombuffer(msgspec.msgpack.encode(words), np.uint8),
        **{name: getattr(zones, name) for name in _ARRAYS},
    )
    half.replace(path)
