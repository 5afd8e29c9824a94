"""`forewarn check`: what a site file would run, in plain words."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from forewarn.files import Site
    from forewarn.records import Zones


def check(
    site: Annotated[Path, typer.Argument(help="site file")],
    texts: Annotated[bool, typer.Option("--texts", help="every text, to read")] = False,
) -> None:
    """Read a site file and all it names, and say what would run."""
    from dataclasses import fields

    from forewarn.app.assembly import is_exercise, site_zones
    from forewarn.channels import plan_channels
    from forewarn.files import read_site
    from forewarn.sources import parse_feed
    from forewarn.words import Voice, prepare

    said = read_site(site)
    for language in said.languages:
        prepare(Voice(language, time_zone=said.time_zone, own=said.texts))
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
    _clearing(said)
    for plan in plan_channels(said.channels, is_exercise(said, said.sensors)):
        print(f"channel {plan.name}: {plan.keys}")
    print(f"store: {said.store.path}; web: {said.web.host}:{said.web.port}")
    for name in ("track", "forecast", "warning"):
        params = getattr(said, name)
        for field in fields(params):
            value = getattr(params, field.name)
            if value != field.default:
                print(f"[{name}] {field.name} = {value} (usually {field.default})")
    _names(said, zones)
    if texts:
        _texts(said, zones)
    print("all of it can be used")


def _clearing(site: "Site") -> None:
    """Whether aircraft can be cleared: it takes who knows them, and another group."""
    naming = [sensor for sensor in site.sensors if sensor.names_aircraft]
    known = sorted({sensor.group for sensor in naming if sensor.vouches})
    if known and len({sensor.group for sensor in naming}) > 1:
        print(f"aircraft: cleared by {', '.join(known)} and a second group")
    elif known:
        print(
            f"aircraft: cleared by {', '.join(known)} where radars of another group name "
            "them too (Mode S); no second source of traffic is listed"
        )
    elif naming:
        print(
            "aircraft: nobody is cleared, for no source of traffic is listed as trusted: "
            "what flies as slowly as a drone is warned of"
        )


def _names(site: "Site", zones: "Zones") -> None:
    """Which names are too long for cell broadcast, and what becomes of them."""
    from forewarn.words import shortened

    for language in site.languages:
        names = [_name(zones, row, language) for row in range(len(zones.name))]
        cut = {name: short for name in names if (short := shortened(name)) != name}
        if cut:
            name, short = max(cut.items(), key=lambda pair: len(pair[0]))
            print(
                f"{language}: {len(cut)} names may be shortened in cell broadcast, "
                f"for example {name!r} to {short!r}"
            )


def _texts(site: "Site", zones: "Zones") -> None:
    """Everything that people may be told, for the zone with the longest name."""
    from forewarn.words import Audience, Form, Voice, sample
    from forewarn.words.checking import STATES

    for language in site.languages:
        rows = range(len(zones.name))
        name = max((_name(zones, row, language) for row in rows), key=len)
        for form in Form:
            for state in STATES:
                for audience in Audience:
                    voice = Voice(
                        language, False, audience, site.time_zone, form, site.texts
                    )
                    print(f"{language} {form} {state} {audience}:")
                    print(f"    {voice.render(sample(state, 'rocket', 600.0), name)}")


def _name(zones: "Zones", row: int, language: str) -> str:
    return dict(zones.names[row]).get(language, zones.name[row])
