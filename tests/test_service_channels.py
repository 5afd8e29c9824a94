"""What the service does with channels that do not open, and with alerts that are out."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from alerts import parcel
from forewarn.app.service import Plan, Service
from forewarn.files import ChannelTable, Site
from forewarn.files.site import SigningKeys
from forewarn.records import Counts, Parcel
from forewarn.web.board import Clock


def service(folder: Path, **keys: Any) -> Service:
    table = ChannelTable("mqtt", "mqtt", False, keys, folder, "site.toml: [[channel]]")
    site = Site(
        "Testland",
        ("en",),
        None,
        None,
        channels=(table,) if keys else (),
        signing=SigningKeys(folder),
    )
    return Service(Plan(site, (), (), Clock(lambda: 0.0)))


class Kept:
    """A channel that remembers what it is to tell again."""

    def __init__(self) -> None:
        self.kept: list[Parcel] = []

    def keep(self, parcels: list[Parcel]) -> None:
        self.kept += parcels

    def offer(self, parcels: list[Parcel]) -> None:
        raise AssertionError("these have been told already")

    def counts(self) -> Counts:
        return Counts(0, 0, 0, 0, "")

    def close(self) -> None: ...


def test_a_channel_that_cannot_be_opened_ends_the_start(tmp_path: Path) -> None:
    one = service(tmp_path, home_assistant=["y*"])
    one._hear(("zones", b"{}", "v", {"z1": {"": "Zone"}}))
    one._hear(("carry", "mqtt", [parcel()]))
    assert one._stopping.is_set()
    assert one._failure == (
        "channel 'mqtt': home_assistant: the site has no zone like 'y*'"
    )


def test_channels_that_tell_again_hear_what_is_out(tmp_path: Path) -> None:
    one = service(tmp_path)
    channel = one._channels["kept"] = Kept()
    one._hear(("live", [], [parcel()], 7))
    assert [kept.key for kept in channel.kept] == [parcel().key]


def test_whoever_made_the_plan_hears_of_each_picture_once_it_is_shown(
    tmp_path: Path,
) -> None:
    heard: list[tuple[int, float]] = []
    one = service(tmp_path)
    one.plan = replace(
        one.plan, seen=lambda board: heard.append((board.seq, board.scene.at_s))
    )
    nothing: dict[str, Any] = {"set": [], "moved": [], "gone": []}
    picture = {"at_s": 1.0, "seq": 7, "reset": True, "people_at_risk": 0.0}
    picture |= {"tracks": nothing, "areas": nothing, "weighed": nothing}
    one._hear(("picture", picture))
    assert heard == [(7, 1.0)]
