"""What a raid costs whose errors are taken away: the stand-ins know the truth, no more."""

from itertools import pairwise

import numpy as np
import pytest

from forewarn.atmosphere import standard_air
from forewarn.bench.drawing import judged_for, numbered, region_zones
from forewarn.bench.known import (
    Body,
    KnownChain,
    KnownForecaster,
    KnownTracks,
    bodies,
)
from forewarn.bench.limits import levels
from forewarn.bench.raid import needing
from forewarn.dynamics import drag_table
from forewarn.flight import fall, level_ground
from forewarn.forecast import Forecaster, ForecastParams
from forewarn.geodesy import FloatArray, geographic_points, ground_scales
from forewarn.records import BOOSTING, FALLING, STRAIGHT, TURNING, Forecasts, Tick
from forewarn.score import summarise
from forewarn.score.reading import make_case
from forewarn.sim import raids
from forewarn.sim.raid_keys import DroneKeys, Raid, RaidKeys, RegionKeys, SalvoKeys
from forewarn.sim.raids import Drawn

AIM = (56.4532, 9.4020)
AIR = standard_air()


def raid(*, rockets: int = 0, drones: int = 0) -> Raid:
    shipped = raids.load("rockets")
    salvo = SalvoKeys(*AIM, range_km=35.0, from_deg=100.0, count=rockets)
    swarm = DroneKeys(*AIM, from_deg=60.0, distance_km=12.0, count=drones)
    return Raid(
        RaidKeys("known", wind_mps=(0.0, 0.0)),
        RegionKeys("k", 56.45, 9.4, 25.0),
        shipped.sensors,
        (salvo,) * (rockets > 0),
        drones=(swarm,) * (drones > 0),
    )


def drawn(some: Raid) -> tuple[Drawn, list[Body]]:
    whole = raids.draw(some, 3)
    told = whole.told()
    case = make_case("known", told.truth, region_zones(some), told.sensors, (), np.inf)
    return whole, bodies(whole.flyers, case, AIR, drag_table())


def test_what_brakes_a_body_is_read_off_its_path() -> None:
    """With it a state on its way falls where the body does."""
    some = raid(rockets=4)
    whole, threats = drawn(some)
    for body, fallen in zip(threats, whole.fallen, strict=True):
        assert body.thrust[0]
        assert not body.thrust[-1]
        late = len(body.clock) * 3 // 4
        state = body.path.at(body.clock[[late]])
        still = np.zeros((1, 2))
        down = fall(
            state, body.ln_beta[[late]], still, level_ground(0.0), AIR, drag_table()
        )
        lat, lon, _ = geographic_points(down[:, 1:4].copy())
        per_lat, per_lon = (float(one[0]) for one in ground_scales(lat))
        north_m = (lat[0] - fallen.place_rad[0]) * per_lat
        east_m = (lon[0] - fallen.place_rad[1]) * per_lon
        assert np.hypot(north_m, east_m) < 100.0
        assert down[0, 0] + body.clock[late] == pytest.approx(fallen.impact_s, abs=0.5)


def test_true_tracks_are_the_paths_from_first_sight_to_the_end() -> None:
    some = raid(rockets=3, drones=1)
    whole, threats = drawn(some)
    told = KnownTracks(threats)
    seen: dict[int, list[float]] = {}
    for event in numbered(whole.told()):
        tracks = told.step(event)
        if not isinstance(event, Tick):
            continue
        for row, number in enumerate(tracks.track_id.tolist()):
            body = threats[number - 1]
            mode = tracks.mode_weight[row].argmax()
            true = body.path.at(np.array([event.received_s]))[0]
            np.testing.assert_array_equal(tracks.mean[row, mode, :6], true)
            assert mode in ((BOOSTING, FALLING) if body.kind == 0 else (STRAIGHT, TURNING))
            seen.setdefault(number, []).append(event.received_s)
    assert sorted(seen) == [1, 2, 3, 4]
    for number, times in seen.items():
        body = threats[number - 1]
        assert 0.0 <= times[0] - body.first_s < 1.0
        assert 0.0 < body.path.time_s[-1] - times[-1] <= 1.0


def test_drag_that_is_not_known_beforehand_is_known_once_it_is_felt() -> None:
    """Above the air nothing shows how heavy a missile is for its size."""
    missiles = raids.load("ten_missiles")
    whole, threats = drawn(missiles)
    told = KnownTracks(threats, beforehand=False)
    doubt: dict[int, list[tuple[float, float]]] = {}
    for event in numbered(whole.told()):
        tracks = told.step(event)
        for row, number in enumerate(tracks.track_id.tolist()):
            if tracks.mode_weight[row, FALLING] > 0.0:
                left_s = threats[number - 1].path.time_s[-1] - event.received_s
                doubt.setdefault(number, []).append(
                    (left_s, tracks.cov[row, FALLING, 6, 6])
                )
    assert doubt
    for each in doubt.values():
        left_s, variance = np.array(each).T
        assert (variance[left_s < 10.0] < 0.01).all()
        assert (variance[(left_s > 60.0) & (left_s < 120.0)] > 0.1).all()


def test_a_known_way_ahead_is_where_a_drone_will_fly() -> None:
    some = raid(drones=1)
    whole, threats = drawn(some)
    zones = region_zones(some)

    def off_m(forecaster: Forecaster) -> float:
        """Mean distance from the path to the places where it may come down."""
        chain = KnownChain(KnownTracks(threats), forecaster, zones)
        path, middle_s = threats[0].path, threats[0].first_s + 60.0
        for event in numbered(whole.told()):
            _, forecasts, _ = chain.foresee(event)
            if event.received_s >= middle_s:
                break
        return _off(forecasts, path.state[:, :3])

    known = off_m(KnownForecaster(AIR, zones, ForecastParams(), threats))
    guessed = off_m(Forecaster(AIR, zones, ForecastParams()))
    assert known < 250.0
    assert known < 0.5 * guessed


def _off(forecasts: Forecasts, path: FloatArray) -> float:
    lat, lon, _ = geographic_points(np.ascontiguousarray(path))
    per_lat, per_lon = (float(one[0]) for one in ground_scales(lat[:1]))
    away = forecasts.place_rad[:, None] - np.stack([lat, lon], axis=1)[None]
    near = np.hypot(away[..., 0] * per_lat, away[..., 1] * per_lon).min(axis=1)
    # what lies beyond its end is no part of the path
    end = np.hypot(away[:, -1, 0] * per_lat, away[:, -1, 1] * per_lon)
    counted = near < end
    return float(np.average(near[counted], weights=forecasts.weight[counted]))


def test_ever_less_that_is_not_known_costs_ever_less() -> None:
    some = raid(rockets=6)
    zones = region_zones(some)
    needed = needing(zones, 15.0)
    cost = {}
    for level in levels(some, 4, zones):
        runs = judged_for("known", level.drawn, [needed], watch=False, chain=level.chain)
        score = summarise(runs)
        assert score.people.in_time_share.value == 1.0
        cost[level.name] = sum(run.costs.in_vain_min for run in runs)
    assert list(cost) == [
        "as shipped",
        "tracks known, drag not before it is felt",
        "tracks known",
        "tracks and wind known",
    ]
    each = list(cost.values())
    for more, less in pairwise(each):
        assert less <= 1.02 * more
