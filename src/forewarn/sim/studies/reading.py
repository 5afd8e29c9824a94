"""A study file, read: one scenario, and the policies that its sweep makes of it."""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from forewarn.errors import ConfigError
from forewarn.files import fill, read_toml
from forewarn.sim.studies.keys import Scenario, SensitivityKeys

EXAMPLES = Path(__file__).parent / "examples"
SWEPT = ("policy", "layer", "sensor", "people")
TABLES = ("study", "area", "sensor", "raid", "layer", "policy", "people", "campaign")
MOST = 10_000  # policies
UNITS = ("km", "s", "h", "days")  # that keys end with
Tables = dict[str, Any]
Settings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One policy of a study.

    name     : what is set otherwise than in the file, short; "as in the file"
    settings : the same, by key
    """

    name: str
    settings: Settings
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Study:
    """A study file, checked.

    variants    : the first is what all others are compared with
    ends        : the same at the lowest, and at the highest disputed odds; may be empty
    sensitivity : points (n, inputs) are made of its inputs by `at_point`
    """

    path: Path
    tables: Tables
    scenario: Scenario
    variants: tuple[Variant, ...]
    ends: tuple[tuple[Variant, ...], ...]
    sensitivity: SensitivityKeys | None

    @property
    def version(self) -> str:
        """Hash of all that is asked."""
        asked = json.dumps(
            [asdict(one.scenario) for one in self.variants]
            + [asdict(self.sensitivity) if self.sensitivity else None],
            sort_keys=True,
            default=_plain,
        )
        return hashlib.sha256(asked.encode()).hexdigest()[:16]

    def set_to(self, settings: Settings) -> Scenario:
        """The file's scenario with some keys set otherwise."""
        for key, _ in settings:
            _may_vary(self.path, "settings", key)
        return _scenario(self.path, _set(self.path, self.tables, settings))

    def at_point(self, values: Sequence[float]) -> Scenario:
        """The first variant with the inputs of the sensitivity set to values."""
        assert self.sensitivity is not None  # asked only where there is one
        keys = [one[0] for one in self.sensitivity.inputs]
        settings = (*self.variants[0].settings, *zip(keys, values, strict=True))
        return self.set_to(settings)


def _plain(value: object) -> str:
    """A path counts by what is in it."""
    if isinstance(value, Path) and value.is_file():
        return hashlib.sha256(value.read_bytes()).hexdigest()
    return str(value)


def read_study(path: Path) -> Study:
    """A study by path, or by the name of a shipped example."""
    example = EXAMPLES / f"{path}.toml"
    if not path.exists() and example.exists():
        path = example
    tables = read_toml(path)
    sweep, sensitivity = tables.pop("sweep", {}), tables.pop("sensitivity", None)
    for table in tables:
        if table not in TABLES:
            known = ", ".join((*TABLES, "sweep", "sensitivity"))
            raise ConfigError(f"{path}: unknown table [{table}]; known: {known}")
    scenario = _scenario(path, tables)
    variants = _variants(path, tables, sweep)
    return Study(
        path,
        tables,
        scenario,
        variants,
        _ends(variants),
        None if sensitivity is None else _sensitivity(path, tables, sensitivity),
    )


def _scenario(path: Path, tables: Mapping[str, Any]) -> Scenario:
    for name in ("study", "area", "raid", "policy", "people"):
        if name not in tables:
            raise ConfigError(f"{path}: table [{name}] is missing")
    made = fill(Scenario, {"layer": [], "sensor": {}, "campaign": {}, **tables}, f"{path}:")
    if not made.raid:
        raise ConfigError(f"{path}: [[raid]]: expected at least one")
    names = [layer.name for layer in made.layer]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: [[layer]]: two have the same name")
    return replace(made, area=_from(path, made))


def _from(path: Path, scenario: Scenario) -> Any:
    """Paths of the area, seen from the study file."""
    area = scenario.area
    here = {
        name: path.parent / value
        for name in ("places", "zones")
        if (value := getattr(area, name)) is not None
    }
    return replace(area, **here)


def _variants(path: Path, tables: Tables, sweep: Any) -> tuple[Variant, ...]:
    """Every combination of the values that [sweep] names, the first key slowest."""
    if not isinstance(sweep, dict):
        raise ConfigError(f"{path}: [sweep]: found {sweep!r}, expected keys and lists")
    choices = []
    for key, values in sweep.items():
        _may_vary(path, "sweep", key)
        if not isinstance(values, list) or not values:
            raise ConfigError(
                f"{path}: [sweep] {key}: found {values!r}, expected a list of values"
            )
        choices.append([(key, value) for value in values])
    found = []
    for settings in itertools.product(*choices):
        changed = _scenario(path, _set(path, tables, settings))
        found.append(Variant(_name(settings), settings, changed))
        if len(found) > MOST:
            raise ConfigError(f"{path}: [sweep] makes more than {MOST:,} policies")
    return tuple(found)


def _may_vary(path: Path, table: str, key: str) -> None:
    root = key.split(".")[0]
    if root == "raid":
        raise ConfigError(
            f"{path}: [{table}] {key!r} is refused: a raid is an input, and no study "
            f"varies it; known: {', '.join(SWEPT)}"
        )
    if root not in SWEPT:
        raise ConfigError(
            f"{path}: [{table}] {key!r} may not vary; known: {', '.join(SWEPT)}"
        )


def _name(settings: Settings) -> str:
    """Last words of the keys, as many as tell them apart."""
    if not settings:
        return "as in the file"
    keys = [key.split(".") for key, _ in settings]
    words = 1
    while words < 5 and len({tuple(key[-words:]) for key in keys}) < len(keys):
        words += 1
    return ", ".join(
        _phrase(" ".join(key[-words:]), value)
        for key, (_, value) in zip(keys, settings, strict=True)
    )


def _phrase(key: str, value: object) -> str:
    """As "zone 3.6 km" for zone_km."""
    words = key.split("_")
    unit = f" {words.pop()}" if words[-1] in UNITS and len(words) > 1 else ""
    told = f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
    return f"{' '.join(words)} {told}{unit}"


def _set(path: Path, tables: Tables, settings: Settings) -> Tables:
    changed = deepcopy(tables)
    for key, value in settings:
        for holder in _holders(path, changed, key):
            holder[key.split(".")[-1]] = value
    return changed


def _holders(path: Path, tables: Tables, key: str) -> list[Tables]:
    """Tables that a key stands in: `layer.NAME.` is one layer, `battery.` all of it."""
    words = key.split(".")[:-1]
    here: list[Any] = [tables]
    if words and words[0] == "layer":
        named = [one for one in tables.get("layer", []) if one.get("name") in words[1:2]]
        if not named:
            raise ConfigError(f"{path}: {key!r}: no layer has the name {words[1:2]}")
        here, words = named, words[2:]
    for word in words:
        below = [one.setdefault(word, {}) for one in here]
        here = [row for one in below for row in (one if isinstance(one, list) else [one])]
        if not all(isinstance(one, dict) for one in here):
            raise ConfigError(f"{path}: {key!r}: {word!r} is no table")
    return here


def _ends(variants: tuple[Variant, ...]) -> tuple[tuple[Variant, ...], ...]:
    """Every variant with all disputed odds at their lowest, then at their highest."""
    if not any(layer.p_intercept.disputed for layer in variants[0].scenario.layer):
        return ()
    return tuple(
        tuple(replace(one, scenario=_at_end(one.scenario, end)) for one in variants)
        for end in (0, 1)
    )


def _at_end(scenario: Scenario, end: int) -> Scenario:
    layers = tuple(
        replace(layer, p_intercept=replace(odds, mean=odds.disputed[end], sd=0.0))
        if (odds := layer.p_intercept).disputed
        else layer
        for layer in scenario.layer
    )
    return replace(scenario, layer=layers)


def _sensitivity(path: Path, tables: Tables, table: Any) -> SensitivityKeys:
    where = f"{path}: [sensitivity]"
    if not isinstance(table, dict) or not isinstance(table.get("inputs"), dict):
        raise ConfigError(f"{where}: expected inputs, keys with [lowest, highest]")
    inputs = []
    for key, ends in table["inputs"].items():
        _may_vary(path, "sensitivity", key)
        if not (
            isinstance(ends, list)
            and len(ends) == 2
            and all(isinstance(one, int | float) for one in ends)
            and ends[0] < ends[1]
        ):
            raise ConfigError(
                f"{where} inputs {key}: found {ends!r}, expected [lowest, highest]"
            )
        for end in ends:
            _scenario(path, _set(path, tables, ((key, float(end)),)))
        inputs.append([key, float(ends[0]), float(ends[1])])
    if len(inputs) < 2:
        raise ConfigError(f"{where} inputs: found {len(inputs)}, expected at least two")
    return fill(SensitivityKeys, {**table, "inputs": inputs}, where)
