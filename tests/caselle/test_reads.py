"""Reads over real sockets: only a complete answer shows anything."""

import pytest

from shared.vocabulary.errors import Unavailable
from tests.caselle.calls import CITY, IN_DOUBT
from tests.caselle.raw_server import RawServer, answer, resets
from tests.caselle.test_contract import ORDER


@pytest.mark.parametrize("name", IN_DOUBT)
async def test_a_read_without_a_full_answer_shows_nothing(opened, name):
    async with RawServer(IN_DOUBT[name]) as server:
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
