"""What a peer may say about when to come back: read to the second, or not at all."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.caselle.retry_after import retry_after

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("said", "seconds"), [("0", 0.0), ("120", 120.0), (" 7 ", 7.0), ("007", 7.0), ("999999999999", 999999999999.0)]
)
def test_seconds_are_read_as_they_were_said(status, said, seconds):
    assert retry_after(status, {"Retry-After": said}) == seconds


@pytest.mark.parametrize(
    "said",
    [
        "Fri, 20 Nov 2026 12:02:03 GMT",
        "Friday, 20-Nov-26 12:02:03 GMT",
        "Fri Nov 20 12:02:03 2026",
        "Fri, 20 Nov 2026 04:02:03 -0800",
    ],
)
def test_each_form_of_a_date_is_counted_from_the_answer_s_own(said):
    """RFC 9110, section 5.6.7, and the zones that are seen all the same. Our clock is an hour off, and does not matter."""
    headers = {"Retry-After": said, "Date": DATE}
    assert retry_after(503, headers, NOON.replace(hour=13)) == 123.0


def test_a_date_without_any_date_beside_it_needs_our_clock():
    headers = {"Retry-After": "Fri, 20 Nov 2026 12:00:30 GMT"}
    assert retry_after(503, headers, NOON) == 30.0
    assert retry_after(503, headers) is None


def test_a_date_that_has_passed_asks_for_no_rest():
    assert retry_after(503, {"Retry-After": "Fri, 20 Nov 2026 11:00:00 GMT", "Date": DATE}) == 0.0


@pytest.mark.parametrize(
    "said",
    ["", "soon", "-1", "+5", "1.5", "1e3", "NaN", "Infinity", "٣", "5, 10", "9" * 400, "Fri, 99 Nov 2026 12:00:00 GMT"],
)
def test_garbage_is_ignored(said):
    assert retry_after(429, {"Retry-After": said, "Date": DATE}, NOON) is None


@pytest.mark.parametrize("status", [200, 301, 403, 500, 502])
def test_only_two_statuses_ask(status):
    assert retry_after(status, {"Retry-After": "30"}) is None


def test_nothing_said_is_nothing():
    assert retry_after(429, {}) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_fails(said, date):
    found = retry_after(429, {"Retry-After": said, "Date": date}, NOON)
    assert found is None or found >= 0
