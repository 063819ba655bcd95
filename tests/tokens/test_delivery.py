import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tokens.body import DeliveryRefused, Fields
from shared.tokens.delivery import LONGEST_LIFETIME, USUAL_LIFETIME, read_code, read_delivery

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _read(url_encoded=False, **fields):
    return read_delivery(Fields(fields.items(), url_encoded=url_encoded), NOW)


@pytest.mark.parametrize(
    "name", ["access_token", "token", "oauth_token", "OAuthToken", "OAUTH_TOKEN", "Token", "accessToken"]
)
def test_every_spelling_of_the_token(name):
    delivery = _read(**{name: "abc.def~ghi+/=="})
    assert delivery.token.get_secret_value() == "abc.def~ghi+/=="
    assert delivery.expires_at == NOW + USUAL_LIFETIME
    assert delivery.credentials() is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("expires_in", "3600", NOW + timedelta(hours=1)),
        ("ExpiresIn", "3600.0", NOW + timedelta(hours=1)),
        ("expires_at", "2027-01-15T08:30:00Z", datetime(2027, 1, 15, 8, 30, tzinfo=UTC)),
        ("expires_at", "2027-01-15T08:30:00.1234567-08:00", datetime(2027, 1, 15, 16, 30, 0, 123456, tzinfo=UTC)),
        ("expires_at", "2027-01-15T08:30:00 00:00", datetime(2027, 1, 15, 8, 30, tzinfo=UTC)),
        ("expiresAt", "2027-01-15 08:30", datetime(2027, 1, 15, 8, 30, tzinfo=UTC)),
        ("expiration_date", "2027-01-15", datetime(2027, 1, 15, tzinfo=UTC)),
        ("ExpirationDate", "1/15/2027", datetime(2027, 1, 15, tzinfo=UTC)),
        ("ExpirationDate", "01/15/2027 08:30", datetime(2027, 1, 15, 8, 30, tzinfo=UTC)),
        ("Expiration", "1/15/2027 8:30:05 PM", datetime(2027, 1, 15, 20, 30, 5, tzinfo=UTC)),
        ("expires", "1/15/2027 12:00:00 AM", datetime(2027, 1, 15, tzinfo=UTC)),
        ("expires_on", "1800000000", datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        ("expires_on", "1800000000.0", datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        ("expiry", "1800000000000", datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
    ],
)
def test_every_way_to_tell_the_expiry(name, text, expected):
    expires_at = _read(token="abc", **{name: text}).expires_at
    assert expires_at == expected
    assert expires_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("given", "dated"), [({}, False), ({"expires_in": "60"}, True), ({"expiry": "1800000000"}, True)]
)
def test_whether_the_end_came_with_the_token_is_kept(given, dated):
    """A usual lifetime is a guess of ours: the token is not taken at its word."""
    assert _read(token="abc", **given).dated is dated


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("expires_in", "999999999999"),
        ("expires_at", "9999-12-31T23:59:59-12:00"),
        ("expires_at", "99999999999999"),
        ("expires_at", "12/31/2999"),
    ],
)
def test_more_than_a_year_ahead_is_cut_to_a_year(name, text):
    assert _read(token="abc", **{name: text}).expires_at == NOW + LONGEST_LIFETIME


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("expires_in", "0"),
        ("expires_in", "-1"),
        ("expires_in", "soon"),
        ("expires_in", "1e3"),
        ("expires_at", "0001-01-01T00:00:00+14:00"),
        ("expires_at", "2026-11-20T12:00:00Z"),
        ("ExpirationDate", "15/01/2027"),
        ("ExpirationDate", "15-Jan-2027"),
        ("expires_at", "100000000000000000000"),
        ("expires_at", "\u0662027-01-15"),
    ],
)
def test_a_date_that_has_passed_or_cannot_be_read_is_named(name, text):
    with pytest.raises(DeliveryRefused) as refused:
        _read(token="abc", **{name: text})
    assert refused.value.field == name
    assert text not in str(refused.value) or text == "0"


def test_a_bare_plus_sign_survives_a_form_and_the_scheme_is_no_part_of_a_token():
    assert _read(url_encoded=True, token="a b/c=").token.get_secret_value() == "a+b/c="
    assert _read(token="Bearer abc").token.get_secret_value() == "abc"
    assert _read(url_encoded=True, token="bearer abc").token.get_secret_value() == "abc"


@pytest.mark.parametrize("token", ["a b", "a\r\nX: y", "ä", "a\x00b", "\ud800"])
def test_a_token_that_no_header_can_carry_is_refused(token):
    with pytest.raises(DeliveryRefused) as refused:
        _read(token=token)
    assert refused.value.field == "token"
    assert token not in str(refused.value)


def test_credentials_come_along_and_show_in_no_repr():
    delivery = _read(token="tok-1", client_id="cid", ClientSecret="sec-1", refreshToken="ref-1")
    assert json.loads(delivery.credentials().get_secret_value()) == {
        "clientId": "cid",
        "clientSecret": "sec-1",
        "refreshToken": "ref-1",
    }
    assert delivery.client_id == "cid"
    assert not any(secret in repr(delivery) + str(delivery) for secret in ("tok-1", "sec-1", "ref-1"))
    with pytest.raises(DeliveryRefused, match="client_secret"):
        _read(token="abc", client_secret="\ud800")


@pytest.mark.parametrize(
    ("fields", "field", "detail"),
    [
        ({}, "access_token", "missing"),
        ({"token": " "}, "access_token", "missing"),
        ({"client_id": "a", "expires_in": "1"}, "access_token", "missing"),
        ({"error": "access_denied"}, "error", "access_denied"),
        ({"error": "<script>", "code": "1"}, "error", "an unlisted error"),
        ({"code": "abc", "state": "xyz"}, "access_token", "missing"),
    ],
)
def test_what_is_missing_is_named(fields, field, detail):
    with pytest.raises(DeliveryRefused, match=detail) as refused:
        _read(**fields)
    assert refused.value.field == field
    assert "<script>" not in str(refused.value)


def _code(url_encoded=False, **fields):
    return read_code(Fields(fields.items(), url_encoded=url_encoded))


def test_a_code_comes_with_the_state_of_its_authorization():
    found = _code(url_encoded=True, Code="a b", STATE="s-1", iss="https://caselle.example")
    assert (found.code.get_secret_value(), found.state.get_secret_value()) == ("a+b", "s-1")
    assert "s-1" not in repr(found)


@pytest.mark.parametrize(
    "fields", [{}, {"state": "s"}, {"code": " "}, {"code": "c", "token": "t"}, {"code": "c", "error": "access_denied"}]
)
def test_a_token_or_an_error_is_read_instead_of_a_code(fields):
    assert _code(**fields) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"code": "c"}, "state"), ({"code": "c", "state": "ä"}, "state"), ({"code": "c d", "state": "s"}, "code")],
)
def test_a_code_that_nobody_here_asked_for_is_refused(fields, field):
    with pytest.raises(DeliveryRefused) as refused:
        _code(**fields)
    assert refused.value.field == field


def test_of_two_tokens_in_a_query_neither_is_taken():
    """The host has made one text of them."""
    joined = Fields([("token", "a,b")], url_encoded=True, repeats_joined=True)
    with pytest.raises(DeliveryRefused) as refused:
        read_delivery(joined, NOW)
    assert refused.value.field == "token"
    assert _read(token="a,b").token.get_secret_value() == "a,b"


_NAMES = st.sampled_from(
    [
        "token",
        "Access_Token",
        "expires_in",
        "expires_at",
        "ExpirationDate",
        "client_id",
        "client_secret",
        "error",
        "code",
    ]
)
_TEXTS = st.one_of(
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
    st.datetimes(
        timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=-23)), timezone(timedelta(hours=23))])
    ).map(datetime.isoformat),
    st.dates().map(lambda day: f"{day:%m/%d/%Y}"),
)


@settings(deadline=None)
@given(fields=st.lists(st.tuples(_NAMES, _TEXTS), max_size=5), url_encoded=st.booleans())
def test_whatever_comes_is_a_sendable_token_with_a_date_within_a_year_or_is_refused(fields, url_encoded):
    delivery = None
    with contextlib.suppress(DeliveryRefused):
        delivery = read_delivery(Fields(fields, url_encoded=url_encoded), NOW)
    if delivery is None:
        return
    assert all("!" <= character <= "~" for character in delivery.token.get_secret_value())
    assert delivery.token.get_secret_value()
    assert NOW < delivery.expires_at <= NOW + LONGEST_LIFETIME


@settings(deadline=None)
@given(
    seconds=st.integers(1, 365 * 86400),
    minutes=st.integers(1, 364 * 1440),
)
def test_a_date_is_the_same_instant_in_every_spelling(seconds, minutes):
    at = NOW + timedelta(minutes=minutes, seconds=7)
    assert _read(token="a", expires_in=str(seconds)).expires_at == NOW + timedelta(seconds=seconds)
    for text in (
        at.isoformat(),
        f"{at:%m/%d/%Y %I:%M:%S %p}",
        str(int(at.timestamp())),
        str(int(at.timestamp() * 1000)),
    ):
        assert _read(token="a", expires_at=text).expires_at == at
