"""`forewarn keys`: the keys of a site, made, taken over from, revoked, listed."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.signing import Key, KeyKind, Vault, World

cli = typer.Typer(help="Keys that alerts are signed with.")

Where = Annotated[Path, typer.Argument(help="key folder, or the site file that names it")]
ForExercise = Annotated[bool, typer.Option("--exercise", help="of exercises")]
ForCap = Annotated[bool, typer.Option("--cap", help="for the XML of CAP")]
Days = Annotated[float, typer.Option(help="that it holds for")]


@cli.command("make")
def make(
    where: Where, exercise: ForExercise = False, cap: ForCap = False, days: Days = 365.0
) -> None:
    """Make the first key of a kind."""
    vault, world, kind = _meant(where, exercise, cap)
    key = vault.make(world, kind, time.time(), _days(days, "--days"))
    _say(key)
    _say_files(vault, key)


@cli.command("rotate")
def rotate(
    where: Where,
    exercise: ForExercise = False,
    cap: ForCap = False,
    days: Days = 365.0,
    in_days: Annotated[float, typer.Option(help="until it takes over")] = 7.0,
) -> None:
    """Make the key that takes over from the one that signs now."""
    vault, world, kind = _meant(where, exercise, cap)
    lasts, waits = _days(days, "--days"), _days(in_days, "--in-days", least=0.0)
    key = vault.rotate(world, kind, time.time(), lasts, waits)
    _say(key)
    _say_files(vault, key)
    print(f"hand {vault.ring_file} to all who check signatures, before it takes over")


@cli.command("revoke")
def revoke(where: Where, key_id: Annotated[str, typer.Argument(help="its id")]) -> None:
    """From now on nothing signed with this key is taken."""
    vault, _, _ = _meant(where)
    _say(vault.revoke(key_id, time.time()))
    print(f"hand {vault.ring_file} to all who check signatures, now")


@cli.command("list")
def list_(where: Where) -> None:
    """Every key of a site, and which will end within 30 days."""
    vault, _, _ = _meant(where)
    for key in sorted(vault.ring.keys, key=lambda key: (key.world, key.kind, key.ends_s)):
        _say(key)
    endings = vault.ring.endings(time.time())
    for ending in endings:
        print(ending)
    if endings:
        raise typer.Exit(1)


def _meant(
    where: Path, exercise: bool = False, cap: bool = False
) -> tuple["Vault", "World", "KeyKind"]:
    from forewarn.files import read_site
    from forewarn.signing import KeyKind, Vault, World

    folder = read_site(where).signing.folder if where.suffix == ".toml" else where
    world = World.EXERCISE if exercise else World.LIVE
    return Vault(folder), world, KeyKind.CAP if cap else KeyKind.ALERTS


def _days(found: float, option: str, least: float = 1.0) -> float:
    from forewarn.errors import ConfigError

    if not least <= found <= 36_500.0:
        raise ConfigError(f"{option}: found {found:g}, expected {least:g} to 36500")
    return found


def _say(key: "Key") -> None:
    from forewarn.units import iso_from_epoch

    said = "revoked" if key.revoked_s is not None else "until"
    print(
        f"{key.key_id}  {key.world} {key.kind}  from {iso_from_epoch(key.not_before_s)} "
        f"{said} {iso_from_epoch(key.ends_s)}"
    )


def _say_files(vault: "Vault", key: "Key") -> None:
    """Where a CAP key lies: the site file names it, and its certificate."""
    if key.kind == "cap":
        print(f"certificate = {str(vault.path(key, '.pem'))!r}")
        print(f"key = {str(vault.path(key))!r}")
