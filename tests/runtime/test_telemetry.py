"""No secret leaves by the log."""

import io
import logging
import secrets

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.runtime import telemetry
from shared.runtime.telemetry import redacted

CANARY = secrets.token_urlsafe(24)


@pytest.fixture
def log():
    """The root logger with one handler, set up as in the app, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    telemetry.set_up()
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)
    for name in ("azure", "httpx", "httpcore", "aiohttp", "msal", "caselle"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    for each in root.handlers:
        each.filters = [kept for kept in each.filters if type(kept).__name__ != "_Redaction"]


SECRETS = [
    "https://h/api/ICOAuthTokenProcessor?BK={}",
    "https://h/api/ICOAuthTokenProcessor?bk={}&x=1",
    "POST /api/x?a=1&Bk={} HTTP/1.1",
    "?access_token={}",
    "?token={}",
    "?oauth_token={}",
    "?OAuthToken={}",
    "?refresh_token={}",
    "?code={}&state=1",
    "?state={}",
    "?client_secret={}",
    "client_secret={}&grant_type=client_credentials",
    "?sv=2024&sig={}",
    "redirect=https%3A%2F%2Fh%2Fapi%3FBK%3D{}",
    '{{"access_token": "{}", "expires_in": 60}}',
    '{{"client_secret":"{}"}}',
    "{{'refresh_token': '{}'}}",
    "{{'BK': '{}'}}",
    "{{'Authorization': 'Basic {}'}}",
    "Authorization: Bearer {}",
    "authorization: bearer {}",
    "{{'Authorization': 'Bearer {}'}}",
    "DefaultEndpointsProtocol=https;AccountKey={}==;EndpointSuffix=x",
]


@pytest.mark.parametrize("line", SECRETS)
def test_what_follows_a_secret_s_name_is_taken_out(line):
    assert CANARY not in redacted(line.format(CANARY))


def test_the_rest_of_a_line_stays():
    line = "GET https://h/api/x?BK=abc&page=2 took 5 ms"
    assert redacted(line) == "GET https://h/api/x?BK=***&page=2 took 5 ms"
    for event in (
        '{"event": "payment.posted", "id": "pay-1"}',
        '{"event": "token.refused", "code": "invalid_client", "state": "held", "key": "2493~payment~1"}',
    ):
        assert redacted(event) == event


def test_a_line_is_redacted_with_its_arguments(log):
    logging.getLogger("app").warning("calling %s", f"https://h/?BK={CANARY}")
    assert "calling https://h/?BK=***" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_a_traceback_is_redacted_too(log):
    try:
        int(f"https://h/?BK={CANARY}")
    except ValueError:
        logging.getLogger("app").exception("failed")
    assert "ValueError: invalid literal" in log.getvalue()
    assert CANARY not in log.getvalue()


@pytest.mark.parametrize("library", ["azure.core.pipeline", "httpx", "httpcore.http11", "aiohttp.access", "msal"])
def test_libraries_do_not_tell_what_they_call(log, library):
    logging.getLogger(library).info("HTTP Request: POST https://h/?BK=%s", CANARY)
    assert log.getvalue() == ""


def test_our_own_events_are_told(log):
    logging.getLogger("caselle").info("%s", '{"event": "payment.posted"}')
    assert log.getvalue() == '{"event": "payment.posted"}\n'


def test_a_careless_line_of_a_library_stops_no_payment(log, monkeypatch):
    """Logging by itself never raises; neither may what we add to it."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("app").warning("%d items", "many")


def test_setting_up_twice_adds_nothing(log):
    filters = [list(handler.filters) for handler in logging.getLogger().handlers]
    telemetry.set_up()
    assert [list(handler.filters) for handler in logging.getLogger().handlers] == filters


PIECES = [
    "bk",
    "CODE",
    "sig",
    "s\u0131g",
    "Key",
    "state",
    "my_to\u212aen",
    "ClientSecret",
    "authorization",
    "AccountKey",
]
PIECES += ["Bearer ", "=", "%3D", "?", "&", "%26", '"', "'", ":", " ", ";", "abc", "payment.posted"]


@example("?s\u0131g=abc")
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_a_line_that_is_not_searched_holds_nothing_to_find(line):
    found = line
    for pattern in telemetry._SECRETS:
        found = pattern.sub(r"\1***", found)
    assert redacted(line) == found
