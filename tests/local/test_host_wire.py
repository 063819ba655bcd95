"""Requests to the local host byte by byte: what the platform's web server makes of them before a function is asked."""

import re
from urllib.parse import urlsplit

import pytest

from tests.e2e.raw_http import exchange, statuses

MANY = "".join(f"X-{number}: 1\r\n" for number in range(101))


@pytest.fixture(scope="module")
def port(sample):
    return urlsplit(sample.host.url).port


def _ask(port, line="GET /api/echo/me HTTP/1.1", headers="Host: h\r\n", body=""):
    return exchange(port, f"{line}\r\n{headers}Connection: close\r\n\r\n{body}".encode("latin-1"))


def _status(answered):
    [status] = statuses(answered)
    return status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/echo/me", 200),
        ("/api/./echo/me", 200),
        ("/api/../api/echo/me", 200),
        ("/api/y/../echo/me", 200),
        ("/api/y/%2E%2e/echo/me", 200),
        ("/api/echo/me/.", 200),
        ("/api/echo/..", 404),
        ("//api/echo/me", 404),
        ("/api//echo/me", 404),
        ("/api/echo/me//", 404),
        ("/api/echo/%FF", 200),
        ("/api/echo/%00", 400),
        ("/api/echo/a%00b", 400),
        ("/api/echo/me?x=%00", 200),
    ],
)
def test_a_path_is_cleaned_before_it_is_routed(port, path, status):
    answered = _ask(port, f"GET {path} HTTP/1.1")
    assert _status(answered) == status
    if status == 400:
        assert answered.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("Host: h\r\n", 200),
        ("Host: h:80\r\n", 200),
        ("Host: [::1]:80\r\n", 200),
        ("Host: \r\n", 500),
        ("Host: x:99999\r\n", 500),
        ("Host: a b\r\n", 400),
        ("", 400),
    ],
)
def test_a_host_header_must_name_one(port, host, status):
    assert _status(_ask(port, headers=host)) == status


def test_an_old_request_without_a_host_is_500(port):
    assert _status(_ask(port, "GET /api/echo/me HTTP/1.0", headers="")) == 500
    assert _status(_ask(port, "GET /api/echo/me HTTP/1.0")) == 200


@pytest.mark.parametrize(("target", "status"), [("http://h/api/echo/me", 200), ("http://other/api/echo/me", 400)])
def test_a_whole_url_must_name_the_same_host(port, target, status):
    assert _status(_ask(port, f"GET {target} HTTP/1.1")) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("X: \xe4\r\n", 400),
        (MANY, 431),
        (f"X: {'x' * 33_000}\r\n", 431),
        (f"X: {'x' * 30_000}\r\n", 200),
        ("Expect: foo\r\n", 200),
    ],
)
def test_odd_headers(port, headers, status):
    assert _status(_ask(port, headers=f"Host: h\r\n{headers}")) == status


def test_a_line_that_is_too_long_is_414(port):
    assert _status(_ask(port, f"GET /api/echo/me?{'x' * 8_000} HTTP/1.1")) == 200
    assert _status(_ask(port, f"GET /api/echo/me?{'x' * 8_200} HTTP/1.1")) == 414


def test_a_body_that_is_announced_too_large_is_500(port):
    answered = _ask(port, "POST /api/echo/me HTTP/1.1", headers="Host: h\r\nContent-Length: 104857601\r\n")
    assert _status(answered) == 500


def test_a_body_that_is_waited_for_is_asked_for(port):
    headers = "Host: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
    answered = _ask(port, "POST /api/echo/me HTTP/1.1", headers=headers, body="ab")
    assert statuses(answered) == [100, 200]
    assert re.search(rb'"body": "ab"', answered)
