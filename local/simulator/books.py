"""What the simulated cities keep: customers, invoices, receipts. In memory, gone when the process ends."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from local.simulator.tokens import TokenGrid
from local.simulator.wire import Application, BillerSetup, StatementType, Switches
from shared.vocabulary.money import Money

_DAYS_TO_PAY = 30


@dataclass(slots=True)
class Invoice:
    """One invoice; ``balance`` is negative once it is overpaid."""

    number: str
    amount: Money
    balance: Money
    issued: date
    due: date


@dataclass(slots=True)
class Customer:
    """One AR customer; ``on_account`` is what was paid without an invoice to put it on."""

    number: str
    name: str
    invoices: dict[str, Invoice]
    statement_type: StatementType = "OPEN_ITEM"
    on_account: int = 0

    @property
    def balance(self) -> Money:
        """What the customer owes."""
        return Money(sum(invoice.balance for invoice in self.invoices.values()) - self.on_account)

    @property
    def open_invoices(self) -> list[Invoice]:
        """What is unpaid; a balance-forward customer has one carried balance instead."""
        if self.statement_type == "BALANCE_FORWARD":
            return []
        return [invoice for invoice in self.invoices.values() if invoice.balance > 0]


@dataclass(slots=True)
class Receipt:
    """One receipt; ``shares`` say which invoices it paid, the rest is on account.

    ``updated``: accounts receivable has it, so that it counts in the customer's balances.
    """

    number: str
    day: date
    created_at: datetime
    amount: Money
    reference: str
    payer: str | None
    payment_code: str
    memo: str | None
    customer: Customer
    shares: list[tuple[Invoice, int]]
    voided: bool = False
    updated: bool = False

    @property
    def status(self) -> str:
        """As the schema's ReceiptStatus."""
        return "VOIDED" if self.voided else "POSTED"

    def update(self) -> None:
        """Lower the customer's balances, unless that was done."""
        if not self.updated:
            self._move(-1)
        self.updated = True

    def void(self) -> None:
        """Mark it voided, and restore the balances where it had lowered them."""
        if self.updated:
            self._move(+1)
        self.voided, self.updated = True, False

    def _move(self, sign: int) -> None:
        for invoice, cents in self.shares:
            invoice.balance = Money(invoice.balance + sign * cents)
        self.customer.on_account -= sign * (self.amount - sum(cents for _, cents in self.shares))


@dataclass(slots=True)
class Account:
    """What one customer's record says; None until it was told."""

    autopay: bool | None = None
    effective_on: str | None = None
    email: str | None = None


@dataclass(slots=True)
class Biller:
    """One city's Caselle Connect."""

    subdomain: str
    biller_id: str
    applications: list[Application]
    client_id: str
    client_secret: str = field(repr=False)
    customers: dict[str, Customer]
    switches: Switches
    receipts: list[Receipt] = field(default_factory=list)
    tokens: TokenGrid = field(default_factory=TokenGrid)
    recorded: int = 0
    """Receipts made and voided, customers' records set."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """What was told about customers, by number."""
    calls: Counter[str] = field(default_factory=Counter)
    writing: int = 0
    """Calls under way that write."""
    most_writing: int = 0

    @contextmanager
    def write(self) -> Iterator[None]:
        """One more call that writes is under way."""
        self.writing += 1
        self.most_writing = max(self.most_writing, self.writing)
        try:
            yield
        finally:
            self.writing -= 1

    def now(self) -> datetime:
        """The time by the city's own clock, which stamps its receipts."""
        return datetime.now(UTC) + timedelta(seconds=self.switches.clock_ahead_seconds)

    def update_payments(self) -> int:
        """Hand what is not updated to accounts receivable, as the clerk's routine does; how many there were."""
        waiting = [receipt for receipt in self.receipts if not receipt.voided and not receipt.updated]
        for receipt in waiting:
            receipt.update()
        return len(waiting)

    def at_least(self, release: str) -> bool:
        """Whether the city runs this release of Caselle Connect or a later one."""
        return _parts(self.switches.connect_version) >= _parts(release)


class UnknownSubdomain(Exception):
    """No biller was set up under this subdomain."""


class World:
    """All billers, by subdomain. Everything runs on one event loop, so code without ``await`` is atomic."""

    def __init__(self) -> None:
        self.billers: dict[str, Biller] = {}

    def replace(self, setups: Iterable[BillerSetup]) -> None:
        """Forget every biller, receipt and token, and start with these billers."""
        self.billers = {setup.subdomain: _open_books(setup) for setup in setups}

    def put(self, setup: BillerSetup) -> None:
        """Add a biller; one of the same subdomain is forgotten with its receipts and tokens."""
        self.billers[setup.subdomain] = _open_books(setup)

    def at(self, subdomain: str) -> Biller:
        """The biller under this subdomain.

        Raises:
            UnknownSubdomain: there is none.
        """
        if subdomain not in self.billers:
            raise UnknownSubdomain
        return self.billers[subdomain]


def _open_books(setup: BillerSetup) -> Biller:
    today = datetime.now(UTC).date()
    return Biller(
        subdomain=setup.subdomain,
        biller_id=setup.biller_id,
        applications=list(setup.applications.values()),
        client_id=setup.client_id,
        client_secret=setup.client_secret.get_secret_value(),
        customers={
            number: Customer(number, customer.name, _open_invoices(customer.invoices, today), customer.statement_type)
            for number, customer in setup.customers.items()
        },
        switches=Switches(connect_version=setup.connect_version, callback_url=setup.callback_url),
    )


def _open_invoices(balances: dict[str, Money], today: date) -> dict[str, Invoice]:
    due = today + timedelta(days=_DAYS_TO_PAY)
    return {number: Invoice(number, balance, balance, today, due) for number, balance in balances.items()}


def _parts(release: str) -> list[int]:
    return [int(part) for part in release.split(".")]
