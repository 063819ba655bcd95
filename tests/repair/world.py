"""The in-memory world, and a person who works in it."""

from typing import Any

from shared.ledger.store import LedgerStore
from shared.payments.gateway import Receipt
from shared.repair.decision import Decision
from shared.runtime.repair_parts import RepairParts
from shared.vocabulary.money import Money
from tests.payments.world import World

SAID = Decision("object-id-7", "the clerk looked", not_by_hand=True)
SINCE = 15 * 60.0
"""Seconds after an attempt before which nobody may send again."""


def person(world: World, store: LedgerStore | None = None) -> RepairParts:
    """Every use case of ``shared.repair`` over one way to the table, in a process of its own."""
    return world.app_on(store or world.store).repair


def by_hand(world: World, paid: dict[str, Any], number: str = "5.00010", **changes: Any) -> str:
    """What a clerk made for a payment, under this number: without its confirmation number, unless given."""
    usual: dict[str, Any] = {"reference": None, "amount": Money.parse(paid["amount"]), "live": True, "voided": False}
    receipt = Receipt(receipt_number=number, created_at=world.clock.now(), **usual | changes)
    world.city.receipts_made.append((world.clock.now().date(), receipt))
    return number


async def told(world: World) -> list[str]:
    """Let the sweeper run and everything be driven; the outcomes that Invoice Cloud was told, with ids."""
    before = len(world.results)
    await world.pass_time(60)
    return [f"{result.outcome} {result.id}" for result in world.results[before:]]
