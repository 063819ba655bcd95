"""What is older than it must be kept goes, from every table; the rest stays."""

from datetime import UTC, date, datetime, timedelta

from shared.exchange.quarantine import quarantined
from shared.ledger.retention import Retention
from shared.reconciliation.control_totals import ControlTotal, Kept
from shared.reconciliation.retain import Retain
from tests.fakes.reconciliation import MemoryControlTotals
from tests.payments.world import World, message
from tests.reconciliation.test_control_totals import TOTAL


async def test_seven_years_are_kept():
    world, totals = World(), MemoryControlTotals()
    await world.set_up()
    paid = message(settlementDate="2026-11-23")
    await world.deliver(paid)
    now = world.clock.now()
    await totals.keep(Kept(ControlTotal.model_validate(TOTAL), now))
    item = quarantined("payments", "m-1", b"{", reason="not_json", detail="", at=now)
    await world.quarantine.keep(item)
    retain = Retain(Retention(world.store, world.clock), world.quarantine.remove_before, totals, world.clock, years=7)

    world.clock.advance(timedelta(days=7 * 365).total_seconds())
    await retain.run(60)
    assert (await world.entry(paid)).message != b"{}"
    assert world.quarantine.items
    assert await totals.of("2493", date(2026, 1, 1), date(2027, 1, 1))

    world.clock.advance(timedelta(days=10).total_seconds())
    await retain.run(60)
    assert (await world.entry(paid)).message == b"{}"
    assert world.quarantine.items == {}
    assert await totals.of("2493", date(2026, 1, 1), date(2027, 1, 1)) == []
    assert retain.before() < datetime(2027, 1, 1, tzinfo=UTC).date()
