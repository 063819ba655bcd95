"""A reading about one payment: which days it asks for, what it is judged by, and what it teaches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.caselle.errors import AmbiguousError
from shared.ledger import settle
from shared.ledger.answer import Accepted, Ambiguous
from shared.payments.evidence.shown import Shown
from shared.payments.reading import ReadReceipts, sent_of
from tests.payments.world import World, key_of, message

LOST = Ambiguous("ReadTimeout")
MINUTE, DAY = 60.0, 86_400.0


class Asked:
    """Notes what a city is asked for."""

    def __init__(self, world: World) -> None:
        self.days: list[tuple[date, date]] = []
        self.numbers: list[str] = []
        receipts, receipt = world.city.receipts, world.city.receipt

        async def listed(biller, first, last):
            self.days.append((first, last))
            return await receipts(biller, first, last)

        async def numbered(biller, number):
            self.numbers.append(number)
            return await receipt(biller, number)

        world.city.receipts, world.city.receipt = listed, numbered


async def read(world, entry):
    """What a reading of the city finds now."""
    biller = await world.billers.get("2493")
    return await ReadReceipts(biller, world.city, world.ledger, world.times).about(entry)


async def shown(world):
    text, _ = await world.ledger.posted.readings("2493")
    return Shown.read(text)


async def doubt(world, **changes):
    """A payment whose answer was lost."""
    paid = message(**changes)
    world.city.next(LOST)
    await world.deliver(paid)
    return await world.entry(paid)


@pytest.fixture
def asked(world):
    return Asked(world)


class TestDays:
    @pytest.mark.parametrize(
        ("changes", "now", "days"),
        [
            # On the day itself.
            ({}, "2026-11-20T21:00:00Z", ("2026-11-19", "2026-11-21")),
            # Dated back: the receipt may lie on either day.
            ({"first_day": "2026-10-31"}, "2026-11-20T21:00:00Z", ("2026-10-30", "2026-11-21")),
            # Dated ahead.
            ({"posting_date": "2026-11-25"}, "2026-11-20T21:00:00Z", ("2026-11-19", "2026-11-26")),
            # Several attempts, each dated by the rule of its day.
            (
                {"first_day": "2026-11-18", "last_day": "2026-11-24"},
                "2026-11-20T21:00:00Z",
                ("2026-11-17", "2026-11-25"),
            ),
            # Asked days later: a city that dates by its own day may have used any of them.
            ({}, "2026-11-23T21:00:00Z", ("2026-11-19", "2026-11-24")),
            # Today is the city's: 2026-12-01T02:00Z is November there.
            ({}, "2026-12-01T02:00:00Z", ("2026-11-19", "2026-12-01")),
        ],
    )
    async def test_every_day_the_receipt_can_have_is_asked_for(self, world, asked, changes, now, days):
        entry = await doubt(world)
        world.clock.step(seconds=(datetime.fromisoformat(now) - world.clock.now()).total_seconds())
        await read(world, entry._replace(**changes))
        assert asked.days == [tuple(map(date.fromisoformat, days))]

    async def test_without_a_noted_attempt_the_arrival_counts(self, world, asked):
        entry = await doubt(world)
        old = entry._replace(sent_at=None, first_sent_at=None, received_at=datetime(2026, 11, 17, 12, tzinfo=UTC))
        await read(world, old._replace(first_day="", last_day="", posting_date="2026-11-20"))
        assert asked.days == [(date(2026, 11, 16), date(2026, 11, 21))]

    @pytest.mark.parametrize(("paid_at", "first"), [("2026-11-12", "2026-11-11"), ("2026-09-01", "2026-10-10")])
    async def test_it_reaches_back_to_the_earlier_ones_but_no_further_than_forty_days(
        self, world, asked, paid_at, first
    ):
        await world.proven(paidAt=f"{paid_at}T12:00:00-08:00")
        await read(world, await doubt(world))
        assert asked.days[0][0] == date.fromisoformat(first)

    async def test_it_reaches_on_to_later_ones_that_are_dated_ahead(self, world, asked):
        await world.set_up(postingDateRule="settlement")
        entry = await doubt(world)
        await world.pass_time(MINUTE)
        await world.deliver(message(settlementDate="2026-11-24"))
        await world.drain()
        asked.days.clear()
        await read(world, entry)
        assert asked.days[0][1] == date(2026, 11, 25)

    async def test_each_reading_after_one_that_showed_it_absent_begins_a_day_earlier(self, world, asked):
        """A list that changes has to be read again and again: never twice with the same pages."""
        await world.proven()
        entry = await doubt(world)
        world.clock.advance(16 * MINUTE)
        await world.deliver(message())
        await world.drain()
        asked.days.clear()
        for _ in range(3):
            finding = await read(world, entry)
            assert isinstance(finding, settle.Absent)
            entry = entry._replace(look=finding.look.written())
            world.clock.advance(11 * MINUTE)
        assert [first.day for first, _ in asked.days] == [19, 18, 17]
        assert len({first.toordinal() % 2 for first, _ in asked.days[:2]}) == 2

    async def test_a_new_attempt_begins_anew(self, world, asked):
        await world.proven()
        entry = await doubt(world)
        world.clock.advance(16 * MINUTE)
        await world.deliver(message())
        await world.drain()
        finding = await read(world, entry)
        asked.days.clear()
        await read(world, entry._replace(look=finding.look.written(), attempt=2))
        assert asked.days[0][0].day == 19


class TestKnown:
    async def test_a_lag_that_was_seen_makes_it_wait_twice_as_long(self, world):
        await world.proven()
        await world.ledger.posted.keep_readings("2493", Shown(lags={"2026-11-20": 20 * MINUTE}).written(), "")
        entry = await doubt(world)
        world.clock.advance(5 * MINUTE)
        await world.deliver(message())
        await world.drain()
        for minutes, why in [(49, "too_early"), (10, None)]:
            world.clock.advance(minutes * MINUTE)
            finding = await read(world, entry)
            assert getattr(finding, "why", None) == why

    async def test_a_lag_is_learned_by_the_readings_themselves(self, world):
        await world.proven()
        entry = await doubt(world)
        world.clock.advance(5 * MINUTE)
        await world.deliver(late := message())
        await world.drain()
        hidden = world.city.receipts_made.pop()
        world.clock.advance(15 * MINUTE)
        assert (await read(world, entry)).why == "one_of_ours_missing", "nobody knows yet how late it is"
        world.city.receipts_made.append(hidden)
        world.clock.advance(5 * MINUTE)
        await read(world, entry)
        memory = await shown(world)
        assert memory.lag(world.clock.now(), timedelta(hours=12)) == timedelta(minutes=15)
        assert (await world.entry(late)).receipt_number == hidden[1].receipt_number

    async def test_a_list_that_repeats_itself_teaches_nothing(self, world):
        await world.proven()
        entry = await doubt(world)
        receipts = world.city.receipts

        async def twice(*days):
            return 2 * await receipts(*days)

        world.city.receipts = twice
        world.clock.advance(20 * MINUTE)
        assert (await read(world, entry)).why == "list_repeats"
        assert (await shown(world)).form.proven == 0

    async def test_what_it_came_to_is_remembered_with_its_time(self, world):
        entry = await doubt(world)
        world.clock.advance(20 * MINUTE)
        await read(world, entry)
        memory = await shown(world)
        assert (memory.said, memory.read_at) == ("reference_longer_than_shown", world.clock.now())
        world.city.make(replace(world.city.orders[-1]))
        await read(world, entry)
        assert (await shown(world)).said == "present"

    async def test_two_readings_at_once_lose_no_lesson_to_an_error(self, world):
        await world.proven()
        entry = await doubt(world)
        keep = world.ledger.posted.keep_readings

        async def taken(*_):
            world.ledger.posted.keep_readings = keep
            return False

        world.ledger.posted.keep_readings = taken
        await read(world, entry)
        await read(world, entry)
        assert (await shown(world)).form.proven == 10


class TestNumbers:
    async def test_each_missing_number_is_asked_for_once_in_a_reading(self, world, asked):
        await world.proven()
        entry = await doubt(world)
        world.clock.advance(16 * MINUTE)
        world.city.next(Accepted("5.00004"))
        await world.deliver(after := message())
        await world.drain()
        order = next(each for each in world.city.orders if each.reference == after["confirmationNumber"])
        world.city.receipts_made.append((order.receipt_date, replace(world.city.make(order), receipt_number="5.00004")))
        world.city.receipts_made.pop(-2)
        assert isinstance(await read(world, entry), settle.Absent)
        assert asked.numbers == ["5.00002", "5.00003"]

    async def test_a_number_that_is_not_answered_leaves_the_whole_reading_without_one(self, world):
        await world.proven()
        entry = await doubt(world)
        world.clock.advance(16 * MINUTE)
        world.city.make(replace(world.city.orders[-1], reference="somebody's"))
        world.city.receipts_made.pop()
        hole = world.city.make(replace(world.city.orders[-1], reference="x"))
        await world.deliver(message())
        await world.drain()
        world.city.receipts_made = [pair for pair in world.city.receipts_made if pair[1] != hole]

        async def silent(*_):
            raise AmbiguousError("ReadTimeout", retry_after=30, throttled=True)

        world.city.receipt = silent
        assert await read(world, entry) == settle.NoAnswer("ReadTimeout", 30, throttled=True)


class TestCandidates:
    async def near(self, world, text, number="5.00002"):
        """A live receipt of the same cents beside a payment that is absent."""
        await world.proven(confirmationNumber="IC-PROVEN-0001")
        entry = await doubt(world, confirmationNumber="IC-DOUBT-00002")
        receipt = world.city.make(replace(world.city.orders[-1], reference=text))
        world.city.receipts_made[-1] = (world.city.receipts_made[-1][0], replace(receipt, receipt_number=number))
        world.clock.advance(16 * MINUTE)
        await world.deliver(message(confirmationNumber="IC-LATER-00003"))
        await world.drain()
        return await read(world, entry)

    @pytest.mark.parametrize("text", ["IC-PROVEN", "IC-", "i", "IC-PROVEN-00011", "walk-in"])
    async def test_a_text_that_only_begins_like_another_payment_s_reference_names_nobody(self, world, text):
        finding = await self.near(world, text)
        assert isinstance(finding, settle.Odd)
        assert (finding.reason, finding.detail) == ("similar_receipt", "receipt 5.00002 of 125.40")

    @pytest.mark.parametrize("text", ["IC-OTHER-00009", "ic-other-00009"])
    async def test_another_payment_s_whole_reference_names_it(self, world, text):
        world.city.next(LOST)
        await world.deliver(message(confirmationNumber="IC-OTHER-00009", amount="125.40"))
        world.city.orders.clear()
        await world.gates.unblock("2493")
        world.clock.advance(MINUTE)
        await world.drain()
        world.app = world.process()
        finding = await self.near(world, text)
        assert isinstance(finding, settle.Absent)

    async def test_a_number_that_is_bound_to_another_of_ours_is_not_it(self, world):
        """A clerk has changed what it shows since an earlier reading."""
        await world.proven()
        await world.deliver(message())
        world.clock.advance(3 * MINUTE)
        entry = await doubt(world)
        world.clock.advance(16 * MINUTE)
        await world.deliver(message())
        await world.drain()
        assert isinstance(await read(world, entry), settle.Absent)
        day, bound = world.city.receipts_made[1]
        world.city.receipts_made[1] = (day, replace(bound, reference="changed by a clerk"))
        assert isinstance(await read(world, entry), settle.Absent)


class TestNoAnswer:
    @pytest.mark.parametrize("code", ["receipt_page_malformed"])
    async def test_a_list_that_cannot_be_read_is_told_by_its_code(self, world, caplog, code):
        async def odd(*_):
            raise AmbiguousError(code)

        world.city.receipts = odd
        entry = await doubt(world)
        assert await read(world, entry) == settle.NoAnswer(code)
        assert f'"event": "receipt_list.unreadable", "biller": "2493", "code": "{code}"' in caplog.text
        await world.pass_time(2 * MINUTE)
        assert (await world.entry({"billerId": "2493", "paymentId": entry.key.id})).detail == code

    async def test_one_that_is_not_answered_is_told_by_nobody(self, world, caplog):
        world.city.up = False
        assert await read(world, await doubt(world)) == settle.NoAnswer("no_answer")
        assert "receipt_list.unreadable" not in caplog.text


async def test_what_was_sent_is_told_from_the_ledger(world):
    entry = await doubt(world, application="AR", tender="CC", confirmationNumber="IC-9")
    sent = sent_of(entry._replace(first_dated="2026-11-18", others="5.1 5.2", told_held_at=world.clock.now()))
    assert (sent.key, sent.reference, sent.cents, sent.channel) == (str(entry.key), "IC-9", 12540, "AR/CC")
    assert (sent.first_sent_at, sent.last_sent_at) == (entry.sent_at, entry.sent_at)
    assert (sent.dated, sent.told_held, sent.others) == (date(2026, 11, 18), True, frozenset({"5.1", "5.2"}))
    assert sent_of(entry).told_held is False
    assert key_of({"billerId": "2493", "paymentId": entry.key.id}) == entry.key
