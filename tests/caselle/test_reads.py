"""Reads over real sockets: only a complete answer shows anything."""

import json
from datetime import date, timedelta

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


@pytest.mark.parametrize(("earlier", "size"), [(0, 200), (1, 149), (2, 200)])
async def test_a_reading_from_a_day_earlier_has_pages_of_another_size(opened, earlier, size):
    """What is lost at the edge of a page is lost somewhere else."""
    first = date(2026, 11, 20) - timedelta(days=earlier)
    async with RawServer(answer(EMPTY_PAGE)) as server:
        await opened(server.url).receipts(CITY, first, date(2026, 11, 21))
    [asked] = [json.loads(each.partition(b"\r\n\r\n")[2])["variables"] for each in server.requests]
    assert asked == {
        "filter": {"from_date": first.isoformat(), "to_date": "2026-11-21"},
        "page": {"size": size, "after": None},
    }


async def test_a_number_is_asked_for_by_itself_and_others_beside_it_are_left_out(opened):
    row = {"reference": "IC1", "amount": "1.00", "status": "POSTED", "created_at": "2026-11-20T12:00:00Z"}
    rows = [row | {"receipt_number": number} for number in ("5.00009", "5.00010", "05.000000010", "5.00011", "6.00010")]
    page = json.dumps({"data": {"receipt": {"receipts": rows, "next": None}}}).encode()
    async with RawServer(answer(page)) as server:
        found = await opened(server.url).receipt(CITY, "5.00010")
    assert [each.receipt_number for each in found] == ["5.00010", "05.000000010"]
    [asked] = [json.loads(each.partition(b"\r\n\r\n")[2])["variables"] for each in server.requests]
    assert asked["filter"] == {"receipt_number": "5.00010"}


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
