"""The documentation names every command, option and setting, and links lead somewhere."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from forewarn.app.command_line import cli
from forewarn.channels import BUILT_IN
from forewarn.files import StoreKeys, WebKeys, ZoneKeys
from forewarn.files.site import OperatorKeys
from forewarn.forecast import ForecastParams
from forewarn.sources.asterix_frame import editions
from forewarn.track import TrackParams
from forewarn.warning import WarningParams

ROOT = Path(__file__).parents[1]
COMMANDS = (ROOT / "docs/commands.md").read_text()
SETTINGS = (ROOT / "docs/settings.md").read_text()
CHANNELS = (ROOT / "docs/channels.md").read_text()


def commands(group: Any, head: str) -> dict[str, Any]:
    """Every command below a group, by what a person types."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        typed = f"{head} {name}"
        if hasattr(command, "commands"):
            found |= commands(command, typed)
        else:
            found[typed] = command
    return found


ALL = commands(typer.main.get_command(cli), "forewarn")


def section(typed: str) -> str:
    """What docs/commands.md says of a command: from its heading to the next."""
    found = re.search(rf"^## `{re.escape(typed)}[ `].*?(?=^## |\Z)", COMMANDS, re.M | re.S)
    return found.group() if found else ""


@pytest.mark.parametrize("typed", sorted(ALL))
def test_command_and_its_options_are_documented(typed: str) -> None:
    text = section(typed)
    assert text, f"docs/commands.md: no heading starts with `{typed}`"
    for parameter in ALL[typed].params:
        if parameter.param_type_name == "option" and not parameter.hidden:
            longest = max(parameter.opts, key=len)
            assert f"`{longest}" in text or f" {longest}" in text, (
                f"{typed}: {longest} is missing"
            )


def test_documented_commands_exist() -> None:
    for typed in re.findall(r"^## `(forewarn [a-z -]+?)(?: [A-Z\[].*)?`", COMMANDS, re.M):
        assert typed.strip() in ALL, f"docs/commands.md: there is no {typed}"


@pytest.mark.parametrize(
    ("table", "params"),
    [
        ("track", TrackParams),
        ("forecast", ForecastParams),
        ("warning", WarningParams),
        ("zones", ZoneKeys),
        ("store", StoreKeys),
        ("web", WebKeys),
        ("operators", OperatorKeys),
    ],
)
def test_setting_is_documented_with_its_default(table: str, params: type) -> None:
    body = SETTINGS.split(f"## `[{table}]`")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", body, re.M))
    assert set(rows) == {field.name for field in fields(params)}
    defaults = params()
    for name, told in rows.items():
        value = getattr(defaults, name)
        expected = value if isinstance(value, tuple) else (value,)
        if all(
            isinstance(one, float | int) and not isinstance(one, bool) for one in expected
        ):
            found = tuple(
                float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", told)
            )
            assert found == pytest.approx(expected), f"[{table}] {name}"


@pytest.mark.parametrize("kind", BUILT_IN)
def test_channel_is_documented_with_its_settings(kind: str) -> None:
    body = CHANNELS.split(f"\n## `{kind}`")[1].split("\n## ")[0]
    told = " ".join(re.findall(r"^\| (`[^|]*) \|", body, re.M))
    keys = import_module(f"forewarn.channels.{kind}").KIND.keys
    for field in fields(keys):
        assert f"`{field.name}`" in told, f"docs/channels.md, {kind}: {field.name}"


def test_editions_of_asterix_are_those_documented() -> None:
    for category in (48, 62):
        known = editions(category)
        assert f"{known[0]} to {known[-1]}" in SETTINGS


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md"))
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
