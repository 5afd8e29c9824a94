"""The site file: who is warned, by what sensors, over which channels, by which numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError
from forewarn.files.air import STANDARD, AirKeys, Profile, profile_of, read_ground
from forewarn.files.sensors import sensor_from_table
from forewarn.files.toml import fill, read_toml
from forewarn.flight import Ground
from forewarn.forecast import ForecastParams
from forewarn.records import Sensor
from forewarn.track import TrackParams
from forewarn.warning import WarningParams

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Region:
    """A circle, or a country, for which zones are made where there is no zones file.

    resolution : of the H3 cells; 8 is 0.7 km2
    country    : ISO 3166, two letters
    """

    lat_deg: float = nan
    lon_deg: float = nan
    radius_km: float = 0.0
    resolution: int = 8
    shelter_s: float = 60.0
    country: str = ""


@dataclass(frozen=True, slots=True)
class ZoneKeys:
    """[zones]: who lives in them, and how long these people need.

    people       : "places" or an ESRI ASCII grid of people; "" = as the zones say
    shelter_s    : of zones that do not say
    shelter_line : GeoJSON; shelter_km_s: (within km of it, seconds), nearest first
    """

    people: str = ""
    shelter_s: float = 60.0
    shelter_line: Path | None = None
    shelter_km_s: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a sensor's plots come from: `udp://host:port`, `pcap:file`, `raw:file`."""

    sensor: Sensor
    feed: str
    sac: int
    sic: int
    edition: str


@dataclass(frozen=True, slots=True)
class ChannelTable:
    """One `[[channel]]`, as found: `channels` knows what its kind may say.

    name     : of this channel on record and on the console; the kind, if it has none
    exercise : who listens there expects exercises, and gets nothing else
    keys     : all the rest
    folder   : that its paths are relative to
    where    : file and table, for messages
    """

    kind: str
    name: str
    exercise: bool
    keys: Mapping[str, Any]
    folder: Path
    where: str


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """[signing]: folder of the keys that alerts and heartbeats are signed with."""

    folder: Path = Path("keys")


@dataclass(frozen=True, slots=True)
class StoreKeys:
    """[store]: where journal and alerts are kept: an SQLite file, or PostgreSQL.

    url           : postgresql://user@host:port/database, instead of the file
    password_file : holds the password, readable by its owner only
    keep_days     : what is older is let go; 0 = nothing is
    """

    path: Path = Path("forewarn.sqlite")
    url: str = ""
    password_file: Path | None = None
    keep_days: float = 0.0


@dataclass(frozen=True, slots=True)
class WebKeys:
    """[web]: where the pages are served; outside loopback by TLS only.

    name             : host name that people and operators type, for cookies and passkeys
    certificate, key : PEM files; without them one is made where one is needed
    behind_proxy     : something before this service does the TLS
    """

    host: str = "127.0.0.1"
    port: int = 8080
    name: str = ""
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """[operators]: who may sign in, and the numbers of sending by hand.

    accounts   : file of `forewarn operators add`; None = nobody signs in
    idle_s     : a session ends so long after its last request,
    session_s  : and so long after it began
    approve_s  : a second person has so long to sign
    wide_share : of the site's people, beyond which their number must be typed
    drill_at   : times of day ("10:00", of the site's clocks) of a self-drill
    """

    accounts: Path | None = None
    idle_s: float = 1800.0
    session_s: float = 43200.0
    approve_s: float = 600.0
    wide_share: float = 0.2
    drill_at: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in self.drill_at:
            if not _TIME_OF_DAY.fullmatch(text):
                raise ConfigError(
                    f'[operators] drill_at: found {text!r}, expected times like "10:00"'
                )


@dataclass(frozen=True, slots=True)
class _SiteKeys:
    name: str
    languages: tuple[str, ...] = ("en",)
    time_zone: str = "UTC"
    zones: str = ""
    region: dict[str, Any] | None = None
    ground: Path | None = None
    texts: Path | None = None
    exercise: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A whole site, checked; paths are absolute.

    time_zone : IANA name of where people read their clocks
    texts     : folder of its own texts, LANGUAGE.ftl
    exercise  : whether all of it is one, whatever its sensors are
    profile   : what [air] says of the air of the day; ground: heights, None = level
    """

    name: str
    languages: tuple[str, ...]
    zones: Path | None
    region: Region | None
    time_zone: str = "UTC"
    sensors: tuple[Sensor, ...] = ()
    feeds: tuple[Feed, ...] = ()
    channels: tuple[ChannelTable, ...] = ()
    signing: SigningKeys = field(default_factory=SigningKeys)
    store: StoreKeys = field(default_factory=StoreKeys)
    web: WebKeys = field(default_factory=WebKeys)
    operators: OperatorKeys = field(default_factory=OperatorKeys)
    air: AirKeys = field(default_factory=AirKeys)
    profile: Profile = STANDARD
    zone_keys: ZoneKeys = field(default_factory=ZoneKeys)
    texts: Path | None = None
    exercise: bool = False
    ground: Ground | None = None
    track: TrackParams = field(default_factory=TrackParams)
    forecast: ForecastParams = field(default_factory=ForecastParams)
    warning: WarningParams = field(default_factory=WarningParams)


_TABLES = {
    "zones": ZoneKeys,
    "signing": SigningKeys,
    "store": StoreKeys,
    "web": WebKeys,
    "operators": OperatorKeys,
    "air": AirKeys,
    "track": TrackParams,
    "forecast": ForecastParams,
    "warning": WarningParams,
}
_BESIDE = ("signing", "store", "web", "operators")  # their paths are relative to the file


def read_site(path: Path) -> Site:
    """Read a site file; an unknown table or key is refused with the nearest right one."""
    path = Path(path)
    tables = read_toml(path)
    known = ("site", "sensor", "channel", *_TABLES)
    for name in tables:
        if name not in known:
            raise ConfigError(f"{path}: unknown table [{name}]; known: {', '.join(known)}")
    if "site" not in tables:
        raise ConfigError(f"{path}: table [site] is missing")
    region = tables["site"].pop("region", None)
    keys = fill(_SiteKeys, tables["site"], f"{path}: [site]")
    if bool(keys.zones) == (region is not None):
        raise ConfigError(f"{path}: [site] needs either zones = FILE or region = {{...}}")
    folder = path.resolve().parent
    feeds = tuple(_feed(table, f"{path}: [[sensor]]") for table in tables.get("sensor", []))
    parts: dict[str, Any] = {
        name: fill(
            kind,
            tables.get(name, {}),
            f"{path}: [{name}]",
            folder if name in _BESIDE else None,
        )
        for name, kind in _TABLES.items()
    }
    if parts["store"].keep_days < 0:
        found = parts["store"].keep_days
        raise ConfigError(f"{path}: [store] keep_days: found {found:g}, expected 0 or more")
    parts["profile"] = profile_of(parts["air"], folder, f"{path}: [air]")
    zone_keys = parts.pop("zones")
    return Site(
        name=keys.name,
        languages=keys.languages,
        time_zone=keys.time_zone,
        zones=folder / keys.zones if keys.zones else None,
        region=_region(region, f"{path}: [site] region"),
        sensors=tuple(feed.sensor for feed in feeds),
        feeds=tuple(feed for feed in feeds if feed.feed),
        channels=_channels(tables.get("channel", []), path),
        texts=folder / keys.texts if keys.texts else None,
        exercise=keys.exercise,
        zone_keys=_zone_keys(zone_keys, folder),
        ground=read_ground(folder / keys.ground) if keys.ground else None,
        **parts,
    )


def _region(table: Any, where: str) -> Region | None:
    if table is None:
        return None
    if isinstance(table, str):
        return Region(country=table)
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{where}: found {table!r}, "
            'expected "NL" or {lat_deg = .., lon_deg = .., radius_km = ..}'
        )
    region = fill(Region, table, where)
    circle = {"lat_deg", "lon_deg", "radius_km"}
    if set(table) & {"country", *circle} not in ({"country"}, circle):
        raise ConfigError(f"{where}: expected country, or lat_deg, lon_deg and radius_km")
    return region


def _zone_keys(keys: ZoneKeys, folder: Path) -> ZoneKeys:
    """With absolute paths."""
    grid = keys.people and keys.people != "places"
    return replace(
        keys,
        people=str(folder / keys.people) if grid else keys.people,
        shelter_line=folder / keys.shelter_line if keys.shelter_line else None,
    )


def _feed(table: dict[str, Any], where: str) -> Feed:
    rest = dict(table)
    feed = rest.pop("feed", "")
    numbers = {name: rest.pop(name, -1) for name in ("sac", "sic")}
    for name, value in numbers.items():
        if not isinstance(value, int) or not -1 <= value <= 255:
            raise ConfigError(f"{where} {name}: found {value!r}, expected 0 to 255")
    edition = str(rest.pop("edition", ""))
    return Feed(sensor_from_table(rest, where), str(feed), edition=edition, **numbers)


def _channels(tables: Sequence[Mapping[str, Any]], path: Path) -> tuple[ChannelTable, ...]:
    found: dict[str, ChannelTable] = {}
    for table in tables:
        where = f"{path}: [[channel]]"
        rest = dict(table)
        kind, exercise = rest.pop("kind", None), rest.pop("exercise", False)
        name = rest.pop("name", kind)
        for key, value in (("kind", kind), ("name", name)):
            if not isinstance(value, str) or not value:
                raise ConfigError(f"{where} {key}: found {value!r}, expected text")
        if not isinstance(exercise, bool):
            raise ConfigError(
                f"{where} exercise: found {exercise!r}, expected true or false"
            )
        if name in found:
            raise ConfigError(f"{where} name: found {name!r} twice; give each its own name")
        folder = path.resolve().parent
        found[name] = ChannelTable(kind, name, exercise, rest, folder, where)
    return tuple(found.values())
