"""Texts as pages of cell broadcast: 82 octets each, GSM 7-bit or UCS-2 (3GPP TS 23.038)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from forewarn.errors import DeliveryError
from forewarn.words.cells import BASIC, EXTENDED, GSM_PAGE, UCS2_PAGE, length

PAGE_OCTETS = 82
PAGES_MAX = 15
# data coding schemes that name no language: no phone hides the text of another one
GSM_DCS, UCS2_DCS = 0x0F, 0x48
_ESCAPE = 0x1B
# codes of the default alphabet: the escape stands between its 27th and 28th letter
_CODE = {letter: bytes([i + (i >= _ESCAPE)]) for i, letter in enumerate(BASIC)} | {
    letter: bytes([_ESCAPE, code])
    for letter, code in zip(
        EXTENDED, b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", strict=True
    )
}


@dataclass(frozen=True, slots=True)
class Pages:
    """A text as it is broadcast.

    dcs    : data coding scheme
    octets : each page, padded to its 82 octets
    """

    dcs: int
    octets: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.octets) <= PAGES_MAX:
            raise DeliveryError(f"{len(self.octets)} pages: a message has 1 to {PAGES_MAX}")


def encoded(text: str) -> Pages:
    """The pages of a text, in GSM letters where all of it is, else in UCS-2.

    No letter is cut by the end of a page. What is left of one is filled with carriage
    returns, which phones do not show.
    """
    if length(text)[1]:
        filled = _filled((_CODE[letter] for letter in text), GSM_PAGE, b"\r")
        return Pages(GSM_DCS, tuple(_packed(septets) for septets in filled))
    wide = (letter.encode("utf-16-be") for letter in text)
    return Pages(UCS2_DCS, tuple(_filled(wide, 2 * UCS2_PAGE, b"\x00\r")))


def wide_pages(text: str) -> int:
    """Pages that a text takes in UCS-2, whatever its letters."""
    return -(-len(text.encode("utf-16-be")) // (2 * UCS2_PAGE))


def _filled(letters: Iterable[bytes], size: int, padding: bytes) -> Iterator[bytes]:
    """Letters put together to as many as fit into a page, each page filled up."""
    page = b""
    for letter in letters:
        if len(page) + len(letter) > size:
            yield page + padding * ((size - len(page)) // len(padding))
            page = b""
        page += letter
    yield page + padding * ((size - len(page)) // len(padding))


def _packed(septets: bytes) -> bytes:
    """Septets without the bits between them, the first in the lowest bits."""
    bits = sum(code << 7 * i for i, code in enumerate(septets))
    return bits.to_bytes(PAGE_OCTETS, "little")
