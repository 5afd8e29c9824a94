"""A journal exported and replayed gives the alerts that people were told."""

import json
import re
from dataclasses import fields, replace
from datetime import UTC, datetime
from math import nan
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
from typer.testing import CliRunner

from forewarn.app.assembly import site_zones
from forewarn.app.command_line import cli
from forewarn.app.core import Core
from forewarn.errors import ConfigError
from forewarn.files import (
    RecordingWriter,
    StoreKeys,
    empty_batch,
    read_alerts,
    read_recording,
    read_site,
)
from forewarn.geodesy import ecef_points
from forewarn.records import (
    ChannelDelay,
    Command,
    CommandAction,
    Event,
    PlotBatch,
    Sensor,
    SensorKind,
    Tick,
    Weather,
)
from forewarn.sim import raids
from forewarn.sim.raids import Raid, RaidKeys, RegionKeys, SalvoKeys
from forewarn.stores import open_store, read_store
from forewarn.units import RAD_PER_DEG


def call(*words: str) -> str:
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def drawn() -> tuple[Raid, list[Event]]:
    """Six rockets at one town, as a service hears them: odd ticks, a delay, an operator."""
    shipped = raids.load("rockets")
    salvo = SalvoKeys(56.4532, 9.4020, range_km=35.0, from_deg=100.0, count=6)
    raid = Raid(
        RaidKeys("told"), RegionKeys("k", 56.45, 9.4, 15.0), shipped.sensors, (salvo,)
    )
    made = raids.generate(raid, 4)
    first, last = made.batches[0].received_s, made.batches[-1].received_s
    odd = [Tick(0, first + 1.013 * k) for k in range(1, int(last - first) + 120)]
    more: list[Event] = [
        ChannelDelay(0, first + 3.3, "cap", 7.5),
        Command(0, last + 9.1, "op", CommandAction.PREPARE, ("none",)),
        *made.told,
    ]
    events = sorted([*made.batches, *odd, *more], key=lambda event: event.received_s)
    return raid, events


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the site and the store of a raid."""
    folder = tmp_path_factory.mktemp("journal")
    raid, events = drawn()
    (folder / "site.toml").write_text(raids.site_text(raid))
    site = read_site(folder / "site.toml")
    store = open_store(site.store, ("cap",), raid.sensors)
    core = Core(site, raid.sensors, site_zones(site), store)
    for at in range(0, len(events), 5):
        core.handle(events[at : at + 5])
    store.close()
    return folder


def rows(path: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    return sorted(found, key=lambda row: (row["seq"], row["alert_id"], row["step"]))


def test_a_journal_exported_and_replayed_gives_the_same_alerts(
    journal: Path, tmp_path: Path
) -> None:
    said = call("export", str(journal / "site.toml"), "--out", str(tmp_path / "r"))
    recording = read_recording(tmp_path / "r")
    assert f"{len(recording):,} events" in said
    assert recording.refused_count == 0
    site = str(journal / "site.toml")
    call("replay", str(tmp_path / "r"), "--site", site, "--out", str(tmp_path / "again"))
    told, again = (
        rows(tmp_path / "r" / "alerts.jsonl"),
        rows(tmp_path / "again" / "alerts.jsonl"),
    )
    assert len(told) > 20
    assert {row["state"] for row in told} >= {"take_cover", "all_clear"}
    assert all(row.pop("recorded_s") > 1e9 for row in told)
    assert told == again  # to the last bit
    assert [line.seq for line in read_alerts(tmp_path / "r" / "alerts.jsonl")] == [
        row["seq"] for row in told
    ]


def test_a_part_of_a_journal_keeps_its_numbers(journal: Path, tmp_path: Path) -> None:
    store = read_store(StoreKeys(journal / "forewarn.sqlite"))
    middle_s = next(store.events_after(100)).received_s
    store.close()
    moment = datetime.fromtimestamp(middle_s, UTC).isoformat()
    for option, name in (("--to", "before"), ("--from", "after")):
        call(
            "export",
            str(journal / "site.toml"),
            "--out",
            str(tmp_path / name),
            option,
            moment,
        )
    before, after = (
        [event.seq for event in read_recording(tmp_path / name).events()]
        for name in ("before", "after")
    )
    assert before == list(range(1, after[0]))
    assert after == list(range(after[0], after[-1] + 1))
    told = [len(rows(tmp_path / name / "alerts.jsonl")) for name in ("before", "after")]
    assert sum(told) > 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "yesterday"], "--from: found 'yesterday', expected a time like 2026"),
        (["--to", "2026-11-25T22:00:00"], "--to: found '2026-11-25T22:00:00', expected"),
        (["--to", "1999-11-25T22:00:00Z"], "no event in that span"),
    ],
)
def test_a_span_that_cannot_be_meant_is_refused(
    journal: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        call("export", str(journal / "site.toml"), "--out", str(tmp_path / "r"), *words)


RADAR = raids.load("rockets").sensors[0]
WALKER = Sensor("walker", SensorKind.BEARING, sigma_azimuth_rad=3.0 * RAD_PER_DEG)


def batch(seq: int, sensor: Sensor, **more: Any) -> PlotBatch:
    """One plot; angles that no degrees give exactly among them."""
    n = 1 if sensor is WALKER else 3
    measured = np.full((n, 4), np.nan)
    measured[:, 1] = np.linspace(0.1, 6.2, n) + 1e-16
    if sensor is RADAR:
        measured[:, 0], measured[:, 2], measured[:, 3] = 30e3, 0.3 / 7, -250.0
    place = ecef_points(np.full(n, 0.98), np.full(n, 0.16), np.full(n, 60.0))
    values = {
        "measured": measured,
        "sigma": np.where(np.isnan(measured), np.nan, sensor.sigma),
        "origin_ecef_m": place
        if sensor is WALKER
        else np.tile(sensor.origin_ecef_m, (n, 1)),
    }
    return PlotBatch(
        seq=seq,
        received_s=100.0 + seq // 3,  # several in the same moment
        sensor_id=sensor.sensor_id,
        time_s=99.0 + np.arange(n) / 8,
        sigma_pos_m=np.full((n, 2), np.nan),
        identity=("",) * n,
        **(values | more),
    )


def test_an_event_comes_out_of_a_recording_as_it_went_in(tmp_path: Path) -> None:
    own = np.array([30.0, 0.2 * RAD_PER_DEG, 0.3 * RAD_PER_DEG, np.nan])
    written: list[Event] = [
        Tick(7, 100.1),
        batch(8, RADAR, sector_rad=(0.3 / 7, 1.1)),
        batch(9, WALKER),
        Tick(10, 103.0),
        batch(
            11,
            RADAR,
            sigma=np.tile(own, (3, 1)),
            measured=np.tile([3e4, 1, 0.1, nan], (3, 1)),
        ),
        Command(12, 103.5, "op", CommandAction.TAKE_COVER, ("z1", "z2")),
        replace(empty_batch("north", 104.0), seq=13, sector_rad=(1.1, 2.2)),
        Weather(14, 104.0, np.array([0.0, 5e3]), np.array([[1.0, 2.0], [3.0, 1 / 3]])),
        ChannelDelay(15, 104.0, "cap", 7.25),
    ]
    writer = RecordingWriter(tmp_path, [RADAR, WALKER])
    for event in written:
        writer.add(event)
    writer.close()
    recording = read_recording(tmp_path)
    read = list(recording.events())
    assert len(recording) == len(read) == len(written)
    for one, other in zip(written, read, strict=True):
        assert type(one) is type(other)
        for field in fields(one):
            mine, its = getattr(one, field.name), getattr(other, field.name)
            if field.name == "origin_ecef_m":  # places are told as latitude and longitude
                np.testing.assert_allclose(its, mine, atol=1e-8)
            elif isinstance(mine, np.ndarray):
                assert mine.tobytes() == its.tobytes(), field.name
            else:
                assert mine == its


def test_numbers_that_some_events_lack_are_refused(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, [RADAR])
    for event in (Tick(1, 100.0), batch(0, RADAR)):
        writer.add(event)
    writer.close()
    with pytest.raises(
        ConfigError, match="some events have a seq, others none or the same"
    ):
        read_recording(tmp_path)


def test_sensors_that_changed_part_an_export_in_two(tmp_path: Path) -> None:
    keys = StoreKeys(tmp_path / "s.sqlite")
    for seq, sensors in enumerate(([RADAR], [RADAR, WALKER]), start=1):
        store = open_store(keys, (), sensors)
        store.append([batch(seq, sensors[-1])])
        store.close()
    with pytest.raises(
        ConfigError, match="the sensors changed at event 2, 1970-01-01T00:01:40"
    ):
        call("export", str(keys.path), "--out", str(tmp_path / "r"))


def test_verify_says_how_many_events_and_who_did_what(journal: Path) -> None:
    text = call("verify", str(journal / "site.toml"), "--acts")
    assert re.search(r"\d events, none altered; the last is \d+", text)
    assert '"operator_id": "op", "action": "prepare", "zone_ids": ["none"]}' in text
    assert re.search(r"head of the chain: [0-9a-f]{64}\n", text)


def test_verify_says_where_a_journal_was_altered(journal: Path, tmp_path: Path) -> None:
    path = tmp_path / "copy.sqlite"
    path.write_bytes((journal / "forewarn.sqlite").read_bytes())
    db = apsw.Connection(str(path))
    db.execute("update journal set body = zeroblob(9) where seq = 100")
    db.close()
    with pytest.raises(ConfigError, match="event 100 is not what was written"):
        call("verify", str(path))
    with pytest.raises(ConfigError, match="no such file; expected a site file or a store"):
        call("verify", str(tmp_path / "none"))
