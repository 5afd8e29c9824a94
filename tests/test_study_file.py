"""Study files: what is refused by name, places from CSV, the shipped examples."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from forewarn.errors import ConfigError
from forewarn.sim.defence import Battery, Debris, Doctrine, Layer, Odds, Timing
from forewarn.sim.studies import keys
from forewarn.sim.studies.measures import AVERAGED, FIRED, METRICS, UNSHELTERED
from forewarn.sim.studies.plan import Plan
from forewarn.sim.studies.reading import EXAMPLES, read_study
from test_study import SOBOL, STUDY, study_of


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[sweep]\n"raid.count.mean" = [1, 2]', "a raid is an input"),
        ('[sweep]\n"raid" = [1]', "a raid is an input"),
        ('[sweep]\n"area.cell_km" = [1]', "may not vary; known: policy, layer"),
        ('[sweep]\n"campaign.raids" = [1]', "may not vary"),
        ('[sweep]\n"policy.warning.zone" = [1]', "did you mean 'zone_km'"),
        ('[sweep]\n"layer.upper.common_mode_down" = [0]', "no layer has the name"),
        ('[sweep]\n"policy.warning.zone_km" = 3', "expected a list"),
        ('[sweep]\n"policy.warning.zone_km" = [-1]', "zone_km is -1, expected 0"),
        ('[sweep]\n"policy.defence.engage" = ["some"]', "expected one of 'populated_only'"),
        ("[sweeps]\n", "unknown table"),
        ('[sensitivity]\nn = 8\n[sensitivity.inputs]\n"raid.window_s" = [1, 2]', "input"),
        ('[sensitivity]\nn = 8\n[sensitivity.inputs]\n"people.compliance" = [0, 1]', "two"),
        (SOBOL.replace("n = 32", "n = 33"), "power of two"),
        (SOBOL.replace('"rounds"', '"dry_s"'), "metrics has 'dry_s'"),
        (SOBOL.replace("[0.1, 1.0]", "[0.1, 1.5]"), "compliance is 1.5"),
    ],
)
def test_what_may_not_vary_is_refused_by_name(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        study_of(tmp_path, more=more)
    assert "study.toml" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[people]\n", "[peoples]\n", "unknown table .peoples"),
        ('kind = "rocket"', 'kind = "shell"', "found 'shell', expected one of 'rocket'"),
        ('denominator = "round", ', "", "key 'denominator' is missing"),
        ('"engagement"', '"fired"', "found 'fired', expected one of 'round'"),
        ("p_warned = 0.9", "p_warned = 9", "p_warned is 9, expected 0 to 1"),
        ("runs = 60", "runs = 1", "runs is 1"),
        ("magazine = 3", 'magazine = "3"', "found '3', expected int"),
        ('place = "North"', 'place = "West"', "there is no place 'West'"),
        ("at_km = [6, 11]", "at_km = [60, 11]", "'North': at_km .* outside the area"),
        ("size_km = [20, 16]", "", "size_km is 0"),
        ("zone_km = 3\n", "", "has no zones file"),
        ("cell_km = 0.5", 'cell_km = 0.5\nplaces = "a.csv"', "one of place, places, zones"),
        ('name = "inner"', 'name = "outer"', "two have the same name"),
        ("mean = 4, ", "mean = 9, ", "n is 8, expected 9"),
    ],
)
def test_bad_study_file_is_refused_by_name(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in STUDY
    with pytest.raises(ConfigError, match=told):
        Plan([study_of(tmp_path, STUDY.replace(old, new, 1)).scenario])


def test_places_may_stand_in_a_csv_file(tmp_path: Path) -> None:
    start, end = STUDY.index("place = [\n    { name"), STUDY.index("[sensor]")
    text = STUDY[:start] + 'places = "towns.csv"\n' + STUDY[end:]
    towns = tmp_path / "towns.csv"
    head = "name,east_km,north_km,people,radius_km\n"
    towns.write_text(head + "North,6,11,9000,1.5\nSouth,14,5,4000,1.2\n")
    read = Plan([study_of(tmp_path, text).scenario]).world
    assert_array_equal(read.people, Plan([study_of(tmp_path).scenario]).world.people)
    for row, told in (("North,6,x,1,1", "line 2: .*'x'"), ("North,6", "line 2: expected")):
        towns.write_text(f"{head}{row}\n")
        with pytest.raises(ConfigError, match=told):
            Plan([study_of(tmp_path, text).scenario])


def test_people_of_places_are_all_there(tmp_path: Path) -> None:
    world = Plan([study_of(tmp_path).scenario]).world
    assert world.people.sum() == pytest.approx(13000 + 20 * 20 * 16)


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem
)
def test_shipped_example_is_marked_invented_and_plays(path: Path) -> None:
    assert "INVENTED" in path.read_text().splitlines()[0]
    study = read_study(Path(path.stem))
    plan = Plan([one.scenario for one in study.variants])
    drawn = plan.draw(0, 20)
    for policy in plan.policies:
        values: Any = plan.play(policy, drawn, 0)[0]
        assert values[:, FIRED].mean() > 0
        assert np.all(values[:, UNSHELTERED] <= values[:, AVERAGED.index("exposed")] + 1e-9)


def test_every_key_of_a_study_file_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs/studies.md").read_text()
    records = [one for one in vars(keys).values() if is_dataclass(one)]
    records += [Battery, Debris, Doctrine, Layer, Odds, Timing]
    for record in records:
        for field in fields(record):
            assert re.search(rf"\b{field.name}\b", text), f"{record.__name__}: {field.name}"


def test_every_measure_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs/studies.md").read_text()
    assert not [name for name in METRICS if f"`{name}`" not in text]
