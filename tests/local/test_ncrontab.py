from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.ncrontab import Schedule


def _after(expression, text):
    return Schedule(expression).after(datetime.fromisoformat(text + "+00:00")).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "instant", "due"),
    [
        ("0 * * * * *", "2026-11-20T15:04:05", "2026-11-20T15:05:00"),
        ("0 * * * * *", "2026-11-20T15:05:00", "2026-11-20T15:06:00"),
        ("* * * * * *", "2026-12-31T23:59:59.9", "2027-01-01T00:00:00"),
        ("*/20 * * * * *", "2026-11-20T15:04:20", "2026-11-20T15:04:40"),
        ("30 5-10/5 * * * *", "2026-11-20T15:05:30", "2026-11-20T15:10:30"),
        ("0 0 7,19 * * *", "2026-11-20T15:04:05", "2026-11-20T19:00:00"),
        ("0 0 7,19 * * *", "2026-11-20T19:00:00", "2026-11-21T07:00:00"),
        ("0 30 9 * * MON-FRI", "2026-11-20T15:04:05", "2026-11-23T09:30:00"),
        ("0 0 0 1 jan *", "2026-11-20T15:04:05", "2027-01-01T00:00:00"),
        ("0 0 0 29 2 *", "2026-11-20T15:04:05", "2028-02-29T00:00:00"),
        ("0 0 0 13 * 5", "2026-11-20T15:04:05", "2027-08-13T00:00:00"),
        ("0 50/5 * * * *", "2026-11-20T15:04:05", "2026-11-20T15:50:00"),
        ("*/15 * * * *", "2026-11-20T15:04:05", "2026-11-20T15:15:00"),
        ("0 0 12 * * 0", "2026-11-20T15:04:05", "2026-11-22T12:00:00"),
    ],
)
def test_the_next_due_time(expression, instant, due):
    assert _after(expression, instant) == due


WRONG_COUNT = ["", "* * * *", "* * * * * * *", "00:05:00"]
OUT_OF_RANGE = ["60 * * * * *", "* * * * 13 *", "* * * * * 7", "5-1 * * * * *", "*/0 * * * * *"]
NO_NUMBER = ["a * * * * *", "1,,2 * * * * *", "-1 * * * * *"]


@pytest.mark.parametrize("expression", [*WRONG_COUNT, *OUT_OF_RANGE, *NO_NUMBER])
def test_anything_else_is_refused(expression):
    with pytest.raises(ValueError, match="schedule"):
        Schedule(expression)


def test_a_day_that_never_comes_is_refused():
    with pytest.raises(ValueError, match="never comes"):
        Schedule("0 0 0 30 2 *").after(datetime(2026, 1, 1, tzinfo=UTC))


def test_other_zones_are_read_as_instants():
    pacific = timezone(timedelta(hours=-8))
    assert Schedule("0 0 8 * * *").after(datetime(2026, 11, 20, tzinfo=pacific)) == datetime(
        2026, 11, 21, 8, tzinfo=UTC
    )


@given(instant=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), step=st.sampled_from([1, 5, 7, 30]))  # noqa: DTZ001 - the zone is added below
def test_the_next_due_time_is_the_first_that_matches(instant, step):
    instant = instant.replace(tzinfo=UTC)
    due = Schedule(f"0 */{step} * * * *").after(instant)
    minute = instant.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while minute.minute % step:
        minute += timedelta(minutes=1)
    assert due == minute
