"""Studies: kernel against its plain twin, luck, files, refusals, resuming, workers."""

import json
import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from forewarn.errors import ConfigError
from forewarn.sim.studies import parts, running
from forewarn.sim.studies.measures import (
    AVERAGED,
    FIRED,
    METRICS,
    NEEDLESS,
    UNSHELTERED,
    WIDTH,
    moments,
)
from forewarn.sim.studies.parts import Crew
from forewarn.sim.studies.plan import Plan
from forewarn.sim.studies.reading import Study, read_study
from forewarn.sim.studies.running import Results, run_study
from study_twin import Twin

STUDY = """
[study]
name = "small"
runs = 60
seed = 5

[area]
size_km = [20, 16]
rural_per_km2 = 20
cell_km = 0.5
place = [
    { name = "North", at_km = [6, 11], people = 9000, radius_km = 1.5 },
    { name = "South", at_km = [14, 5], people = 4000, radius_km = 1.2 },
]

[sensor]
p_warned = 0.9
predicted_impact_sigma_km = 0.4
sigma_km_per_min = 0.5
delay_s = 5

[[raid]]
kind = "rocket"
count = { mean = 9 }
window_s = 120
share_to_places = 0.6
impact_sigma_km = 1.0

[[raid]]
kind = "drone"
count = { mean = 4, dist = "binomial", n = 8 }
window_s = 400
share_to_places = 0.5
impact_sigma_km = 0.5
seen_s = 300

[[layer]]
name = "outer"
p_intercept = { mean = 0.5, sd = 0.1, denominator = "round", disputed = [0.2, 0.8] }
timing_s = { window_s = 10, cycle_s = 6, cycle = "exponential", ends_s = 15 }
common_mode_down = 0.1
[[layer.battery]]
id = "O"
at_km = [10, 8]
footprint_km = 9
channels = 1
magazine = 3
unit_cost = 7

[[layer]]
name = "inner"
p_intercept = { mean = 0.6, denominator = "engagement" }
timing_s = { window_s = 12, cycle_s = 5 }
debris = { share = 0.5, spread_km = 0.6 }
[[layer.battery]]
id = "N"
place = "North"
footprint_km = 4
channels = 2
magazine = 2
reload_s = 60
stock = 5
unit_cost = 3
[[layer.battery]]
id = "S"
place = "South"
footprint_km = 5
channels = 2
magazine = 4
unit_cost = 3

[policy.defence]
engage = "populated_only"
margin_km = 0.5
salvo = 2
looks = 2
reserve = 1
reserve_people = 60

[policy.warning]
zone_km = 3
radius_km = 1.5
lead_s = 90
hold_s = 100

[people]
compliance = 0.8
time_to_shelter = { median_s = 30, sigma = 0.6 }
fatigue_per_false_alert = 0.1
recovery_days = 3
night = { share = 0.4, compliance = 0.5, median_s = 60 }
hour_cost = 12

[campaign]
raids = 3
every_h = 12
"""


def study_of(folder: Path, text: str = STUDY, more: str = "") -> Study:
    path = folder / "study.toml"
    path.write_text(text + more)
    return read_study(path)


def quiet(what: str, done: int, most: int) -> None:
    """Nobody watches the progress."""


VARIANTS = """
[sweep]
"policy.warning.alert" = ["threatened_only", "region", "everyone", "nobody"]
"policy.defence.engage" = ["populated_only", "all"]
"""


def same(plan: Plan, study: Study, runs: int) -> None:
    """Every policy's kernel and twin agree in every measure of every run."""
    drawn = plan.draw(0, runs)
    for row, variant in enumerate(study.variants):
        ours = plan.play(plan.policies[row], drawn, 0)[0]
        for k, told in enumerate(Twin(plan, variant.scenario, row).runs(drawn, 0)):
            assert set(told) == set(METRICS)
            assert_allclose(
                ours[k, :WIDTH],
                [told[name] for name in METRICS],
                rtol=1e-9,
                atol=1e-9,
                err_msg=f"{variant.name}, run {k}: {list(METRICS)}",
            )


def test_kernel_counts_as_its_plain_twin(tmp_path: Path) -> None:
    study = study_of(tmp_path, more=VARIANTS)
    same(Plan([one.scenario for one in study.variants]), study, 6)


def test_zones_that_hold_a_share_of_impacts_are_those_of_the_twin(tmp_path: Path) -> None:
    sweep = '"policy.warning.holds" = [0.5, 0.99]\n"policy.warning.lead_s" = [20, 250]'
    study = study_of(tmp_path, more=f"[sweep]\n{sweep}\n")
    same(Plan([one.scenario for one in study.variants]), study, 6)


def hexagons(path: Path) -> Path:
    """Zones that are no squares, with a hole in the map between them."""
    features = []
    for k, (lon, lat) in enumerate(
        [(9.0, 56.0), (9.07, 56.0), (9.0, 56.045), (9.1, 56.07)]
    ):
        ring = [
            [
                lon + 0.035 * math.cos(math.pi * i / 3),
                lat + 0.022 * math.sin(math.pi * i / 3),
            ]
            for i in range(6)
        ]
        features.append(
            {
                "type": "Feature",
                "properties": {"zone_id": f"h{k}", "name": f"H{k}", "population": 900 + k},
                "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
            }
        )
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_real_zones_are_told_as_by_the_twin(tmp_path: Path, own_cache: Path) -> None:
    hexagons(tmp_path / "zones.geojson")
    start, end = STUDY.index("[area]"), STUDY.index("[sensor]")
    text = STUDY[:start] + '[area]\nzones = "zones.geojson"\ncell_km = 0.5\n' + STUDY[end:]
    text = text.replace('place = "North"', 'place = "H0"').replace("zone_km = 3\n", "")
    text = text.replace('place = "South"', 'place = "H3"')
    study = study_of(tmp_path, text)
    plan = Plan([study.scenario])
    assert plan.policies[0].layout.people.sum() == 3606
    assert plan.world.people.sum() == pytest.approx(3606)
    same(plan, study, 4)


def test_policy_never_shifts_the_luck_of_a_raid(tmp_path: Path) -> None:
    """Zones decide nothing about rounds: the difference is nothing, not merely small."""
    more = '[sweep]\n"policy.warning.zone_km" = [3, 1.5]\n'
    study = study_of(tmp_path, more=more)
    found = run_study(study, tmp_path / "out", Crew(), quiet)
    apart = found.stated.apart
    engaged = [AVERAGED.index(name) for name in ("fired", "rounds", "leakers", "exposed")]
    assert not apart.mean[1, engaged].any()
    assert not apart.squares[1, engaged].any()
    assert apart.mean[1, NEEDLESS] < 0


def test_moments_joined_are_those_of_all() -> None:
    values = np.random.default_rng(1).gamma(2.0, 50.0, (3, 700, 4))
    whole = moments(values, 1)
    joined = moments(values[:, :100], 1).joined(moments(values[:, 100:], 1))
    assert joined.runs == 700
    assert_allclose(joined.mean, values.mean(axis=1))
    assert_allclose(joined.squares, whole.squares)
    half = whole.half_width(0.95)[0, 0]
    low, high = stats.t.interval(
        0.95, 699, values[0, :, 0].mean(), stats.sem(values[0, :, 0])
    )
    assert half == pytest.approx((high - low) / 2)


SOBOL = """
[sensitivity]
n = 32
runs = 40
metrics = ["unsheltered", "rounds"]
[sensitivity.inputs]
"people.compliance" = [0.1, 1.0]
"policy.warning.lead_s" = [25, 35]
"layer.inner.battery.footprint_km" = [0.4, 1.2]
"""


@pytest.fixture(scope="module")
def small_parts() -> Iterator[None]:
    """Many parts out of few runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "RAIDS", 180)
        patch.setattr(running, "LEAST", 20)
        yield


def alike(one: Results, other: Results) -> None:
    """Bit for bit."""
    assert one.runs == other.runs
    for a, b in zip((one.stated, *one.ends), (other.stated, *other.ends), strict=True):
        for x, y in ((a.whole, b.whole), (a.apart, b.apart)):
            assert_array_equal(x.mean, y.mean)
            assert_array_equal(x.squares, y.squares)
    assert_array_equal(one.heat, other.heat)
    assert_array_equal(one.dry, other.dry)
    for p, q in zip(one.indices, other.indices, strict=True):
        assert_array_equal(p.total, q.total)


@pytest.fixture(scope="module")
def whole(small_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A study in one go, alone."""
    folder = tmp_path_factory.mktemp("whole")
    return run_study(study_of(folder, more=SOBOL), folder / "out", Crew(), quiet)


def test_workers_change_not_a_bit(whole: Results, tmp_path: Path) -> None:
    study = study_of(tmp_path, more=SOBOL)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        alike(whole, run_study(study, tmp_path / "out", Crew(pool, 2), quiet))


def test_dask_changes_not_a_bit(whole: Results, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    study = study_of(tmp_path, more=SOBOL)
    with (
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        distributed.Client(cluster.scheduler_address) as client,
    ):
        alike(
            whole, run_study(study, tmp_path / "out", Crew(client.get_executor(), 2), quiet)
        )


class KilledError(Exception):
    """Stands for a kill."""


def test_killed_study_goes_on_and_ends_the_same(whole: Results, tmp_path: Path) -> None:
    study = study_of(tmp_path, more=SOBOL)

    def kill(what: str, done: int, most: int) -> None:
        if what == "sensitivity" or done >= 40:
            raise KilledError

    with pytest.raises(KilledError):
        run_study(study, tmp_path / "out", Crew(), kill)
    kept = sorted((tmp_path / "out/runs").glob("part-*"))
    assert kept
    (tmp_path / "out/runs/_half-00002").write_bytes(b"PAR1")  # a part that was cut off
    stamps = [path.stat().st_mtime_ns for path in kept]
    alike(whole, run_study(study, tmp_path / "out", Crew(), quiet))
    assert [path.stat().st_mtime_ns for path in kept] == stamps


def test_folder_of_another_study_is_refused(tmp_path: Path) -> None:
    run_study(study_of(tmp_path), tmp_path / "out", Crew(), quiet)
    other = study_of(tmp_path, STUDY.replace("seed = 5", "seed = 6"))
    with pytest.raises(ConfigError, match="another study"):
        run_study(other, tmp_path / "out", Crew(), quiet)


def test_runs_lie_in_parquet_as_they_were_counted(whole: Results, tmp_path: Path) -> None:
    folder = whole.study.path.parent / "out/runs"
    table = pq.read_table(folder)
    assert set(METRICS) <= set(table.column_names)
    assert {"scenario", "run", "rounds_outer", "rounds_inner"} <= set(table.column_names)
    values = table.column("unsheltered").to_numpy()
    stated = values[table.column("scenario").to_numpy() == 0]
    assert len(stated) == whole.runs
    assert stated.mean() == pytest.approx(whole.stated.whole.mean[0, UNSHELTERED])


def test_study_stops_when_it_is_sure_enough(small_parts: None, tmp_path: Path) -> None:
    text = STUDY.replace("runs = 60", "runs = 4000")
    stop = 'stop = { metric = "fired", half_width_rel = 0.04 }\nruns = 4000'
    study = study_of(tmp_path, text.replace("runs = 4000", stop))
    found = run_study(study, tmp_path / "out", Crew(), quiet)
    whole = found.stated.whole
    assert found.stopped
    assert found.runs < 4000
    assert whole.half_width(0.95)[0, FIRED] <= 0.04 * whole.mean[0, FIRED]
    shorter = whole.half_width(0.95)[0, FIRED] * math.sqrt(found.runs / (found.runs - 20))
    assert shorter > 0.03 * whole.mean[0, FIRED]  # and not long after


def test_odds_at_their_ends_bracket_those_stated(whole: Results) -> None:
    low, high = (end.whole.mean[0] for end in whole.ends)
    stated = whole.stated.whole.mean[0]
    leak = AVERAGED.index("leakers")
    assert low[leak] > stated[leak] > high[leak]


def test_sensitivity_finds_what_decides(whole: Results) -> None:
    people, rounds = whole.indices
    assert people.metric == "unsheltered"
    assert people.total.argmax() == 0  # compliance
    assert people.total[0] > 0.8
    assert rounds.total.argmax() == 2  # how far the inner layer reaches
    assert abs(rounds.total[0]) < 0.01
