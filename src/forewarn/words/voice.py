"""What an alert says, in every language of the site: what, where, when, what to do.

Texts travel for seconds to minutes, so they never state a countdown: they say a clock
time, or "now". Who counts down live does so from the onset that comes with the alert,
with `time_left`. A place stands first and by itself, so that no language has to bend it.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo

from forewarn.errors import ConfigError
from forewarn.records import IN_ERROR, Alert, AlertState
from forewarn.words.catalogue import RIGHT_TO_LEFT, has, phrase, said
from forewarn.words.cells import fits, shorter

CORRECTION = "correction"  # name of the texts that take an alert back as a mistake
SOON_S = 90.0  # an onset nearer than this is "now": the text takes part of it to arrive
MINUTES_FROM_S = 120.0  # a time left is told in seconds below this
MARKS = {"L": "\u200e", "R": "\u200f"}  # left-to-right, right-to-left


class Audience(StrEnum):
    """For whom a text is: what to do differs."""

    EVERYONE = "everyone"
    SCHOOLS = "schools"  # and hospitals: whoever has others in their care
    DRIVERS = "drivers"
    SLOW = "slow"  # who cannot hear or move fast


class Form(StrEnum):
    """How a text is put."""

    NORMAL = "normal"
    SHORT = "short"  # for cell broadcast: one page of GSM letters, or three of others
    PLAIN = "plain"  # short sentences and easy words: children, learners of the language


PAGES = {Form.NORMAL: (15, 15), Form.SHORT: (1, 3), Form.PLAIN: (15, 15)}  # GSM, UCS-2


@dataclass(frozen=True, slots=True)
class Voice:
    """One way to say alerts.

    time_zone : IANA name of the place where people read their clocks
    own       : folder of a site's own texts, which go before the package's
    """

    language: str
    exercise: bool = False
    audience: Audience = Audience.EVERYONE
    time_zone: str = "UTC"
    form: Form = Form.NORMAL
    own: Path | None = None

    def render(self, alert: Alert, zone_name: str) -> str:
        """The whole text of one step for one zone.

        In the short form a name that is too long is shortened (`cells.shorter`), and
        never what to do.
        """
        if self.form is not Form.SHORT:
            return self._whole(alert, zone_name)
        told = ""
        for name in shorter(zone_name):
            told = self._whole(alert, name)
            if fits(told, *PAGES[self.form]):
                break
        return told

    def headline(self, alert: Alert, zone_name: str) -> str:
        """Where, what and when, in one line."""
        return self._marked(self._stated(alert, zone_name))

    def instruction(self, state: str) -> str:
        """What to do in a state, or after a correction."""
        return said(
            self.language, self.text_name("do", state), self.own, str(self.audience)
        )

    def text_name(self, what: str, state: str) -> str:
        """Name in the catalogue of a state's headline, or of what to do ("do")."""
        form = "" if self.form is Form.NORMAL else f"{self.form}-"
        return f"{form}{what}-{state}"

    def _whole(self, alert: Alert, zone_name: str) -> str:
        stated = self._stated(alert, zone_name)
        stop = "." if self.form is Form.NORMAL else ""
        return self._marked(f"{stated}{stop} {self.instruction(spoken(alert))}")

    def _stated(self, alert: Alert, zone_name: str) -> str:
        left_s = alert.onset_p05_s - alert.issued_s
        if not isfinite(left_s) or left_s < SOON_S:
            when = said(self.language, "now", self.own)
        else:
            onset = clock(alert.onset_p05_s, self.time_zone)
            at = "short-at" if self.form is Form.SHORT else "at"
            when = phrase(self.language, at, self.own, clock=onset)
        plain = self.form is Form.PLAIN
        return phrase(
            self.language,
            self.text_name("headline", spoken(alert)),
            self.own,
            kind=kind_name(alert.kind, self.language, self.own, plain),
            zone=zone_name,
            when=when,
            issued=clock(alert.issued_s, self.time_zone),
        )

    def _marked(self, text: str) -> str:
        text = as_exercise(text, self.language, self.own) if self.exercise else text
        first, own = _first_strong(text), "R" if self.language in RIGHT_TO_LEFT else "L"
        # else a phone would lay the whole line out as its first letter runs
        return text if first in ("", own) else MARKS[own] + text


def spoken(alert: Alert) -> str:
    """What an alert is told as: its state, or a correction."""
    return CORRECTION if alert.reason == IN_ERROR else str(alert.state)


def render(alert: Alert, zone_name: str, language: str, exercise: bool = False) -> str:
    """The text of one step for one zone, for everyone, with clock times in UTC."""
    return Voice(language, exercise).render(alert, zone_name)


def as_exercise(text: str, language: str, own: Path | None = None) -> str:
    """The text, beginning with the word that says it is an exercise."""
    word = said(language, "exercise", own)
    bare = text.lstrip("".join(MARKS.values()))
    return text if bare.startswith(word) else f"{word} {text}"


def exercise_banner(languages: Sequence[str], own: Path | None = None) -> dict[str, str]:
    """By language, what stands on everything of an exercise."""
    return {language: said(language, "exercise", own) for language in languages}


def drill_texts(
    languages: Sequence[str], exercise: bool, own: Path | None = None
) -> dict[str, str]:
    """By language, what a self-drill says: a test, no danger, nothing to do."""
    texts = {language: said(language, "drill", own) for language in languages}
    if not exercise:
        return texts
    return {language: as_exercise(text, language, own) for language, text in texts.items()}


def parted(
    text: str, state: AlertState, language: str, own: Path | None = None
) -> tuple[str, str]:
    """Headline and instruction of a text that `render` made; else all of it, twice."""
    names = (state, CORRECTION) if state is AlertState.ALL_CLEAR else (state,)
    known = (
        Voice(language, audience=audience, form=form, own=own).instruction(name)
        for name in names
        for form in Form
        for audience in Audience
    )
    instruction = max((each for each in known if text.endswith(each)), key=len, default="")
    if not instruction:
        return text, text
    return text.removesuffix(instruction).strip(), instruction


@cache
def kind_name(
    kind: str, language: str, own: Path | None = None, plain: bool = False
) -> str:
    """What a class of threats is called; one that has no name is a threat from the air."""
    head = "plain-kind" if plain else "kind"
    known = has(language, f"{head}-{kind}", own)
    return phrase(language, f"{head}-{kind if known else 'unknown'}", own)


def time_left(left_s: float, language: str, own: Path | None = None) -> str:
    """A time left as a live display tells it, rounded down: "45 seconds", "3 minutes"."""
    if not isfinite(left_s) or left_s < 1.0:
        return said(language, "now", own)
    if left_s < MINUTES_FROM_S:
        return phrase(language, "seconds", own, count=int(left_s))
    return phrase(language, "minutes", own, count=int(left_s // 60))


def clock(time_s: float, time_zone: str = "UTC") -> str:
    """Hours and minutes of a time as people there read them; UTC is named."""
    told = f"{datetime.fromtimestamp(time_s, place(time_zone)):%H:%M}"
    return f"{told} UTC" if time_zone == "UTC" else told


@cache
def place(time_zone: str) -> ZoneInfo:
    """The zone of a clock."""
    try:
        return ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ConfigError(
            f"time zone {time_zone!r} is not known; expected a name like Europe/Kyiv"
        ) from None


def _first_strong(text: str) -> str:
    classes = (unicodedata.bidirectional(letter) for letter in text)
    found = next((each for each in classes if each in ("L", "R", "AL")), "")
    return "R" if found == "AL" else found
