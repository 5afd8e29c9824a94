"""Parts of a site put together: its zones, its pipeline, its texts."""

from collections.abc import Sequence
from dataclasses import astuple

from forewarn.files import Site
from forewarn.forecast import Forecaster
from forewarn.pipeline import Pipeline
from forewarn.records import Alert, Sensor, Zones
from forewarn.track import Tracker
from forewarn.warning import Warner
from forewarn.words import Voice, prepare
from forewarn.zones import Region, made_zones, read_zones

Texts = dict[str, dict[str, str]]


def site_zones(site: Site) -> Zones:
    """Zones of the site's file, or made for its region and kept."""
    language = site.languages[0]
    if site.zones is not None:
        return read_zones(site.zones, language)
    assert site.region is not None  # read_site sees to it
    return made_zones(Region(*astuple(site.region)), language)


def assemble(site: Site, sensors: Sequence[Sensor], zones: Zones) -> Pipeline:
    """The chain of a site, with the sensors of the site or of a recording."""
    air = site.profile.air()
    return Pipeline(
        Tracker(sensors, air, site.track),
        Forecaster(air, zones, site.forecast, site.ground),
        Warner(site.name, zones, site.warning),
        zones,
    )


class Speaker:
    """Says alerts in the languages of the site; in an exercise each text says so."""

    def __init__(self, site: Site, zones: Zones, sensors: Sequence[Sensor]) -> None:
        self._names: dict[str, dict[str, str]] = {
            zone_id: {"": name, **dict(more)}
            for zone_id, name, more in zip(
                zones.zone_id, zones.name, zones.names, strict=True
            )
        }
        exercise = any(sensor.simulated for sensor in sensors)
        self._voices = [
            Voice(language, exercise, time_zone=site.time_zone)
            for language in site.languages
        ]
        for voice in self._voices:
            prepare(voice)

    def texts(self, alerts: Sequence[Alert]) -> Texts:
        """By zone id, by language."""
        return {alert.zone_id: self._of(alert) for alert in alerts}

    def _of(self, alert: Alert) -> dict[str, str]:
        names = self._names[alert.zone_id]
        return {
            voice.language: voice.render(alert, names.get(voice.language, names[""]))
            for voice in self._voices
        }
