"""The studies that docs/studies.md tells, in small: each must say what is told of it."""

from pathlib import Path

import numpy as np
import pytest

from forewarn.sim.studies.measures import ALERTED, MINUTES, NEEDLESS, UNSHELTERED
from forewarn.sim.studies.parts import Part, play_part
from forewarn.sim.studies.reading import Study, Variant, read_study
from siren_snapshots import Nights

RUNS = 3000


class Played:
    """An example's policies, each on the same few runs."""

    def __init__(self, variants: tuple[Variant, ...]) -> None:
        self._names = [one.name for one in variants]
        scenarios = tuple(one.scenario for one in variants)
        self._values = play_part(scenarios, Part(0, 0, RUNS)).values

    def of(self, column: int, *words: str) -> np.ndarray:
        """(RUNS,) of the one policy whose name has all the words."""
        rows = [k for k, name in enumerate(self._names) if all(w in name for w in words)]
        assert len(rows) == 1, f"{words} among {self._names}"
        return np.asarray(self._values[rows[0], :, column])


def example(name: str) -> Study:
    return read_study(Path(name))


def surely_less(one: np.ndarray, other: np.ndarray) -> bool:
    """Of the same runs: the difference is four standard errors below nothing."""
    apart = one - other
    return bool(apart.mean() < -4 * apart.std() / len(apart) ** 0.5)


def test_what_258_to_1700_zones_changed() -> None:
    found = Played(example("zones_2019").variants)
    for radius, known in ((3, 2.66), (5, 2.13)):
        old = found.of(ALERTED, "9.234", f"radius {radius}")
        new = found.of(ALERTED, "3.5974", f"radius {radius}")
        ratio = old.mean() / new.mean()
        error = (old - ratio * new).std() / RUNS**0.5 / new.mean()  # of a ratio of means
        assert abs(ratio - known) < 4 * error + 0.005  # it is known to two places
        assert surely_less(found.of(ALERTED, "2.708", f"radius {radius}"), new)


def test_what_oblast_to_raion_changed_in_the_model() -> None:
    found = Played(example("raions").variants)
    ratio = {}
    for lead in ("lead 300", "lead 1200", "lead 2400"):
        oblast, raion = (found.of(MINUTES, f"region {km}", lead) for km in (155, 67))
        assert surely_less(raion, oblast)
        ratio[lead] = oblast.mean() / raion.mean()
        open_o, open_r = (found.of(UNSHELTERED, f"region {km}", lead) for km in (155, 67))
        assert open_r.mean() < 1.01 * open_o.mean()  # hardly anybody is left worse off
    assert ratio["lead 300"] == pytest.approx(1.96, abs=0.05)
    assert ratio["lead 1200"] == pytest.approx(1.34, abs=0.05)
    assert ratio["lead 2400"] == pytest.approx(1.36, abs=0.05)


def test_what_oblast_to_raion_changed_for_real_sirens(shared_data: Path) -> None:
    before = Nights(shared_data, "2024-10-11", "2024-12-31")
    after = Nights(shared_data, "2025-12-16", "2025-12-31")
    assert before.lost == after.lost == 0
    assert (before.count, after.count) == (82, 16)
    assert (before.oblast, before.raion) == pytest.approx((0.247, 0.0), abs=0.001)
    assert (after.oblast, after.raion) == pytest.approx((0.004, 0.101), abs=0.001)
    assert after.wide / after.raion == pytest.approx(1.91, abs=0.01)


def test_warning_and_a_layer_do_more_than_either() -> None:
    study = example("two_layers")
    found, worst = Played(study.variants), Played(study.ends[0])
    nothing = found.of(UNSHELTERED, "nobody", "nothing")
    layers = found.of(UNSHELTERED, "nobody", "populated")
    warning = found.of(UNSHELTERED, "threatened", "nothing")
    both = found.of(UNSHELTERED, "threatened", "populated")
    assert nothing.mean() > 4 * warning.mean()
    assert both.mean() < 0.3 * min(layers.mean(), warning.mean())
    # which of the two does more depends on the odds
    assert surely_less(layers, warning)
    assert surely_less(
        worst.of(UNSHELTERED, "threatened", "nothing"),
        worst.of(UNSHELTERED, "nobody", "populated"),
    )
    assert surely_less(found.of(UNSHELTERED, "everyone", "populated"), both)
    assert surely_less(
        found.of(NEEDLESS, "threatened", "populated"),
        found.of(NEEDLESS, "everyone", "populated"),
    )


def test_small_zones_do_not_pay_where_drones_may_turn() -> None:
    found = Played(example("dense_city").variants)
    spared = {
        lead: found.of(NEEDLESS, "zone 35", lead).mean()
        / found.of(NEEDLESS, "zone 2 ", lead).mean()
        for lead in ("lead 60", "lead 180")
    }
    assert spared["lead 60"] > 3.0  # told late, small zones spare most people
    assert spared["lead 180"] < 1.35  # told early enough for their legs, hardly any
    for lead in spared:
        large = found.of(UNSHELTERED, "zone 35", lead)
        assert surely_less(large, found.of(UNSHELTERED, "zone 2 ", lead))
    assert surely_less(
        found.of(UNSHELTERED, "zone 2 ", "lead 180"),
        found.of(UNSHELTERED, "zone 35", "lead 60"),
    )


def test_ranking_turns_over_at_the_ends_of_the_odds() -> None:
    """Two rounds at once beat look-and-shoot only if a round is worth little."""
    study = example("town_rockets")
    low, high = study.ends
    for variants, twice_is_better in ((low, True), (study.variants, False), (high, False)):
        found = Played(variants)
        once = found.of(UNSHELTERED, "3.6", "salvo 1")
        twice = found.of(UNSHELTERED, "3.6", "salvo 2")
        better, worse = (twice, once) if twice_is_better else (once, twice)
        assert surely_less(better, worse)


@pytest.mark.parametrize("salvo", ["salvo 1", "salvo 2"])
def test_smaller_zones_alert_fewer_and_leave_more_in_the_open(salvo: str) -> None:
    """Who is under alert for another threat already is in shelter when one comes."""
    found = Played(example("town_rockets").variants)
    for small, large in (("1.8", "3.6"), ("3.6", "9.2")):
        assert surely_less(
            found.of(NEEDLESS, small, salvo), found.of(NEEDLESS, large, salvo)
        )
        assert surely_less(
            found.of(UNSHELTERED, large, salvo), found.of(UNSHELTERED, small, salvo)
        )
