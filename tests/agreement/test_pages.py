"""The pages of ``docs`` that are tables of the code say what it does."""

import re

import pytest

from local.pages import DOCS, pages
from shared.exchange.nacha import RETURNS, explained


@pytest.mark.parametrize("name", pages())
def test_a_page_is_the_one_that_the_code_gives(name):
    """Renewed with ``python -m local.pages``."""
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name]


def test_every_return_code_is_told_with_its_window_and_the_payer_s_part():
    assert all(re.fullmatch(r"R[0-9]{2}", code) for code in RETURNS)
    assert list(RETURNS) == sorted(RETURNS)
    for row in RETURNS.values():
        assert row.meaning
        assert row.window
        assert row.payer.endswith(".")
    assert {"R01", "R02", "R08", "R10", "R29"} <= set(RETURNS)


def test_the_windows_that_decide_for_how_long_a_payment_can_come_back():
    late = {code for code, row in RETURNS.items() if row.window == "60 calendar days"}
    assert late == {"R05", "R07", "R10", "R11"}
    assert {explained(code).window for code in ("R01", "R02", "R03", "R04", "R08", "R09", "R20")} == {"2 banking days"}


def test_a_code_that_nobody_knows_is_told_as_such():
    assert explained("R98") == explained("ABC")
    assert "not in our table" in explained("R98").meaning
