"""A city's customer records, as the ledger's algorithm sees them."""

from typing import Final

from shared.billers.model import Biller
from shared.customers.gateway import DIRECT_PAY, AutopaySetting, CustomerRecords
from shared.customers.message import AutopayChange, stored
from shared.ledger import settle
from shared.ledger.answer import Accepted, Answer
from shared.ledger.entry import Entry
from shared.vocabulary import events


class CustomerPeer:
    """Implements ``shared.ledger.send_once.Peer`` for customer updates of one biller."""

    slots: Final = 1
    """Payments go first: one update at a time is enough load on a city's server."""
    can_be_asked: Final = True
    """Sending it again is the question."""

    def __init__(self, biller: Biller, records: CustomerRecords) -> None:
        """One per invocation; cheap."""
        self._biller = biller
        self._records = records

    def after_loss(self, entry: Entry) -> Entry:
        """The entry as it is: what was set once may be set again."""
        return entry

    async def send(self, entry: Entry) -> Answer:
        """Set what the message says."""
        message = stored(entry.key.kind, entry.message)
        if not isinstance(message, AutopayChange):
            return await self._records.set_email(self._biller, message.customer_number, message.email)
        setting = AutopaySetting(message.customer_number, message.enrolled, message.effective_on)
        answer = await self._records.set_autopay(self._biller, setting)
        if isinstance(answer, Accepted) and answer.remark == DIRECT_PAY:
            events.emit("autopay_change.double_draft", events.WARNING, biller=entry.key.biller, id=entry.key.id)
        return answer

    async def probe(self, entry: Entry) -> bool:
        """Read the customer."""
        return await self._records.reachable(self._biller, entry.customer_number)

    async def ask(self, entry: Entry) -> settle.Finding:  # noqa: ARG002 - the protocol's
        """An update that was applied once may be applied again."""
        return settle.Repeatable()
