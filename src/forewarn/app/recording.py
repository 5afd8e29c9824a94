"""`forewarn recording`: recordings out of other data."""

from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(help="Recordings out of other data.")


@cli.callback()
def _group() -> None:
    """Recordings out of other data."""


@cli.command("from-adsb")
def from_adsb(
    source: Annotated[Path, typer.Argument(help="CSV of aircraft, perhaps gzipped")],
    out: Annotated[Path, typer.Option("--out", help="folder; gets recording/ and truth/")],
    seed: Annotated[int, typer.Option(help="of noise and of what is added")] = 1,
    strip_identity: Annotated[bool, typer.Option("--strip-identity")] = False,
    add_rockets: Annotated[int, typer.Option(help="rockets to add")] = 0,
    add_drones: Annotated[int, typer.Option(help="drones to add")] = 0,
    minutes: Annotated[float, typer.Option(help="of the data, from its start")] = 1e9,
) -> None:
    """Real aircraft as simulated noisy radars would see them; threats may be added."""
    from forewarn.errors import ConfigError
    from forewarn.files import write_recording, write_truth
    from forewarn.sim.traffic import Extra, make_traffic

    if (out / "recording").exists():
        raise ConfigError(f"{out / 'recording'} exists: name another folder, or remove it")
    extra = Extra(add_rockets, add_drones, not strip_identity, minutes * 60)
    drawn, site = make_traffic(source, extra, seed)
    write_recording(out / "recording", drawn.sensors, drawn.batches)
    write_truth(out / "truth", drawn.truth)
    (out / "site.toml").write_text(site, encoding="utf-8")
    aircraft = len(set(drawn.truth.state_id) - set(drawn.truth.threat_id))
    print(
        f"{out}: {aircraft} aircraft, {len(drawn.truth.threat_id)} threats, and site.toml"
    )
