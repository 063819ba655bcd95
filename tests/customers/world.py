"""The use cases on customers beside those on payments, over one ledger, with scripted customer records."""

from dataclasses import dataclass
from itertools import count
from typing import Any, override

from shared.customers.desk import Desk
from shared.customers.drive import UpdateDriver
from shared.customers.update import UpdateCustomer
from shared.exchange.drive import Drive
from shared.exchange.result import Handled
from shared.ledger.entry import Entry, Key, Kind
from shared.ledger.newest import Newest
from shared.payments.post import Desk as PaymentDesk
from tests.fakes.records import REMOTES, MemoryRecords
from tests.payments import world as payments
from tests.payments.world import Process, body

ON = {
    "contractPasses": {
        remote.name: {"at": "2026-11-01T00:00:00Z", "document": remote.document} for remote in REMOTES.values()
    },
    "features": {
        remote.name: {"by": "a@ic.test", "at": "2026-11-02T00:00:00Z", "reason": "the clerk wants it"}
        for remote in REMOTES.values()
    },
}
_numbers = count(1)


def autopay(at: str = "2026-11-20T10:00:00-08:00", change: str = "enrolled", **changes: Any) -> dict[str, Any]:
    """A change of one customer's AutoPay, with its own id."""
    fields = {"schemaVersion": 1, "billerId": "2493", "changeId": f"chg-{next(_numbers)}", "customerNumber": "000412"}
    return fields | {"change": change, "changedAt": at, "effectiveOn": "2026-12-01"} | changes


def registration(at: str = "2026-11-20T10:00:00-08:00", **changes: Any) -> dict[str, Any]:
    """A registration of the same customer, with its own id."""
    fields = {"schemaVersion": 1, "billerId": "2493", "eventId": f"reg-{next(_numbers)}", "customerNumber": "000412"}
    return fields | {"email": "ada@example.test", "registeredAt": at} | changes


def kind_of(fields: dict[str, Any]) -> Kind:
    return Kind.AUTOPAY_CHANGE if "changeId" in fields else Kind.REGISTRATION


def key_of(fields: dict[str, Any]) -> Key:
    own = fields["changeId"] if "changeId" in fields else fields["eventId"]
    return Key(fields["billerId"], kind_of(fields), own)


@dataclass
class UpdatingProcess(Process):
    update: UpdateCustomer
    newest: Newest


@dataclass
class World(payments.World):
    def __post_init__(self) -> None:
        self.records = MemoryRecords()
        super().__post_init__()

    @override
    def process(self) -> UpdatingProcess:
        process = super().process()
        desk = process.post._desk
        newest = Newest(desk.ledger, self.store)
        updates = customer_desk(desk, self.records, newest)
        drivers = {**process.drive.drivers, **dict.fromkeys(REMOTES, UpdateDriver(updates))}
        drive = Drive(
            ledger=desk.ledger,
            send_once=desk.send_once,
            chain=desk.chain,
            quarantine=desk.quarantine,
            times=desk.times,
            drivers=drivers,
        )
        return UpdatingProcess(process.post, process.reverse, drive, process.sweep, UpdateCustomer(updates), newest)

    async def tell(self, fields: dict[str, Any], message_id: str | None = None, app: Any = None) -> Handled:
        """Deliver an update to a process."""
        raw = body(fields)
        update = (app or self.app).update
        return self.take(await update.accept(kind_of(fields), raw, message_id or f"u-{next(_numbers)}"))

    async def told(self, fields: dict[str, Any]) -> Entry:
        """Deliver an update, and let everything that follows from it happen."""
        await self.tell(fields)
        await self.drain()
        return await self.state_of(fields)

    async def state_of(self, fields: dict[str, Any]) -> Entry:
        found = await self.ledger.read(key_of(fields))
        assert found is not None
        return found

    def outcomes(self, fields: dict[str, Any]) -> list[str]:
        return [str(result.outcome) for result in self.results if result.id == key_of(fields).id]


def customer_desk(desk: PaymentDesk, records: MemoryRecords, newest: Newest) -> Desk:
    shared = ("billers", "ledger", "send_once", "chain", "quarantine", "times", "regions")
    return Desk(**{name: getattr(desk, name) for name in shared}, records=records, newest=newest)
