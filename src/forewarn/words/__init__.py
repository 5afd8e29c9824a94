"""What an alert says, in every language of the site: what, where, when, what to do."""

from forewarn.words.catalogue import LANGUAGES, RIGHT_TO_LEFT
from forewarn.words.cells import length, pages, shortened
from forewarn.words.checking import lint, missing_parts, prepare, sample
from forewarn.words.voice import (
    CORRECTION,
    SOON_S,
    Audience,
    Form,
    Voice,
    as_exercise,
    clock,
    drill_texts,
    exercise_banner,
    kind_name,
    parted,
    render,
    spoken,
    time_left,
)

__all__ = [
    "CORRECTION",
    "LANGUAGES",
    "RIGHT_TO_LEFT",
    "SOON_S",
    "Audience",
    "Form",
    "Voice",
    "as_exercise",
    "clock",
    "drill_texts",
    "exercise_banner",
    "kind_name",
    "length",
    "lint",
    "missing_parts",
    "pages",
    "parted",
    "prepare",
    "render",
    "sample",
    "shortened",
    "spoken",
    "time_left",
]
