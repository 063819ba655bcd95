"""Control totals are kept as they come; what breaks a rule is set aside."""

import json
import uuid
from datetime import date, timedelta

import pytest

from shared.reconciliation.control_totals import KeepControlTotal
from tests.fakes.clock import StoppedClock
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.reconciliation import MemoryControlTotals

DAY = date(2026, 11, 23)
TOTAL = {
    "schemaVersion": 1,
    "billerId": "2493",
    "application": "ar",
    "tender": "ach",
    "day": "2026-11-23",
    "depositId": "20261123-ACH",
    "count": 2,
    "amount": "250.80",
    "paymentIds": ["{0D9E2A34-6F0B-4B7C-9A8E-2F1C5B7D9E10}", "pay-2"],
}


class Desk:
    def __init__(self):
        self.totals, self.quarantine, self.clock = MemoryControlTotals(), MemoryQuarantine(), StoppedClock()
        self.keep = KeepControlTotal(self.totals, self.quarantine, self.clock)

    async def accept(self, enqueued_at=None, **changes):
        fields = {name: value for name, value in (TOTAL | changes).items() if value is not None}
        await self.keep.accept(json.dumps(fields).encode(), "m-1", enqueued_at)

    async def kept(self):
        return await self.totals.of("2493", DAY, DAY)


@pytest.fixture
def desk():
    return Desk()


async def test_it_is_kept_in_our_spelling(desk):
    await desk.accept()
    [total] = await desk.kept()
    assert (total.application, total.tender, total.count, int(total.amount)) == ("AR", "ACH", 2, 25080)
    assert total.payment_ids == ("0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10", "pay-2")
    assert desk.quarantine.items == {}


@pytest.mark.parametrize(
    ("ids", "code", "detail"),
    [
        ([str(uuid.UUID(int=number)) for number in range(2000)], "too_large", "more than 49152 bytes"),
        ([str(number) for number in range(2001)], "rule_broken", "paymentIds"),
    ],
)
async def test_more_ids_than_a_message_holds_are_refused_by_name(desk, ids, code, detail):
    await desk.accept(paymentIds=ids, count=len(ids))
    [item] = desk.quarantine.items.values()
    assert item.reason == code
    assert detail in item.detail
    assert await desk.kept() == []


async def test_two_thousand_ids_are_kept(desk):
    ids = [f"pay-{number}" for number in range(2000)]
    await desk.accept(paymentIds=ids, count=2000)
    [total] = await desk.kept()
    assert total.payment_ids == tuple(ids)


async def test_a_deposit_may_be_larger_than_any_payment(desk):
    await desk.accept(amount="123456789012.34")
    [total] = await desk.kept()
    assert int(total.amount) == 12345678901234


async def test_one_that_was_enqueued_earlier_does_not_replace_a_correction(desk):
    now = desk.clock.now()
    await desk.accept(now, amount="1.00")
    await desk.accept(now - timedelta(minutes=1))
    [total] = await desk.kept()
    assert int(total.amount) == 100


@pytest.mark.parametrize(
    "changes",
    [
        {"count": -1},
        {"count": "2"},
        {"count": True},
        {"count": 3},
        {"amount": "-1.00"},
        {"amount": 250.8},
        {"amount": "1.005"},
        {"paymentIds": ["pay-1", "pay-1"]},
        {"paymentIds": ["a/b", "c"]},
        {"day": "23.11.2026"},
        {"depositId": " "},
        {"depositId": None},
        {"billerId": "x"},
        {"schemaVersion": 2},
        {"depositId": "4111 1111 1111 1111"},
    ],
)
async def test_what_breaks_a_rule_is_set_aside(desk, changes):
    await desk.accept(**changes)
    assert await desk.kept() == []
    assert list(desk.quarantine.items) == [("control-totals", "m-1")]


async def test_payment_ids_may_look_like_card_numbers(desk):
    await desk.accept(count=1, paymentIds=["4111111111111111"])
    assert len(await desk.kept()) == 1


async def test_what_failed_again_and_again_is_set_aside(desk):
    await desk.keep.give_up(b"anything", "m-1")
    assert desk.quarantine.items["control-totals", "m-1"].reason == "poison"
