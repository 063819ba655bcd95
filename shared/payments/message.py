"""A message of the queue ``payments``: what it must look like, and in which spelling it lives here."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.exchange import inbound
from shared.exchange.inbound import Day, Instant, Message, PositiveAmount, Record, Reference, Text, Word
from shared.exchange.lenient import Shown, Whole
from shared.vocabulary.identity import PaymentId
from shared.vocabulary.money import Amount


class Allocation(Record):
    """One invoice's share of a payment."""

    invoice_number: Text
    amount: PositiveAmount


class PaymentMessage(Message):
    """One payment as Invoice Cloud enqueues it; ``amount`` is what the city gets, without the convenience fee."""

    environment: Literal["live", "test"] = "live"
    payment_id: PaymentId
    confirmation_number: Reference
    application: Word
    customer_number: Text
    tender: Word
    amount: PositiveAmount
    convenience_fee: Amount | None = None
    paid_at: Instant
    settlement_date: Day | None = None
    deposit_id: Whole = None
    payer_name: Annotated[Shown, Field(repr=False)] = None
    checkout_id: Shown = None
    represents_payment_id: PaymentId | None = None
    allocations: Annotated[tuple[Allocation, ...], Field(min_length=1, max_length=500)] | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.allocations and sum(each.amount for each in self.allocations) != self.amount:
            raise ValueError("the allocations do not add up to the amount")
        return self


def parse(body: bytes) -> PaymentMessage:
    """Read a message of the queue.

    Raises:
        InvalidMessage: with the broken rule; the message is for the quarantine.
    """
    return inbound.read(PaymentMessage, body, "paymentId")


def stored(message: bytes) -> PaymentMessage:
    """The message of a ledger entry, which was valid when it was written."""
    return PaymentMessage.model_validate_json(message)
