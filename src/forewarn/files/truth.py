"""Truth of a simulated or reconstructed raid: `threats.parquet`, `states.parquet`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.parquet import numbers, read_table, texts, write_table
from forewarn.geodesy import FloatArray
from forewarn.records import seal
from forewarn.threats import HARMFUL_M

_STATE = ("lat_deg", "lon_deg", "height_m", "ve_mps", "vn_mps", "vu_mps")


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What truly flew. Threats (n) and, of these and of aircraft and birds, states (k).

    threat_id, kind : (n,) text
    appears_s       : (n,) launch, or entry into the recording
    impact_s        : (n,) nan = never comes down
    impact_deg      : (n, 2) latitude, longitude; nan = never comes down
    impact_height_m, harmful_m : (n,)
    state_id        : (k,) text
    state_time_s    : (k,)
    state           : (k, 6) lat_deg, lon_deg, height_m, ve_mps, vn_mps, vu_mps
    """

    threat_id: tuple[str, ...]
    kind: tuple[str, ...]
    appears_s: FloatArray
    impact_s: FloatArray
    impact_deg: FloatArray
    impact_height_m: FloatArray
    harmful_m: FloatArray
    state_id: tuple[str, ...]
    state_time_s: FloatArray
    state: FloatArray

    def __post_init__(self) -> None:
        n, k = len(self.threat_id), len(self.state_id)
        for name in ("appears_s", "impact_s", "impact_height_m", "harmful_m"):
            seal("truth", name, getattr(self, name), (n,))
        seal("truth", "impact_deg", self.impact_deg, (n, 2))
        seal("truth", "state_time_s", self.state_time_s, (k,))
        seal("truth", "state", self.state, (k, 6))


def write_truth(folder: Path, truth: Truth) -> None:
    """Write both files into a folder, made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    write_table(
        folder / "threats.parquet",
        {
            "threat_id": list(truth.threat_id),
            "kind": list(truth.kind),
            "appears_s": truth.appears_s,
            "impact_s": truth.impact_s,
            "impact_lat_deg": truth.impact_deg[:, 0],
            "impact_lon_deg": truth.impact_deg[:, 1],
            "impact_height_m": truth.impact_height_m,
            "harmful_m": truth.harmful_m,
        },
    )
    states = {name: truth.state[:, i] for i, name in enumerate(_STATE)}
    write_table(
        folder / "states.parquet",
        {"time_s": truth.state_time_s, "threat_id": list(truth.state_id), **states},
    )


def read_truth(folder: Path) -> Truth:
    """Read both files; radii and heights that are not given are those of the contract."""
    path = folder / "threats.parquet"
    table = read_table(path)
    kind = texts(path, table, "kind")
    for row, name in enumerate(kind):
        if name not in HARMFUL_M:
            raise ConfigError(
                f"{path}: row {row} kind: found {name!r}, "
                f"expected one of {', '.join(HARMFUL_M)}"
            )
    harmful_m = numbers(path, table, "harmful_m", required=False)
    usual_m = np.array([HARMFUL_M[name] for name in kind])
    states_path = folder / "states.parquet"
    states = read_table(states_path)
    return Truth(
        threat_id=tuple(texts(path, table, "threat_id")),
        kind=tuple(kind),
        appears_s=numbers(path, table, "appears_s"),
        impact_s=numbers(path, table, "impact_s"),
        impact_deg=np.stack(
            [numbers(path, table, f"impact_{axis}_deg") for axis in ("lat", "lon")], axis=1
        ),
        impact_height_m=np.nan_to_num(
            numbers(path, table, "impact_height_m", required=False)
        ),
        harmful_m=np.where(np.isnan(harmful_m), usual_m, harmful_m),
        state_id=tuple(texts(states_path, states, "threat_id")),
        state_time_s=numbers(states_path, states, "time_s"),
        state=np.stack([numbers(states_path, states, name) for name in _STATE], axis=1),
    )
