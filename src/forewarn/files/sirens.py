"""Histories of real sirens, as others publish them, and the places they name.

Three forms of CSV are known by their headers: alerts with start and end by oblast, raion
and hromada; the same by region only; and alerts by zone that tell only when they began.
"""

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from forewarn.errors import ConfigError, PlotError
from forewarn.geodesy import FloatArray
from forewarn.records import seal
from forewarn.units import RAD_PER_DEG, epoch_from_iso

Place = tuple[str, str, str]  # region, district, community; "" = the whole of what is above
LEVELS = ("region", "district", "community")
OPEN_ENDED_S = 600.0  # "stay ten minutes unless told otherwise": Home Front Command
AIR_THREATS = frozenset({"1", "2"})  # rockets and missiles, hostile aircraft; no drills
ISRAEL = ZoneInfo("Asia/Jerusalem")


@dataclass(frozen=True, slots=True, eq=False)
class Sirens:
    """Alerts as they were declared, one row each.

    place          : (n,) where
    start_s, end_s : (n,) UTC seconds
    notices        : what was left out, and why
    """

    place: tuple[Place, ...]
    start_s: FloatArray
    end_s: FloatArray
    notices: tuple[str, ...]

    def __post_init__(self) -> None:
        seal("sirens", "start_s", self.start_s, (len(self.place),))
        seal("sirens", "end_s", self.end_s, (len(self.place),))


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The smallest places known, so that larger ones can be added up.

    place      : (k,)
    people     : (k,) who live there; 1 each where no table tells
    counted    : "people", or "places" where no table tells how many live there
    centre_rad : (k, 2) latitude, longitude; nan = not told
    outline    : (k,) rings of degrees longitude, latitude; () = not told
    """

    place: tuple[Place, ...]
    people: FloatArray
    counted: str
    centre_rad: FloatArray
    outline: tuple[tuple[Any, ...], ...]

    def __post_init__(self) -> None:
        seal("places", "people", self.people, (len(self.place),))
        seal("places", "centre_rad", self.centre_rad, (len(self.place), 2))


def plain(name: str) -> str:
    """A name without the word for its kind: `m. Sumy ta Sumska hromada` is `sumska`."""
    found = name.strip().lower().split(" ta ")[-1]
    for tail in (" terytorialna hromada", " raion", " oblast", " city"):
        found = found.removesuffix(tail)
    return found


def read_sirens(path: Path, longest_s: float) -> Sirens:
    """A history; alerts longer than `longest_s` missed their end and are left out."""
    rows = list(_rows(path))
    if not rows:
        raise ConfigError(f"{path}: no rows")
    reader = _reader(path, set(rows[0]))
    found: list[tuple[Place, float, float]] = []
    drills = long = 0
    for number, row in enumerate(rows, start=2):
        if row.get("category", "1") not in AIR_THREATS:
            drills += 1
            continue
        try:
            alerts = reader(row)
        except (ValueError, PlotError) as error:
            raise ConfigError(f"{path}: line {number}: {error}") from None
        for place, start_s, end_s in alerts:
            if not 0 < end_s - start_s <= longest_s:
                long += 1
            else:
                found.append((place, start_s, end_s))
    notices = []
    if drills:
        notices.append(f"{path}: {drills:,} rows are drills or no threat from the air")
    if reader in (_by_zone, _as_published):
        told = f"counted for {OPEN_ENDED_S / 60:.0f} minutes"
        notices.append(f"{path}: alerts do not tell when they end: each is {told}")
    if long:
        notices.append(f"{path}: {long:,} alerts end before they start, or never did")
    return Sirens(
        tuple(place for place, _, _ in found),
        np.array([start for _, start, _ in found], np.float64),
        np.array([end for _, _, end in found], np.float64),
        tuple(notices),
    )


def _reader(path: Path, columns: set[str]) -> "_Reader":
    for needed, reader in _FORMS:
        if needed <= columns:
            return reader
    forms = "; ".join(", ".join(sorted(needed)) for needed, _ in _FORMS)
    found = ", ".join(sorted(columns))
    raise ConfigError(f"{path}: columns are {found}; expected those of one of: {forms}")


def _rows(path: Path) -> Iterable[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: is not CSV: {error}") from None


def _by_level(row: dict[str, str]) -> list[tuple[Place, float, float]]:
    region, district = row["oblast"], row["raion"]
    if region.endswith(" raion") and district.endswith(" oblast"):
        region, district = district, region  # seen in the published file
    place = (plain(region), plain(district), plain(row["hromada"]))
    return [(place, epoch_from_iso(row["started_at"]), epoch_from_iso(row["finished_at"]))]


def _by_region(row: dict[str, str]) -> list[tuple[Place, float, float]]:
    place = (plain(row["region"]), "", "")
    return [(place, epoch_from_iso(row["started_at"]), epoch_from_iso(row["finished_at"]))]


def _by_zone(row: dict[str, str]) -> list[tuple[Place, float, float]]:
    start_s = epoch_from_iso(row["time_utc"])
    return [((plain(row["zone_name_he"]), "", ""), start_s, start_s + OPEN_ENDED_S)]


def _as_published(row: dict[str, str]) -> list[tuple[Place, float, float]]:
    local = datetime.strptime(f"{row['date']} {row['time']}", "%d.%m.%Y %H:%M:%S")  # noqa: DTZ007
    start_s = local.replace(tzinfo=ISRAEL).astimezone(UTC).timestamp()
    return [
        ((plain(name), "", ""), start_s, start_s + OPEN_ENDED_S)
        for name in row["data"].split(", ")
    ]


_Reader = Callable[[dict[str, str]], list[tuple[Place, float, float]]]
_FORMS: tuple[tuple[set[str], _Reader], ...] = (
    ({"oblast", "raion", "hromada", "started_at", "finished_at"}, _by_level),
    ({"region", "started_at", "finished_at"}, _by_region),
    ({"zone_name_he", "time_utc"}, _by_zone),
    ({"data", "date", "time"}, _as_published),
)


def read_places(paths: Iterable[Path]) -> Places:
    """Places and their people out of CSV tables and GeoJSON zones, all together.

    What tells of whole districts counts only in regions of which nothing tells the parts.
    Of each property the first that is there counts: `population` or `population_2022`;
    `oblast`, `oblast_en` or `adm1_en`, and so on down.
    """
    rows = [row for path in paths for row in _places(path)]
    apart = {place[0] for place, *_ in rows if place[2]}
    kept = [row for row in rows if row[0][2] or row[0][0] not in apart]
    people = np.array([row[1] for row in kept], np.float64)
    return Places(
        tuple(row[0] for row in kept),
        np.nan_to_num(people, nan=1.0),
        "people" if np.isfinite(people).any() else "places",
        np.array([row[2] for row in kept], np.float64).reshape(-1, 2) * RAD_PER_DEG,
        tuple(row[3] for row in kept),
    )


def leave_out(
    sirens: Sequence[Sirens], places: Places | None, names: Sequence[str]
) -> tuple[list[Sirens], Places | None]:
    """Without some regions: those under a permanent alert would hide all else."""
    gone = {plain(name) for name in names}
    known = {place[0] for one in sirens for place in one.place}
    known |= {place[0] for place in (places.place if places else ())}
    for name in names:
        if plain(name) not in known:
            raise ConfigError(f"--without: nothing tells of a region named {name!r}")
    kept = []
    for one in sirens:
        rows = np.flatnonzero([place[0] not in gone for place in one.place])
        found = tuple(one.place[row] for row in rows)
        kept.append(Sirens(found, one.start_s[rows], one.end_s[rows], one.notices))
    if places is None:
        return kept, None
    rows = np.flatnonzero([place[0] not in gone for place in places.place])
    return kept, Places(
        tuple(places.place[row] for row in rows),
        places.people[rows],
        places.counted,
        places.centre_rad[rows],
        tuple(places.outline[row] for row in rows),
    )


_Row = tuple[Place, float, tuple[float, float], tuple[Any, ...]]


def _places(path: Path) -> Iterable[_Row]:
    if path.suffix.lower() == ".csv":
        for row in _rows(path):
            if _first(row, "population", "population_2022"):
                yield _place(path, row, ())
        return
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        for feature in features:
            shape = feature["geometry"]
            parts = shape["coordinates"]
            parts = [parts] if shape["type"] == "Polygon" else parts
            rings = tuple(ring for part in parts for ring in part)
            yield _place(path, feature["properties"], rings)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: is no GeoJSON of zones: {error!r}") from None


def _place(path: Path, row: dict[str, Any], rings: tuple[Any, ...]) -> _Row:
    region = plain(_first(row, "oblast", "oblast_en", "adm1_en"))
    district = plain(_first(row, "raion", "raion_en", "adm2_en"))
    community = plain(_first(row, "hromada", "hromada_en"))
    if not region:  # zones that alerts name themselves
        region = plain(_first(row, "name_he", "name", "zone_id"))
    try:
        people = float(_first(row, "population", "population_2022") or "nan")
        lat, lon = (float(_first(row, axis) or "nan") for axis in ("lat", "lon"))
    except ValueError as error:
        raise ConfigError(f"{path}: {region or row}: {error}") from None
    if rings:
        lon, lat = np.mean(np.array(rings[0], np.float64)[:, :2], axis=0)
    return (region, district, community), people, (float(lat), float(lon)), rings


def _first(row: dict[str, Any], *names: str) -> str:
    return next((str(row[name]) for name in names if row.get(name) not in (None, "")), "")
