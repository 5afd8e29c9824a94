"""Texts in every language: what, where, when, what to do; never a countdown."""

from dataclasses import replace
from datetime import datetime
from math import inf, nan
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import ALERT, STATES
from conftest import square_zones
from forewarn.app.assembly import Speaker
from forewarn.errors import ConfigError
from forewarn.files import Site
from forewarn.records import AlertState, Sensor, SensorKind
from forewarn.threats import CLASSES
from forewarn.words import (
    LANGUAGES,
    Audience,
    Voice,
    as_exercise,
    clock,
    missing_parts,
    parted,
    prepare,
    render,
    time_left,
)

FAR = replace(ALERT, onset_p05_s=ALERT.issued_s + 600)
KINDS = (*CLASSES, "debris", "", "a kind of next year")


def test_five_languages_are_there() -> None:
    assert set(LANGUAGES) == {"ar", "en", "he", "ru", "uk"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("audience", Audience)
def test_every_text_says_what_where_when_and_what_to_do(
    language: str, state: AlertState, audience: Audience
) -> None:
    for kind in KINDS:
        for alert in (ALERT, FAR):
            told = replace(alert, state=state, kind=kind)
            text = Voice(language, audience=audience).render(told, "Viborg")
            assert missing_parts(text, "Viborg", language) == []
            assert "{" not in text
            assert "78" not in text  # a countdown: the text may arrive half a minute late


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Take cover now.", ["what", "where"]),
        ("Rockets at Viborg. Take cover.", ["when"]),
        ("Rockets at Viborg at 12:10.", ["what to do"]),
        ("Attention please", ["what", "where", "when", "what to do"]),
        ("", ["what", "where", "when", "what to do"]),
        ("Viborg: drones around 12:10. Stay in shelter.", []),
    ],
)
def test_a_text_without_its_parts_does_not_pass(text: str, missing: list[str]) -> None:
    assert missing_parts(text, "Viborg", "en") == missing


def test_a_far_onset_is_a_clock_time_and_a_near_one_is_now() -> None:
    assert "around 12:10 UTC" in render(FAR, "Viborg", "en")
    assert "expected now" in render(ALERT, "Viborg", "en")


@pytest.mark.parametrize("onset_s", [nan, inf, -inf])
def test_an_onset_that_is_no_time_is_now(onset_s: float) -> None:
    assert "expected now" in render(replace(ALERT, onset_p05_s=onset_s), "Viborg", "en")


def test_people_read_their_own_clocks() -> None:
    assert clock(1767268800.0) == "12:00 UTC"
    assert clock(1767268800.0, "Europe/Kyiv") == "14:00"
    assert clock(1782900000.0, "Europe/Kyiv") == "13:00"  # in summer
    assert "14:10" in Voice("uk", time_zone="Europe/Kyiv").render(FAR, "Київ")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_exercise_says_so_first_and_once(language: str) -> None:
    live, drill = (
        render(ALERT, "Viborg", language, exercise) for exercise in (False, True)
    )
    word = as_exercise("", language).strip()
    assert drill.startswith(word)
    assert word not in live
    assert as_exercise(drill, language) == drill
    assert Voice(language, exercise=True).headline(ALERT, "Viborg").startswith(word)


def test_a_kind_without_a_name_is_a_threat_from_the_air() -> None:
    for kind in ("", "clutter", "a kind of next year"):
        assert "threat from the air" in render(replace(ALERT, kind=kind), "Viborg", "en")


def test_what_to_do_differs_with_for_whom() -> None:
    for language in LANGUAGES:
        told = {Voice(language, audience=a).instruction(ALERT.state) for a in Audience}
        assert len(told) == len(Audience)


@given(
    st.text(max_size=20),
    st.sampled_from(LANGUAGES),
    st.sampled_from(STATES),
    st.sampled_from(Audience),
    st.booleans(),
)
def test_a_text_falls_into_headline_and_instruction(
    name: str, language: str, state: AlertState, audience: Audience, exercise: bool
) -> None:
    voice = Voice(language, exercise, audience)
    headline, instruction = parted(
        voice.render(replace(ALERT, state=state), name), state, language
    )
    assert instruction == voice.instruction(state)
    assert headline.rstrip(".").endswith(
        voice.headline(replace(ALERT, state=state), name).strip()[-10:]
    )


def test_a_text_of_other_origin_is_headline_and_instruction_at_once() -> None:
    assert parted("Go home.", AlertState.STAY, "en") == ("Go home.", "Go home.")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["now", "1 second", "2 seconds", "45 seconds", "2 minutes", "10 minutes"]),
        ("uk", ["зараз", "1 секунда", "2 секунди", "45 секунд", "2 хвилини", "10 хвилин"]),
        ("ru", ["сейчас", "1 секунда", "2 секунды", "45 секунд", "2 минуты", "10 минут"]),
        ("he", ["עכשיו", "שנייה אחת", "שתי שניות", "45 שניות", "שתי דקות", "10 דקות"]),
        ("ar", ["الآن", "ثانية واحدة", "ثانيتان", "45 ثانيةً", "دقيقتان", "10 دقائق"]),
    ],
)
def test_seconds_left_are_counted_as_each_language_counts(
    language: str, told: list[str]
) -> None:
    left_s = (nan, 1.9, 2.0, 45.9, 120.0, 659.0)
    assert [time_left(each_s, language) for each_s in left_s] == told


def test_a_line_that_reads_right_to_left_begins_so() -> None:
    assert render(ALERT, "Viborg", "he").startswith("\u200fViborg")
    assert render(ALERT, "נהריה", "he").startswith("נהריה")
    assert render(ALERT, "Viborg", "en").startswith("Viborg")


def test_an_unknown_language_or_time_zone_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigError, match="language 'xx': no texts; known: ar, en"):
        prepare(Voice("xx"))
    with pytest.raises(ConfigError, match="time zone 'Kyiv' is not known; expected"):
        prepare(Voice("uk", time_zone="Kyiv"))
    for language in LANGUAGES:
        prepare(Voice(language))


def test_a_site_does_not_start_in_a_language_without_texts() -> None:
    with pytest.raises(ConfigError, match="language 'xx': no texts"):
        Speaker(Site("x", ("en", "xx"), None, None), square_zones(rows=1), ())


def test_texts_of_a_site_tell_its_own_clock_and_that_it_is_an_exercise() -> None:
    site = Site("x", ("en",), None, None, time_zone="Europe/Kyiv")
    zones = square_zones(rows=1)
    alert = replace(FAR, zone_id=zones.zone_id[0])
    simulated = Sensor("made up", SensorKind.POSITION, simulated=True)
    (said,) = Speaker(site, zones, ()).texts([alert]).values()
    local = datetime.fromtimestamp(alert.onset_p05_s, ZoneInfo("Europe/Kyiv"))
    assert f"{local:%H:%M}" in said["en"]
    assert "UTC" not in said["en"]
    assert "EXERCISE" not in said["en"]
    (said,) = Speaker(site, zones, (simulated,)).texts([alert]).values()
    assert said["en"].startswith("EXERCISE")
