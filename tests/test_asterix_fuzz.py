"""Rubbish on the wire: mutated ASTERIX frames. `make fuzz COUNT=...` runs more of them."""

import os
import random
import time
from math import nan, pi, tau

import numpy as np

from asterix_frames import NOON_S, feed_of, scan_of, target_block
from forewarn.records import PlotBatch, Sensor, SensorKind
from forewarn.sources import AsterixDecoder
from forewarn.sources.asterix_encode import encode_mark, encode_scan

COUNT = int(os.environ.get("FOREWARN_FUZZ", "20000"))
SEED = int(os.environ.get("FOREWARN_FUZZ_SEED", "20261124"))
PLAIN = "f0 190a 546000 20 0a00 2000"
TRACK = "991d10 190b 546000 00a93e94 002c16c2 80 4ca1b2 0007 0110 020d"
CONTROL = Sensor(
    "control", SensorKind.POSITION, sigma_position_m=60.0, sigma_height_m=60.0, trusted=True
)
WITH_HEIGHT = "f1 01 0c 190a 546000 20 0a00 2000 0028 80 039c"


def mutated(frame: bytes, source: random.Random) -> bytes:
    """A frame with some octets changed, cut, doubled or put in, its length mended."""
    category, octets = frame[0], bytearray(frame[3:])
    if source.random() < 0.3:
        octets = bytearray(frame)
    else:
        category = source.choice((category, category, category, 34, 48, 62))
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(octets))
        match source.choice((0, 0, 0, 0, 1, 1, 2, 3, 4)):
            case 0:
                octets[at] ^= 1 << source.randrange(8)
            case 1:
                octets[at] = source.randrange(256)
            case 2:
                del octets[at:]
            case 3:
                octets[at:at] = octets[at : at + source.randint(1, 9)]
            case _:
                octets[at:at] = source.randbytes(source.randint(1, 4))
        if not octets:
            return b""
    if octets[:1] == frame[:1]:
        return bytes(octets)
    return bytes([category]) + (len(octets) + 3).to_bytes(2, "big") + bytes(octets)


def test_mutated_frames_never_stop_the_feed_and_each_is_counted_or_read() -> None:
    source = random.Random(SEED)
    frames = [
        target_block(PLAIN),
        target_block(WITH_HEIGHT),
        target_block(
            "ff 8c 190a 546000 20 0a00 2000 0fff 0578 80 55 4ca1d2 1041 71ca 0820 0123"
        ),
        b"".join(
            encode_scan(
                feed_of(), scan_of([(9000.0, 1.0, 0.1, 9.0), (8000.0, 2.0, 0.1, nan)])
            )
        ),
        encode_mark(feed_of(), NOON_S, 0.0),
        bytes([62]) + target_block(TRACK)[1:],
    ]
    decoder = AsterixDecoder([feed_of(), feed_of(CONTROL, sic=11)])
    batches: list[PlotBatch] = []
    slowest_s, silent = 0.0, 0
    for i in range(COUNT):
        frame = mutated(source.choice(frames), source)
        before = (decoder.refused.total(), held(decoder), len(batches))
        begun_s = time.process_time()
        batches += decoder.feed(frame, NOON_S + i / COUNT)
        slowest_s = max(slowest_s, time.process_time() - begun_s)
        silent += before == (decoder.refused.total(), held(decoder), len(batches))
    batches += decoder.flush(NOON_S + 2)
    print(f"slowest of {COUNT} mutated frames: {slowest_s * 1e3:.1f} ms of processor time")
    assert {batch.sensor_id for batch in batches} == {"north", "control"}
    for batch in batches:
        assert np.all(np.abs(batch.time_s - NOON_S) < 33)
        assert np.isfinite(batch.origin_ecef_m).all()
        if batch.sensor_id == "control":
            continue
        assert np.all(batch.measured[:, 0] > 0)
        assert np.all((batch.measured[:, 1] >= 0) & (batch.measured[:, 1] < tau))
        assert not np.any(np.abs(batch.measured[:, 2]) > pi / 2)
    assert decoder.refused.total() > COUNT / 4
    assert silent < COUNT * 0.2  # service messages, which add no plot and need no count
    # Reasons come from a fixed list, so a stranger cannot grow the count for ever.
    assert len({reason for _, reason in decoder.refused}) < 30
    assert len(decoder.refused) < 1030


def held(decoder: AsterixDecoder) -> int:
    return sum(len(scan.rows) for scan in decoder._scans.values())
