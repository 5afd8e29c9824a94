"""What an alert says, in every language of the site: what, where, when, what to do.

Texts travel for seconds to minutes, so they never state a countdown: they say a clock
time, or "now". Pages that count down do so from the onset that comes with the alert.
"""

from functools import cache
from math import isnan
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource

from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState
from forewarn.units import iso_from_epoch

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.ftl")))
RIGHT_TO_LEFT = frozenset({"he", "ar"})
SOON_S = 90.0  # an onset nearer than this is "now": the text takes part of it to arrive


@cache
def _bundle(language: str) -> FluentBundle:
    path = FOLDER / f"{language}.ftl"
    if not path.exists():
        raise ConfigError(f"language {language!r}: no texts; known: {', '.join(LANGUAGES)}")
    # no isolation marks: they count as characters in a phone's short message
    bundle = FluentBundle([language], use_isolating=False)
    bundle.add_resource(FluentResource(path.read_text(encoding="utf-8")))
    return bundle


def _format(language: str, name: str, **values: str) -> str:
    bundle = _bundle(language)
    pattern = bundle.get_message(name).value
    if pattern is None:
        raise ConfigError(f"text {name!r} in {language} is empty")
    text, errors = bundle.format_pattern(pattern, values)
    if errors:
        raise ConfigError(f"text {name!r} in {language}: {errors[0]}")
    return str(text)


@cache
def _words(language: str, name: str) -> str:
    return _format(language, name)


def render(alert: Alert, zone_name: str, language: str, exercise: bool = False) -> str:
    """The text of one step for one zone."""
    kind = _words(language, f"kind-{alert.kind or 'unknown'}")
    left_s = alert.onset_p05_s - alert.issued_s
    if isnan(left_s) or left_s < SOON_S:
        when = _words(language, "now")
    else:
        when = _format(language, "at", clock=clock(alert.onset_p05_s))
    text = _format(
        language,
        str(alert.state),
        kind=kind,
        zone=zone_name,
        when=when,
        issued=clock(alert.issued_s),
    )
    return f"{_words(language, 'exercise')} {text}" if exercise else text


def clock(time_s: float) -> str:
    """Hours, minutes and the zone of a time, for people."""
    return iso_from_epoch(time_s)[11:16] + " UTC"


def missing_parts(text: str, zone_name: str, state: AlertState, language: str) -> list[str]:
    """What a text lacks to be of use: the place, a time or state, or what to do."""
    missing = []
    if zone_name not in text:
        missing.append("where")
    told = clock(0.0)[-3:] in text or _words(language, "now") in text
    if not told and state is not AlertState.STAY:
        missing.append("when")
    if text.count(".") + text.count("؟") < 2 and state is not AlertState.STAY:
        missing.append("what to do")
    return missing
