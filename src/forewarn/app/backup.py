"""`forewarn backup` and `restore`: a second file that lags a store by a minute at most."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

LEFT_OUT = 10**9  # event numbers, after a restore

if TYPE_CHECKING:
    from forewarn.files import StoreKeys


def backup(
    site: Annotated[str, typer.Argument(help="site file, or a store")],
    out: Annotated[Path, typer.Option("--out", help="file to write, or bring up to date")],
    every: Annotated[
        float, typer.Option(help="seconds until it is brought up to date again; 0 = never")
    ] = 0.0,
) -> None:
    """Copy a store while it is in use; of a copy that is there, what is new."""
    from forewarn.app.stored import meant
    from forewarn.errors import ConfigError
    from forewarn.stores.copies import copy_store

    keys = meant(site)
    if keys.url:
        raise ConfigError(
            "backup: a store in PostgreSQL is copied by its own tools: "
            f"pg_dump --format=custom --file={out} {keys.url}"
        )
    while True:
        began_s = time.monotonic()
        new = copy_store(keys.path, out)
        took_s = time.monotonic() - began_s
        print(f"{out}: {new:,} events more, in {took_s:.1f} s", flush=True)
        if every <= 0:
            return
        time.sleep(max(0.0, every - took_s))


def restore(
    site: Annotated[str, typer.Argument(help="site file, or address of a store")],
    from_: Annotated[
        Path | None, typer.Option("--from", help="backup; none for PostgreSQL")
    ] = None,
) -> None:
    """Put a backup in the place of a store that is lost, ready to go on."""
    from forewarn.app.stored import meant
    from forewarn.errors import ConfigError
    from forewarn.files import StoreKeys
    from forewarn.stores.copies import copy_store
    from forewarn.stores.snapshot import beside

    keys = meant(site)
    if bool(keys.url) == (from_ is not None):
        told = "pg_restore first, then this without --from" if keys.url else "--from FILE"
        raise ConfigError(f"restore: expected {told}")
    if from_ is None:
        count, last = _go_on(keys)
    else:
        if keys.path.exists():
            raise ConfigError(f"{keys.path} exists: move it away, and its -wal with it")
        part = Path(f"{keys.path}.restoring")
        for path in (part, beside(part), beside(keys.path)):
            path.unlink(missing_ok=True)
        copy_store(from_, part)
        count, last = _go_on(StoreKeys(part))
        if beside(part).exists():
            beside(part).replace(beside(keys.path))
        part.replace(keys.path)
        Path(f"{part}.lock").unlink()
    print(f"{count:,} events, none altered; the next is {last + 1}")


def _go_on(keys: "StoreKeys") -> tuple[int, int]:
    """Leave out the numbers that what was lost may have used; returns events and the last.

    The id of an alert is made of the number of an event: no alert gets the id of another
    that people heard before the store was lost.
    """
    from forewarn.records import Gap
    from forewarn.stores import open_store

    store = open_store(keys)
    try:
        count = store.verify()
        first, last_s = store.last_seq + 1, store.last_s
        cause = "restored from a backup: what came after it is lost"
        store.mark(Gap(first, first + LEFT_OUT, last_s, last_s, 0, 0, cause))
        return count, store.last_seq
    finally:
        store.close()
