"""The nightly run over the real client, before the simulator: what is done behind our back there is found here."""

from datetime import UTC, datetime

import pytest

from shared.reconciliation.finding import What
from tests.conformance.newport import CITY
from tests.conformance.test_cash_receipting import make
from tests.fakes.app import given
from tests.fakes.clock import StoppedClock
from tests.fakes.reconciliation import MemoryControlTotals, MemoryFindings
from tests.payments.world import NEWPORT, World, message

DAY_LATER = 26 * 3600.0
"""The next day in the city, also when its clocks are put back in between."""


@pytest.fixture
async def world(caselle):
    """Newport's payments, posted to the simulator."""
    world = World(clock=StoppedClock(datetime.now(UTC)))
    world.city = caselle.cash
    world.app = world.process()
    await world.set_up()
    return world


async def paid(world):
    """A payment of this very moment, and its receipt."""
    now = world.clock.now().isoformat()
    fields = message(paidAt=now, amount="1.00", allocations=[{"invoiceNumber": "10023", "amount": "1.00"}])
    await world.deliver(fields)
    return fields["paymentId"], (await world.entry(fields)).receipt_number


async def found(world, findings):
    given(world.app.stores, control_totals=MemoryControlTotals(), findings=findings)
    world.clock.advance(DAY_LATER)
    await world.app.reconcile.run(60)
    return {(each.what, each.subject) for each in await findings.of("2493")}


async def test_void_missing_and_changed_receipts_are_each_found(world, caselle):
    payments = [await paid(world) for _ in range(4)]
    (voided, first), (lost, second), (changed, third), _ = payments
    subdomain = NEWPORT["subdomain"]
    await caselle.control.void_by_clerk(subdomain, first)
    await caselle.control.lose_receipt(subdomain, second)
    await caselle.control.change_amount(subdomain, third, "1.01")
    findings = MemoryFindings()
    assert await found(world, findings) == {
        (What.RECEIPT_VOID, voided),
        (What.RECEIPT_MISSING, lost),
        (What.RECEIPT_DIFFERS, changed),
    }


async def test_nothing_is_found_where_nothing_was_done(world):
    for _ in range(3):
        await paid(world)
    findings = MemoryFindings()
    assert await found(world, findings) == set()
    assert await findings.done_for("2493") is not None


async def test_a_receipt_that_somebody_else_made_is_found(world, caselle):
    today = world.clock.now().astimezone(CITY.zone).date()
    number = await make(caselle.cash, reference="IC-NOBODY", receipt_date=today, shares=())
    assert await found(world, MemoryFindings()) == {(What.RECEIPT_UNKNOWN, number)}
