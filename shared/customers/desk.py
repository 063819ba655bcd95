"""What every use case on customers works with."""

from dataclasses import dataclass

from shared.customers.gateway import CustomerRecords
from shared.exchange import desk
from shared.ledger.newest import Newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(desk.Desk):
    """The exchange's desk, the city's customer records, and which message is the newest on each customer."""

    records: CustomerRecords
    newest: Newest
