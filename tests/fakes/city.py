"""A city's cash receipting in memory; what it answers next can be scripted."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime

from shared.billers.model import Biller
from shared.ledger.answer import Accepted, Answer, Refused, Scope
from shared.payments.gateway import Receipt, ReceiptOrder
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money

type Reaction = Callable[[ReceiptOrder], Awaitable[Answer]]
type VoidReaction = Callable[[str], Awaitable[Answer]]


class MemoryCity:
    """Makes a receipt for every order, the same reference twice included, as Caselle is assumed to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.receipts_made: list[tuple[date, Receipt]] = []
        self.orders: list[ReceiptOrder] = []
        self.script: list[Reaction] = []
        self.voids: list[str] = []
        self.void_script: list[VoidReaction] = []
        self.up = True
        self.probes = 0
        self.questions = 0

    def make(self, order: ReceiptOrder, created_at: datetime | None = None) -> Receipt:
        receipt = Receipt(
            receipt_number=f"5.{len(self.receipts_made) + 1:05}",
            reference=order.reference,
            amount=order.amount,
            live=True,
            voided=False,
            created_at=created_at or self._clock.now(),
        )
        self.receipts_made.append((order.receipt_date, receipt))
        return receipt

    def counter_receipt(self, number: int) -> None:
        """A clerk's receipt, made now; has nothing to do with Invoice Cloud."""
        receipt = Receipt(
            receipt_number=f"1.{number:05}",
            reference=f"counter-{number}",
            amount=Money(100),
            live=True,
            voided=False,
            created_at=self._clock.now(),
        )
        self.receipts_made.append((self._clock.now().date(), receipt))

    def next(self, *answers: Answer, made: bool = False) -> None:
        """Script the next answers; ``made``: the receipt is made although the answer does not say so."""
        for answer in answers:
            self.script.append(self._reaction(answer, made=made))

    def doubled(self) -> int:
        references = [receipt.reference for _, receipt in self.receipts_made if receipt.live]
        return len(references) - len(set(references))

    async def create_receipt(self, biller: Biller, order: ReceiptOrder) -> Answer:
        self.orders.append(order)
        if self.script:
            return await self.script.pop(0)(order)
        return Accepted(self.make(order).receipt_number)

    async def void_receipt(self, biller: Biller, receipt_number: str, reason: str) -> Answer:
        """Like the real one, it does not know an earlier void of ours: each call undoes the money once more."""
        if self.void_script:
            return await self.void_script.pop(0)(receipt_number)
        if all(made.receipt_number != receipt_number for _, made in self.receipts_made):
            return Refused("receipt_missing", Scope.ENTRY)
        self.void(receipt_number)
        return Accepted(receipt_number)

    def void(self, receipt_number: str) -> None:
        self.voids.append(receipt_number)
        self.receipts_made = [
            (day, replace(made, live=False, voided=True) if made.receipt_number == receipt_number else made)
            for day, made in self.receipts_made
        ]

    async def receipts(self, biller: Biller, first: date, last: date) -> list[Receipt]:
        self.questions += 1
        if not self.up:
            raise Unavailable("the city does not answer")
        return [replace(receipt, dated=day) for day, receipt in self.receipts_made if first <= day <= last]

    async def receipt(self, biller: Biller, receipt_number: str) -> list[Receipt]:
        if not self.up:
            raise Unavailable("the city does not answer")
        made = [replace(receipt, dated=day) for day, receipt in self.receipts_made]
        return [each for each in made if each.receipt_number == receipt_number]

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        self.probes += 1
        return self.up

    def _reaction(self, answer: Answer, *, made: bool) -> Reaction:
        async def react(order: ReceiptOrder) -> Answer:
            if made:
                self.make(order)
            return answer

        return react
