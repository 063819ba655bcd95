"""The use cases on customers beside those on payments, over one ledger, with scripted customer records."""

from itertools import count
from typing import Any

from shared.exchange.result import Handled
from shared.ledger.entry import Entry, Key, Kind
from tests.fakes.records import REMOTES
from tests.payments import world as payments
from tests.payments.world import body

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


class World(payments.World):
    async def tell(self, fields: dict[str, Any], message_id: str | None = None, app: Any = None) -> Handled:
        """Deliver an update to a process."""
        raw = body(fields)
        update = (app or self.app).update_customer
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
