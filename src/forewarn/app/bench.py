"""`forewarn bench`: published figures."""

from typing import Annotated

import typer


def bench(
    name: Annotated[str, typer.Argument(help="chain, raid or traffic")],
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    seeds: Annotated[int, typer.Option(help="how many drawings of a raid")] = 20,
) -> None:
    """Measure a published figure, with peer or limit, and put it on record."""
    raise NotImplementedError
