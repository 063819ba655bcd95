"""A city's accounts receivable in memory: its balances follow the receipts of a ``MemoryCity``."""

from collections.abc import Awaitable, Callable

from shared.billers.model import Biller
from shared.open_items.gateway import Customer, Invoice
from shared.open_items.unanswered import Trouble, Unanswered
from shared.vocabulary.money import Money
from tests.fakes.city import MemoryCity

type Hook = Callable[[], Awaitable[None]]


async def _at_once() -> None:
    pass


class MemoryReceivable:
    """Customers are given as ``{number: {invoice: decimal text}}``."""

    def __init__(self, city: MemoryCity, customers: dict[str, dict[str, str]]) -> None:
        self._city = city
        self.customers = customers
        self.carries_forward = False
        self.calls = 0
        self.under_way = self.most_under_way = 0
        self.failure: Unanswered | None = None
        self.before_reading: Hook = _at_once
        self.after_reading: Hook = _at_once

    async def customer(self, biller: Biller, customer_number: str) -> Customer:
        return await self._read(lambda: self._customer(customer_number))

    async def invoice(self, biller: Biller, customer_number: str, invoice_number: str) -> Invoice | None:
        customer = await self._read(lambda: self._customer(customer_number))
        return next((each for each in customer.invoices if each.number == invoice_number), None)

    async def _read(self, read: Callable[[], Customer]) -> Customer:
        self.calls += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self.before_reading()
            if self.failure:
                raise self.failure
            shown = read()
            await self.after_reading()
            return shown
        finally:
            self.under_way -= 1

    def _customer(self, number: str) -> Customer:
        if number not in self.customers:
            raise Unanswered("customer_unknown", Trouble.NOT_FOUND)
        invoices = tuple(self._invoice(name, amount) for name, amount in self.customers[number].items())
        balance = Money(sum(Money.parse(each) for each in self.customers[number].values()) - self._paid(number))
        return Customer(
            number=number, name="Ada", balance=balance, carries_forward=self.carries_forward, invoices=invoices
        )

    def _invoice(self, name: str, amount: str) -> Invoice:
        shares = (share for order in self._live() for share in order.shares if share.invoice_number == name)
        whole = Money.parse(amount)
        return Invoice(number=name, amount=whole, balance=Money(whole - sum(share.amount for share in shares)))

    def _paid(self, customer: str) -> int:
        return sum(order.amount for order in self._live() if order.customer_number == customer)

    def _live(self):
        live = {receipt.reference for _, receipt in self._city.receipts_made if receipt.live}
        ordered = {order.reference: order for order in self._city.orders}  # an order may have been sent again
        return [order for reference, order in ordered.items() if reference in live]
