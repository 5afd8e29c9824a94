"""Full chain and policy level on the same raid: what one teaches, the other bears out."""

import re
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from forewarn.app.calibrate import tables
from forewarn.app.command_line import cli
from forewarn.bench.counting import COUNTED
from forewarn.bench.foretold import Notes, Views, measured
from forewarn.bench.pair import FullChain, Levels, Pair, fly_all, raid_of
from forewarn.errors import ConfigError
from forewarn.sim import raids
from forewarn.sim.raid_keys import Raid, RegionKeys, SalvoKeys
from forewarn.sim.studies.keys import AroundKeys, Scenario, SensorKeys
from forewarn.sim.studies.plan import care_of
from forewarn.sim.studies.reading import read_study

DRAWINGS = 8
AT = (56.40, 9.25, 25.0)
REGION = "lat_deg = 56.4, lon_deg = 9.25, radius_km = 25.0"


def raid() -> Raid:
    """An invented raid: one salvo at a town, one that comes down in open country."""
    town = SalvoKeys(
        aim_lat_deg=56.4532, aim_lon_deg=9.402, range_km=45, from_deg=100, count=8
    )
    heath = replace(town, aim_lat_deg=56.33, aim_lon_deg=9.05, count=3, start_s=10.0)
    rockets = raids.load("rockets")
    region = RegionKeys("Exercise heath", *AT)
    return replace(rockets, region=region, salvos=(town, heath))


def scenario() -> Scenario:
    """The shipped one, moved to that region."""
    found = read_study(Path("two_levels")).scenario
    inner = found.layer[0]
    only = replace(inner.battery[0], at_km=(25.0, 25.0), footprint_km=15.0)
    layer = replace(inner, battery=(replace(only, magazine=12),))
    return replace(found, area=replace(found.area, region=AroundKeys(*AT)), layer=(layer,))


@cache
def flown() -> tuple[Pair, list[FullChain], list[FullChain]]:
    pair = Pair(scenario(), raid())
    return pair, *fly_all(pair, DRAWINGS, lambda: None)


@cache
def found() -> Levels:
    pair, learn, check = flown()
    return pair.levels(learn, check)


def test_both_levels_say_the_same_of_raids_that_taught_neither() -> None:
    compared = {one.name: one for one in found().compared}
    assert tuple(compared) == COUNTED
    for name in COUNTED:
        one = compared[name]
        assert one.full > 0.0
        assert one.agrees, one
    for name in ("engaged", "intercepted"):  # the interval says something
        assert compared[name].half < 0.25 * compared[name].full


def test_levels_that_do_not_agree_are_told_apart() -> None:
    pair, _, check = flown()
    by = found().calibrated
    full = np.mean([one.counts for one in check], axis=0)
    blind = replace(by, sensor=SensorKeys(p_warned=0.6, delay_s=by.sensor.delay_s))
    loose = replace(by, sensor=SensorKeys(predicted_impact_sigma_km=4.0, delay_s=11.0))
    half = {one.name: one.half for one in found().compared}
    for wrong, name in ((blind, "engaged"), (blind, "leakers"), (loose, "unsheltered")):
        k = COUNTED.index(name)
        assert abs(pair.play(check, wrong).mean(axis=0)[k] - full[k]) > half[name], name


def test_errors_grow_with_the_time_ahead() -> None:
    sensor = found().calibrated.sensor
    ahead_s, sigma_km = np.array(sensor.sigma_at).T
    assert (np.diff(ahead_s) > 0.0).all()
    assert 0.005 < sigma_km[0] < 0.1 < sigma_km[-1]
    assert sensor.p_warned == 1.0
    assert 4.0 < sensor.delay_s < 30.0


def test_what_one_more_radar_buys() -> None:
    pair, learn, check = flown()
    both = learn + check
    north = replace(pair.raid, sensors=pair.raid.sensors[:1])
    alone = [Pair(pair.scenario, north).fly(one.drawn.seed) for one in both]
    sigma = [
        np.interp((25.0, 45.0, 65.0), *np.array(known.sigma_at).T)
        for known in (
            measured([one.notes for one in some], [one.views for one in some])
            for some in (alone, both)
        )
    ]
    assert (sigma[0] > sigma[1]).all()
    k = COUNTED.index("person_minutes")
    spared = [a.counts[k] - b.counts[k] for a, b in zip(alone, both, strict=True)]
    assert np.mean(spared) > 2 * np.std(spared, ddof=1) / len(spared) ** 0.5


def test_what_is_measured_is_what_was_put_in() -> None:
    rng, n = np.random.default_rng(1), 4000
    ahead_s = np.concatenate([np.full(n, 12.0), np.full(n, 42.0)])
    sigma = np.where(ahead_s < 20.0, 0.2, 0.9)
    error = rng.normal(size=(2 * n, 2)) * sigma[:, None]
    body = np.tile(np.arange(n), 2)
    order = np.argsort(-ahead_s, kind="stable")
    notes = Notes(body[order], 60.0 - ahead_s[order], ahead_s[order], error[order])
    impact_s = np.full(n + 1000, 60.0)  # of a thousand nothing is ever said
    sensor = measured([notes], [Views(np.full(n + 1000, 10.0), impact_s)])
    assert sensor.p_warned == n / (n + 1000)
    assert sensor.delay_s == pytest.approx(8.0 + 8.5)  # first said 8 s after first sight
    told = dict(sensor.sigma_at)
    assert set(told) == {12.0, 42.0}
    # four standard errors of a root mean square of 2 n numbers
    assert told[12.0] == pytest.approx(0.2, rel=4 / (4 * n) ** 0.5)
    assert told[42.0] == pytest.approx(0.9, rel=4 / (4 * n) ** 0.5)


def test_the_tables_are_those_of_a_study_file(tmp_path: Path) -> None:
    by = found().calibrated
    example = read_study(Path("two_levels"))
    text = example.path.read_text(encoding="utf-8")
    for name in ("sensor", "policy.warning"):
        text = re.sub(rf"^\[{name}\].*?(?=^\[)", "", text, flags=re.M | re.S)
    path = tmp_path / "calibrated.toml"
    path.write_text(text + tables(by, "a test"), encoding="utf-8")
    read = read_study(path).scenario
    assert read.sensor == by.sensor
    assert read.policy.warning == by.warning
    shown = care_of(read)  # 69.5 s before the impact, and where a layer takes it up
    ahead_s, sigma_km = np.array(by.sensor.sigma_at).T
    assert shown.sigma_km[0] == np.interp(69.5, ahead_s, sigma_km)
    assert shown.aim_sigma_km[0] == np.interp(33.0, ahead_s, sigma_km)


def test_it_is_calibrated_as_it_is_typed(tmp_path: Path) -> None:
    rockets = raids.SHIPPED / "rockets.toml"
    text = rockets.read_text(encoding="utf-8").replace(
        "radius_km = 87.0", "radius_km = 25.0"
    )
    head, _, salvos = text.partition("[[salvo]]")
    head = head.replace("lat_deg = 56.2\nlon_deg = 9.4", "lat_deg = 56.4\nlon_deg = 9.25")
    (tmp_path / "small.toml").write_text(
        f"{head}[[salvo]]{salvos.partition('[[salvo]]')[0]}", encoding="utf-8"
    )
    study = read_study(Path("two_levels")).path.read_text(encoding="utf-8")
    study = study.replace('flown = "rockets"', 'flown = "small.toml"')
    study = study.replace("lat_deg = 56.2, lon_deg = 9.4, radius_km = 87.0", REGION)
    study = study.replace("[87, 87]", "[25, 25]").replace("[136, 87]", "[35, 25]")
    (tmp_path / "study.toml").write_text(study, encoding="utf-8")
    out = tmp_path / "found.toml"
    typed = [
        "calibrate",
        str(tmp_path / "study.toml"),
        "--out",
        str(out),
        "--drawings",
        "4",
    ]
    told = CliRunner().invoke(cli, typed)
    assert told.exit_code == 0, told.output
    found = tomllib.loads(out.read_text(encoding="utf-8"))
    assert len(found["sensor"]["sigma_at"]) > 5
    assert found["policy"]["warning"]["radius_km"] > 0.0
    for name in COUNTED:
        assert f"\n{name} " in told.output


def test_what_cannot_teach_is_refused_and_no_file_is_overwritten(tmp_path: Path) -> None:
    few = Notes(np.arange(3), np.zeros(3), np.full(3, 12.0), np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="expected more threats or drawings"):
        measured([few], [Views(np.zeros(3), np.full(3, 60.0))])
    by = found().calibrated
    pair, _, check = flown()
    with pytest.raises(ConfigError, match="no rocket came into cover"):
        pair.play(check, replace(by, seen_s={"drone": 60.0}))
    kept = tmp_path / "kept.toml"
    kept.write_text("mine")
    told = CliRunner().invoke(cli, ["calibrate", "two_levels", "--out", str(kept)])
    assert told.exit_code != 0
    assert "exists already" in str(told.exception) + told.output
    assert kept.read_text() == "mine"


def test_other_ground_and_no_raid_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected that of the raid 'rockets'"):
        Pair(scenario(), raids.load("rockets"))
    study = read_study(Path("town_rockets"))
    with pytest.raises(ConfigError, match="flown: name the raid"):
        raid_of(study.path, study.scenario)
