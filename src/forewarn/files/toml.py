"""TOML into frozen dataclasses: a wrong key or value is named, and what was meant."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from forewarn.errors import ConfigError

T = TypeVar("T")
SCHEMA = 1
GONE = {  # settings of earlier releases, and what to use now
    "test_every_s": 'name times of day in drill_at of [operators], like ["03:30"]',
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file of schema 1 (a file without `schema` is read as 1)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables of a text of schema 1."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: is not TOML: {error}") from None
    check_schema(where, tables.pop("schema", SCHEMA))
    return tables


def check_schema(where: Path | str, found: object) -> None:
    """Refuse a version that this build does not know."""
    if found not in (SCHEMA, str(SCHEMA)):
        raise ConfigError(f"{where}: schema is {found!r}, this build reads {SCHEMA}")


def fill(
    kind: type[T], table: Mapping[str, Any], where: str, folder: Path | None = None
) -> T:
    """A frozen dataclass out of a table; its fields are the keys, with its defaults.

    where  : "file: [table]", for messages
    folder : that paths are relative to; None = leave them as they are
    """
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known and key in GONE:
            raise ConfigError(f"{where}: key {key!r} is gone: {GONE[key]}")
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            raise ConfigError(
                f"{where}: unknown key {key!r}{meant} Known: {', '.join(sorted(known))}"
            )
    for name, field in known.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in table:
            raise ConfigError(f"{where}: key {name!r} is missing")
    values = {
        name: convert(value, hints[name], f"{where} {name}")
        for name, value in table.items()
    }
    try:
        made = kind(**values)
    except ConfigError as error:  # a record that checks itself knows no file
        raise ConfigError(f"{where}: {error}") from None
    return made if folder is None else _anchored(made, folder)


def _anchored(made: T, folder: Path) -> T:
    """With its paths below a folder, those of defaults and of tables inside it too."""
    anchored: dict[str, Any] = {}
    for field in fields(made):  # type: ignore[arg-type]
        value = getattr(made, field.name)
        if isinstance(value, Path):
            anchored[field.name] = folder / value
        elif is_dataclass(value):
            anchored[field.name] = _anchored(value, folder)
    return replace(made, **anchored)  # type: ignore[type-var]


def convert(value: Any, hint: Any, where: str) -> Any:
    """One value as the type its field wants, or an error that says what was found."""
    origin = get_origin(hint)
    if is_dataclass(hint) and isinstance(value, Mapping):
        return fill(hint, value, where)  # type: ignore[arg-type]
    if origin is Literal:
        if value in get_args(hint):
            return value
        known = ", ".join(repr(one) for one in get_args(hint))
        raise ConfigError(f"{where}: found {value!r}, expected one of {known}")
    if origin in (Union, UnionType):
        wanted = [part for part in get_args(hint) if part is not type(None)]
        return convert(value, wanted[0], where)
    if origin is tuple:
        inner = get_args(hint)
        if not isinstance(value, list):
            raise ConfigError(f"{where}: found {value!r}, expected a list")
        if inner[-1] is Ellipsis:
            return tuple(convert(item, inner[0], where) for item in value)
        if len(value) != len(inner):
            raise ConfigError(f"{where}: found {len(value)} values, expected {len(inner)}")
        return tuple(
            convert(item, part, where) for item, part in zip(value, inner, strict=True)
        )
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return fill(hint, value, where)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if hint is Path and isinstance(value, str):
        return Path(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    name = getattr(hint, "__name__", str(hint))
    raise ConfigError(f"{where}: found {value!r}, expected {name}")
