"""The nightly run: what does not fit is found and told once, and nothing that fits is."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ledger.answer import Ambiguous
from shared.ledger.entry import State
from shared.payments.gateway import Receipt
from shared.reconciliation.control_totals import ControlTotal, Kept
from shared.reconciliation.finding import What
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money
from tests.fakes.app import given
from tests.fakes.reconciliation import MemoryControlTotals, MemoryFindings
from tests.payments.world import World, key_of, message, reject
from tests.repair.world import SAID, person

DAY = "2026-11-20"
DEPOSIT = {"settlementDate": DAY, "depositId": "20261120-ACH"}
NIGHT = 22 * 3600.0
"""From noon UTC of the day to two in the morning at the coast."""


class Night:
    """A city with payments of one day, and the run of the night after."""

    def __init__(self) -> None:
        self.world = World()
        self.totals = MemoryControlTotals()
        self.findings = MemoryFindings()
        given(self.world.app.stores, control_totals=self.totals, findings=self.findings)
        self.reconcile = self.world.app.reconcile

    async def pay(self, **changes):
        paid = message(**DEPOSIT | changes)
        await self.world.deliver(paid)
        return paid

    async def count(self, *payments, named=True, **changes):
        """Invoice Cloud's total of these payments."""
        cents = sum(Money.parse(paid["amount"]) for paid in payments)
        fields = {"schemaVersion": 1, "billerId": "2493", "application": "AR", "tender": "ACH", "day": DAY}
        fields |= {"depositId": DEPOSIT["depositId"], "count": len(payments), "amount": str(Money(cents))}
        fields |= {"paymentIds": [paid["paymentId"] for paid in payments]} if named else {}
        total = ControlTotal.model_validate(fields | changes)
        await self.totals.keep(Kept(total, self.world.clock.now()))

    def spoil(self, reference, /, **changes):
        """Something happens to a receipt behind our back."""
        self.world.city.receipts_made = [
            (day, replace(made, **changes) if made.reference == reference else made)
            for day, made in self.world.city.receipts_made
        ]

    def lose(self, reference):
        made = self.world.city.receipts_made
        self.world.city.receipts_made = [(day, each) for day, each in made if each.reference != reference]

    def stranger(self, reference):
        """A receipt that we did not make, of this day."""
        made = Receipt(
            receipt_number="5.00099",
            reference=reference,
            amount=Money(12540),
            live=True,
            voided=False,
            created_at=self.world.clock.now(),
        )
        self.world.city.receipts_made.append((self.world.clock.now().date(), made))

    async def pass_(self):
        """The night comes; what was found, as kind and subject."""
        self.world.clock.advance(NIGHT)
        return await self.run()

    async def run(self):
        await self.reconcile.run(60)
        return [(each.what, each.subject) for each in await self.findings.of("2493")]


@pytest.fixture
async def night():
    night = Night()
    await night.world.set_up()
    return night


@pytest.fixture
def told(caplog):
    """Names of the loud events, in their order."""
    caplog.set_level("WARNING", "caselle")

    def names():
        return [json.loads(record.message)["event"] for record in caplog.records if record.levelname != "INFO"]

    return names


async def test_a_night_on_which_everything_fits(night, told):
    payments = [await night.pay() for _ in range(3)]
    await night.count(*payments)
    assert await night.pass_() == []
    assert told() == []


class TestReceipts:
    async def test_one_is_void_behind_our_back(self, night, told):
        paid, other = await night.pay(), await night.pay()
        night.spoil(paid["confirmationNumber"], live=False, voided=True)
        assert await night.pass_() == [(What.RECEIPT_VOID, paid["paymentId"])]
        assert told() == ["receipt.mismatch"]
        assert (await night.world.entry(paid)).state is State.POSTED, "nothing is changed by itself"
        assert (await night.world.entry(other)).state is State.POSTED

    async def test_one_is_missing(self, night):
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        assert await night.pass_() == [(What.RECEIPT_MISSING, paid["paymentId"])]

    @pytest.mark.parametrize("change", [{"amount": Money(1)}, {"reference": "IC-other"}])
    async def test_one_was_changed(self, night, change):
        paid = await night.pay()
        night.spoil(paid["confirmationNumber"], **change)
        assert await night.pass_() == [(What.RECEIPT_DIFFERS, paid["paymentId"])]

    async def test_one_that_we_voided_fits(self, night):
        await night.world.set_up(rejectStrategy="void")
        paid = await night.pay()
        await night.world.undo(reject(paid))
        await night.world.drain()
        assert await night.pass_() == []

    async def test_one_that_a_person_said_was_undone_still_stands(self, night):
        paid = await night.pay()
        back = reject(paid)
        await night.world.undo(back)
        await night.world.drain()
        await person(night.world).resolve.posted(key_of(back), None, SAID)
        assert await night.pass_() == [(What.RECEIPT_LIVE, paid["paymentId"])]

    async def test_one_of_a_payment_that_nobody_knows(self, night):
        night.stranger("IC-nobody")
        assert await night.pass_() == [(What.RECEIPT_UNKNOWN, "5.00099")]

    async def test_a_second_one_of_the_same_payment(self, night):
        paid = await night.pay()
        night.stranger(paid["confirmationNumber"])
        assert (What.RECEIPT_SECOND, "5.00099") in await night.pass_()

    async def test_one_of_a_payment_that_is_held(self, night):
        paid = await night.pay(tender="VENMO")
        night.stranger(paid["confirmationNumber"])
        assert await night.pass_() == [(What.RECEIPT_UNPOSTED, "5.00099")]

    async def test_one_of_a_payment_that_is_being_asked_about_is_the_ledger_s_own_business(self, night):
        night.world.city.next(Ambiguous("ReadTimeout"), made=True)
        await night.pay()
        assert await night.pass_() == []

    async def test_the_clerk_s_own_are_nobody_s_business(self, night):
        await night.pay()
        night.stranger(None)
        assert await night.pass_() == []

    async def test_those_of_the_time_before_go_live_are_the_old_data_pump_s(self, night):
        night.stranger("IC-old")
        later = night.world.clock.now() + timedelta(minutes=1)
        await night.world.set_up(goLiveAt=later.isoformat())
        assert await night.pass_() == []

    async def test_one_booked_on_a_day_outside_is_looked_up(self, night):
        await night.pay(settlementDate="2026-12-24")
        await night.pay()
        assert await night.pass_() == []

    async def test_one_posted_just_now_may_not_be_shown_yet(self, night):
        night.world.clock.advance(NIGHT)
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        assert await night.run() == []

    async def test_a_release_without_the_query_ties_the_rest(self, night):
        await night.world.set_up(connectVersion="2024.05")
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        await night.count(paid, await night.pay(), named=False, count=3)
        assert await night.pass_() == [(What.TOTAL_DIFFERS, "20261120-ACH~AR~ACH")]
        assert night.world.city.questions == 0


class TestCompleteness:
    async def test_a_payment_that_was_never_enqueued_is_named(self, night, told):
        came = await night.pay()
        never = message(**DEPOSIT)
        await night.count(came, never)
        found = await night.pass_()
        assert (What.NOT_ENQUEUED, never["paymentId"]) in found
        assert "completeness.mismatch" in told()
        assert night.world.city.questions == 1

    async def test_without_ids_the_count_tells(self, night):
        await night.count(await night.pay(), message(**DEPOSIT), named=False)
        assert (What.TOTAL_DIFFERS, "20261120-ACH~AR~ACH") in await night.pass_()

    async def test_one_that_invoice_cloud_does_not_count(self, night):
        first, second = await night.pay(), await night.pay()
        await night.count(first)
        assert (What.NOT_COUNTED, second["paymentId"]) in await night.pass_()

    async def test_one_that_stands_under_another_day_was_enqueued(self, night):
        here, there = await night.pay(), await night.pay(settlementDate="2026-11-25")
        await night.count(here, there)
        found = await night.pass_()
        assert (What.NOT_COUNTED, there["paymentId"]) in found
        assert What.NOT_ENQUEUED not in {what for what, _ in found}

    async def test_a_corrected_total_ends_the_matter(self, night):
        paid = await night.pay()
        await night.count(paid, message(**DEPOSIT))
        assert await night.pass_()
        await night.count(paid)
        night.world.clock.advance(24 * 3600)
        assert await night.run() == []

    async def test_a_held_payment_came_but_its_money_is_not_at_caselle(self, night, told):
        posted, held = await night.pay(), await night.pay(allocations=None)
        await night.count(posted, held)
        assert await night.pass_() == [(What.DEPOSIT_DIFFERS, "20261120-ACH")]
        assert told()[-1] == "deposit.mismatch"


class TestOnceANight:
    async def test_what_was_told_is_not_told_again(self, night, told):
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        await night.pass_()
        night.world.clock.advance(24 * 3600)
        assert await night.run() == [(What.RECEIPT_MISSING, paid["paymentId"])]
        assert told() == ["receipt.mismatch"]

    async def test_a_biller_that_is_done_is_not_read_again(self, night):
        await night.pay()
        await night.pass_()
        await night.run()
        assert night.world.city.questions == 1

    async def test_a_city_that_is_down_is_tried_again_the_same_night(self, night, told):
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        night.world.city.up = False
        assert await night.pass_() == []
        night.world.city.up = True
        assert await night.run() == [(What.RECEIPT_MISSING, paid["paymentId"])]
        assert told() == ["receipt.mismatch"]

    async def test_what_needs_no_city_is_told_also_while_it_is_down(self, night, told):
        paid, never = await night.pay(), message(**DEPOSIT)
        night.lose(paid["confirmationNumber"])
        await night.pass_()
        await night.count(paid, never)
        night.world.city.up = False
        night.world.clock.advance(24 * 3600)
        found = await night.run()
        assert (What.NOT_ENQUEUED, never["paymentId"]) in found
        assert (What.RECEIPT_MISSING, paid["paymentId"]) in found, "as the last night left it"
        assert told().count("completeness.mismatch") == 2
        await night.run()
        assert told().count("completeness.mismatch") == 2
        night.world.city.up = True
        await night.run()
        assert told().count("receipt.mismatch") == 1

    async def test_two_missed_nights_are_told(self, night, told):
        await night.pay()
        await night.pass_()
        night.world.city.up = False
        night.world.clock.advance(24 * 3600)
        await night.run()
        assert told() == []
        night.world.clock.advance(24 * 3600)
        await night.run()
        assert told() == ["reconcile.incomplete"]

    async def test_one_city_that_is_down_keeps_no_other_from_being_read(self, night):
        await night.world.set_up(billerId="1111")
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        receipts = night.world.city.receipts

        async def down_for_one(biller, first, last):
            if biller.biller_id == "1111":
                raise Unavailable("down")
            return await receipts(biller, first, last)

        night.world.city.receipts = down_for_one
        assert await night.pass_() == [(What.RECEIPT_MISSING, paid["paymentId"])]
        assert await night.findings.done_for("1111") is None

    async def test_one_whose_entries_cannot_be_read_keeps_no_other_from_being_read(self, night, told):
        await night.world.set_up(billerId="1111")
        broken = await night.pay(billerId="1111", tender="VENMO")
        place = next(place for place in night.world.store.rows if place[1] == f"P~{key_of(broken)}")
        row = night.world.store.rows[place]
        night.world.store.rows[place] = replace(row, values={**row.values, "message": b"[]"})
        paid = await night.pay()
        night.lose(paid["confirmationNumber"])
        assert await night.pass_() == [(What.RECEIPT_MISSING, paid["paymentId"])]
        assert {"receipt.mismatch", "reconcile.failed"} <= set(told())

    async def test_without_budget_the_next_run_goes_on(self, night):
        await night.pay()
        night.world.clock.advance(NIGHT)
        await night.reconcile.run(0)
        assert await night.findings.done_for("2493") is None
        await night.run()
        assert await night.findings.done_for("2493") is not None

    @pytest.mark.parametrize("changes", [{"mode": "test"}, {"region": "eastus2"}])
    async def test_only_live_billers_that_are_at_home_here(self, night, changes):
        await night.world.set_up(**changes)
        await night.pass_()
        assert await night.findings.done_for("2493") is None


class TestTheFeed:
    async def weeks(self, night, counts, today):
        """So many payments on the same weekday of each week, the last of them today."""
        for count in [*counts, today]:
            for _ in range(count):
                now = night.world.clock.now()
                await night.pay(paidAt=now.isoformat(), settlementDate=(now + timedelta(days=3)).date().isoformat())
            night.world.clock.advance(7 * 24 * 3600)
        night.world.clock.advance(NIGHT - 7 * 24 * 3600)
        await night.reconcile.run(60)

    @pytest.mark.parametrize(
        ("counts", "today", "silent"),
        [
            ([5, 5, 5, 5], 0, True),
            ([9, 9, 9, 9], 1, False),
            ([5, 5, 4, 5], 0, False),
            ([0, 5, 5, 5], 0, False),
            ([5, 5, 5], 0, False),
        ],
    )
    async def test_a_biller_is_silent_where_it_used_to_be_busy(self, night, told, counts, today, silent):
        await self.weeks(night, counts, today)
        assert ("feed.silent" in told()) == silent
