"""What fits into cell broadcast: counted in its alphabets, and names made to fit.

A page holds 82 octets: 93 characters of the GSM 7-bit alphabet or 41 of UCS-2.
"""

import re
import unicodedata
from collections.abc import Iterator

# 3GPP TS 23.038, 6.2.1: the default alphabet in order of its codes (without the escape),
# and the characters that take an escape before them, so count twice.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = "\f^{}\\[~]|€"
GSM_PAGE, UCS2_PAGE = 93, 41
CUT = ".."
ROOM = 16  # characters of a place name that a short text leaves room for, at least
_PLAIN = str.maketrans("’ʼ‘`´“”„–—", "'''''\"\"\"--")
_ASIDE = re.compile(r"\s*[(\[,;/].*", re.DOTALL)


def length(text: str) -> tuple[int, bool]:
    """Characters as a phone counts them, and whether they are of the GSM alphabet."""
    if all(letter in BASIC or letter in EXTENDED for letter in text):
        return sum(1 + (letter in EXTENDED) for letter in text), True
    return len(text.encode("utf-16-be")) // 2, False


def pages(text: str) -> int:
    """Pages of cell broadcast that a text takes."""
    count, gsm = length(text)
    return -(-count // (GSM_PAGE if gsm else UCS2_PAGE))


def fits(text: str, gsm_pages: int, ucs2_pages: int) -> bool:
    """Whether it takes no more than so many pages of its alphabet."""
    return pages(text) <= (gsm_pages if length(text)[1] else ucs2_pages)


def shortened(name: str, room: int = ROOM) -> str:
    """A name as it may stand in a short text, where no more room is left to it."""
    return next(short for short in shorter(name) if length(short)[0] <= room)


def shorter(name: str) -> Iterator[str]:
    """A place name, then ever shorter ones that still begin as it does.

    What stands aside (in brackets, after a comma or slash) goes first, then words from
    the end, then letters; what was cut shows two dots. Marks stay with their letters.
    """
    yield name
    if name.translate(_PLAIN) != name:  # typographic marks alone would cost the alphabet
        name = name.translate(_PLAIN)
        yield name
    main = _ASIDE.sub("", name)
    if main and main != name:
        yield main
    words = re.findall(r"\S+", main or name)
    for count in range(len(words) - 1, 0, -1):
        yield " ".join(words[:count]).rstrip(" -") + CUT
    first = words[0] if words else name
    for count in range(len(first) - 1, 0, -1):
        if not unicodedata.combining(first[count]):
            yield first[:count] + CUT
