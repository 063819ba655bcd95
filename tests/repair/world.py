"""The in-memory world, and a person who works in it."""

from dataclasses import dataclass
from typing import Any

from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Kind
from shared.ledger.peer import Peer
from shared.ledger.reading import Reader
from shared.ledger.store import LedgerStore
from shared.payments.drive import PaymentDriver
from shared.payments.gateway import Receipt
from shared.payments.named_receipt import NamedReceipt
from shared.payments.post import Desk
from shared.repair.decision import Decision
from shared.repair.find import Find
from shared.repair.history import Show
from shared.repair.personal_data import PersonalData
from shared.repair.replay import Replay
from shared.repair.resolve import Resolve
from shared.repair.retry import Retry
from shared.repair.tell_again import TellAgain
from shared.reversals.drive import ReversalDriver
from shared.vocabulary.money import Money
from tests.payments.world import World

SAID = Decision("object-id-7", "the clerk looked", not_by_hand=True)
SINCE = 15 * 60.0
"""Seconds after an attempt before which nobody may send again."""


@dataclass
class Person:
    """Every use case of ``shared.repair`` over one way to the table."""

    find: Find
    show: Show
    retry: Retry
    resolve: Resolve
    again: TellAgain
    personal: PersonalData
    replay: Replay


def person(world: World, store: LedgerStore | None = None) -> Person:
    store = store or world.store
    ledger, reader = Ledger(store), Reader(store)
    desk: Desk = world.desk
    drivers = {Kind.PAYMENT: PaymentDriver(desk)}

    async def peer_of(entry: Entry) -> Peer | None:
        return await drivers.get(entry.key.kind, ReversalDriver(desk)).peer(entry)

    again = TellAgain(ledger, reader)
    return Person(
        find=Find(reader),
        show=Show(ledger, reader),
        retry=Retry(ledger, reader, peer_of, world.times),
        resolve=Resolve(ledger, reader, NamedReceipt(world.billers, world.city, ledger), world.times),
        again=again,
        personal=PersonalData(ledger, reader, world.quarantine),
        replay=Replay(world.quarantine, world.app.post, world.app.reverse, ledger, again),
    )


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
