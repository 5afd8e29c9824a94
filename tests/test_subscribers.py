"""Many subscribers: each is told everything in order, and who does not read is let go."""

import numpy as np

from forewarn.bench.listeners import Reader
from forewarn.bench.subscribers import Load, run


def test_every_subscriber_is_told_everything_in_order_whoever_stalls() -> None:
    load = Load(readers=150, shaky=3, messages=15, every_s=0.02, rounds=1, stalled_s=1.0)
    told = run(load)
    assert told.calm.shape == told.stalled.shape == (147, 15)
    assert not np.isnan(told.calm).any()
    assert not np.isnan(told.stalled).any()
    assert told.let_go == 3
    assert told.stale == 0  # back again, they were told the state of now, and not what was


def heard(*numbers: int) -> Reader:
    reader = Reader()
    for number in numbers:
        # in two pieces, with what HTTP puts between
        reader.data_received(b"2a\r\nevent: alerts\nid: %d\nda" % number)
        reader.data_received(b"ta: {}\n\n\r\n1f\r\nevent: heartbeat\ndata: {}\n\n\r\n")
    return reader


def test_a_reader_notices_what_was_lost_doubled_or_out_of_order() -> None:
    assert not np.isnan(heard(7, 8, 9).arrivals(7, 9)).any()
    assert np.isnan(heard(7, 9).arrivals(7, 9)).tolist() == [False, True, False]
    assert np.isnan(heard(7, 7, 8).arrivals(7, 8)).all()
    assert np.isnan(heard(8, 7).arrivals(7, 8)).all()
