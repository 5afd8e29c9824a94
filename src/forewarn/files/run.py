"""Output of a run: alerts, tracks, forecasts, exposures, summary."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from forewarn.errors import ConfigError
from forewarn.files.parquet import TableWriter
from forewarn.files.toml import SCHEMA, check_schema
from forewarn.forecast.areas import futures_of, held_area_m2
from forewarn.geodesy import FloatArray, geographic_points
from forewarn.records import Alert, AlertState, Forecasts, Outcome
from forewarn.threats import CLASSES
from forewarn.units import DEG_PER_RAD

LEAST = 1e-5  # probability of a zone below which its row is not kept
HEAD = f'{{"schema":{SCHEMA}}}\n'  # of alerts.jsonl
EVERY_S = 1.0  # tracks, forecasts and exposures are kept at this pace


def alert_line(
    alert: Alert, texts: Mapping[str, str], recorded_s: float | None = None
) -> str:
    """One life step as a line of `alerts.jsonl`: the same alert, the same bytes."""
    row: dict[str, Any] = {
        "alert_id": alert.alert_id,
        "step": alert.step,
        "zone_id": alert.zone_id,
        "state": str(alert.state),
        "issued_s": alert.issued_s,
        "recorded_s": recorded_s,
        "onset_p05_s": _number(alert.onset_p05_s),
        "onset_p50_s": _number(alert.onset_p50_s),
        "probability": alert.probability,
        "threshold": alert.threshold,
        "people": alert.people,
        "threats": list(alert.threats),
        "sources": list(alert.sources),
        "texts": dict(texts),
        "seq": alert.seq,
        "kind": alert.kind,
        "reason": alert.reason,
    }
    if recorded_s is None:
        del row["recorded_s"]
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _number(value: float) -> float | None:
    return None if isnan(value) else value


def write_alerts(
    path: Path, steps: Iterable[tuple[Alert, Mapping[str, str], float | None]]
) -> int:
    """An `alerts.jsonl` of steps, their texts, and when each was on record; how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for alert, texts, recorded_s in steps:
            file.write(alert_line(alert, texts, recorded_s) + "\n")
            count += 1
    return count


def cut_alerts(path: Path, out: Path, holds: Callable[[float], bool]) -> None:
    """The steps of an `alerts.jsonl` that were issued at times that hold, as they are."""
    issued_s = [alert.issued_s for alert in read_alerts(path)]
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    steps = zip(lines[len(lines) - len(issued_s) :], issued_s, strict=True)
    kept = [line for line, at_s in steps if holds(at_s)]
    out.write_text("".join([HEAD, *kept]), encoding="utf-8")


def read_alerts(path: Path) -> tuple[Alert, ...]:
    """All life steps of an `alerts.jsonl`, in order."""
    return tuple(alert for alert, _ in _steps(path))


def _steps(path: Path) -> list[tuple[Alert, float]]:
    """Each life step and when it was on disk; nan = it does not say."""
    alerts = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if number == 1 and set(row) == {"schema"}:
                check_schema(path, row["schema"])
                continue
            recorded_s = row.get("recorded_s")
            alerts.append(
                (_alert(row), float("nan") if recorded_s is None else float(recorded_s))
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{path}: line {number}: {type(error).__name__}: {error}"
            ) from None
    return alerts


def _alert(row: dict[str, Any]) -> Alert:
    def time(name: str) -> float:
        return float("nan") if row[name] is None else float(row[name])

    return Alert(
        alert_id=str(row["alert_id"]),
        step=int(row["step"]),
        seq=int(row.get("seq", 0)),
        zone_id=str(row["zone_id"]),
        state=AlertState(row["state"]),
        issued_s=float(row["issued_s"]),
        onset_p05_s=time("onset_p05_s"),
        onset_p50_s=time("onset_p50_s"),
        probability=float(row["probability"]),
        threshold=float(row["threshold"]),
        people=float(row["people"]),
        kind=str(row.get("kind", "")),
        threats=tuple(row["threats"]),
        sources=tuple(row["sources"]),
        reason=str(row.get("reason", "")),
    )


class RunWriter:
    """Writes the output of a run, step by step; `close` completes it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._alerts: TextIO = (folder / "alerts.jsonl").open("w", encoding="utf-8")
        self._alerts.write(HEAD)
        self._pace = Pace()
        self._widths = Widths()
        self._tables = {
            name: TableWriter(folder / f"{name}.parquet")
            for name in ("tracks", "forecasts", "exposures")
        }

    def write(self, outcome: Outcome, texts: Mapping[str, Mapping[str, str]]) -> None:
        """One outcome. texts : by zone id, by language, of its alerts."""
        for alert in outcome.alerts:
            self._alerts.write(alert_line(alert, texts[alert.zone_id]) + "\n")
        if self._pace.keeps(outcome):
            self._tables["tracks"].add(_tracks(outcome))
            self._tables["forecasts"].add(
                _forecasts(outcome, self._widths.area_m2(outcome.forecasts))
            )
            self._tables["exposures"].add(_exposures(outcome))

    def close(self, summary: Mapping[str, Any]) -> None:
        """Write the tables and the summary."""
        self._alerts.close()
        for table in self._tables.values():
            table.close()
        text = json.dumps({"schema": SCHEMA, **summary}, indent=2, ensure_ascii=False)
        (self._folder / "summary.json").write_text(text + "\n", encoding="utf-8")


class Pace:
    """Which outcomes are kept: one a second, and all that tell people something."""

    def __init__(self) -> None:
        self._kept_s = -np.inf

    def keeps(self, outcome: Outcome) -> bool:
        """Whether this one is."""
        if outcome.received_s - self._kept_s < EVERY_S and not outcome.alerts:
            return False
        self._kept_s = outcome.received_s
        return True


class Widths:
    """How wide the area is in which each track comes down; kept where nothing changed."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, float]] = {}

    def area_m2(self, forecasts: Forecasts) -> FloatArray:
        """(n,) size of the smallest area that holds 95 % of each track's futures."""
        fresh = {}
        names = zip(forecasts.track_id.tolist(), forecasts.made_s.tolist(), strict=True)
        for row, (track, made_s) in enumerate(names):
            known = self._known.get(track)
            if known is None or known[0] != made_s:
                known = (made_s, held_area_m2(futures_of(forecasts, row), 0.95))
            fresh[track] = known
        self._known = fresh
        return np.array([area for _, area in fresh.values()], np.float64)


def _tracks(outcome: Outcome) -> dict[str, Any]:
    t = outcome.tracks
    mean = np.einsum("nm,nmk->nk", t.mode_weight, t.mean)
    lat, lon, height = geographic_points(mean[:, :3]) if len(mean) else np.zeros((3, 0))
    return {
        "received_s": np.full(len(mean), t.received_s),
        "track_id": t.track_id,
        "time_s": t.time_s,
        "lat_deg": lat * DEG_PER_RAD,
        "lon_deg": lon * DEG_PER_RAD,
        "height_m": height,
        "vx_mps": mean[:, 3],
        "vy_mps": mean[:, 4],
        "vz_mps": mean[:, 5],
        "ln_beta": mean[:, 6],
        "existence": t.existence,
        "confirmed": t.confirmed,
        **{f"p_{name}": t.class_prob[:, i] for i, name in enumerate(CLASSES)},
    }


def _forecasts(outcome: Outcome, area_m2: FloatArray) -> dict[str, Any]:
    f = outcome.forecasts
    owner = np.repeat(np.arange(len(f.track_id)), np.diff(f.start))
    weight = np.bincount(owner, f.weight, minlength=len(f.track_id))
    safe = np.maximum(weight, 1e-300)

    def mean(values: Any) -> Any:
        return np.bincount(owner, f.weight * values, minlength=len(f.track_id)) / safe

    return {
        "received_s": np.full(len(f.track_id), f.received_s),
        "track_id": f.track_id,
        "probability": weight,
        "lat_deg": mean(f.place_rad[:, 0]) * DEG_PER_RAD,
        "lon_deg": mean(f.place_rad[:, 1]) * DEG_PER_RAD,
        "area_95_m2": area_m2,
        "time_s": mean(f.time_s),
        "last_s": f.last_s,
        "stale": f.stale,
    }


def _exposures(outcome: Outcome) -> dict[str, Any]:
    x = outcome.exposures
    told = x.probability > LEAST
    return {
        "received_s": np.full(int(told.sum()), x.received_s),
        "zone": x.zone[told],
        "track_id": x.track_id[x.threat[told]],
        "probability": x.probability[told],
        "onset_p05_s": x.onset_p05_s[told],
        "onset_p50_s": x.onset_p50_s[told],
    }


@dataclass(frozen=True, slots=True)
class Run:
    """What a run said, and under which names.

    recorded_s : (k,) when each alert was on disk; nan = not told
    """

    folder: Path
    alerts: tuple[Alert, ...]
    recorded_s: FloatArray
    summary: dict[str, Any]


def read_run(folder: Path) -> Run:
    """Alerts and summary of a run; its tables are read by who needs them."""
    folder = Path(folder)
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file; is {folder} the output of a run?"
        ) from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}: is not JSON: {error}") from None
    check_schema(path, summary.get("schema", SCHEMA))
    steps = _steps(folder / "alerts.jsonl")
    recorded_s = np.array([recorded for _, recorded in steps], np.float64)
    return Run(folder, tuple(alert for alert, _ in steps), recorded_s, summary)
