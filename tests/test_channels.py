"""Which channels a site opens, and what is refused before it does."""

from pathlib import Path
from typing import Any

import pytest

from forewarn.channels import plan_channels
from forewarn.channels.cap import CapKeys
from forewarn.errors import ConfigError
from forewarn.files import ChannelTable


def table(
    folder: Path, kind: str = "cap", exercise: bool = False, **keys: Any
) -> ChannelTable:
    return ChannelTable(kind, kind, exercise, keys, folder, "site.toml: [[channel]]")


def test_settings_are_read_with_paths_beside_the_site(tmp_path: Path) -> None:
    (plan,) = plan_channels([table(tmp_path, sender="a@example.invalid")], exercise=False)
    assert plan.keys == CapKeys(tmp_path / "cap", "a@example.invalid")


def test_an_unknown_kind_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"found 'pigeon', expected one of .*cap"):
        plan_channels([table(tmp_path, "pigeon")], exercise=False)


def test_a_wrong_setting_is_named_with_the_channel(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="'cap': unknown key 'foldr'; did you mean 'folder'"
    ):
        plan_channels([table(tmp_path, foldr="x")], exercise=False)


@pytest.mark.parametrize("exercise", [True, False])
def test_an_exercise_and_live_service_have_no_channel_in_common(
    tmp_path: Path, exercise: bool
) -> None:
    with pytest.raises(ConfigError, match="it may only use channels with exercise = "):
        plan_channels([table(tmp_path, exercise=not exercise)], exercise=exercise)
    assert len(plan_channels([table(tmp_path, exercise=exercise)], exercise=exercise)) == 1
