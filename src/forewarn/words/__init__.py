"""What an alert says, in every language of the site: what, where, when, what to do."""

from forewarn.words.catalogue import LANGUAGES, RIGHT_TO_LEFT
from forewarn.words.cells import length, pages, shortened
from forewarn.words.checking import lint, missing_parts, prepare, sample
from forewarn.words.voice import (
    SOON_S,
    Audience,
    Form,
    Voice,
    as_exercise,
    clock,
    kind_name,
    parted,
    render,
    time_left,
)

__all__ = [
    "LANGUAGES",
    "RIGHT_TO_LEFT",
    "SOON_S",
    "Audience",
    "Form",
    "Voice",
    "as_exercise",
    "clock",
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
    "time_left",
]
