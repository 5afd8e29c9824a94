"""What a cell broadcast says of several zones at once: one text, as many names as fit."""

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import replace

from forewarn.channels import Context
from forewarn.channels.cell_broadcast.book import Life
from forewarn.channels.cell_broadcast.lines import LEAST_PAGES, Line
from forewarn.channels.cell_broadcast.pages import wide_pages
from forewarn.records import Alert, AlertState
from forewarn.words import CORRECTION, Form, Voice, pages, sample, spoken
from forewarn.words.cells import GSM_PAGE

_PART = re.compile(r" \d+$")


class Teller:
    """Puts lives into words, in the languages of the site."""

    def __init__(self, site: Context) -> None:
        self._site = site

    def texts(self, line: Line, lives: Collection[Life]) -> dict[int, str]:
        """By identifier: the first language; all others together, if there are any."""
        alert = _common(line, lives)
        first, *others = self._site.languages
        told = {line.local: self._text(alert, lives, first, line.room)}
        if others:
            told[line.others] = "\n".join(
                self._text(alert, lives, other, LEAST_PAGES, wide=True) for other in others
            )
        return told

    def _text(
        self,
        alert: Alert,
        lives: Collection[Life],
        language: str,
        room: int,
        wide: bool = False,
    ) -> str:
        """A text of at most `room` pages; `wide` = counted in UCS-2, whatever it is."""
        voice = Voice(
            language,
            self._site.exercise,
            time_zone=self._site.time_zone,
            form=Form.SHORT,
            own=self._site.own_texts,
        )
        instruction = voice.instruction(spoken(alert))
        names = list(dict.fromkeys(self._name(life, language) for life in lives))

        def told(count: int) -> str:
            return f"{voice.headline(alert, _listed(names, count))} {instruction}"

        def too_long(count: int) -> bool:
            letters = len(_listed(names, count))
            text = told(count) if letters <= room * GSM_PAGE else "x" * letters
            taken = wide_pages(f"{text}\n") if wide else pages(text)
            return taken > room

        # parts of a place are then told as the place; but one may be clear, and others not
        if alert.state is not AlertState.ALL_CLEAR and too_long(len(names)):
            names = list(dict.fromkeys(_PART.sub("", name) for name in names))
        if not too_long(len(names)):
            return told(len(names))
        most = bisect_left(range(1, len(names)), True, key=too_long)
        return told(most) if most else voice.render(alert, names[0])

    def _name(self, life: Life, language: str) -> str:
        known = self._site.zone_names.get(life.zone_id, {})
        return known.get(language) or known.get("") or life.zone_name


def _listed(names: Sequence[str], count: int) -> str:
    """The first names, and how many are left out."""
    left = len(names) - count
    return ", ".join(names[:count]) + (f" +{left}" if left else "")


def _common(line: Line, lives: Collection[Life]) -> Alert:
    """An alert that holds for all of them: their kind if it is one, the earliest onset."""
    kinds = {life.kind for life in lives}
    onsets_s = [life.onset_s for life in lives if life.onset_s is not None]
    kind = kinds.pop() if len(kinds) == 1 else ""
    corrects = all(life.corrects for life in lives)
    said = CORRECTION if corrects else str(line.state)
    told = sample(said, kind, min(onsets_s, default=float("nan")))
    return replace(told, issued_s=max(life.rose_s for life in lives))
