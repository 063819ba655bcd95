"""The client over real sockets: what each kind of failure means, and that nothing is ever sent twice."""

import asyncio
import gzip
import json
import socket
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import MOST_BYTES, CaselleClient, Wire
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import (
    BARE,
    CITY,
    HASTY,
    HTML,
    IN_DOUBT,
    MADE,
    NOBODY,
    PATIENT,
    REFUSED,
    THROTTLED,
    Tokens,
    posted,
)
from tests.caselle.raw_server import RawServer, answer, drips, hangs, says
from tests.caselle.test_contract import ORDER
from tests.fakes.clock import StoppedClock


async def test_an_order_arrives_as_it_was_meant(opened):
    result, server = await posted(opened, answer(MADE))
    assert result == Accepted("5.00010")
    assert server.requests[0].startswith(b"POST /tp/api/cr0/graphql HTTP/1.1\r\n")
    assert server.header(0, "Authorization") == "Bearer token-a"
    assert server.header(0, "X-Caselle-Subdomain") == "newportor"
    sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert sent["variables"]["input"]["payer"] == ORDER.payer


# Nothing left this process.


async def test_a_refused_connection_sends_nothing(opened):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    assert await opened(url).create_receipt(CITY, ORDER) == NotSent("ConnectError")


async def test_a_peer_without_tls_gets_nothing(opened):
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await opened(f"https://127.0.0.1:{port}").create_receipt(CITY, ORDER)
    assert result == NotSent("ConnectError")


@pytest.mark.parametrize("token", ["tökén", "a\r\nX-Evil: 1", "a\nb", "\ud800"])
async def test_a_token_that_fits_no_header_sends_nothing(opened, token):
    result, server = await posted(opened, answer(MADE), tokens=Tokens(token))
    assert isinstance(result, NotSent)
    assert server.requests == []


@pytest.mark.parametrize("token", [None, Unavailable("vault"), RuntimeError("anything"), TimeoutError()])
async def test_without_a_token_nothing_is_sent_and_the_city_is_not_to_blame(opened, token):
    result, server = await posted(opened, answer(MADE), tokens=Tokens(token))
    assert isinstance(result, NotSent)
    assert result.peer_failed is False
    assert server.connections == 0


async def test_without_a_subdomain_nothing_is_sent(opened):
    async with RawServer(answer(MADE)) as server:
        city = CITY.model_copy(update={"subdomain": None})
        assert isinstance(await opened(server.url).create_receipt(city, ORDER), NotSent)
    assert server.connections == 0


async def test_an_order_with_half_a_character_pair_is_an_answer_too(opened):
    async with RawServer(answer(MADE)) as server:
        result = await opened(server.url).create_receipt(CITY, replace(ORDER, payer="\ud800"))
    assert isinstance(result, (Accepted, NotSent))


# Sent, and nobody knows.


@pytest.mark.parametrize("name", [*IN_DOUBT, *BARE])
async def test_a_lost_or_useless_answer_is_in_doubt_and_not_asked_for_again(opened, name):
    result, server = await posted(opened, (IN_DOUBT | BARE)[name], tokens=Tokens("a", "b"))
    assert isinstance(result, Ambiguous)
    assert (len(server.requests), server.connections) == (1, 1)


@pytest.mark.parametrize("body", [b"", HTML, THROTTLED, REFUSED])
@pytest.mark.parametrize(
    ("said", "seconds"), [("0", 0.0), ("30", 30.0), ("1000000000", 1e9), ("-1", None), ("soon", None), ("", None)]
)
async def test_a_throttled_write_is_in_doubt_and_nothing_waits_or_tries_again(opened, said, seconds, body):
    """Something on the way may say so after the city's server has acted; the ledger says when to go on."""
    throttled = answer(body, "429 Too Many Requests", f"Retry-After: {said}")
    result, server = await posted(opened, throttled, tokens=Tokens("a", "b"))
    assert (type(result), result.code) == (Ambiguous, "throttled")
    assert (result.retry_after, result.throttled) == (seconds, True)
    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", HTML, b'{"errors": [{"message": "no"}]}', MADE])
async def test_a_server_that_asks_for_rest_is_heard_in_whatever_form(opened, body):
    result, _ = await posted(opened, answer(body, "503 Service Unavailable", "Retry-After: 120"))
    assert (type(result), result.retry_after, result.throttled) == (Ambiguous, 120.0, False)


async def test_too_much_may_be_said_with_another_status(opened):
    result, _ = await posted(opened, answer(THROTTLED))
    assert result == Ambiguous("throttled", detail="Caselle says: no", throttled=True)


async def test_a_date_to_come_back_at_is_counted_from_the_answer_s_own(opened):
    dates = "Date: Fri, 20 Nov 2026 12:00:00 GMT", "Retry-After: Fri, 20 Nov 2026 12:01:30 GMT"
    result, _ = await posted(opened, answer(HTML, "503 Service Unavailable", *dates))
    assert result.retry_after == 90.0


async def test_or_from_our_clock_where_the_answer_has_none():
    clock = StoppedClock(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))
    date = "Retry-After: Fri, 20 Nov 2026 12:00:45 GMT"
    async with (
        RawServer(answer(b"", "429 Too Many Requests", date)) as server,
        aclosing(Wire(server.url, PATIENT, clock=clock)) as wire,
    ):
        cash = CaselleCashReceipting(CaselleClient(wire, Tokens(), PATIENT))
        result = await cash.create_receipt(CITY, ORDER)
    assert result == Ambiguous("throttled", retry_after=45.0, throttled=True)


@pytest.mark.slow
async def test_one_deadline_bounds_the_whole_call(opened):
    started = asyncio.get_running_loop().time()
    both = await asyncio.gather(*(posted(opened, behaviour, deadline=HASTY) for behaviour in (hangs, drips)))
    assert [result for result, _ in both] == [Ambiguous("TimeoutError")] * 2
    assert asyncio.get_running_loop().time() - started < PATIENT / 2
    assert [len(server.requests) for _, server in both] == [1, 1]


@pytest.mark.slow
async def test_a_write_shares_the_deadline_with_the_read_before_it(opened):
    started = asyncio.get_running_loop().time()
    behaviours = answer(REFUSED, "401 Unauthorized"), answer(NOBODY), hangs
    tokens = Tokens("a", "b", unproved=["a"])
    result, server = await posted(opened, *behaviours, deadline=HASTY, tokens=tokens)
    assert result == Ambiguous("TimeoutError")
    assert asyncio.get_running_loop().time() - started < PATIENT / 2
    assert len(server.requests) == 3


async def test_an_answer_is_read_up_to_one_mebibyte(opened):
    result, _ = await posted(opened, answer(MADE + b" " * (MOST_BYTES - len(MADE))))
    assert result == Accepted("5.00010")


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 2 * MOST_BYTES])
async def test_a_longer_answer_is_cut_off(opened, size):
    result, server = await posted(opened, answer(MADE + b" " * (size - len(MADE))))
    assert result == Ambiguous("answer_too_large")
    assert len(server.requests) == 1


async def test_an_answer_that_unpacks_to_more_is_cut_off_too(opened):
    packed = gzip.compress(MADE + b" " * 4 * MOST_BYTES)
    result, _ = await posted(opened, answer(packed, "200 OK", "Content-Encoding: gzip"))
    assert result == Ambiguous("answer_too_large")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(opened, status):
    """A followed 307 sends the payment once more."""
    async with RawServer(answer(MADE)) as elsewhere:
        location = f"Location: {elsewhere.url}/tp/api/cr0/graphql"
        result, server = await posted(opened, answer(b"", f"{status} Moved", location))
    assert isinstance(result, Ambiguous)
    assert (len(server.requests), elsewhere.connections) == (1, 0)


@pytest.mark.parametrize(
    "location",
    ["localhost:8080/login", "mailto:a@b.c", "http://[::1", "http://x:99999999/", "//", "\\", "x" * 70_000, ""],
)
async def test_a_redirect_to_nonsense_does_not_look_like_nothing_was_sent(opened, location):
    result, server = await posted(opened, answer(b"", "307 Temporary Redirect", f"Location: {location}"))
    assert isinstance(result, Ambiguous)
    assert len(server.requests) == 1


async def test_an_interim_answer_is_not_the_answer(opened):
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    made = f"HTTP/1.1 200 OK\r\nContent-Length: {len(MADE)}\r\n\r\n".encode() + MADE
    assert (await posted(opened, says(early + made)))[0] == Accepted("5.00010")


async def test_being_cancelled_is_no_answer(opened):
    async with RawServer(hangs) as server:
        call = asyncio.create_task(opened(server.url).create_receipt(CITY, ORDER))
        async with asyncio.timeout(PATIENT):
            await server.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


# Connections.


async def test_every_call_has_a_connection_of_its_own(opened):
    async with RawServer(answer(MADE, keep=True)) as server:
        cash = opened(server.url)
        for _ in range(3):
            assert await cash.create_receipt(CITY, ORDER) == Accepted("5.00010")
    assert (server.connections, len(server.requests)) == (3, 3)


async def test_a_cookie_of_one_city_never_reaches_another(opened):
    """A relay that keeps sessions could otherwise post into the city that came before."""
    async with RawServer(answer(MADE, "200 OK", "Set-Cookie: session=newport; Path=/")) as server:
        cash = opened(server.url)
        for subdomain in ("newportor", "cedarflats"):
            await cash.create_receipt(CITY.model_copy(update={"subdomain": subdomain}), ORDER)
    assert server.header(1, "X-Caselle-Subdomain") == "cedarflats"
    assert server.header(1, "Cookie") is None


async def test_no_proxy_of_the_environment_is_used(opened, monkeypatch):
    async with RawServer(answer(MADE)) as server, RawServer(answer(MADE)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        await opened(server.url).create_receipt(CITY, ORDER)
    assert (server.connections, proxy.connections) == (1, 0)


@pytest.mark.slow
async def test_cities_do_not_wait_for_one_another(opened):
    async with RawServer(hangs) as stuck, RawServer(answer(MADE)) as well:
        waiting = asyncio.create_task(opened(stuck.url, deadline=HASTY).create_receipt(CITY, ORDER))
        assert await opened(well.url).create_receipt(CITY, ORDER) == Accepted("5.00010")
        assert await waiting == Ambiguous("TimeoutError")
