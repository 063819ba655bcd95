"""A refused token is looked up afresh, and another one is tried once."""

import asyncio
import json

import pytest

from shared.caselle.client import MOST_TOKENS
from shared.ledger.answer import Accepted, Ambiguous, NotSent
from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import CITY, HASTY, HTML, MADE, REFUSED, Tokens, posted
from tests.caselle.raw_server import answer
from tests.caselle.test_contract import ORDER


async def test_a_refused_token_gives_way_to_a_newer_one_once(opened):
    tokens = Tokens("token-a", "token-b")
    result, server = await posted(opened, answer(REFUSED, "401 Unauthorized"), answer(MADE), tokens=tokens)
    assert result == Accepted("5.00010")
    assert [server.header(n, "Authorization") for n in range(2)] == ["Bearer token-a", "Bearer token-b"]
    assert tokens.refused == ["token-a"]


@pytest.mark.parametrize("body", [REFUSED, b"", HTML])
async def test_the_same_token_is_not_tried_again(opened, body):
    result, server = await posted(opened, answer(body, "401 Unauthorized"))
    assert result == NotSent("token_refused", peer_failed=False)
    assert len(server.requests) == 1


async def test_a_second_refusal_is_the_last(opened):
    tokens = Tokens("token-a", "token-b")
    result, server = await posted(opened, answer(REFUSED, "401 Unauthorized"), tokens=tokens)
    assert result == NotSent("token_refused", peer_failed=False)
    assert len(server.requests) == 2


async def test_every_other_token_is_tried_once_and_not_without_end(opened):
    tokens = Tokens(*"abcdefghij")
    result, server = await posted(opened, answer(REFUSED, "401 Unauthorized"), tokens=tokens)
    assert result == NotSent("token_refused", peer_failed=False)
    sent = [server.header(n, "Authorization") for n in range(len(server.requests))]
    assert sent == [f"Bearer {token}" for token in "abcdefghij"[:MOST_TOKENS]]


class _Slow(Tokens):
    """Takes its time to find another token: as long as a renewal that another instance makes, or for ever."""

    def __init__(self, seconds):
        super().__init__("a", "b")
        self._seconds = seconds

    async def instead_of(self, biller, refused):
        await asyncio.sleep(self._seconds)
        return await super().instead_of(biller, refused)


@pytest.mark.parametrize("seconds", [0.75 * HASTY, 1000])
async def test_a_write_is_not_begun_again_with_little_time_left(opened, seconds):
    """It would most likely end in doubt."""
    refuses = answer(REFUSED, "401 Unauthorized")
    result, server = await posted(opened, refuses, answer(MADE), deadline=HASTY, tokens=_Slow(seconds))
    assert isinstance(result, NotSent)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fresh", [None, Unavailable("vault")])
async def test_a_refused_token_without_another_means_not_sent(opened, fresh):
    tokens = Tokens("token-a", fresh)
    result, server = await posted(opened, answer(REFUSED, "401 Unauthorized"), tokens=tokens)
    assert isinstance(result, NotSent)
    assert len(server.requests) == 1


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
