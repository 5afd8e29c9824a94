"""`forewarn check`: what a site file would run, in plain words."""

from pathlib import Path
from typing import Annotated

import typer


def check(site: Annotated[Path, typer.Argument(help="site file")]) -> None:
    """Read a site file and all it names, and say what would run."""
    from dataclasses import fields

    from forewarn.app.assembly import site_zones
    from forewarn.errors import ConfigError
    from forewarn.files import read_site
    from forewarn.sources import parse_feed
    from forewarn.words import LANGUAGES

    said = read_site(site)
    for language in said.languages:
        if language not in LANGUAGES:
            raise ConfigError(
                f"{site}: languages: found {language!r}, known: {', '.join(LANGUAGES)}"
            )
    zones = site_zones(said)
    print(f"{said.name}: texts in {', '.join(said.languages)}")
    print(
        f"zones: {len(zones.zone_id):,} with {zones.population.sum():,.0f} people, "
        f"{zones.shelter_s.min():g}-{zones.shelter_s.max():g} s to shelter"
    )
    for feed in said.feeds:
        address = parse_feed(feed.feed, site.resolve().parent)
        print(
            f"sensor {feed.sensor.sensor_id}: {feed.sensor.kind}, {type(address).__name__}"
        )
    for sensor in said.sensors:
        if all(feed.sensor is not sensor for feed in said.feeds):
            print(f"sensor {sensor.sensor_id}: {sensor.kind}, no feed: only for recordings")
    for channel in said.channels:
        print(f"channel {channel.kind}: {channel.folder}")
    print(f"store: {said.store.path}; web: {said.web.host}:{said.web.port}")
    for name in ("track", "forecast", "warning"):
        params = getattr(said, name)
        for field in fields(params):
            value = getattr(params, field.name)
            if value != field.default:
                print(f"[{name}] {field.name} = {value} (usually {field.default})")
    print("all of it can be used")
