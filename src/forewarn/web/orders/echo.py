"""What people would be told, word for word, before anybody sends it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path

from forewarn.records import CommandAction
from forewarn.signing import canonical
from forewarn.web.refusal import RefusedError
from forewarn.words import CORRECTION, Form, Voice, lint, sample

# the texts that an action has told; what is only extended tells nothing new
_TELLS = {
    CommandAction.PREPARE: "prepare",
    CommandAction.TAKE_COVER: "take_cover",
    CommandAction.ALL_CLEAR: "all_clear",
    CommandAction.TAKE_BACK: CORRECTION,
    CommandAction.CORRECT: CORRECTION,
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text, as it would stand on a phone."""

    language: str
    form: str
    text: str


@dataclass(frozen=True, slots=True)
class Mouth:
    """How the site speaks: by the same words and rules as the chain itself."""

    languages: tuple[str, ...]
    time_zone: str
    own: Path | None
    exercise: bool

    def texts(
        self, action: CommandAction, threat: str, names: Mapping[str, str], now_s: float
    ) -> tuple[Text, ...]:
        """In every language and form; a text that lacks a part stops all of them.

        names : of the zone, by language
        """
        if action not in _TELLS:
            return ()
        alert = sample(_TELLS[action], threat, nan, now_s)
        found = []
        for language in self.languages:
            for form in Form:
                voice = Voice(
                    language,
                    self.exercise,
                    time_zone=self.time_zone,
                    form=form,
                    own=self.own,
                )
                name = names[language]
                text = voice.render(alert, name)
                faults = lint(text, name, language, form, self.own)
                if faults:
                    told = "; ".join(faults)
                    raise RefusedError(409, f"{language}, {form}: the text {told}")
                found.append(Text(language, str(form), text))
        return tuple(found)


def digest(texts: tuple[Text, ...]) -> str:
    """SHA-256 of texts, in hexadecimal."""
    told = {f"{text.language}/{text.form}": text.text for text in texts}
    return hashlib.sha256(canonical(told)).hexdigest()
