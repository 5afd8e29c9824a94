"""The `forewarn` command. One file per command, which loads what it needs."""

import sys

import typer

from forewarn.app import (
    backup,
    bench,
    calibrate,
    check,
    console,
    demo,
    export,
    fly,
    history,
    keys,
    operators,
    prepare,
    recording,
    replay,
    run,
    score,
    simulate,
    study,
    verify,
    watch,
    zones,
)
from forewarn.errors import ForewarnError

cli = typer.Typer(
    name="forewarn",
    help="From sensor plots to warned zones: who is about to be hit, in how many seconds.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
cli.command("demo")(demo.demo)
cli.command("run")(run.run)
cli.command("watch")(watch.watch)
cli.command("replay")(replay.replay)
cli.command("console")(console.console)
cli.command("score")(score.score)
cli.command("history")(history.history)
cli.command("simulate")(simulate.simulate)
cli.command("study")(study.study)
cli.command("calibrate")(calibrate.calibrate)
cli.command("fly")(fly.fly)
cli.command("check")(check.check)
cli.command("bench")(bench.bench)
cli.command("export")(export.export)
cli.command("verify")(verify.verify)
cli.command("backup")(backup.backup)
cli.command("restore")(backup.restore)
cli.command("prepare")(prepare.prepare)
cli.add_typer(zones.cli, name="zones")
cli.add_typer(keys.cli, name="keys")
cli.add_typer(recording.cli, name="recording")
cli.add_typer(operators.cli, name="operators")


def app() -> None:
    """Run the command; a failure that Forewarn names is one line, not a traceback."""
    try:
        cli()
    except ForewarnError as error:
        print(f"forewarn: {error}", file=sys.stderr)
        sys.exit(2)
