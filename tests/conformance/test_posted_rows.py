"""What was posted, in order of time, and what readings have shown: on memory and on Azurite."""

import uuid
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest
from azure.data.tables.aio import TableServiceClient

from shared.azure_stores.server_time import ServerTime
from shared.azure_stores.table_ledger import TableLedger
from shared.ledger import rows, settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Key, Kind, State
from shared.ledger.store import Insert, LedgerStore
from shared.runtime.clock import SystemClock
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.ledger.samples import NOON, entry

BILLER, OTHER = "2493", "2137"
DAY = date(2026, 11, 20)


class SetTime(ServerTime):
    """The service's clock, as far as the ledger is concerned, stands where a test sets it."""

    at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture(params=["memory", "azurite"])
async def stand(request: pytest.FixtureRequest) -> AsyncIterator[tuple[LedgerStore, object]]:
    """A store, and how its clock is set."""
    if request.param == "memory":
        clock = StoppedClock(NOON)
        yield MemoryLedger(clock), lambda at: clock.step(seconds=(at - clock.now()).total_seconds())
        return
    connection, time = request.getfixturevalue("azurite").connection_string, SetTime(SystemClock())
    async with TableServiceClient.from_connection_string(connection) as service:
        table = await service.create_table(f"ledger{uuid.uuid4().hex}")
        yield TableLedger(table, time), lambda at: setattr(time, "at", at)
        await service.delete_table(table.table_name)


class Book:
    """Posts payments at instants of a test's choice."""

    def __init__(self, stand):
        self.store, self.set_time = stand
        self.ledger = Ledger(self.store)
        self.rows = self.ledger.posted

    async def post(self, id_, after=0.0, biller=BILLER, note=None, **changes):
        sent_at = NOON + timedelta(minutes=after)
        self.set_time(sent_at)
        usual = {
            "state": State.SENDING,
            "attempt": 1,
            "sent_at": sent_at,
            "first_sent_at": sent_at,
            "channel": "AR/ACH",
        }
        usual |= {"reference": f"ref-{id_}", "posting_date": DAY.isoformat(), "key": Key(biller, Kind.PAYMENT, id_)}
        sending = await self.ledger.begin(entry(**usual | changes))
        self.set_time(sent_at + timedelta(seconds=1))
        return await self.ledger.move(sending, settle.posted(sending, f"5.{id_}"), note=note or {})

    async def latest(self, **changes):
        asked = {"biller": BILLER, "channel": "AR/ACH", "until": NOON, "dated": DAY, "most": 3} | changes
        return [each.key.rpartition("~")[2] for each in await self.rows.latest(**asked)]


@pytest.fixture
def book(stand) -> Book:
    return Book(stand)


async def test_one_comes_back_as_it_was_posted(book):
    resent = {"attempt": 3, "first_sent_at": NOON - timedelta(hours=2), "first_dated": "2026-11-18"}
    await book.post("a", cents=700, reference="IC-7", **resent)
    [one] = await book.rows.since(BILLER, NOON)
    assert (one.key, one.posted_at) == (f"{BILLER}~payment~a", NOON + timedelta(seconds=1))
    assert (one.channel, one.reference, one.cents, one.receipt_number) == ("AR/ACH", "IC-7", 700, "5.a")
    assert (one.dated, one.sent_at, one.first_sent_at, one.attempts) == (DAY, NOON, NOON - timedelta(hours=2), 3)


async def test_since_an_instant_all_channels_of_the_biller_come_the_earliest_first(book):
    for number, after in [("c", 3), ("a", -1), ("b", 0)]:
        await book.post(number, after, channel=f"AR/{number}")
    await book.post("x", 1, biller=OTHER)
    found = await book.rows.since(BILLER, NOON + timedelta(seconds=1))
    assert [(each.key.rpartition("~")[2], each.channel) for each in found] == [("b", "AR/b"), ("c", "AR/c")]


async def test_more_than_a_page_come_all(book):
    numbers = [f"{number:04}" for number in range(510)]
    row = rows.posted_key
    for start in range(0, 510, 90):
        keys = [Key(BILLER, Kind.PAYMENT, number) for number in numbers[start : start + 90]]
        values = {"cents": 1, "channel": "AR/ACH", "reference": "r", "dated": "2026-11-20", "receipt_number": "5"}
        values |= {"sent_at": NOON.isoformat(), "first_sent_at": NOON.isoformat(), "attempts": 1}
        named = [{"biller": BILLER, "kind": "payment", "id": key.id} for key in keys]
        changes = [Insert(row(NOON, key), {**name, **values}) for key, name in zip(keys, named, strict=True)]
        await book.store.commit(rows.shard_of(BILLER), changes)
    assert [each.key.rpartition("~")[2] for each in await book.rows.since(BILLER, NOON)] == numbers


async def test_what_a_person_resolved_or_moves_no_money_vouches_for_nothing(book):
    await book.post("hand", note={"by": "somebody", "why": "the clerk looked"})
    await book.post("void", key=Key(BILLER, Kind.REVERSAL, "v"), reverses="hand")
    await book.post("old", channel="")
    assert await book.rows.since(BILLER, NOON) == []


async def test_the_last_of_a_channel_come_the_latest_first(book):
    for number in range(5):
        await book.post(f"a{number}", number - 60)
    await book.post("other", -5, channel="AR/CC")
    assert await book.latest() == ["a4", "a3", "a2"]
    assert await book.latest(most=1) == ["a4"]
    assert await book.latest(channel="AR/CC") == ["other"]
    assert await book.latest(channel="UM/ACH") == []


async def test_only_those_posted_before_an_instant_and_dated_no_later(book):
    await book.post("early", -9)
    await book.post("ahead", -8, posting_date="2026-11-21")
    await book.post("now", 0)
    assert await book.latest() == ["early"]
    assert await book.latest(until=NOON + timedelta(hours=1)) == ["now", "early"]
    assert await book.latest(dated=DAY - timedelta(1)) == []
    assert await book.latest(until=NOON + timedelta(hours=1), dated=DAY + timedelta(1)) == ["now", "ahead", "early"]


async def test_those_of_weeks_ago_are_found_and_of_months_are_not(book):
    days = 24 * 60
    for name, ago in [("months", 41), ("weeks", 39), ("days", 2), ("hours", 0.2)]:
        await book.post(name, -ago * days)
    assert await book.latest() == ["hours", "days", "weeks"]
    assert await book.latest(most=9) == ["hours", "days", "weeks"]


async def test_what_readings_have_shown_is_kept_by_whoever_read_it_last(book):
    assert await book.rows.readings(BILLER) == ("", "")
    assert await book.rows.keep_readings(BILLER, "one", "")
    assert not await book.rows.keep_readings(BILLER, "another first one", "")
    text, etag = await book.rows.readings(BILLER)
    assert text == "one"
    assert await book.rows.keep_readings(BILLER, "two", etag)
    assert not await book.rows.keep_readings(BILLER, "three", etag)
    assert (await book.rows.readings(BILLER))[0] == "two"
    assert await book.rows.readings(OTHER) == ("", "")


async def test_references_are_found_by_their_beginning_in_any_letter_case(book):
    for name in ("IC-1", "IC-10", "IC-2", "ic"):
        await book.post(name.replace("-", "."), reference=name)
    found = await book.rows.references(BILLER, "ic-1", 9)
    assert found == {"ic-1": f"{BILLER}~payment~IC.1", "ic-10": f"{BILLER}~payment~IC.10"}
    assert list(await book.rows.references(BILLER, "IC", 2)) == ["ic", "ic-1"]
    assert await book.rows.references(BILLER, "it's ; -- ", 9) == {}
    assert await book.rows.references(OTHER, "ic", 9) == {}


async def test_a_text_as_long_as_a_row_may_hold_is_kept(book):
    """Two hundred payments that are missing, with their keys."""
    text = str({f"2493~payment~{number:064}": 86_400.0 for number in range(200)})
    assert len(text) < 32_000
    assert await book.rows.keep_readings(BILLER, text, "")
    assert (await book.rows.readings(BILLER))[0] == text
