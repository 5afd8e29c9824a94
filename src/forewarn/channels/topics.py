"""How topics and zones are named in the settings of the channels that go over MQTT."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from urllib.parse import quote

from forewarn.errors import ConfigError
from forewarn.signing import World


def checked(topic: str, setting: str) -> str:
    """What topics begin with, as a setting has it, or what is wrong with it."""
    levels = topic.split("/")
    if not all(levels) or topic.startswith("$") or any(mark in topic for mark in "+#\0"):
        raise ConfigError(
            f"{setting}: found {topic!r}, expected names parted by /, "
            "without +, # or a leading $"
        )
    return topic


def root(topic: str, exercise: bool) -> str:
    """Where all topics of a channel begin: those of an exercise are never the live ones."""
    return f"{checked(topic, 'topic')}/{World.EXERCISE if exercise else World.LIVE}"


def level(name: str) -> str:
    """A name as one level of a topic: letters that mean something there are %-coded."""
    return quote(name, safe="")


def zones_like(
    patterns: Sequence[str], zone_ids: Iterable[str], setting: str
) -> tuple[str, ...]:
    """Zones whose id fits one of the patterns (* stands for anything), in order."""
    known = tuple(zone_ids)
    found: dict[str, None] = {}
    for pattern in patterns:
        fitting = [zone_id for zone_id in known if fnmatchcase(zone_id, pattern)]
        if not fitting:
            raise ConfigError(f"{setting}: the site has no zone like {pattern!r}")
        found |= dict.fromkeys(fitting)
    return tuple(found)
