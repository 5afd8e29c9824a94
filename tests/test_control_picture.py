"""ASTERIX CAT062: which aircraft air traffic control knows, and where they are."""

from dataclasses import replace
from math import radians

import numpy as np
import pytest
from numpy.testing import assert_allclose

from asterix_frames import NOON_S, RADAR, target_block
from forewarn.errors import ConfigError
from forewarn.geodesy import ecef_from_geographic
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sim import raids
from forewarn.sim.raid_keys import Generated
from forewarn.sources import AsterixDecoder, Feed
from forewarn.sources.asterix_encode import encode_scan
from forewarn.sources.asterix_frame import editions
from test_vouching import CONTROL, OWN, drones_after, light_aircraft

URL = "udp://127.0.0.1:0"
FEED = Feed(CONTROL, URL, 25, 11)
# Packed by hand from the item tables of the standard: SAC 25 SIC 11, 12:00:00; 59.5 N
# 15.5 E; address 4ca1b2; number 7; confirmed, with a flight plan; 1,000 m.
KNOWN = "991d10 190b 546000 00a93e94 002c16c2 80 4ca1b2 0007 0110 020d"


def block(body: str) -> bytes:
    return bytes([62]) + target_block(body)[1:]


def decode(datagram: bytes, feed: Feed = FEED) -> tuple[list[PlotBatch], AsterixDecoder]:
    decoder = AsterixDecoder([feed])
    batches = decoder.feed(datagram, NOON_S + 0.25)
    return batches + decoder.flush(NOON_S + 0.3), decoder


def test_bytes_packed_by_hand_give_the_aircraft_they_tell() -> None:
    (batch,), decoder = decode(block(KNOWN))
    assert not decoder.refused
    assert batch.sensor_id == "control"
    assert batch.identity == ("4ca1b2",)
    assert batch.time_s[0] == NOON_S
    place = ecef_from_geographic(radians(59.5), radians(15.5), 525 * 6.25 * 0.3048)
    assert_allclose(batch.origin_ecef_m[0], place, atol=0.5)
    assert batch.sigma_pos_m[0].tolist() == [30.0, 30.0]
    assert np.isnan(batch.measured).all()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (KNOWN.replace("0110 ", "0100 "), "no flight plan"),
        (KNOWN.replace("0110 ", "0310 "), "tentative track"),
        (KNOWN.replace("0110 ", "0150 "), "end of a track"),
        (KNOWN.replace("0110 ", "01110180 "), "no detection"),  # carried on by itself
        (KNOWN.replace("0110 ", "0190 "), "simulated target from a live sensor"),
        (KNOWN.replace("00a93e94", "40000000"), "position out of range"),
        (KNOWN.replace("991d10", "911d10").replace("00a93e94 002c16c2 ", ""),
         "no position in WGS 84"),
        (KNOWN.replace("991d10", "991c").replace(" 020d", ""), "no height"),
        (KNOWN.replace("020d", "f000"), "height out of range"),
        (KNOWN.replace("546000", "a8c000"), "time of day beyond 24 h"),
        (KNOWN.replace("546000", "000000"), "time of day over 30 s from its arrival"),
        (KNOWN[:-2], "record does not fit the edition"),
    ],
    ids=lambda text: text if " " in text and "190b" not in text else "",
)  # fmt: skip
def test_what_control_does_not_vouch_for_is_counted_and_names_nobody(
    body: str, why: str
) -> None:
    batches, decoder = decode(block(body))
    assert batches == []
    assert dict(decoder.refused) == {("SAC 25 SIC 11", why): 1}


def test_without_an_address_a_flight_is_called_by_its_callsign() -> None:
    body = "990d12 190b 546000 00a93e94 002c16c2 0007 0110 020d 40 534b53 20202020"
    (batch,), decoder = decode(block(body))
    assert not decoder.refused
    assert batch.identity == ("SKS",)


def test_each_kind_of_sensor_speaks_its_own_category() -> None:
    plain = target_block("f0 190b 546000 20 0a00 2000")
    batches, decoder = decode(plain)
    assert batches == []
    radar = Feed(RADAR, URL, 25, 11)
    batches, other = decode(block(KNOWN), radar)
    assert batches == []
    for one in (decoder, other):
        why = "category of another kind of sensor"
        assert dict(one.refused) == {("SAC 25 SIC 11", why): 1}


@pytest.mark.parametrize(
    ("sensor", "edition", "why"),
    [
        (replace(CONTROL, reports="threat"), "", "reports is 'threat', expected 'traffic'"),
        (replace(CONTROL, kind=SensorKind.BEARING), "", "kind is bearing"),
        (CONTROL, "1.32", "edition is '1.32', expected one of 1.16"),
    ],
)
def test_a_feed_that_cannot_be_read_is_refused_at_the_start(
    sensor: Sensor, edition: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        AsterixDecoder([Feed(sensor, URL, 25, 11, edition)])


@pytest.mark.parametrize("edition", editions(62))
def test_what_is_sent_is_read_back_in_every_edition(edition: str) -> None:
    feed = replace(FEED, edition=edition)
    drawn = raids.generate(light_aircraft(CONTROL), 3)
    sent = next(one for one in drawn.batches if one.sensor_id == "control")
    sent = replace(sent, identity=("4ca1b2", "", *sent.identity[2:]))
    decoder = AsterixDecoder([feed])
    (datagram,) = encode_scan(feed, sent)
    (read,) = decoder.feed(datagram, sent.received_s) + decoder.flush(sent.received_s)
    assert not decoder.refused
    named = [i for i, name in enumerate(sent.identity) if name]
    assert read.identity == tuple(sent.identity[i] for i in named)
    assert_allclose(read.origin_ecef_m, sent.origin_ecef_m[named], atol=1.5)
    assert_allclose(read.time_s, sent.time_s[named], atol=1 / 128)


def heard(drawn: Generated, named_by_radars: bool) -> Generated:
    """The same sky; control over the wire, transponders asked by radars."""
    decoder = AsterixDecoder([FEED])
    batches = []
    for one in drawn.batches:
        if one.sensor_id == "own word":
            continue
        if one.sensor_id != "control":
            batches.append(one)
            continue
        for datagram in encode_scan(FEED, one):
            batches += decoder.feed(datagram, one.received_s)
        batches += decoder.flush(one.received_s)
    assert not decoder.refused
    if named_by_radars:
        told = [one for one in drawn.batches if one.sensor_id == "own word"]
        batches = [_asked(one, told) for one in batches]
    return replace(drawn, batches=batches)


def _asked(batch: PlotBatch, told: list[PlotBatch]) -> PlotBatch:
    """A radar's plots with the address of the transponder that answered, where one did."""
    if batch.sensor_id == "control" or not len(batch.time_s):
        return batch
    at = min(told, key=lambda one: abs(one.received_s - batch.received_s))
    away_m = np.linalg.norm(at.origin_ecef_m[:, None] - batch.origin_ecef_m[None], axis=2)
    off_m = np.abs(away_m - batch.measured[None, :, 0])
    near = off_m.argmin(axis=0)  # by range alone: clutter may answer
    sure = off_m[near, np.arange(len(near))] < 300.0
    names = (at.identity[k] if yes else "" for k, yes in zip(near, sure, strict=True))
    return replace(batch, identity=tuple(names))


def test_control_over_the_wire_and_radars_that_ask_clear_an_aircraft() -> None:
    drawn = raids.generate(light_aircraft(OWN, CONTROL), 1)
    alone, both = (drones_after(heard(drawn, asked)) for asked in (False, True))
    assert len(both) >= 5
    assert all(alone)
    assert not any(both)
