"""Ways out: each carries alerts by one standard, and keeps the contract of `Channel`.

A kind of channel is one module with a `KIND`: the settings it reads from its `[[channel]]`
table, and how it is opened. A plug-in registers its own under the entry-point group
`forewarn.channels`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError
from forewarn.files import ChannelTable, fill
from forewarn.pipeline import Channel
from forewarn.records import Key
from forewarn.signing import Signer

BUILT_IN = ("cap", "cell_broadcast", "mqtt", "siren", "web_push", "webhook")


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a channel may know of the site that it speaks for.

    site, languages, time_zone : as the site file has them
    own_texts                  : folder of the site's own texts, if any
    exercise                   : whether every message must say that there is no threat
    zone_names                 : by zone id, by language; "" = in the site's first
    signer                     : for what the channel signs besides the alerts
    delivered                  : to be told the steps that arrived
    """

    site: str
    languages: tuple[str, ...]
    time_zone: str
    own_texts: Path | None
    exercise: bool
    zone_names: Mapping[str, Mapping[str, str]]
    signer: Signer
    delivered: Callable[[list[Key]], None]


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One way out.

    keys : frozen dataclass of the settings in its `[[channel]]` table
    open : takes those settings, with absolute paths, and the context
    """

    keys: type[Any]
    open: Callable[[Any, Context], Channel]


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """A channel of the site, its settings read and checked, not yet open."""

    name: str
    kind: str
    keys: Any
    how: ChannelKind = field(repr=False)

    def open(self, context: Context) -> Channel:
        """Let it carry."""
        return self.how.open(self.keys, context)


def plan_channels(tables: Sequence[ChannelTable], exercise: bool) -> list[ChannelPlan]:
    """All channels of a site, or what is wrong with the first bad one.

    An exercise has no way to a channel that is not marked for exercises, nor has live
    service to one that is.
    """
    plans: list[ChannelPlan] = []
    for table in tables:
        if table.exercise != exercise:
            raise ConfigError(
                f"{table.where} {table.name!r}: this service is "
                f"{'an exercise' if exercise else 'live'}: it may only use channels with "
                f"exercise = {str(exercise).lower()}"
            )
        how = _kind(table)
        keys = fill(how.keys, table.keys, f"{table.where} {table.name!r}", table.folder)
        plans.append(ChannelPlan(table.name, table.kind, keys, how))
    return plans


def _kind(table: ChannelTable) -> ChannelKind:
    if table.kind in BUILT_IN:
        found: ChannelKind = import_module(f"forewarn.channels.{table.kind}").KIND
        return found
    plugged = {point.name: point for point in entry_points(group="forewarn.channels")}
    if table.kind not in plugged:
        raise ConfigError(
            f"{table.where} kind: found {table.kind!r}, "
            f"expected one of {', '.join(sorted({*BUILT_IN, *plugged}))}"
        )
    kind: ChannelKind = plugged[table.kind].load()
    return kind
