"""The real use cases on in-memory stores, a scripted city and a clock that tests move."""

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from shared.billers.model import Biller
from shared.billers.registry import BillerRegistry
from shared.exchange.result import Handled, PostingResult
from shared.ledger.book import Ledger
from shared.ledger.due import Due
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.store import LedgerStore
from shared.ledger.times import Times
from shared.runtime.app import App
from tests.fakes.app import app_over, given
from tests.fakes.billers import FakeBillers
from tests.fakes.city import MemoryCity
from tests.fakes.clock import StoppedClock
from tests.fakes.ledger import MemoryLedger
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.records import MemoryRecords

# Without a real wait for a slot: virtual time does not pass while one process waits for itself.
TIMES = Times(slot_wait=0.0)

_EARLIER = 600.0

NEWPORT: dict[str, Any] = {
    "billerId": "2493",
    "name": "Newport OR",
    "mode": "live",
    "timeZone": "America/Los_Angeles",
    "region": "westus2",
    "subdomain": "newportor",
    "connectVersion": "2025.11.014",
    "applications": {"AR": {"categoryCode": "12", "distributionCode": "1201", "paymentCodes": {"ACH": "7", "CC": "8"}}},
}
_numbers = count(1)


def message(**changes: Any) -> dict[str, Any]:
    """A payment that Newport may post, each with its own id and confirmation number; None drops a field."""
    number = next(_numbers)
    fields = {
        "schemaVersion": 1,
        "billerId": "2493",
        "paymentId": f"pay-{number}",
        "confirmationNumber": f"IC{number:08}",
        "application": "AR",
        "customerNumber": "000412",
        "tender": "ACH",
        "amount": "125.40",
        "paidAt": "2026-11-20T03:04:05-08:00",
        "allocations": [{"invoiceNumber": "10023", "amount": "100.00"}, {"invoiceNumber": "10044", "amount": "25.40"}],
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def reject(paid: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The bank's return of a payment, of its whole amount."""
    fields = {"schemaVersion": 1, "billerId": paid["billerId"], "rejectId": f"rej-{next(_numbers)}"}
    fields |= {"paymentId": paid["paymentId"], "amount": paid["amount"]}
    return fields | {"returnCode": "R01", "returnedOn": "2026-11-25"} | changes


def reversal(paid: dict[str, Any], type_: str = "void", **changes: Any) -> dict[str, Any]:
    """A void, refund or chargeback of a payment's whole amount."""
    fields = {"schemaVersion": 1, "billerId": paid["billerId"], "reversalId": f"rev-{next(_numbers)}", "type": type_}
    return fields | {"paymentId": paid["paymentId"], "amount": paid["amount"], "occurredOn": "2026-11-25"} | changes


def key_of(fields: dict[str, Any]) -> Key:
    """Of a payment, a reject or a reversal."""
    kinds = {"rejectId": Kind.ACH_REJECT, "reversalId": Kind.REVERSAL}
    own = next((name for name in kinds if name in fields), "paymentId")
    return Key(fields["billerId"], kinds.get(own, Kind.PAYMENT), fields[own])


def body(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


@dataclass
class World:
    clock: StoppedClock = field(default_factory=StoppedClock)
    times: Times = TIMES
    results: list[PostingResult] = field(default_factory=list)
    queue: list[Due] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.use(MemoryLedger(self.clock), FakeBillers())

    def use(self, store: LedgerStore, billers: BillerRegistry) -> None:
        self.store: Any = store  # tests look into the memory one
        self.ledger = Ledger(store)
        self.billers: Any = billers  # tests set records as they want them
        self.city = MemoryCity(self.clock)
        self.quarantine = MemoryQuarantine()
        self.records = MemoryRecords()
        self.app = self.process()

    def process(self) -> App:
        """One instance of the app: its own memory, the shared ledger; ``gates`` are afterwards its own."""
        app = self.app_on(self.store)
        self.gates = app.gates
        return app

    def app_on(self, store: Any) -> App:
        """An app on this way to the table."""
        app = app_over(self.clock, self.times, ledger=store, billers=self.billers, quarantine=self.quarantine)
        given(app.caselle, receipting=self.city, customer_records=self.records)
        return app

    async def set_up(self, **changes: Any) -> Biller:
        biller = Biller.model_validate(NEWPORT | changes)
        await self.billers.put(biller)
        return biller

    async def deliver(self, fields: dict[str, Any] | bytes, message_id: str | None = None) -> Handled:
        raw = fields if isinstance(fields, bytes) else body(fields)
        return self.take(await self.app.post_payment.accept(raw, message_id or f"m-{next(_numbers)}"))

    async def proven(self, **changes: Any) -> dict[str, Any]:
        """One payment that was posted ten minutes ago; it counts neither as an order nor as a result.

        Others of its application and tender may go in parallel, and an absence of theirs can be proved.
        """
        self.clock.advance(-_EARLIER)
        fields = message(**changes)
        await self.deliver(fields)
        self.clock.advance(_EARLIER)
        assert self.results.pop().outcome == "posted"
        self.city.orders.pop()
        return fields

    async def undo(self, fields: dict[str, Any], message_id: str | None = None) -> Handled:
        """Deliver a reject or reversal."""
        kind = Kind.ACH_REJECT if "rejectId" in fields else Kind.REVERSAL
        handled = await self.app.reverse_payment.accept(kind, body(fields), message_id or f"m-{next(_numbers)}")
        return self.take(handled)

    def take(self, handled: Handled) -> Handled:
        self.results += handled.results
        self.queue += handled.due
        return handled

    async def drain(self) -> None:
        """Handle everything in the queue ``due``, and what that brings."""
        while self.queue:
            self.take(await self.app.drive.step(self.queue.pop(0), redelivered=False))

    async def lose_the_ledger(self, **changes: Any) -> None:
        """A minute from now; the stamp that takes over knows nothing, and whoever paid before is in recovery."""
        self.clock.advance(60)
        await self.set_up(recoverBefore=self.clock.now().isoformat(), **changes)
        self.store.rows.clear()
        self.store._ordered.clear()
        self.app = self.process()
        self.clock.advance(60)

    async def pass_time(self, seconds: float, step: float = 60) -> None:
        """Let time pass with a sweep every minute."""
        for _ in range(int(seconds // step)):
            self.clock.advance(step)
            self.queue += await self.app.sweep.run()
            await self.drain()

    async def entry(self, fields: dict[str, Any]) -> Entry:
        found = await self.ledger.read(key_of(fields))
        assert found is not None
        return found

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for _, key in self.store.rows if key.startswith(prefix))
