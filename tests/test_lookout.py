"""Sensors that cannot be believed are found out within three scans, with their zones."""

from dataclasses import replace

import numpy as np
import pytest

from conftest import square_zones
from forewarn.app.lookout import Cover, Lookout, Trouble
from forewarn.bench.drawing import default_chain, numbered, region_zones
from forewarn.records import PlotBatch, Sensor, SensorKind, Tick
from forewarn.sim import raids

NORTH = Sensor(
    "north", SensorKind.RADAR, np.radians(56.3), np.radians(9.4), 50.0, scan_s=4.0,
    range_max_m=100_000.0, elevation_min_rad=np.radians(0.5), clutter_per_scan=10.0,
)  # fmt: skip
SOUTH = replace(NORTH, sensor_id="south", lat_rad=np.radians(56.0))


def scan(
    time_s: float, plots: int = 10, late_s: float = 1.0, by: str = "north"
) -> PlotBatch:
    none = np.full((plots, 4), np.nan)
    return PlotBatch(
        1, time_s, by, np.full(plots, time_s - late_s), none.copy(), none.copy(),
        np.zeros((plots, 3)), np.full((plots, 2), np.nan), ("",) * plots,
    )  # fmt: skip


class Sky:
    """Two radars over a square of zones; `seen` is what one sees of what others see, `errs`
    its errors over those that it states."""

    def __init__(self) -> None:
        self.seen = {"north": (8.0, 9.0), "south": (8.0, 9.0)}
        self.zones = square_zones(rows=10)
        self.errs = {"north": 1.0, "south": 1.0}
        self.lookout = Lookout(
            (NORTH, SOUTH),
            self.zones,
            lambda name: self.seen[name],
            lambda name: self.errs[name],
        )
        self.now_s = 1000.0
        self.scans(5)

    def scans(
        self, count: int, by: tuple[str, ...] = ("north", "south"), **how: float
    ) -> Cover:
        for _ in range(count):
            self.now_s += 4.0
            self.lookout.step(Tick(1, self.now_s), 3)
            for name in by:
                more = how if name == "north" else {}
                self.lookout.step(scan(self.now_s, by=name, **more), 3)  # type: ignore[arg-type]
        return self.lookout.cover()


def test_a_calm_sky_is_watched_everywhere() -> None:
    cover = Sky().scans(10)
    assert (cover.troubles, cover.blind, cover.coarse, cover.regions) == ({}, (), (), ())


def test_a_silent_radar_is_seen_after_three_scans_and_its_zones_are_coarse() -> None:
    sky = Sky()
    assert sky.scans(3, by=("south",)).troubles == {}
    cover = sky.scans(1, by=("south",))
    assert cover.troubles == {"north": Trouble.SILENT}
    assert set(cover.coarse) == set(sky.zones.zone_id)
    assert cover.blind == ()


def test_where_no_radar_is_heard_zones_are_blind_and_regions_named() -> None:
    sky = Sky()
    cover = sky.scans(4, by=())
    assert set(cover.troubles) == {"north", "south"}
    assert set(cover.blind) == set(sky.zones.zone_id)
    assert cover.regions == ("",)
    assert sky.scans(3).blind == ()


@pytest.mark.parametrize(
    ("how", "scans", "trouble"),
    [
        ({"plots": 5000}, 1, Trouble.FLOODING),
        ({"late_s": 3.0}, 2, Trouble.SKEWED),
        ({"late_s": -0.5}, 2, Trouble.SKEWED),
        ({"late_s": -1.5}, 1, Trouble.SKEWED),  # from the future
    ],
)
def test_floods_and_clocks_that_jump_are_seen_at_once_or_twice_running_and_forgiven(
    how: dict[str, float], scans: int, trouble: Trouble
) -> None:
    sky = Sky()
    assert sky.scans(scans, **how).troubles == {"north": trouble}
    assert sky.scans(2).troubles == {"north": trouble}
    assert sky.scans(1).troubles == {}


def test_that_we_are_late_ourselves_is_no_fault_of_all_sensors() -> None:
    sky = Sky()
    for _ in range(4):
        sky.now_s += 4.0
        for name in ("north", "south"):
            sky.lookout.step(scan(sky.now_s, late_s=3.5, by=name), 3)
    assert sky.lookout.cover().troubles == {}


def test_a_clock_that_stays_where_it_jumped_to_is_believed_again() -> None:
    sky = Sky()
    assert sky.scans(3, late_s=3.0).troubles == {"north": Trouble.SKEWED}
    assert sky.scans(60, late_s=3.0).troubles == {}


def test_a_radar_that_errs_more_than_it_states_is_told_of_and_still_believed() -> None:
    sky = Sky()
    for ratio, told in (
        (1.2, {}),
        (1.52, {"north": 1.5}),
        (1.2, {"north": 1.2}),
        (1.1, {}),
    ):
        sky.errs["north"] = ratio
        cover = sky.scans(1)
        assert (cover.erring, cover.troubles, cover.blind) == (told, {}, ())


def test_a_radar_that_sees_nothing_where_others_see_is_not_believed() -> None:
    sky = Sky()
    sky.seen["north"] = (0.5, 6.0)
    assert sky.scans(1).troubles == {"north": Trouble.CONTRADICTED}
    sky.seen["north"] = (0.0, 2.0)  # too few looks to tell
    assert sky.scans(3).troubles == {}


def test_a_raid_is_no_flood_and_a_radar_that_goes_blind_in_it_is_found_out() -> None:
    raid = raids.load("rockets")
    drawn = raids.generate(raid, 3)
    zones = region_zones(raid)
    chain = default_chain(drawn.sensors, zones)
    lookout = Lookout(drawn.sensors, zones, chain.lately, chain.error_ratio)
    begun_s, troubles = drawn.batches[0].received_s, set()
    blind_s = found_s = 0.0
    for event in numbered(drawn):
        late = event.received_s > begun_s + 75.0
        if late and isinstance(event, PlotBatch) and event.sensor_id == "south":
            blind_s = blind_s or event.received_s
            event = scan(event.received_s, 0, by="south")
        tracks, *_ = chain.foresee(event)
        lookout.step(event, len(tracks.track_id))
        found = lookout.cover().troubles
        troubles |= set(found.items())
        if "south" in found and late and not found_s:
            found_s = event.received_s
        if found_s:
            break
    assert troubles - {("north", Trouble.UNHEARD), ("south", Trouble.UNHEARD)} == {
        ("south", Trouble.CONTRADICTED)
    }
    assert found_s - blind_s <= 3.5
