"""ASTERIX CAT048 and CAT034: decoding, its limits, and what it does with rubbish."""

import time
from dataclasses import replace
from math import isnan, nan, pi, tau

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from asterix_frames import NOON_S, NOON_TOD, RADAR, feed_of, scan_of, target_block
from forewarn.errors import ConfigError
from forewarn.geodesy import ecef_from_geographic, enu_from_ecef
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sources import AsterixDecoder, Feed
from forewarn.sources.asterix import (
    BATCH_MAX_PLOTS,
    BATCH_MAX_S,
    arc_of,
    elevation_from_height,
    utc_from_time_of_day,
)
from forewarn.sources.asterix_encode import encode_mark, encode_plot, encode_scan
from forewarn.sources.asterix_frame import (
    ANGLE_LSB_RAD,
    HEIGHT_LSB_M,
    RANGE_LSB_M,
    RECORDS_MAX,
    editions,
)

# Packed by hand from the item tables of the standard: SAC 25 SIC 10, 12:00:00, single
# primary echo, 10 NM at 45 degrees; then a height of 1000 ft and -100 m/s.
PLAIN = "f0 190a 546000 20 0a00 2000"
WITH_HEIGHT = "f1 01 0c 190a 546000 20 0a00 2000 0028 80 039c"
NOON_FIELD = f"{round(NOON_TOD * 128):06x}"


def decode(body: str, feed: Feed | None = None) -> tuple[list[PlotBatch], AsterixDecoder]:
    decoder = AsterixDecoder([feed or feed_of()])
    batches = decoder.feed(target_block(body), NOON_S + 0.25)
    return batches + decoder.flush(NOON_S + 0.3), decoder


def reasons(decoder: AsterixDecoder) -> dict[tuple[str, str], int]:
    return dict(decoder.refused)


def test_bytes_packed_by_hand_give_the_plot_they_tell() -> None:
    assert NOON_FIELD == "546000"
    (batch,), decoder = decode(WITH_HEIGHT)
    range_m, azimuth, elevation, rate = batch.measured[0]
    assert range_m == 18520.0
    assert azimuth == pi / 4
    assert rate == -100.0
    # 304.8 m seen from 180 m, 18.52 km away, less the drop of a round Earth of 27 m
    assert_allclose(elevation, (304.8 - 180 - 26.9) / 18520, atol=2e-5)
    assert batch.time_s[0] == NOON_S
    assert batch.received_s == NOON_S + 0.3
    assert batch.seq == 0
    assert not decoder.refused


def test_frame_published_with_the_standard_tables_is_read() -> None:
    # From the manual of the library: north marker, sector 0, a plot, sector 45 degrees.
    # The plot has no time, so nothing is said of the sector it was in.
    frame = "220007c0010201 220008d001020200 30000c9801020a0020000fff 220008d001020220"
    decoder = AsterixDecoder([feed_of(sac=1, sic=2)])
    assert decoder.feed(bytes.fromhex(frame), NOON_S) == []
    assert reasons(decoder) == {("SAC 1 SIC 2", "no time of day"): 1}


def test_radar_of_two_dimensions_gets_no_elevation() -> None:
    flat = replace(RADAR, kind=SensorKind.RADAR2D)
    (batch,), _ = decode(WITH_HEIGHT, feed_of(flat))
    assert isnan(batch.measured[0, 2])
    assert isnan(batch.sigma[0, 2])


@settings(max_examples=60, deadline=None)
@given(
    range_m=st.floats(500.0, 400_000.0),
    azimuth=st.floats(0.0, tau, exclude_max=True),
    elevation=st.floats(0.0, 1.2),
    rate=st.floats(-500.0, 500.0),
)
def test_plot_written_and_read_again_is_the_same_within_the_steps_of_the_format(
    range_m: float, azimuth: float, elevation: float, rate: float
) -> None:
    scan = scan_of([(range_m, azimuth, elevation, rate)])
    (batch,) = read_back(scan)
    found = batch.measured[0]
    assert_allclose(found[0], range_m, atol=RANGE_LSB_M / 2 + 1e-6)
    turned = (found[1] - azimuth + pi) % tau - pi
    assert abs(turned) <= ANGLE_LSB_RAD / 2 + 1e-9
    assert_allclose(found[3], rate, atol=0.5)
    if not isnan(found[2]):  # left out above 62 km
        across = (HEIGHT_LSB_M + RANGE_LSB_M) / (range_m * np.cos(elevation))
        assert_allclose(found[2], elevation, atol=across + 1e-6)
    assert_allclose(batch.time_s[0], scan.time_s[0], atol=1 / 256)


def read_back(scan: PlotBatch, feed: Feed | None = None) -> list[PlotBatch]:
    decoder = AsterixDecoder([feed or feed_of()])
    sent = encode_scan(feed or feed_of(), scan)
    found = [b for datagram in sent for b in decoder.feed(datagram, scan.received_s)]
    assert not decoder.refused
    return found + decoder.flush(scan.received_s)


def test_elevation_over_a_round_earth_agrees_with_the_ellipsoid() -> None:
    lat, lon = RADAR.lat_rad, RADAR.lon_rad
    for lat_off, lon_off, height_m in (
        (0.02, 0.0, 9000.0),
        (0.0, 0.03, 300.0),
        (-0.01, 0.02, 5e4),
    ):
        there = np.array(ecef_from_geographic(lat + lat_off, lon + lon_off, height_m))
        east, north, up = enu_from_ecef(lat, lon) @ (there - RADAR.origin_ecef_m)
        range_m = float(np.sqrt(east**2 + north**2 + up**2))
        azimuth = float(np.arctan2(east, north))
        found = elevation_from_height(RADAR, range_m, azimuth, height_m)
        # 15 m at 200 km, far below the step of a 3-D radar
        assert_allclose(found, np.arcsin(up / range_m), atol=1e-4)


@pytest.mark.parametrize("identity", ["4ca1d2", "DAH1", "AFR 12"])
def test_identity_is_the_address_or_else_the_callsign(identity: str) -> None:
    (batch,) = read_back(scan_of([(9000.0, 1.0, nan, nan)], identity=(identity,)))
    assert batch.identity == (identity,)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("f0 190a a8c000 20 0a00 2000", "time of day beyond 24 h"),
        ("f0 190a 546000 20 0000 2000", "range is zero"),
        ("e0 190a 546000 20", "no measured position"),
        ("f0 190a 546000 21 40 0a00 2000", "range beyond 256 nautical miles is not read"),
        ("f4 190a 546000 20 0a00 2000 2000", "flight level out of range"),
        ("f1 01 08 190a 546000 20 0a00 2000 2500", "height out of range"),
        ("f1 01 08 190a 546000 20 0a00 2000 c028", "height out of range"),
        (
            "f1 01 08 190a 546000 20 0010 2000 1fff",
            "height and range contradict each other",
        ),
        ("f0 190a 541000 20 0a00 2000", "time of day over 30 s from its arrival"),
        ("f0 190a 546000 21 80 0a00 2000", "test target"),
        ("f0 190a 546000 30 0a00 2000", "simulated target from a live sensor"),
        ("f0 190a 546000 00 0a00 2000", "no detection"),
        ("f0 190a 546000 22 0a00 2000", "field monitor"),
        ("f0 190a 546000 20 0a00", "record does not fit the edition"),
        ("f0 190a 546000 21 81 40 0a00 2000", "record does not fit the edition"),
    ],
)
def test_field_out_of_its_range_refuses_the_record_and_says_why(
    body: str, reason: str
) -> None:
    feed = replace(feed_of(), edition="1.30")
    batches, decoder = decode(body, feed)
    assert batches == []
    assert reasons(decoder) == {("SAC 25 SIC 10", reason): 1}


def test_nothing_valid_beside_a_refused_record_is_lost() -> None:
    batches, decoder = decode(PLAIN + "f0 190a 546000 20 0000 2000" + PLAIN)
    assert [len(batch.time_s) for batch in batches] == [2]
    assert reasons(decoder) == {("SAC 25 SIC 10", "range is zero"): 1}


def test_block_in_another_edition_is_refused_whole_and_the_next_block_read() -> None:
    # Edition 1.31 gave I048/020 a third octet; up to 1.30 there are two.
    newer = target_block(PLAIN + "f0 190a 546000 21 01 00 0a00 2000")
    for edition, plots in (("1.30", 1), ("1.31", 3)):
        decoder = AsterixDecoder([replace(feed_of(), edition=edition)])
        assert decoder.feed(newer + target_block(PLAIN), NOON_S) == []
        (batch,) = decoder.flush(NOON_S)
        assert len(batch.time_s) == plots
        refused = {("SAC 25 SIC 10", "record does not fit the edition"): 1}
        assert reasons(decoder) == (refused if plots == 1 else {})


def test_unknown_edition_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"sensor north: edition is '9.9'.*1.27.*1.32"):
        AsterixDecoder([replace(feed_of(), edition="9.9")])
    assert editions()[-1] == "1.32"


def test_radar_that_is_not_of_the_site_is_counted_by_its_codes() -> None:
    _, decoder = decode(PLAIN.replace("190a", "0102"))
    assert reasons(decoder) == {("SAC 1 SIC 2", "not a sensor of this feed"): 1}


def test_record_of_another_radar_inside_a_block_goes_to_that_radar() -> None:
    south = replace(RADAR, sensor_id="south")
    decoder = AsterixDecoder([feed_of(), feed_of(south, sic=11)])
    decoder.feed(target_block(PLAIN + PLAIN.replace("190a", "190b")), NOON_S)
    assert [batch.sensor_id for batch in decoder.flush(NOON_S)] == ["north", "south"]


def test_two_sensors_with_the_same_codes_on_one_feed_are_an_error() -> None:
    with pytest.raises(ConfigError, match="north and south: both have sac 25, sic 10"):
        AsterixDecoder([feed_of(), feed_of(replace(RADAR, sensor_id="south"))])


def test_sensor_that_is_no_radar_cannot_have_an_asterix_feed() -> None:
    ear = Sensor("ear", SensorKind.BEARING)
    with pytest.raises(ConfigError, match="ear: kind is bearing, expected radar"):
        AsterixDecoder([feed_of(ear)])


def test_simulated_targets_are_taken_from_a_simulated_sensor_only() -> None:
    rehearsal = feed_of(replace(RADAR, simulated=True))
    (batch,) = read_back(scan_of([(9000.0, 1.0, 0.1, nan)]), rehearsal)
    assert len(batch.time_s) == 1


@pytest.mark.parametrize(
    ("time_of_day_s", "received_s", "expected_s"),
    [
        (86399.5, NOON_S + 43200.25, NOON_S + 43199.5),  # seen before, arrived after
        (0.25, NOON_S + 43199.9, NOON_S + 43200.25),  # a clock slightly ahead
        (43200.0, NOON_S + 1.0, NOON_S),
    ],
)
def test_time_of_day_lands_on_the_right_side_of_midnight(
    time_of_day_s: float, received_s: float, expected_s: float
) -> None:
    assert utc_from_time_of_day(time_of_day_s, received_s) == expected_s


@given(st.floats(0, 86399.99), st.floats(-20.0, 5.0))
def test_time_of_day_gives_back_any_time_near_its_arrival(
    into_s: float, late_s: float
) -> None:
    time_s = NOON_S + into_s
    assert utc_from_time_of_day(time_s % 86400, time_s - late_s) == pytest.approx(
        time_s, abs=1e-5
    )


def plots_at(azimuths: list[float], received_s: float) -> bytes:
    scan = scan_of(
        [(50_000.0, azimuth, nan, nan) for azimuth in azimuths], received_s=received_s
    )
    return b"".join(
        bytes([48]) + (len(record) + 3).to_bytes(2, "big") + record
        for record in (encode_plot(feed_of(), scan, row) for row in range(len(azimuths)))
    )


def mark(azimuth_rad: float, time_s: float) -> bytes:
    return encode_mark(feed_of(), time_s, azimuth_rad)


def test_sector_between_two_marks_is_one_batch_even_when_empty() -> None:
    decoder = AsterixDecoder([feed_of()])
    sector = tau / 16
    assert decoder.feed(mark(0.0, NOON_S), NOON_S) == []
    decoder.feed(plots_at([0.1, 0.2], NOON_S), NOON_S + 0.1)
    (first,) = decoder.feed(mark(sector, NOON_S), NOON_S + 0.25)
    assert first.sector_rad == (0.0, sector)
    assert len(first.time_s) == 2
    (empty,) = decoder.feed(mark(2 * sector, NOON_S), NOON_S + 0.5)
    assert empty.sector_rad == (sector, 2 * sector)
    assert len(empty.time_s) == 0


def test_last_sector_ends_at_the_north_marker() -> None:
    decoder = AsterixDecoder([feed_of()])
    decoder.feed(mark(tau * 15 / 16, NOON_S), NOON_S)
    (batch,) = decoder.feed(mark(0.0, NOON_S), NOON_S + 0.25)
    assert_allclose(batch.sector_rad, (tau * 15 / 16, tau))


def test_scan_between_two_north_markers_swept_all_round() -> None:
    decoder = AsterixDecoder([feed_of()])
    decoder.feed(mark(0.0, NOON_S), NOON_S)
    decoder.feed(plots_at([1.0, 4.0], NOON_S + 3.9), NOON_S + 3.9)
    (batch,) = decoder.feed(mark(0.0, NOON_S), NOON_S + 4.0)
    assert batch.sector_rad == (0.0, tau)


def test_mark_given_twice_closes_no_empty_turn() -> None:
    decoder = AsterixDecoder([feed_of()])
    decoder.feed(mark(0.0, NOON_S), NOON_S)
    assert decoder.feed(mark(0.0, NOON_S), NOON_S + 0.01) == []


def test_after_a_gap_of_marks_only_the_arc_of_the_plots_counts_as_swept() -> None:
    decoder = AsterixDecoder([feed_of()])
    decoder.feed(mark(0.0, NOON_S), NOON_S)
    decoder.feed(plots_at([1.0, 1.25], NOON_S + 9), NOON_S + 9)
    (batch,) = decoder.feed(mark(2.0, NOON_S), NOON_S + 9.1)
    assert_allclose(batch.sector_rad, (1.0, 1.25), atol=ANGLE_LSB_RAD)


def test_radar_whose_plots_come_after_their_mark_claims_no_sector_it_did_not_report() -> (
    None
):
    decoder = AsterixDecoder([feed_of()])
    decoder.feed(mark(0.5, NOON_S), NOON_S)
    decoder.feed(plots_at([0.25, 0.375], NOON_S), NOON_S + 0.1)
    (late,) = decoder.feed(mark(1.0, NOON_S), NOON_S + 0.25)
    assert_allclose(late.sector_rad, (0.25, 0.375), atol=ANGLE_LSB_RAD)
    assert decoder.feed(mark(1.5, NOON_S), NOON_S + 0.5) == []


def test_batch_closes_by_time_or_count_where_no_mark_comes() -> None:
    decoder = AsterixDecoder([feed_of()])
    assert decoder.feed(plots_at([1.0], NOON_S), NOON_S) == []
    assert decoder.poll(NOON_S + BATCH_MAX_S - 0.01) == []
    (timed,) = decoder.poll(NOON_S + BATCH_MAX_S)
    assert timed.sector_rad[0] == timed.sector_rad[1]
    full = b"".join(plots_at([1.0] * 8, NOON_S) for _ in range(BATCH_MAX_PLOTS // 8))
    (counted,) = decoder.feed(full, NOON_S + 1)
    assert len(counted.time_s) == BATCH_MAX_PLOTS


@given(st.lists(st.floats(0, tau, exclude_max=True), min_size=1, max_size=20))
def test_arc_holds_every_azimuth_it_is_of(azimuths: list[float]) -> None:
    start, end = arc_of(np.array(azimuths))
    assert 0 <= end - start < tau
    for azimuth in azimuths:
        past = (azimuth - start + 1e-9) % tau
        assert past <= end - start + 2e-9


def test_datagram_of_endless_records_is_cut_short() -> None:
    hostile = b"".join(target_block("c0 190a 546000") for _ in range(2 * RECORDS_MAX))
    decoder = AsterixDecoder([feed_of()])
    begun_s = time.process_time()
    assert decoder.feed(hostile, NOON_S) == []
    assert time.process_time() - begun_s < 1.0
    assert decoder.refused["SAC 25 SIC 10", "no measured position"] == RECORDS_MAX
    assert sum(decoder.refused.values()) == 2 * RECORDS_MAX
