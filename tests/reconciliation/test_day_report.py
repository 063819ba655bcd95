"""The report per deposit day: every payment under one heading, to the cent."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from shared.billers.model import Biller
from shared.ledger.answer import Ambiguous, NotSent
from shared.ledger.reading import Reader
from shared.reconciliation.day_report import DayReport, totals
from tests.payments.world import World, key_of, message, reject, reversal
from tests.repair.world import SAID, person

SAMPLES = Path(__file__).parents[2] / "local/samples"
MONDAY = "2026-11-23"
DEPOSIT = {"settlementDate": MONDAY, "depositId": "20261123-ACH"}


async def report(world, biller="2493", first=MONDAY, last=MONDAY):
    found = await world.billers.get(biller)
    lines = DayReport(Reader(world.store)).lines(found, date.fromisoformat(first), date.fromisoformat(last))
    return [line async for line in lines]


@pytest.fixture
async def world():
    world = World()
    await world.set_up()
    return world


async def test_the_samples_come_out_as_expected_to_the_cent():
    world = World()
    billers = [Biller.model_validate(each) for each in json.loads((SAMPLES / "billers.json").read_text())]
    for biller in billers:
        await world.billers.put(biller.model_copy(update={"region": None}))
    for line in (SAMPLES / "payments.jsonl").read_text(encoding="utf-8").splitlines():
        await world.deliver(line.encode())
    await world.pass_time(600)
    expected = json.loads((SAMPLES / "expected.json").read_text())
    posted: dict[str, dict[str, Counter[str]]] = {}
    held = 0
    for biller in billers:
        lines = await report(world, biller.biller_id, "2026-11-01", "2026-12-10")
        for row in totals(lines):
            held += row.held.count
            if row.posted.count:
                tenders = posted.setdefault(row.biller, {}).setdefault(row.tender, Counter())
                tenders.update(count=row.posted.count, cents=row.posted.cents)
    assert posted == expected["posted"]
    unknown_billers = sum(line["why"] == "biller that nobody set up" for line in expected["lines"])
    assert held + unknown_billers == expected["counts"]["held"]


async def test_every_payment_received_stands_under_one_heading(world):
    await world.deliver(message(**DEPOSIT, amount="1.00", allocations=None) | _allocated("1.00"))
    await world.deliver(message(**DEPOSIT, amount="2.00", allocations=None))  # held: names no invoices
    ended = message(**DEPOSIT, amount="4.00", allocations=None)
    await world.deliver(ended)
    await person(world).resolve.not_posted(key_of(ended), SAID)
    world.city.next(NotSent("ConnectError"))
    await world.deliver(message(**DEPOSIT, amount="8.00") | _allocated("8.00"))
    world.city.next(Ambiguous("ReadTimeout"))
    await world.deliver(message(**DEPOSIT, amount="16.00") | _allocated("16.00"))
    [row] = totals(await report(world))
    assert (row.received.count, row.received.cents) == (5, 3100)
    parts = {name: getattr(row, name).cents for name in ("posted", "held", "not_posted", "open")}
    assert parts == {"posted": 100, "held": 200, "not_posted": 400, "open": 2400}
    assert (row.net, row.day, row.biller, row.tender) == (100, MONDAY, "2493", "ACH")


async def test_money_that_goes_back_stands_under_its_own_day(world):
    await world.set_up(rejectStrategy="void")
    paid = message(**DEPOSIT)
    await world.deliver(paid)
    await world.undo(reject(paid, returnedOn="2026-11-25"))
    await world.drain()
    came, went = totals(await report(world, last="2026-11-25"))
    assert (came.posted.cents, came.reversed.cents, came.net) == (12540, 0, 12540)
    assert (went.day, went.tender) == ("2026-11-25", "ACH")
    assert (went.received.count, went.reversed.count, went.reversed.cents, went.net) == (0, 1, 12540, -12540)


async def test_what_waits_for_a_person_has_not_gone_back(world):
    paid = message(**DEPOSIT)
    await world.deliver(paid)
    await world.undo(reject(paid, returnedOn=MONDAY))
    await world.drain()
    [row] = totals(await report(world))
    assert (row.reversed.count, row.net) == (0, 12540)


async def test_a_part_that_went_back_and_a_chargeback_that_was_won_count_with_their_signs(world):
    paid = message(**DEPOSIT)
    await world.deliver(paid)
    for back in (
        reversal(paid, "refund", amount="5.00", occurredOn=MONDAY),
        reversal(paid, "chargeback_won", amount="2.00", occurredOn=MONDAY),
    ):
        await world.undo(back)
        await world.drain()
        entry = await world.entry(back)
        if entry.reason == "already_reversed":
            continue
        await person(world).resolve.posted(key_of(back), None, SAID)
    [row] = totals(await report(world))
    assert (row.reversed.count, row.reversed.cents, row.net) == (2, 300, 12240)


async def test_a_receipt_that_is_dated_otherwise_is_counted(world):
    await world.set_up(postingDateRule="sent")
    await world.deliver(message(**DEPOSIT, paidAt="2026-11-18T12:00:00-08:00"))
    await world.deliver(message(**DEPOSIT))
    [row] = totals(await report(world))
    assert (row.dated_otherwise.count, row.dated_otherwise.cents) == (1, 12540)


async def test_without_a_settlement_date_the_day_of_payment_counts_in_the_city_s_zone(world):
    """18:30 on the 30th at the coast is the 1st in UTC."""
    await world.deliver(message(paidAt="2026-12-01T02:30:00Z"))
    [line] = await report(world, first="2026-11-30", last="2026-12-01")
    assert (line.day, line.paid_on, line.posting_date) == ("2026-11-30", "2026-11-30", "2026-11-30")


async def test_lines_name_confirmation_and_receipt(world):
    paid = message(**DEPOSIT)
    await world.deliver(paid)
    [line] = await report(world)
    assert (line.confirmation_number, line.receipt_number) == (paid["confirmationNumber"], "5.00001")
    assert (line.deposit_id, line.customer_number, line.cents) == ("20261123-ACH", "000412", 12540)


async def test_other_days_and_other_billers_are_left_out(world):
    await world.set_up(billerId="2137")
    await world.deliver(message(**DEPOSIT))
    await world.deliver(message(settlementDate="2026-11-24"))
    await world.deliver(message(**DEPOSIT, billerId="2137"))
    assert len(await report(world)) == 1


def _allocated(amount):
    return {"allocations": [{"invoiceNumber": "1", "amount": amount}]}
