"""A refused token: a read is asked once more with another one, a write that has left is not, and the next waits."""

import asyncio
import json

import pytest

from shared.caselle.client import MOST_TOKENS
from shared.caselle.errors import NotSentError
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import (
    BARE,
    CITY,
    EMPTY_PAGE,
    HASTY,
    HTML,
    IN_DOUBT,
    MADE,
    NOBODY,
    REFUSED,
    Tokens,
    posted,
)
from tests.caselle.raw_server import RawServer, answer
from tests.caselle.test_contract import ORDER

TOKEN_REFUSED = [
    answer(REFUSED),
    answer(REFUSED, "401 Unauthorized"),
    answer(b"", "401 Unauthorized"),
    answer(HTML, "401 Unauthorized"),
    answer(b'{"errors": [{"message": "no", "extensions": {"code": "unauthenticated"}}]}', "500 Internal Server Error"),
    answer(b'{"errors": [{"message": "no", "extensions": {"code": "AUTH_NOT_AUTHENTICATED"}}]}', "403 Forbidden"),
]
REFUSES = answer(REFUSED, "401 Unauthorized")
LISTED = answer(EMPTY_PAGE)


async def asked(opened, *behaviours, **options):
    """The receipts of a day, or the error that came instead; and the server that saw the question."""
    async with RawServer(*behaviours) as server:
        cash = opened(server.url, **options)
        try:
            return await cash.receipts(CITY, ORDER.receipt_date, ORDER.receipt_date), server
        except Unavailable as error:
            return error, server


def seen(server):
    """What was asked for, in turn, and with which token."""
    operations = [json.loads(each.partition(b"\r\n\r\n")[2])["operationName"] for each in server.requests]
    tokens = [server.header(number, "Authorization").removeprefix("Bearer ") for number in range(len(operations))]
    return list(zip(operations, tokens, strict=True))


# A read.


@pytest.mark.parametrize("refuses", TOKEN_REFUSED)
async def test_a_refused_token_gives_way_to_a_newer_one_once(opened, refuses):
    tokens = Tokens("token-a", "token-b")
    found, server = await asked(opened, refuses, LISTED, tokens=tokens)
    assert found == []
    assert seen(server) == [("Receipts", "token-a"), ("Receipts", "token-b")]
    assert tokens.refused == ["token-a"]


@pytest.mark.parametrize("refuses", TOKEN_REFUSED)
async def test_the_same_token_is_not_tried_again(opened, refuses):
    error, server = await asked(opened, refuses)
    assert (type(error), error.code, error.peer_failed) == (NotSentError, "token_refused", False)
    assert len(server.requests) == 1


async def test_a_second_refusal_is_the_last(opened):
    error, server = await asked(opened, REFUSES, tokens=Tokens("token-a", "token-b"))
    assert error.code == "token_refused"
    assert len(server.requests) == 2


async def test_every_other_token_is_tried_once_and_not_without_end(opened):
    error, server = await asked(opened, REFUSES, tokens=Tokens(*"abcdefghij"))
    assert error.code == "token_refused"
    assert [token for _, token in seen(server)] == [*"abcdefghij"[:MOST_TOKENS]]


class _Slow(Tokens):
    """Takes its time to find another token: as long as a renewal that another instance makes, or for ever."""

    def __init__(self, seconds, unproved=()):
        super().__init__("a", "b", unproved=unproved)
        self._seconds = seconds

    async def instead_of(self, biller, refused):
        await asyncio.sleep(self._seconds)
        return await super().instead_of(biller, refused)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.75 * HASTY, 1000])
async def test_nothing_is_begun_again_with_little_time_left(opened, seconds):
    """It would most likely end without an answer."""
    error, server = await asked(opened, REFUSES, LISTED, deadline=HASTY, tokens=_Slow(seconds))
    assert isinstance(error, NotSentError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fresh", [None, Unavailable("vault")])
async def test_a_refused_token_without_another_is_not_good(opened, fresh):
    error, server = await asked(opened, REFUSES, tokens=Tokens("token-a", fresh))
    assert isinstance(error, NotSentError)
    assert len(server.requests) == 1


# A write that has left.


@pytest.mark.parametrize("refuses", TOKEN_REFUSED)
async def test_a_write_that_is_refused_for_its_token_may_have_acted_and_is_not_sent_again(opened, refuses):
    tokens = Tokens("token-a", "token-b")
    result, server = await posted(opened, refuses, answer(MADE), tokens=tokens)
    assert (type(result), result.code, result.unlisted) == (Ambiguous, "token_refused", None)
    assert seen(server) == [("CreateReceipt", "token-a")]
    assert tokens.refused == []


@pytest.mark.parametrize("refuses", TOKEN_REFUSED)
async def test_the_next_write_waits_for_a_read_that_finds_another_token(opened, refuses):
    async with RawServer(refuses, refuses, answer(NOBODY), answer(MADE)) as server:
        cash = opened(server.url, tokens=Tokens("token-a", "token-b"))
        assert isinstance(await cash.create_receipt(CITY, ORDER), Ambiguous)
        assert [await cash.create_receipt(CITY, ORDER) for _ in range(2)] == [Accepted("5.00010")] * 2
    assert seen(server) == [
        ("CreateReceipt", "token-a"),
        ("Customer", "token-a"),
        ("Customer", "token-b"),
        *[("CreateReceipt", "token-b")] * 2,
    ]


async def test_a_void_that_is_refused_for_its_token_is_not_sent_again_either(opened):
    async with RawServer(REFUSES, REFUSES, answer(NOBODY), answer(MADE)) as server:
        cash = opened(server.url, tokens=Tokens("token-a", "token-b"))
        for _ in range(2):
            assert isinstance(await cash.void_receipt(CITY, "5.00010", "R01"), Ambiguous)
    assert [operation for operation, _ in seen(server)] == ["VoidReceipt", "Customer", "Customer", "VoidReceipt"]


# A write whose token is in doubt.


async def test_a_token_that_lasts_needs_no_read(opened):
    result, server = await posted(opened, answer(MADE))
    assert result == Accepted("5.00010")
    assert seen(server) == [("CreateReceipt", "token-a")]


async def test_a_token_in_doubt_passes_a_read_of_the_same_server_first(opened):
    unproved = Tokens("token-a", unproved=["token-a"])
    result, server = await posted(opened, answer(NOBODY), answer(MADE), tokens=unproved)
    assert result == Accepted("5.00010")
    assert seen(server) == [("Customer", "token-a"), ("CreateReceipt", "token-a")]
    assert {each.partition(b" HTTP")[0] for each in server.requests} == {b"POST /tp/api/cr0/graphql"}
    asked_for = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])["variables"]
    assert asked_for == {"customer_number": ORDER.customer_number}


async def test_any_read_that_passed_is_enough(opened):
    async with RawServer(LISTED, answer(MADE)) as server:
        cash = opened(server.url, tokens=Tokens("token-a", unproved=["token-a"]))
        await cash.receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
        assert await cash.create_receipt(CITY, ORDER) == Accepted("5.00010")
    assert [operation for operation, _ in seen(server)] == ["Receipts", "CreateReceipt"]


async def test_that_the_customer_is_unknown_lets_the_token_pass(opened):
    """The city's server itself says so; what becomes of the write is another question."""
    unknown = (
        b'{"data": {"customer": null}, "errors": [{"message": "no", "extensions": {"code": "CUSTOMER_NOT_FOUND"}}]}'
    )
    tokens = Tokens("token-a", unproved=["token-a"])
    result, server = await posted(opened, answer(unknown), answer(MADE), tokens=tokens)
    assert result == Accepted("5.00010")
    assert len(server.requests) == 2


@pytest.mark.parametrize("name", [*IN_DOUBT, *sorted(BARE.keys() - {"401"})])
async def test_without_an_answer_to_the_read_nothing_is_sent(opened, name):
    tokens = Tokens("token-a", unproved=["token-a"])
    result, server = await posted(opened, (IN_DOUBT | BARE)[name], answer(MADE), tokens=tokens)
    assert isinstance(result, NotSent)
    assert [operation for operation, _ in seen(server)] == ["Customer"]


@pytest.mark.parametrize("code", ["LICENSE_MISSING", "COWS_UNREACHABLE", "ERROR", "WORKSPACE_IN_USE"])
async def test_nor_after_an_answer_that_does_not_show_the_token_to_be_good(opened, code):
    says = json.dumps({"errors": [{"message": "no", "extensions": {"code": code}}]}).encode()
    tokens = Tokens("token-a", unproved=["token-a"])
    result, server = await posted(opened, answer(says), answer(MADE), tokens=tokens)
    assert isinstance(result, NotSent)
    assert len(server.requests) == 1
    assert tokens.unproved == {"token-a"}


async def test_a_token_that_is_refused_for_good_sends_nothing(opened):
    tokens = Tokens("token-a", "token-b", unproved=["token-a", "token-b"])
    result, server = await posted(opened, REFUSES, tokens=tokens)
    assert result == NotSent("token_refused", peer_failed=False)
    assert seen(server) == [("Customer", "token-a"), ("Customer", "token-b")]


class _Lazy(Tokens):
    """Finds another token after half of the time there is."""

    async def instead_of(self, biller, refused):
        await asyncio.sleep(HASTY * 0.5)
        return await super().instead_of(biller, refused)


@pytest.mark.slow
async def test_a_write_is_not_begun_with_little_time_left(opened):
    async def slowly(writer):
        await asyncio.sleep(HASTY * 0.25)
        await answer(NOBODY)(writer)

    tokens = _Lazy("a", "b", unproved=["a"])
    result, server = await posted(opened, REFUSES, slowly, answer(MADE), deadline=HASTY, tokens=tokens)
    assert (type(result), result.peer_failed) == (NotSent, False)
    assert [operation for operation, _ in seen(server)] == ["Customer", "Customer"]


# Neither.


@pytest.mark.parametrize("body", [MADE, b'{"data": {"create_receipt": null}}'])
async def test_a_401_with_data_is_not_repeated_with_another_token(opened, body):
    result, server = await posted(opened, answer(body, "401 Unauthorized"), tokens=Tokens("a", "b"))
    assert isinstance(result, Ambiguous)
    assert len(server.requests) == 1


async def test_no_token_shows_in_an_error(opened):
    cash = opened("http://127.0.0.1:9", tokens=Tokens("canary-token\r\n"))
    with pytest.raises(Unavailable) as caught:
        await cash.receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
    assert "canary" not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("path", [None, [], ["create_receipt"]])
async def test_a_receipt_beside_a_refused_token_is_not_made_twice(opened, path):
    """Whatever stands beside it, the receipt is there; another token would make a second one."""
    error = {"message": "no", "extensions": {"code": "UNAUTHENTICATED"}, "path": path}
    made = json.dumps(json.loads(MADE) | {"errors": [error]}).encode()
    result, server = await posted(opened, answer(made), tokens=Tokens("a", "b"))
    assert result == Accepted("5.00010", beside=("UNAUTHENTICATED",))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
async def test_an_error_below_the_mutation_is_not_repeated_with_another_token(opened, status):
    error = {"message": "no", "extensions": {"code": "UNAUTHENTICATED"}, "path": ["create_receipt", "receipt_number"]}
    ran = json.dumps({"data": None, "errors": [error]}).encode()
    result, server = await posted(opened, answer(ran, status), tokens=Tokens("a", "b"))
    assert isinstance(result, Ambiguous)
    assert len(server.requests) == 1


async def test_a_read_that_asks_for_rest_puts_off_the_write_for_as_long(opened):
    tokens = Tokens("token-a", unproved=["token-a"])
    throttled = answer(b"", "429 Too Many Requests", "Retry-After: 600")
    result, server = await posted(opened, throttled, tokens=tokens)
    assert result == NotSent("throttled", retry_after=600.0, throttled=True)
    assert len(server.requests) == 1
