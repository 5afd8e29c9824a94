"""`forewarn zones`: make, import, check."""

from math import isfinite, nan
from pathlib import Path
from typing import Annotated

import typer

cli = typer.Typer(help="Zones: made for a region, imported from a map, checked.")


@cli.command("make")
def make(
    out: Annotated[Path, typer.Option("--out", help="GeoJSON file to write")],
    country: Annotated[str, typer.Option(help="ISO 3166 code, two letters")] = "",
    lat_deg: Annotated[float, typer.Option("--lat", help="centre, degrees north")] = nan,
    lon_deg: Annotated[float, typer.Option("--lon", help="centre, degrees east")] = nan,
    radius_km: Annotated[float, typer.Option("--radius-km", help="around it")] = 50.0,
    resolution: Annotated[int, typer.Option(help="of H3 cells; 8 is 0.7 km2")] = 8,
    shelter_s: Annotated[float, typer.Option(help="seconds people need")] = 60.0,
) -> None:
    """Make zones where people live, in a country or around a centre."""
    from forewarn.errors import ConfigError
    from forewarn.zones import Region, make_zones, write_zones

    if bool(country) == isfinite(lat_deg + lon_deg):
        raise ConfigError("zones make: expected --country, or --lat and --lon")
    region = Region(lat_deg, lon_deg, radius_km, resolution, shelter_s, country)
    write_zones(out, make_zones(region))
    _report(out)


@cli.command("import")
def import_(
    polygons: Annotated[Path, typer.Argument(help="GeoJSON with the areas")],
    out: Annotated[Path, typer.Option("--out", help="GeoJSON file to write")],
    mapping: Annotated[
        list[str],
        typer.Option(
            "--map",
            help="KEY=COLUMN[,COLUMN]; of several columns the smallest number counts",
        ),
    ],
    table: Annotated[Path | None, typer.Option(help="CSV joined by the id column")] = None,
) -> None:
    """Turn somebody's map into zones.

    For example: --map zone_id=zone_id --map name=name_en --map name:he=name_he
    --map shelter_s=time_to_shelter_s,time_to_shelter_s_alt --table zones.csv
    """
    from forewarn.zones import import_zones, write_zones
    from forewarn.zones.importing import parse_map

    collection, notices = import_zones(polygons, table, parse_map(mapping))
    for notice in notices:
        print(notice)
    write_zones(out, collection)
    _report(out)


@cli.command("check")
def check(path: Path) -> None:
    """Read a zones file as the service would, and say what is in it."""
    _report(path)


def _report(path: Path) -> None:
    from forewarn.zones import read_zones

    zones = read_zones(path)
    print(
        f"{path}: {len(zones.zone_id):,} zones, {zones.population.sum():,.0f} people, "
        f"{zones.area_m2.sum() / 1e6:,.0f} km2, "
        f"{zones.shelter_s.min():g}-{zones.shelter_s.max():g} s to shelter"
    )
