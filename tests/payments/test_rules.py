"""What a biller allows, in the contract's order, and on which day a payment is dated."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.billers.model import Biller
from shared.payments.message import parse
from shared.payments.rules import hold_reason, paused, posting_date
from tests.payments.world import NEWPORT, body, message

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGIONS = frozenset({"westus2"})
ZONES = ["America/Los_Angeles", "America/New_York", "America/Phoenix", "Pacific/Honolulu", "Pacific/Auckland", "UTC"]


def biller(**changes):
    return Biller.model_validate(NEWPORT | changes)


def payment(**changes):
    return parse(body(message(**changes)))


def reason(paid=None, city=None, now=NOW):
    return hold_reason(payment(**(paid or {})), biller(**(city or {})), REGIONS, now)


# Each breaks its own rule only; in the order of the contract.
BROKEN = [
    ("wrong_region", {}, {"region": "eastus2"}),
    ("biller_not_live", {}, {"mode": "draft"}),
    ("connect_too_old", {}, {"connectVersion": "2021.02.159"}),
    ("wrong_environment", {"environment": "test"}, {}),
    ("before_go_live", {}, {"goLiveAt": "2026-11-20T03:04:05.001-08:00"}),
    ("application_not_configured", {"application": "UM"}, {}),
    ("unknown_tender", {"tender": "VENMO"}, {}),
    ("no_allocations", {"allocations": None}, {}),
    ("too_old", {}, {"postingDateRule": "settlement", "maxBackdateDays": 0}),
]
OLD = {"settlementDate": "2026-11-01"}


def test_a_good_payment_is_not_held():
    assert reason() is None
    assert hold_reason(payment(), None, REGIONS, NOW) == "unknown_biller"


@pytest.mark.parametrize("first", range(len(BROKEN)))
def test_the_first_broken_rule_is_named(first):
    paid, city = dict(OLD), {}
    for _, of_payment, of_biller in BROKEN[first:]:
        paid, city = paid | of_payment, city | {name: value for name, value in of_biller.items() if name not in city}
    assert reason(paid, city) == BROKEN[first][0]


@pytest.mark.parametrize(("expected", "paid", "city"), BROKEN)
def test_each_broken_rule_is_found_by_itself(expected, paid, city):
    assert reason(OLD | paid, city) == expected


@pytest.mark.parametrize(
    ("mode", "environment", "expected"),
    [
        ("draft", "live", "biller_not_live"),
        ("retired", "live", "biller_not_live"),
        ("draft", "test", "biller_not_live"),
        ("test", "test", None),
        ("test", "live", "wrong_environment"),
        ("live", "live", None),
        ("live", "test", "wrong_environment"),
        ("shadow", "live", None),
        ("shadow", "test", "wrong_environment"),
    ],
)
def test_a_test_payment_never_reaches_a_live_city_nor_the_reverse(mode, environment, expected):
    assert reason({"environment": environment}, {"mode": mode}) == expected


def test_the_moment_of_going_live_is_ours():
    assert reason({"paidAt": "2026-11-20T00:00:00Z"}, {"goLiveAt": "2026-11-19T16:00:00-08:00"}) is None
    early = {"paidAt": "2026-11-19T23:59:59.999999Z"}
    assert reason(early, {"goLiveAt": "2026-11-19T16:00:00-08:00"}) == "before_go_live"


def test_a_biller_without_a_home_is_at_home_everywhere():
    assert reason(city={"region": None}) is None


def test_a_biller_without_a_subdomain_cannot_be_reached():
    assert reason(city={"subdomain": None}) == "application_not_configured"


@pytest.mark.parametrize(
    ("codes", "tender", "expected"),
    [
        ({"ACH": "7"}, "OBD", None),
        ({"CC": "8"}, "OBD", "unknown_tender"),
        ({"OBD": "9"}, "OBD", None),
        ({"OBD": "9"}, "ACH", "unknown_tender"),
        ({"ACH": "7"}, "CC", "unknown_tender"),
        ({}, "ACH", "unknown_tender"),
    ],
)
def test_a_tender_is_never_guessed_but_bank_direct_falls_back_to_ach(codes, tender, expected):
    application = {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": codes}
    assert reason({"tender": tender}, {"applications": {"AR": application}}) == expected


def test_caselle_may_allocate_where_the_biller_says_so():
    assert reason({"allocations": None}, {"autoAllocate": "caselle"}) is None


@pytest.mark.parametrize(("days", "expected"), [(0, "too_old"), (18, "too_old"), (19, None), (None, None)])
def test_a_payment_is_too_old_by_whole_days_of_the_biller_s_calendar(days, expected):
    paid = {"paidAt": "2026-11-01T23:59:59-08:00"}
    assert reason(paid, {"maxBackdateDays": days}) == expected


def test_a_pause_ends_by_itself_or_by_a_person():
    until = biller(paused={"reason": "year end", "until": "2026-11-20T12:00:00Z"})
    assert paused(until, NOW - timedelta(seconds=1))
    assert not paused(until, NOW)
    assert paused(biller(paused={"reason": "year end"}), NOW + timedelta(days=999))
    assert not paused(biller(), NOW)


# posting dates


@pytest.mark.parametrize(
    ("zone", "paid_at", "day"),
    [
        ("America/Los_Angeles", "2026-11-30T18:30:00-08:00", "2026-11-30"),  # December in UTC
        ("America/Los_Angeles", "2026-12-01T02:30:00Z", "2026-11-30"),
        ("America/Los_Angeles", "2026-12-01T07:59:59Z", "2026-11-30"),
        ("America/Los_Angeles", "2026-12-01T08:00:00Z", "2026-12-01"),
        ("America/New_York", "2026-12-01T04:59:59Z", "2026-11-30"),
        ("Pacific/Auckland", "2026-11-30T10:59:59Z", "2026-11-30"),
        ("Pacific/Auckland", "2026-11-30T11:00:00Z", "2026-12-01"),
        ("America/Los_Angeles", "2027-01-01T07:59:59Z", "2026-12-31"),
        ("America/Los_Angeles", "2028-02-29T23:00:00-08:00", "2028-02-29"),
        # The night in which 02:00 becomes 03:00: midnight is at 08:00Z, a day later at 07:00Z.
        ("America/Los_Angeles", "2026-03-08T07:59:59Z", "2026-03-07"),
        ("America/Los_Angeles", "2026-03-08T08:00:00Z", "2026-03-08"),
        ("America/Los_Angeles", "2026-03-09T06:59:59Z", "2026-03-08"),
        ("America/Los_Angeles", "2026-03-09T07:00:00Z", "2026-03-09"),
        # The night in which 02:00 becomes 01:00.
        ("America/Los_Angeles", "2026-11-01T06:59:59Z", "2026-10-31"),
        ("America/Los_Angeles", "2026-11-01T07:00:00Z", "2026-11-01"),
        ("America/Los_Angeles", "2026-11-02T07:59:59Z", "2026-11-01"),
        ("America/Los_Angeles", "2026-11-02T08:00:00Z", "2026-11-02"),
        ("America/Phoenix", "2026-07-01T06:59:59Z", "2026-06-30"),
    ],
)
def test_the_day_of_payment_is_the_city_s(zone, paid_at, day):
    city = biller(timeZone=zone)
    assert posting_date(payment(paidAt=paid_at), city, NOW) == date.fromisoformat(day)
    sent = biller(timeZone=zone, postingDateRule="sent")
    assert posting_date(payment(), sent, datetime.fromisoformat(paid_at)) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("rule", "settlement", "day"),
    [
        ("paid", "2026-11-23", "2026-11-18"),
        ("sent", "2026-11-23", "2026-11-20"),
        ("settlement", "2026-11-23", "2026-11-23"),
        ("settlement", None, "2026-11-18"),
        ("nextOpen", "2026-11-23", "2026-11-20"),
    ],
)
def test_each_rule_dates_a_late_payment(rule, settlement, day):
    paid = payment(paidAt="2026-11-18T23:30:00-08:00", settlementDate=settlement)
    assert posting_date(paid, biller(postingDateRule=rule), NOW) == date.fromisoformat(day)


def test_the_next_open_day_of_a_payment_dated_ahead_is_its_own():
    paid = payment(paidAt="2026-11-25T12:00:00-08:00")
    assert posting_date(paid, biller(postingDateRule="nextOpen"), NOW) == date(2026, 11, 25)


@settings(deadline=None)
@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds take none
    st.sampled_from(ZONES),
    st.sampled_from(["paid", "sent", "settlement", "nextOpen"]),
)
def test_no_rule_moves_a_payment_off_its_day_in_any_zone(instant, zone, rule):
    """Paid and sent at one instant, every rule gives the day that a wall calendar in the city shows."""
    paid = payment(paidAt=instant.isoformat())
    shown = instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")
    assert posting_date(paid, biller(timeZone=zone, postingDateRule=rule), instant).isoformat() == shown
