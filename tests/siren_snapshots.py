"""Who was under alert at one moment of each night: real snapshots, and people of raions."""

import csv
from collections import defaultdict
from datetime import datetime
from pathlib import Path

SNAPSHOTS = "ukraine-active-snapshots/active_2024-10-11_to_2025-12-31.csv"
LONGEST_S = 86_400.0  # an alert that lasts longer missed its end
OTHERWISE = {"самарівський": "новомосковський", "звягельський": "новоград-волинський"}
Raion = tuple[str, str]


def _plain(name: str) -> str:
    name = name.strip().lower().replace("\u2019", "'").removeprefix("м. ")
    return name.removesuffix(" область").removesuffix(" район")


def people_of_raions(folder: Path) -> dict[Raion, float]:
    """By oblast and raion, 1 January 2022."""
    with (folder / "ukraine-zones/raions.csv").open(encoding="utf-8") as file:
        return {
            (_plain(row["oblast_uk"]), _plain(row["raion_uk"])): float(
                row["population_2022"]
            )
            for row in csv.DictReader(file)
            if row["population_2022"]
        }


class Nights:
    """Means over nights of the people under alert, as shares of all.

    oblast : because their whole oblast was
    raion  : because their raion was, and their oblast not
    wide   : who would have been, had the oblasts of those raions been warned as a whole
    count  : nights;  lost: alerts of raions that no table knows
    """

    def __init__(self, folder: Path, first: str, last: str) -> None:
        """Nights from the first up to the last day, as 2025-12-16."""
        self._people = people_of_raions(folder)
        self.lost = 0
        nights: dict[str, list[dict[str, str]]] = defaultdict(list)
        with (folder / SNAPSHOTS).open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if first <= row["snapshot_at"][:10] <= last:
                    nights[row["snapshot_at"]].append(row)
        told = [self._night(rows) for rows in nights.values()]
        self.count = len(told)
        self.oblast, self.raion, self.wide = (
            sum(night[k] for night in told) / len(told) for k in range(3)
        )

    def _night(self, rows: list[dict[str, str]]) -> tuple[float, float, float]:
        whole, part, around = set[Raion](), set[Raion](), set[Raion]()
        for row in rows:
            if row["level"] not in ("oblast", "raion") or _age_s(row) > LONGEST_S:
                continue
            oblast = {one for one in self._people if one[0] == _plain(row["oblast_uk"])}
            if row["level"] == "oblast":
                whole |= oblast
                continue
            name = _plain(row["raion_uk"])
            here = {one for one in oblast if one[1] in (name, OTHERWISE.get(name))}
            self.lost += not here
            part |= here
            around |= oblast
        return self._share(whole), self._share(part - whole), self._share(around - whole)

    def _share(self, raions: set[Raion]) -> float:
        return sum(self._people[one] for one in raions) / sum(self._people.values())


def _age_s(row: dict[str, str]) -> float:
    at, since = (datetime.fromisoformat(row[key]) for key in ("snapshot_at", "started_at"))
    return (at - since).total_seconds()
