"""How soon the public page shows a state on a bad line, and an alert on record."""

import pytest
from public_page import browser

from forewarn.bench import page as bench
from forewarn.bench.browser import Browser

__all__ = ["browser"]
pytestmark = pytest.mark.browser


def test_a_slow_phone_on_a_bad_line_shows_its_alert_within_2_5_s(browser: Browser) -> None:
    taken_s = [bench.first_paint(browser) for _ in range(3)]
    print(f"state on the page, 3G, 4x slower: {sorted(taken_s)[1]:.2f} s")
    assert sorted(taken_s)[1] <= 2.5  # the middle one: others work on this machine too


def test_an_alert_among_300_is_seen_within_a_second(browser: Browser) -> None:
    taken_s = sorted(bench.seen_after(browser, 10))
    print(f"alert on record to pixels: longest of 10 {taken_s[-1]:.3f} s")
    assert taken_s[-2] <= 1.0
