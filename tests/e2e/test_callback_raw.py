"""The running callback under raw HTTP: thousands of odd requests, and every kind of bad key."""

from collections import Counter
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from local.stack import CALLBACK_ROUTE, Stack
from tests.e2e.bad_keys import BILLERS, CITY, bad_queries, key_of
from tests.e2e.odd_requests import GOOD, damaged, odd
from tests.e2e.raw_http import exchange, statuses

pytestmark = pytest.mark.timeout(600)

CASES = 2600
"""Of each of two kinds."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("raw") / "state", BILLERS) as running:
        yield running


@pytest.fixture(scope="module")
def bad(stack):
    return bad_queries(stack)


@pytest.fixture(scope="module")
def door(stack, bad):
    """Port of the host, and the one key that opens it."""
    return urlsplit(stack.functions_url).port, key_of(stack, CITY)


# Odd requests.


class _Told:
    """What the host answered in all."""

    def __init__(self, stack, *of_the_platform):
        """``of_the_platform``: statuses that its web server gives before any function is asked."""
        self._stack = stack
        self._of_the_platform = of_the_platform
        self.statuses = Counter()
        self.requests = 0

    def ask(self, port, raw):
        self.requests += 1
        answered = exchange(port, raw)
        found = statuses(answered)
        self.statuses.update(found)
        assert not [status for status in found if status >= 500 and status not in self._of_the_platform], answered[:300]
        return answered

    def check(self):
        """Also where the answer itself was lost with a broken request."""
        log = "".join(path.read_text() for path in self._stack._folder.logs.glob("functions-host-*.log"))
        assert "failed" not in log
        assert "Traceback" not in log
        assert self.requests >= CASES


def _run(stack, door, cases, *of_the_platform):
    port, key = door
    told = _Told(stack, *of_the_platform)

    # A request that fails is short enough to be read as it is: no shrinking.
    @settings(max_examples=CASES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(raw=cases)
    def ask(raw):
        told.ask(port, raw.replace(GOOD.encode(), key.encode()))

    ask()
    told.check()
    return told.statuses


def test_no_odd_request_is_answered_5xx(stack, door):
    seen = _run(stack, door, odd())
    # Each way through the callback was taken, and often.
    assert all(seen[status] >= 20 for status in (200, 400, 404, 413, 415)), seen
    assert seen.total() >= CASES * 0.9


def test_no_damaged_request_is_answered_5xx(stack, door):
    """But by the platform's web server: to a Host header that names none, and to a version of HTTP that is none."""
    seen = _run(stack, door, damaged(), 500, 505)
    assert all(seen[status] >= 20 for status in (200, 400, 404)), seen


def test_afterwards_the_good_key_is_served_and_a_bad_one_is_not(stack, door):
    """Nobody is locked out by all that."""
    port, key = door
    assert statuses(exchange(port, _post(f"BK={key}"))) == [200]
    assert statuses(exchange(port, _post(f"BK={key[:-1]}"))) == [404]


# Bad keys.


def _post(query, body=b'{"access_token": "tok-3"}'):
    target = f"/{CALLBACK_ROUTE}?{query}".rstrip("?")
    head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _without_date(answered):
    head, _, body = answered.partition(b"\r\n\r\n")
    return [line for line in head.split(b"\r\n") if not line.startswith(b"Date:")], body


def test_every_kind_of_bad_key_gets_the_same_bytes(door, bad):
    port, key = door
    twice = {"given twice": f"BK={key}&BK={key}", "given in two spellings": f"BK={key}&bk={key}"}
    bodies = (b'{"access_token": "tok-3"}', b"{", b"x" * 20_000, b"")
    answers = {
        kind: [_without_date(exchange(port, _post(query, body))) for body in bodies]
        for kind, query in (bad | twice).items()
    }
    first = answers["missing"]
    assert first[0][0][0].startswith(b"HTTP/1.1 404")
    assert all(each == first[0] for each in first)
    assert [kind for kind, each in answers.items() if each != first] == []
    assert statuses(exchange(port, _post(f"BK={key}"))) == [200]
