"""Reads over real sockets: only a complete answer shows anything."""

import pytest

from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import BARE, CITY, EMPTY_PAGE, HTML, IN_DOUBT, THROTTLED
from tests.caselle.raw_server import RawServer, answer, resets
from tests.caselle.test_contract import ORDER


@pytest.mark.parametrize("name", [*IN_DOUBT, *BARE])
async def test_a_read_without_a_full_answer_shows_nothing(opened, name):
    async with RawServer((IN_DOUBT | BARE)[name]) as server:
        cash = opened(server.url)
        with pytest.raises(Unavailable):
            await cash.receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
        assert not await cash.reachable(CITY, "000412")


async def test_a_cut_second_page_is_no_answer(opened):
    first = b'{"data": {"receipt": {"receipts": [], "next": "200"}}}'
    async with RawServer(answer(first), resets) as server:
        with pytest.raises(Unavailable):
            await opened(server.url).receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)


async def test_a_cursor_that_goes_in_circles_ends(opened, monkeypatch):
    monkeypatch.setattr("shared.caselle.cash_receipting.MOST_PAGES", 5)
    endless = b'{"data": {"receipt": {"receipts": [], "next": "200"}}}'
    async with RawServer(answer(endless)) as server:
        with pytest.raises(Unavailable):
            await opened(server.url).receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
    assert len(server.requests) == 5


@pytest.mark.parametrize("body", [b"", HTML, THROTTLED, EMPTY_PAGE])
@pytest.mark.parametrize(("status", "throttled"), [("429 Too Many Requests", True), ("503 Service Unavailable", False)])
async def test_a_question_that_comes_at_the_wrong_time_says_when_to_come_back(opened, status, throttled, body):
    """Questions count under the same limit as payments; whoever asks knows no error of Caselle's."""
    async with RawServer(answer(body, status, "Retry-After: 17")) as server:
        with pytest.raises(Unavailable) as raised:
            await opened(server.url).receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
    assert raised.value.retry_after == 17.0
    assert raised.value.throttled is (throttled or body == THROTTLED)
    assert len(server.requests) == 1


async def test_a_question_that_is_too_much_says_so_with_whatever_status(opened):
    async with RawServer(answer(THROTTLED)) as server:
        with pytest.raises(Unavailable) as raised:
            await opened(server.url).receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
    assert (raised.value.retry_after, raised.value.throttled) == (None, True)


async def test_any_other_failure_asks_for_nothing(opened):
    async with RawServer(resets) as server:
        with pytest.raises(Unavailable) as raised:
            await opened(server.url).receipts(CITY, ORDER.receipt_date, ORDER.receipt_date)
    assert (raised.value.retry_after, raised.value.throttled) == (None, False)
