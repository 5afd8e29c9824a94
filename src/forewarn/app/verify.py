"""`forewarn verify`: whether a journal is what was written, and who decided what."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.stores import SqlStore


def verify(
    store: Annotated[str, typer.Argument(help="site file, or a store")],
    acts: Annotated[bool, typer.Option("--acts", help="list what operators did")] = False,
) -> None:
    """Walk the hash chain of a journal, and say what it holds or where it is broken."""
    from forewarn.app.stored import meant
    from forewarn.stores import read_store

    opened = read_store(meant(store))
    try:
        count = opened.verify()
        for gap in opened.gaps():
            print(
                f"events {gap.first_seq} to {gap.last_seq} are not on record: {gap.cause}"
            )
        if acts:
            _list_acts(opened)
        print(f"{count:,} events, none altered; the last is {opened.last_seq}")
        print(f"head of the chain: {opened.head}")
    finally:
        opened.close()


def _list_acts(store: "SqlStore") -> None:
    """What people did stands in the journal like what sensors saw, and in its chain."""
    import json

    from forewarn.files.events import event_row
    from forewarn.units import iso_from_epoch

    for event in store.done():
        print(f"{iso_from_epoch(event.received_s)} {json.dumps(event_row(event))}")
