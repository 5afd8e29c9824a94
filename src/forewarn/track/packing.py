"""Scans as named arrays, and back: what a snapshot of the tracker holds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forewarn.records import PlotBatch

_ROWS = ("time_s", "measured", "sigma", "origin_ecef_m", "sigma_pos_m")
_WIDTHS = {"time_s": (), "measured": (4,), "sigma": (4,), "origin_ecef_m": (3,)}


def pack(batches: Sequence[PlotBatch]) -> dict[str, NDArray[Any]]:
    """Any number of scans, under names that begin with "scan_"."""
    packed: dict[str, NDArray[Any]] = {
        "scan_seq": np.array([b.seq for b in batches], np.int64),
        "scan_received_s": np.array([b.received_s for b in batches], np.float64),
        "scan_sensor": np.array([b.sensor_id for b in batches], dtype="U64"),
        "scan_sector": np.array([b.sector_rad for b in batches]).reshape(-1, 2),
        "scan_plots": np.array([len(b.time_s) for b in batches], np.int64),
        "scan_identity": np.array([name for b in batches for name in b.identity], "U16"),
    }
    for name in _ROWS:
        width = _WIDTHS.get(name, (2,))
        rows = [np.zeros((0, *width)), *(getattr(b, name) for b in batches)]
        packed[f"scan_{name}"] = np.concatenate(rows)
    return packed


def unpack(packed: dict[str, NDArray[Any]]) -> list[PlotBatch]:
    """The scans again."""
    ends = np.concatenate([[0], np.cumsum(packed["scan_plots"])])
    batches = []
    for k, seq in enumerate(packed["scan_seq"].tolist()):
        rows = slice(int(ends[k]), int(ends[k + 1]))
        first, last = packed["scan_sector"][k].tolist()
        batches.append(
            PlotBatch(
                seq=seq,
                received_s=float(packed["scan_received_s"][k]),
                sensor_id=str(packed["scan_sensor"][k]),
                identity=tuple(packed["scan_identity"][rows].tolist()),
                sector_rad=(first, last),
                **{name: packed[f"scan_{name}"][rows].copy() for name in _ROWS},
            )
        )
    return batches
