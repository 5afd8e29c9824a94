"""What an alert says, in every language of the site: what, where, when, what to do.

Texts travel for seconds to minutes, so they never state a countdown: they say a clock
time, or "now". Who counts down live does so from the onset that comes with the alert,
with `time_left`. A place stands first and by itself, so that no language has to bend it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo

from fluent.runtime import FluentBundle, FluentResource

from forewarn.errors import ConfigError
from forewarn.records import Alert, AlertState

FOLDER = Path(__file__).parent / "locale"
LANGUAGES = tuple(sorted(path.stem for path in FOLDER.glob("*.ftl")))
RIGHT_TO_LEFT = frozenset({"he", "ar"})
SOON_S = 90.0  # an onset nearer than this is "now": the text takes part of it to arrive
MINUTES_FROM_S = 120.0  # a time left is told in seconds below this
_RLM = "\u200f"  # right-to-left mark
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d\b")


class Audience(StrEnum):
    """For whom a text is: what to do differs."""

    EVERYONE = "everyone"
    SCHOOLS = "schools"  # and hospitals: whoever has others in their care
    DRIVERS = "drivers"
    SLOW = "slow"  # who cannot hear or move fast


@dataclass(frozen=True, slots=True)
class Voice:
    """One way to say alerts.

    time_zone : IANA name of the place where people read their clocks
    """

    language: str
    exercise: bool = False
    audience: Audience = Audience.EVERYONE
    time_zone: str = "UTC"

    def render(self, alert: Alert, zone_name: str) -> str:
        """The whole text of one step for one zone."""
        told = f"{self._stated(alert, zone_name)}. {self.instruction(alert.state)}"
        return self._marked(told)

    def headline(self, alert: Alert, zone_name: str) -> str:
        """Where, what and when, in one line."""
        return self._marked(self._stated(alert, zone_name))

    def instruction(self, state: AlertState) -> str:
        """What to do."""
        return _said(self.language, f"do-{state}", str(self.audience))

    def _stated(self, alert: Alert, zone_name: str) -> str:
        left_s = alert.onset_p05_s - alert.issued_s
        if not isfinite(left_s) or left_s < SOON_S:
            when = _said(self.language, "now")
        else:
            onset = clock(alert.onset_p05_s, self.time_zone)
            when = _format(self.language, "at", clock=onset)
        return _format(
            self.language,
            f"headline-{alert.state}",
            kind=kind_name(alert.kind, self.language),
            zone=zone_name,
            when=when,
            issued=clock(alert.issued_s, self.time_zone),
        )

    def _marked(self, text: str) -> str:
        text = as_exercise(text, self.language) if self.exercise else text
        if self.language in RIGHT_TO_LEFT and _first_strong(text) == "L":
            return _RLM + text  # else a phone would lay the whole line out left to right
        return text


def render(alert: Alert, zone_name: str, language: str, exercise: bool = False) -> str:
    """The text of one step for one zone, for everyone, with clock times in UTC."""
    return Voice(language, exercise).render(alert, zone_name)


def prepare(voice: Voice) -> None:
    """Say everything once: a text that is missing is found at the start, not in a raid."""
    _place(voice.time_zone)
    nan = float("nan")
    for state in (s for s in AlertState if s is not AlertState.CLEAR):
        for onset_s in (nan, 1e6):
            sample = Alert(
                "", 0, 0, "", state, 0.0, onset_s, onset_s, nan, nan, nan, "", (), (), ""
            )
            voice.render(sample, "")


def as_exercise(text: str, language: str) -> str:
    """The text, beginning with the word that says it is an exercise."""
    word = _said(language, "exercise")
    return text if text.lstrip(_RLM).startswith(word) else f"{word} {text}"


def parted(text: str, state: AlertState, language: str) -> tuple[str, str]:
    """Headline and instruction of a text that `render` made; else all of it, twice."""
    for audience in Audience:
        instruction = Voice(language, audience=audience).instruction(state)
        if text.endswith(instruction):
            return text.removesuffix(instruction).strip(), instruction
    return text, text


@cache
def kind_name(kind: str, language: str) -> str:
    """What a class of threats is called; one that has no name is a threat from the air."""
    known = _bundle(language).has_message(f"kind-{kind}")
    return _format(language, f"kind-{kind if known else 'unknown'}")


def time_left(left_s: float, language: str) -> str:
    """A time left as a live display tells it, rounded down: "45 seconds", "3 minutes"."""
    if not isfinite(left_s) or left_s < 1.0:
        return _said(language, "now")
    if left_s < MINUTES_FROM_S:
        return _format(language, "seconds", count=int(left_s))
    return _format(language, "minutes", count=int(left_s // 60))


def clock(time_s: float, time_zone: str = "UTC") -> str:
    """Hours and minutes of a time as people there read them; UTC is named."""
    told = f"{datetime.fromtimestamp(time_s, _place(time_zone)):%H:%M}"
    return f"{told} UTC" if time_zone == "UTC" else told


def missing_parts(text: str, zone_name: str, language: str) -> list[str]:
    """What a text lacks to be of use, of: what, where, when, what to do."""
    lower = text.casefold()
    held = {
        "what": _holds(lower, _said(language, "says-what")),
        "where": bool(zone_name) and zone_name.casefold() in lower,
        "when": bool(_CLOCK.search(text)) or _said(language, "now").casefold() in lower,
        "what to do": _holds(lower, _said(language, "says-do")),
    }
    return [part for part, there in held.items() if not there]


def _holds(text: str, stems: str) -> bool:
    return any(stem.strip().casefold() in text for stem in stems.split("|"))


def _first_strong(text: str) -> str:
    classes = (unicodedata.bidirectional(letter) for letter in text)
    return next((found for found in classes if found in ("L", "R", "AL")), "")


@cache
def _place(time_zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"time zone {time_zone!r} is not known; expected a name like Europe/Kyiv"
        ) from None


@cache
def _bundle(language: str) -> FluentBundle:
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r}: no texts; known: {', '.join(LANGUAGES)}")
    # no isolation marks: they count as characters in a phone's short message
    bundle = FluentBundle([language], use_isolating=False)
    text = (FOLDER / f"{language}.ftl").read_text(encoding="utf-8")
    bundle.add_resource(FluentResource(text))
    return bundle


def _format(language: str, name: str, **values: str | int) -> str:
    bundle = _bundle(language)
    pattern = bundle.get_message(name).value if bundle.has_message(name) else None
    if pattern is None:
        raise ConfigError(f"{language}.ftl: text {name!r} is missing")
    text, errors = bundle.format_pattern(pattern, values)
    if errors:
        raise ConfigError(f"{language}.ftl: text {name!r}: {errors[0]}")
    return str(text)


@cache
def _said(language: str, name: str, audience: str = "everyone") -> str:
    return _format(language, name, audience=audience)
