"""Three forms of every text, with names that are hard to fit; catalogues are checked."""

import re
import unicodedata
from dataclasses import replace
from itertools import product
from math import nan
from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from alerts import ALERT, CORRECTED, STATES
from forewarn.app.command_line import cli
from forewarn.errors import ConfigError
from forewarn.files import read_site
from forewarn.records import AlertState
from forewarn.threats import CLASSES
from forewarn.words import (
    CORRECTION,
    LANGUAGES,
    RIGHT_TO_LEFT,
    Audience,
    Form,
    Voice,
    length,
    lint,
    missing_parts,
    pages,
    parted,
    prepare,
    shortened,
    time_left,
)
from forewarn.words.cells import BASIC, EXTENDED, ROOM
from forewarn.words.checking import MOST_WORDS, catalogue_faults

FAR = replace(ALERT, onset_p05_s=ALERT.issued_s + 600)
KINDS = (*CLASSES, "debris", "", "a kind of next year")
PLACES = (
    "Viborg",
    "Viborg 12",
    "Кам'янець-Подільський",
    "Кам’янець-Подільський",
    "Камʼянець-Подільський",
    'כטב"ם 7 (צפון)',
    'קריית שמונה - אזור תעשייה מע"ר',
    "القدس (البلدة القديمة)",
    "Petaẖ Tiqva",
    "St. Petersburg, Region 5",
    "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "Northern Valley of the Upper River, Industrial Estate and Harbour"[:60],
    "Територіальна громада Верхньодніпровського району та околиць"[:60],
    "x" * 60,
    "Ж" * 60,
    "é̂" * 30,
    "[{~}]" * 12,
    "🏠 Home 12",
    "7",
)
ALL = list(product(LANGUAGES, STATES, Audience, Form))


@pytest.mark.parametrize(("language", "state", "audience", "form"), ALL)
def test_every_form_says_all_of_it_and_fits_whatever_the_place_is_called(
    language: str, state: AlertState, audience: Audience, form: Form
) -> None:
    for exercise, kind, alert in product((True, False), KINDS, (ALERT, FAR)):
        voice = Voice(language, exercise, audience, form=form)
        told = replace(alert, state=state, kind=kind)
        for name in PLACES:
            text = voice.render(told, name)
            assert lint(text, name, language, form) == []
            assert text.endswith(voice.instruction(state))  # what to do is never cut
            if form is Form.SHORT:
                assert pages(text) <= (1 if length(text)[1] else 3)
            else:
                assert name in text
            assert "{" not in text or "{" in name
            assert "78" not in text.replace(name, "")  # a countdown


@pytest.mark.parametrize(("language", "form"), list(product(LANGUAGES, Form)))
def test_a_correction_says_that_it_is_one_and_is_no_all_clear(
    language: str, form: Form
) -> None:
    for exercise, audience, name in product((True, False), Audience, PLACES):
        voice = Voice(language, exercise, audience, form=form)
        text = voice.render(CORRECTED, name)
        assert lint(text, name, language, form) == []
        assert text.endswith(voice.instruction(CORRECTION))
        assert text != voice.render(replace(CORRECTED, reason="over"), name)


def test_seconds_left_never_stand_in_a_text() -> None:
    for language, form in product(LANGUAGES, Form):
        for left_s in (3, 17, 45, 89, 91, 137, 3000):
            alert = replace(ALERT, onset_p05_s=ALERT.issued_s + left_s)
            text = Voice(language, form=form).render(alert, "Viborg")
            bare = re.sub(r"\d\d:\d\d", "", text)
            assert not re.search(r"\d", bare), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_text_of_our_own_letters_takes_one_page_or_three(language: str) -> None:
    for state, audience in product(STATES, Audience):
        voice = Voice(language, True, audience, form=Form.SHORT)
        text = voice.render(replace(FAR, state=state), "Viborg")
        assert length(text) == (len(text), language == "en")
        assert length(text)[0] <= (93 if language == "en" else 123)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Viborg", "Viborg"),
        ("Kyiv (left bank of the river)", "Kyiv"),
        ("Haifa - Neve David, Ramot", "Haifa - Neve.."),
        ("Modi‘in-Makkabbim-Re‘ut", "Modi'in-Makkab.."),
        ("Slov’iansk", "Slov’iansk"),
        ("Northern Valley of the Upper River", "Northern.."),
        ("קריית שמונה - אזור תעשייה", "קריית שמונה.."),
        ("Ж" * 60, "Ж" * 14 + ".."),
        ("é̂" * 30, "é̂" * 4 + "é.."),
    ],
)
def test_a_long_name_is_cut_from_its_end_and_shows_it(name: str, short: str) -> None:
    found = shortened(name)
    assert length(found)[0] <= ROOM
    if not name.startswith("é"):
        assert found == short
    assert found[0] == name[0]
    assert unicodedata.normalize("NFC", found).startswith(found[0])


def test_letters_keep_their_marks() -> None:
    name = "a" + "e\u0301\u0302" * 20
    assert re.fullmatch("a(e\u0301\u0302)+\\.\\.", shortened(name))


@given(
    st.text(min_size=1, max_size=80), st.sampled_from(LANGUAGES), st.sampled_from(STATES)
)
def test_no_name_makes_a_short_text_too_long(
    name: str, language: str, state: AlertState
) -> None:
    voice = Voice(language, True, form=Form.SHORT)
    text = voice.render(replace(FAR, state=state), name)
    assert pages(text) <= (1 if length(text)[1] else 3)
    assert text.endswith(voice.instruction(state))


@pytest.mark.parametrize(
    ("text", "count", "gsm"),
    [
        ("Viborg: rocket, now.", 20, True),
        ("Århus £5 @ Ωmega", 16, True),
        ("€5 [a]", 9, True),  # three of them take an escape
        ("a" * 94, 94, True),
        ("Київ", 4, False),
        ("L’viv", 5, False),  # one letter outside makes all of it UCS-2
        ("🏠", 2, False),
        ("ç", 1, False),  # only the capital is in the alphabet
        ("", 0, True),
    ],
)
def test_letters_are_counted_as_a_phone_counts_them(
    text: str, count: int, gsm: bool
) -> None:
    assert length(text) == (count, gsm)


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert len(BASIC) == len(set(BASIC)) == 127  # 128 codes, one of them the escape
    assert len(EXTENDED) == len(set(EXTENDED)) == 10
    assert not set(BASIC) & set(EXTENDED)
    # places of some codes: before the escape (0x1B) position is code, after it one less
    codes = {"@": 0, "ü": 0x7E, "A": 0x41, "a": 0x61, " ": 0x20, "¡": 0x40, "¿": 0x60}
    codes |= {"Ξ": 0x1A, "Æ": 0x1C, "_": 0x11, "¤": 0x24, "0": 0x30, "Ä": 0x5B, "§": 0x5F}
    for letter, code in codes.items():
        assert BASIC.index(letter) == code - (code > 0x1B)


@pytest.mark.parametrize(("text", "count"), [("a" * 93, 1), ("a" * 94, 2), ("я" * 41, 1)])
def test_pages_are_counted(text: str, count: int) -> None:
    assert pages(text) == count
    assert pages("я" * 123) == 3
    assert pages("я" * 124) == 4


def strong(text: str) -> str:
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "")


@pytest.mark.parametrize(("language", "form"), list(product(LANGUAGES, Form)))
def test_a_line_runs_as_its_language_whatever_the_place_is_called(
    language: str, form: Form
) -> None:
    for name, exercise in product(PLACES, (True, False)):
        text = Voice(language, exercise, form=form).render(ALERT, name)
        rightward = strong(text) in ("R", "AL")
        assert rightward == (language in RIGHT_TO_LEFT)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plain_texts_are_short_sentences_with_numbers_as_digits(language: str) -> None:
    for state, audience, alert in product(STATES, Audience, (ALERT, FAR)):
        voice = Voice(language, audience=audience, form=Form.PLAIN)
        text = voice.render(replace(alert, state=state), "Viborg")
        for sentence in re.split(r"[.!?؟]\s*", text):
            assert len(sentence.split()) <= MOST_WORDS
        assert not set(text) & set(";؛()")
        assert voice.instruction(state) != Voice(language, audience=audience).instruction(
            state
        )


@pytest.mark.parametrize("form", Form)
def test_every_form_falls_into_headline_and_instruction(form: Form) -> None:
    for language, audience, state in product(LANGUAGES, Audience, STATES):
        voice = Voice(language, audience=audience, form=form)
        text = voice.render(replace(ALERT, state=state), "Viborg")
        assert parted(text, state, language)[1] == voice.instruction(state)


@pytest.mark.parametrize(
    ("language", "counts", "unit"),
    [
        ("ar", {1: "ثانية واحدة", 2: "ثانيتان", 3: "3 ثوانٍ", 10: "10 ثوانٍ"}, "s"),
        ("ar", {11: "11 ثانيةً", 99: "99 ثانيةً", 100: "100 ثانية", 103: "103 ثوانٍ"}, "s"),
        ("ar", {60: "60 دقيقةً", 101: "101 دقيقة"}, "min"),
        ("uk", {1: "1 секунда", 2: "2 секунди", 5: "5 секунд", 11: "11 секунд"}, "s"),
        (
            "uk",
            {21: "21 секунда", 22: "22 секунди", 25: "25 секунд", 112: "112 секунд"},
            "s",
        ),
        ("ru", {21: "21 секунда", 34: "34 секунды", 14: "14 секунд"}, "s"),
        ("ru", {2: "2 минуты", 21: "21 минута", 30: "30 минут"}, "min"),
        ("he", {1: "שנייה אחת", 2: "שתי שניות", 3: "3 שניות", 11: "11 שניות"}, "s"),
        ("en", {1: "1 second", 2: "2 seconds", 119: "119 seconds"}, "s"),
    ],
)
def test_counts_take_the_form_their_language_has_for_them(
    language: str, counts: dict[int, str], unit: str
) -> None:
    for count, told in counts.items():
        assert time_left(count * (60.0 if unit == "min" else 1.0), language) == told


@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_catalogues_have_no_fault(language: str) -> None:
    assert catalogue_faults(language) == ()
    plural = Locale(language).plural_form
    assert {plural(n) for n in range(1, 101)} >= {"one"}


def test_a_word_inside_another_is_no_time() -> None:
    text = "Viborg: rockets. You know what to do: go to shelter"
    assert missing_parts(text, "Viborg", "en") == ["when"]


@pytest.mark.parametrize(
    ("text", "form", "fault"),
    [
        (
            "Viborg: rockets, now. " + "Go to shelter. " * 6,
            Form.SHORT,
            "does not fit 1 pages of 93",
        ),
        (
            "Viborg: ракети, now. " + "Go to shelter. " * 9,
            Form.SHORT,
            "does not fit 3 pages of 41",
        ),
        ("V: rockets, now. Go to shelter.", Form.SHORT, "lacks where"),
        ("Vib..: rockets, now. Go to shelter.", Form.NORMAL, "lacks where"),
        (
            "Viborg. Rockets. They can hit now. Go to the shelter as fast as you can and "
            "then wait there for us.",
            Form.PLAIN,
            "has a sentence of 15 words, at most 12",
        ),
    ],
)
def test_the_linter_says_what_is_wrong(text: str, form: Form, fault: str) -> None:
    assert any(fault in found for found in lint(text, "Viborg", "en", form))


def own(folder: Path, language: str, text: str) -> Path:
    (folder / f"{language}.ftl").write_text(text, encoding="utf-8")
    return folder


def test_a_sites_own_words_go_before_ours(tmp_path: Path) -> None:
    own(tmp_path, "en", "kind-rocket = rocket attack\n")
    voice = Voice("en", own=tmp_path)
    prepare(voice)
    assert "Viborg: rocket attack, impact expected now." in voice.render(ALERT, "Viborg")
    assert "rocket fire" in Voice("en").render(ALERT, "Viborg")
    prepare(Voice("uk", own=tmp_path))  # a language without texts of its own


@pytest.mark.parametrize(
    ("language", "text", "message"),
    [
        (
            "en",
            "do-stay = Please wait.\n",
            r"en.ftl: do-stay \[everyone\]: lacks what to do",
        ),
        (
            "uk",
            "short-headline-take_cover = { $kind }, { $when }.\n",
            "uk.ftl: short-headline-take_cover: lacks where",
        ),
        (
            "he",
            "plain-headline-stay = { $zone }. { $kind }.\n",
            "he.ftl: plain-headline-stay: lacks when",
        ),
        (
            "ar",
            "headline-take_cover = { $zone }: { $when }\n",
            "ar.ftl: headline-take_cover: lacks what",
        ),
        (
            "en",
            "short-do-stay = Stay in the shelter you have gone to and wait there.\n",
            r"short-headline-stay \[everyone\]: leaves a place fewer than 16",
        ),
        (
            "ru",
            "short-do-stay = " + "Оставайтесь в укрытии. " * 8 + "\n",
            r"short-headline-stay \[everyone\]: does not fit 3 pages of 41 UCS-2 letters",
        ),
        (
            "en",
            "plain-do-stay = Stay in the shelter until you hear from us that you may "
            "go out again.\n",
            r"plain-headline-stay \[everyone\]: has a sentence of 15 words, at most 12",
        ),
        ("en", "headline-stay = { $zone }: { $left } s\n", "text 'headline-stay': .*left"),
        (
            "uk",
            "seconds = { $count ->\n    [one] 1 секунда\n   *[other] { $count }\n}\n",
            r"uk.ftl: seconds: lacks \[few\]; seconds: lacks \[many\]",
        ),
        ("en", "do-tkae_cover = Run.\n", "there is no text 'do-tkae_cover'; did you mean"),
        ("en", "exercise = A\n\n= B\n", "en.ftl, line 3: is no Fluent"),
        ("ua", "exercise = A\n", "no language 'ua'; known: ar, en, he, ru, uk"),
    ],
)
def test_a_sites_own_words_that_lack_something_are_refused(
    tmp_path: Path, language: str, text: str, message: str
) -> None:
    own(tmp_path, language, text)
    with pytest.raises(ConfigError, match=message):
        prepare(Voice(language if language in LANGUAGES else "en", own=tmp_path))


def test_texts_that_are_nowhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder of texts"):
        prepare(Voice("en", own=tmp_path / "none"))


def test_a_check_of_a_site_reads_its_texts_aloud(tmp_path: Path, own_cache: Path) -> None:
    (tmp_path / "texts").mkdir()
    own(tmp_path / "texts", "en", "do-stay = Stay where you are.\n")
    site = tmp_path / "site.toml"
    site.write_text(
        'schema = 1\n[site]\nname = "x"\nlanguages = ["en", "he"]\ntexts = "texts"\n'
        "region = {lat_deg = 56.45, lon_deg = 9.4, radius_km = 5}\n"
    )
    assert read_site(site).texts == tmp_path / "texts"
    told = CliRunner().invoke(cli, ["check", str(site), "--texts"])
    assert told.exit_code == 0, told.output
    assert "en normal stay drivers:" in told.output
    assert "Stay where you are." in told.output
    assert told.output.count("he plain take_cover") == len(Audience)
    own(tmp_path / "texts", "en", "do-stay = Wait.\n")
    with pytest.raises(ConfigError, match=r"do-stay \[everyone\]: lacks what to do"):
        prepare(Voice("en", own=tmp_path / "texts" / ".." / "texts"))


def test_an_onset_that_is_no_time_is_now_in_every_form() -> None:
    for form in Form:
        text = Voice("en", form=form).render(replace(ALERT, onset_p05_s=nan), "Viborg")
        assert "now" in text
