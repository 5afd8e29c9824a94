"""Parts of a site put together: its zones, its pipeline, its texts."""

import time
from collections.abc import Sequence
from dataclasses import astuple
from math import isfinite
from pathlib import Path

from forewarn.errors import ConfigError
from forewarn.files import Site, ZoneKeys, read_grid
from forewarn.forecast import Forecaster
from forewarn.pipeline import Pipeline
from forewarn.records import Alert, Sensor, Zones
from forewarn.signing import Signer, Vault, World
from forewarn.track import Tracker
from forewarn.warning import Warner
from forewarn.words import Voice, prepare
from forewarn.zones import (
    Census,
    PeopleGrid,
    Region,
    made_zones,
    read_shelter,
    read_zones,
)

Texts = dict[str, dict[str, str]]


def site_zones(site: Site) -> Zones:
    """Zones of the site's file, or made for its region and kept."""
    language = site.languages[0]
    census = _census(site.zone_keys, made=site.zones is None)
    if site.zones is not None:
        return read_zones(site.zones, language, census)
    assert site.region is not None  # read_site sees to it
    return made_zones(Region(*astuple(site.region)), language, census)


def _census(keys: ZoneKeys, made: bool) -> Census:
    """Who lives in the zones: a user's grid goes before numbers we made ourselves."""
    shelter = read_shelter(keys.shelter_line, keys.shelter_km_s, keys.shelter_s)
    if keys.people in ("", "places"):
        return Census("places" if made else keys.people or None, shelter=shelter)
    grid = read_grid(Path(keys.people))
    if grid.values.min() < 0 or not isfinite(grid.values.sum()):
        raise ConfigError(f"{keys.people}: some numbers of people are below 0, or none")
    people = PeopleGrid(
        grid.values,
        grid.south_deg - grid.step_deg / 2,
        grid.west_deg - grid.step_deg / 2,
        grid.step_deg,
        grid.step_deg,
    )
    return Census(people, made, shelter)


def assemble(site: Site, sensors: Sequence[Sensor], zones: Zones) -> Pipeline:
    """The chain of a site, with the sensors of the site or of a recording."""
    air = site.profile.air()
    return Pipeline(
        Tracker(sensors, air, site.track),
        Forecaster(air, zones, site.forecast, site.ground),
        Warner(site.name, zones, site.warning),
        zones,
    )


def is_exercise(site: Site, sensors: Sequence[Sensor]) -> bool:
    """Whether the site says so, or anything of what these sensors see is simulated."""
    return site.exercise or any(sensor.simulated for sensor in sensors)


def site_world(site: Site, sensors: Sequence[Sensor]) -> World:
    """What the site's signatures and its record speak for."""
    return World.EXERCISE if is_exercise(site, sensors) else World.LIVE


def site_signer(site: Site, sensors: Sequence[Sensor]) -> Signer:
    """The site's key for its world; made where there is none."""
    return Vault(site.signing.folder).signer(site_world(site, sensors), time.time)


class Speaker:
    """Says alerts in the languages of the site; in an exercise each text says so."""

    def __init__(self, site: Site, zones: Zones, sensors: Sequence[Sensor]) -> None:
        self.names: dict[str, dict[str, str]] = {
            zone_id: {"": name, **dict(more)}
            for zone_id, name, more in zip(
                zones.zone_id, zones.name, zones.names, strict=True
            )
        }
        exercise = is_exercise(site, sensors)
        self._voices = [
            Voice(language, exercise, time_zone=site.time_zone, own=site.texts)
            for language in site.languages
        ]
        for voice in self._voices:
            prepare(voice)

    def texts(self, alerts: Sequence[Alert]) -> Texts:
        """By zone id, by language."""
        return {alert.zone_id: self._of(alert) for alert in alerts}

    def _of(self, alert: Alert) -> dict[str, str]:
        names = self.names[alert.zone_id]
        return {
            voice.language: voice.render(alert, names.get(voice.language, names[""]))
            for voice in self._voices
        }
