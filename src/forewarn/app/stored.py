"""Which store a command means, and moments as people write them."""

from math import inf
from pathlib import Path

from forewarn.errors import ConfigError, PlotError
from forewarn.files import StoreKeys, read_site
from forewarn.units import epoch_from_iso


def meant(what: str) -> StoreKeys:
    """The store of a site file, or the one in a file or at an address (postgresql://)."""
    if what.startswith(("postgresql://", "postgres://")):
        return StoreKeys(url=what)
    path = Path(what)
    if path.suffix == ".toml":
        return read_site(path).store
    if not path.is_file():
        raise ConfigError(f"{what}: no such file; expected a site file or a store")
    return StoreKeys(path)


def moment_s(text: str, option: str, absent: float) -> float:
    """UTC seconds of an ISO 8601 time that names its zone; `absent` for none."""
    if not text:
        return absent
    try:
        return epoch_from_iso(text)
    except (ValueError, PlotError):
        raise ConfigError(
            f"{option}: found {text!r}, expected a time like 2026-11-25T22:00:00Z"
        ) from None


def span_s(from_: str, to: str) -> tuple[float, float]:
    """What --from and --to mean; they may be left out."""
    return moment_s(from_, "--from", -inf), moment_s(to, "--to", inf)
