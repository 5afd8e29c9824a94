"""Texts become pages that a phone reads back, letter for letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_centre import ESCAPED, GSM, from_gsm, from_ucs2
from forewarn.channels.cell_broadcast.pages import encoded
from forewarn.errors import DeliveryError

LETTERS = [letter for letter in "".join(GSM) if letter not in "\r\x1b"]
gsm_texts = st.text(
    st.sampled_from([*LETTERS, *ESCAPED.values()]), min_size=1, max_size=690
)
# lone surrogates are no letters; carriage returns are what pages are filled with
wide_texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
    min_size=1,
    max_size=300,
).map(lambda text: text + "ї")


@given(text=gsm_texts)
def test_gsm_letters_are_read_back(text: str) -> None:
    pages = encoded(text)
    assert pages.dcs == 0x0F
    assert "".join(map(from_gsm, pages.octets)) == text


@given(text=wide_texts)
def test_other_letters_are_read_back_as_ucs2(text: str) -> None:
    pages = encoded(text)
    assert pages.dcs == 0x48
    assert "".join(map(from_ucs2, pages.octets)) == text


@pytest.mark.parametrize(
    ("letter", "most"), [("a", 1395), ("€", 690), ("ї", 615), ("😀", 300)]
)
def test_fifteen_pages_hold_as_much_as_they_can(letter: str, most: int) -> None:
    # a page has 93 septets or 41 units: one is left where a letter takes two
    assert len(encoded(letter * most).octets) == 15
    with pytest.raises(DeliveryError, match="16 pages: a message has 1 to 15"):
        encoded(letter * (most + 1))


def test_a_known_page() -> None:
    # packed by hand after TS 23.038: "hello" is E8 32 9B FD 06, then CR after CR
    (page,) = encoded("hello").octets
    assert page[:4].hex() == "e8329bfd"
    assert from_gsm(page) == "hello"
    assert page.hex().endswith("1a8d46a3d168341a8d46a3d100")


@pytest.mark.parametrize("text", ["Київ", "חיפה", "غزة", "Москва"])
def test_ukrainian_hebrew_arabic_russian_are_ucs2(text: str) -> None:
    assert encoded(text).dcs == 0x48
