"""No text goes out that lacks what, where, when or what to do, or that does not fit.

The catalogue of each language is checked at the start, message by message, and then as
whole texts: every state, kind, audience and form. A raid is too late to find a gap.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from fluent.syntax import ast

from forewarn.errors import ConfigError
from forewarn.records import IN_ERROR, Alert, AlertState
from forewarn.threats import CLASSES
from forewarn.words.catalogue import messages, phrase, said
from forewarn.words.cells import CUT, GSM_PAGE, ROOM, UCS2_PAGE, fits, length, shorter
from forewarn.words.voice import CORRECTION, PAGES, Audience, Form, Voice, place

# all that people may be told, by the names of the texts
STATES = (
    *(str(state) for state in AlertState if state is not AlertState.CLEAR),
    CORRECTION,
)
MOST_WORDS = 12  # of a sentence in the plain form
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):[0-5]\d\b")
_SENTENCE = re.compile(r"[.!?؟]\s+|[.!?؟]?$")
_SHOWN = 5
_SAMPLE = "X" * ROOM
_VALUES = {"zone": "\ue001", "kind": "\ue002", "when": "\ue003", "issued": "\ue004"}


def prepare(voice: Voice) -> None:
    """Check every text of a language: a gap is found at the start, not in a raid."""
    place(voice.time_zone)
    faults = catalogue_faults(voice.language, voice.own)
    if faults:
        more = len(faults) - _SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        raise ConfigError(f"{voice.language}.ftl: {'; '.join(faults[:_SHOWN])}{rest}")


@cache
def catalogue_faults(language: str, own: Path | None = None) -> tuple[str, ...]:
    """What is wrong with the texts of a language: "message: what is missing"."""
    by_message = [*_plural_faults(language, own), *_message_faults(language, own)]
    return tuple(by_message or _text_faults(language, own))


def lint(
    text: str,
    zone_name: str,
    language: str,
    form: Form = Form.NORMAL,
    own: Path | None = None,
) -> list[str]:
    """What is wrong with a whole text: parts it lacks, its room, sentences too long."""
    faults = [
        f"lacks {part}" for part in missing_parts(text, zone_name, language, form, own)
    ]
    if not fits(text, *PAGES[form]):
        gsm = length(text)[1]
        letters = f"{GSM_PAGE} GSM letters" if gsm else f"{UCS2_PAGE} UCS-2 letters"
        faults.append(f"does not fit {PAGES[form][not gsm]} pages of {letters}")
    if form is Form.PLAIN:
        for sentence in _SENTENCE.split(text.replace(zone_name, "")):
            words = len(sentence.split())
            if words > MOST_WORDS:
                faults.append(f"has a sentence of {words} words, at most {MOST_WORDS}")
    return faults


def missing_parts(
    text: str,
    zone_name: str,
    language: str,
    form: Form = Form.NORMAL,
    own: Path | None = None,
) -> list[str]:
    """What a text lacks to be of use, of: what, where, when, what to do."""
    lower = text.casefold()
    now = said(language, "now", own).casefold()
    held = {
        "what": _holds(lower, said(language, "says-what", own)),
        "where": bool(zone_name) and _names(lower, zone_name.casefold(), form),
        "when": bool(_CLOCK.search(text))
        or bool(re.search(rf"(?<!\w){re.escape(now)}(?!\w)", lower)),
        "what to do": _holds(lower, said(language, "says-do", own)),
    }
    return [part for part, there in held.items() if not there]


def _holds(text: str, stems: str) -> bool:
    return any(stem.strip().casefold() in text for stem in stems.split("|"))


def _names(text: str, zone_name: str, form: Form) -> bool:
    """Whether a text names a place; a short one may name the beginning of it."""
    if form is not Form.SHORT or zone_name in text:
        return zone_name in text
    least = min(len(zone_name), ROOM // 4)
    return any(
        name in text for name in shorter(zone_name) if len(name.removesuffix(CUT)) >= least
    )


def _message_faults(language: str, own: Path | None) -> Iterator[str]:
    """Messages that leave out a part of what they have to say."""
    whats, dos = (said(language, name, own) for name in ("says-what", "says-do"))
    for form in Form:
        for state in STATES:
            voice = Voice(language, form=form, own=own)
            name = voice.text_name("headline", state)
            told = phrase(language, name, own, **_VALUES)
            parts = {
                "what": _VALUES["kind"] in told or _holds(told.casefold(), whats),
                "where": _VALUES["zone"] in told,
                "when": _VALUES["when"] in told or _VALUES["issued"] in told,
            }
            yield from (f"{name}: lacks {part}" for part, ok in parts.items() if not ok)
            for audience in Audience:
                voice = Voice(language, audience=audience, form=form, own=own)
                if not _holds(voice.instruction(state).casefold(), dos):
                    do = voice.text_name("do", state)
                    yield f"{do} [{audience}]: lacks what to do"


def _text_faults(language: str, own: Path | None) -> Iterator[str]:
    """Whole texts that lack a part or do not fit, with the longest clock time."""
    nan = float("nan")
    for form in Form:
        for audience in Audience:
            voice = Voice(language, True, audience, form=form, own=own)
            for state in STATES:
                found: dict[str, None] = {}
                for kind in (*CLASSES, "debris", ""):
                    for onset_s in (nan, 1e6):
                        alert = sample(state, kind, onset_s)
                        told = voice.render(alert, _SAMPLE)
                        found |= dict.fromkeys(lint(told, _SAMPLE, language, form, own))
                        if _SAMPLE not in told:
                            found[f"leaves a place fewer than {ROOM} characters"] = None
                head = voice.text_name("headline", state)
                yield from (f"{head} [{audience}]: {fault}" for fault in found)


def sample(state: str, kind: str, onset_s: float, issued_s: float = 0.0) -> Alert:
    """An alert of which nothing counts but what is told of it.

    state : one of STATES
    """
    nan = float("nan")
    corrects = state == CORRECTION
    return Alert(
        "",
        0,
        0,
        "",
        AlertState.ALL_CLEAR if corrects else AlertState(state),
        issued_s,
        onset_s,
        onset_s,
        nan,
        nan,
        nan,
        kind,
        (),
        (),
        IN_ERROR if corrects else "",
    )


def _plural_faults(language: str, own: Path | None) -> Iterator[str]:
    """Counts for which a language has a form of its own, and the catalogue has not."""
    written_out = messages(language, own)
    plural = Locale(language).plural_form
    wanted = {plural(count) for count in range(1, 200)} - {"other"}
    for name in ("seconds", "minutes"):
        message = written_out.get(name)
        pattern = message.value if message else None
        written = {
            variant.key.name
            for element in (pattern.elements if pattern else [])
            if isinstance(element, ast.Placeable)
            and isinstance(element.expression, ast.SelectExpression)
            for variant in element.expression.variants
            if isinstance(variant.key, ast.Identifier)
        }
        yield from (f"{name}: lacks [{form}]" for form in sorted(wanted - written))
