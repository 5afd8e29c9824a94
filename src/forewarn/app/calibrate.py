"""`forewarn calibrate`: what the full chain teaches the policy level, and if both agree."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forewarn.errors import ConfigError

if TYPE_CHECKING:
    from forewarn.bench.pair import Calibrated, Levels


def calibrate(
    file: Annotated[
        Path, typer.Argument(help="a study file with [study] flown, or an example")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="file; gets [sensor], [policy.warning]")
    ] = None,
    drawings: Annotated[
        int, typer.Option(min=4, help="of the raid: half to learn of, half to check")
    ] = 20,
) -> None:
    """Fly a study's raid through the full chain, and hold the policy level against it."""
    from rich.progress import Progress

    from forewarn.bench.pair import Pair, fly_all, raid_of
    from forewarn.sim.studies.reading import read_study

    if out is not None and out.exists():
        raise ConfigError(f"{out} exists already, expected a new file")
    study = read_study(file)
    pair = Pair(study.scenario, raid_of(study.path, study.scenario))
    with Progress(transient=True) as bar:
        task = bar.add_task("flying", total=drawings // 2 * 2)
        learn, check = fly_all(pair, drawings, lambda: bar.advance(task))
    found = pair.levels(learn, check)
    text = tables(found.calibrated, f"{drawings // 2} drawings of {pair.raid.raid.name}")
    print(text)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    for line in _lines(found):
        print(line)


def tables(found: "Calibrated", source: str) -> str:
    """[sensor] and [policy.warning] of a study file, and what its raids should say."""
    sensor, warning = found.sensor, found.warning
    ahead = ",\n".join(f"    [{s:g}, {km:g}]" for s, km in sensor.sigma_at)
    seen = "".join(
        f"# [[raid]] kind = {kind!r}: seen_s = {seen_s:g}\n"
        for kind, seen_s in found.seen_s.items()
    )
    return (
        f"# Calibrated by {source} through the full chain.\n"
        f"{seen}\n"
        f"[sensor]\np_warned = {sensor.p_warned:g}\ndelay_s = {sensor.delay_s:g}\n"
        f"sigma_at = [  # seconds before the impact, km per axis\n{ahead},\n]\n\n"
        f"[policy.warning]\nradius_km = {warning.radius_km:g}\n"
        f"lead_s = {warning.lead_s:g}\nhold_s = {warning.hold_s:g}\n"
    )


def _lines(found: "Levels") -> list[str]:
    """The comparison, a line for each measure."""
    head = f"{'of a raid':<16} {'full chain':>12} {'policy level':>12}  difference"
    return [head] + [
        f"{one.name:<16} {one.full:>12,.1f} {one.policy:>12,.1f}  "
        f"{one.apart:+,.1f} ± {one.half:,.1f}{'' if one.agrees else '  APART'}"
        for one in found.compared
    ]
