"""`forewarn simulate`: recording and truth of a simulated raid."""

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    raid: Annotated[
        str, typer.Argument(help="a shipped raid (rockets, demo, ...) or a file")
    ],
    out: Annotated[Path, typer.Option("--out", help="folder; gets recording/ and truth/")],
    seed: Annotated[int, typer.Option(help="same seed, same raid")] = 1,
) -> None:
    """Draw a simulated raid: what sensors would say, and what truly happened."""
    from rich.progress import Progress

    from forewarn.errors import ConfigError
    from forewarn.files import write_recording, write_truth
    from forewarn.sim import raids

    if (out / "recording").exists():
        raise ConfigError(f"{out / 'recording'} exists: name another folder, or remove it")
    with Progress() as bar:
        task = bar.add_task("simulating", total=3)
        loaded = raids.load(raid)
        drawn = raids.generate(loaded, seed)
        bar.advance(task)
        write_recording(out / "recording", drawn.sensors, drawn.batches, drawn.told)
        bar.advance(task)
        write_truth(out / "truth", drawn.truth)
        bar.advance(task)
    plots = sum(len(batch.time_s) for batch in drawn.batches)
    (out / "site.toml").write_text(raids.site_text(loaded), encoding="utf-8")
    print(
        f"{out}: {len(drawn.truth.threat_id)} threats, {plots:,} plots of "
        f"{len(drawn.sensors)} sensors, and site.toml to replay it with"
    )
