"""Messages of the queues ``ach-rejects`` and ``reversals``."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from shared.exchange import inbound
from shared.exchange.inbound import Day, Message, PositiveAmount, Word
from shared.exchange.lenient import Shown
from shared.exchange.nacha import Sort, sort_of
from shared.ledger.entry import Kind
from shared.vocabulary.identity import PaymentId
from shared.vocabulary.money import Amount

NOTIFICATION_OF_CHANGE: Final = "notification_of_change"

_STANDS: Final[Mapping[Sort, str]] = MappingProxyType(
    {
        Sort.CHANGE: NOTIFICATION_OF_CHANGE,
        Sort.DISHONOURED: "return_dishonoured",
        Sort.UNKNOWN: "return_code_unknown",
    }
)
"""Why a receipt stays although a reject names its payment."""


class AchReject(Message):
    """The bank says something of a payment; ``return_code`` is NACHA's, unknown ones included."""

    reject_id: PaymentId
    payment_id: PaymentId
    return_code: Word
    returned_on: Day
    amount: Amount
    """May be zero where no money moved."""

    @model_validator(mode="after")
    def _moves_money(self) -> Self:
        if not self.amount and self.stands != NOTIFICATION_OF_CHANGE:
            raise ValueError("amount: a return is above zero")
        return self

    @property
    def id(self) -> str:
        """The message's own id."""
        return self.reject_id

    @property
    def day(self) -> date:
        """When it happened."""
        return self.returned_on

    @property
    def cause(self) -> str:
        """Why, in a word: kept with Caselle's void."""
        return self.return_code

    @property
    def ends_receipt(self) -> bool:
        """Whether the receipt is to be void afterwards: the payment never came about."""
        return self.stands is None

    @property
    def stands(self) -> str | None:
        """The reason for which nothing is undone by it, or None: the debit came back."""
        return _STANDS.get(sort_of(self.return_code))

    @property
    def may_undo(self) -> bool:
        """Whether its payment may be undone because of it, if only by a person."""
        return sort_of(self.return_code) in {Sort.RETURN, Sort.UNKNOWN}


class Reversal(Message):
    """Money goes back for another reason; ``chargeback_won`` brings it again."""

    reversal_id: PaymentId
    payment_id: PaymentId
    type: Literal["void", "refund", "chargeback", "chargeback_won"]
    amount: PositiveAmount
    occurred_on: Day
    reason: Annotated[Shown, Field(repr=False)] = None

    @property
    def id(self) -> str:
        """The message's own id."""
        return self.reversal_id

    @property
    def day(self) -> date:
        """When it happened."""
        return self.occurred_on

    @property
    def cause(self) -> str:
        """Why, in a word: kept with Caselle's void."""
        return self.type

    @property
    def ends_receipt(self) -> bool:
        """Whether the receipt is to be void afterwards: a refund or chargeback is another event beside it."""
        return is_void(self)

    @property
    def stands(self) -> str | None:
        """None: whatever its type, money goes back or comes again."""
        return None

    @property
    def may_undo(self) -> bool:
        """Yes, as far as its type tells."""
        return True


type Undoing = AchReject | Reversal

QUEUES: Final[Mapping[Kind, str]] = MappingProxyType({Kind.ACH_REJECT: "ach-rejects", Kind.REVERSAL: "reversals"})


def parse(kind: Kind, body: bytes) -> Undoing:
    """Read a message of the kind's queue.

    Raises:
        InvalidMessage: with the broken rule; the message is for the quarantine.
    """
    if kind is Kind.ACH_REJECT:
        return inbound.read(AchReject, body, "rejectId")
    return inbound.read(Reversal, body, "reversalId")


def stored(kind: Kind, message: bytes) -> Undoing:
    """The message of a ledger entry, which was valid when it was written."""
    model = AchReject if kind is Kind.ACH_REJECT else Reversal
    return model.model_validate_json(message)


def claim(payment_id: str) -> str:
    """The reference of whatever voids a payment's receipt: the first has it. No confirmation number has a tilde."""
    return f"reverses~{payment_id}"


def reference(message: Undoing) -> str:
    """What is taken by a message: the claim by one that ends the receipt, its own by any other; none undoes nothing."""
    return claim(message.payment_id) if message.ends_receipt else own_reference(message)


def own_reference(message: Undoing) -> str:
    """Under the claim of its payment, and nobody else's: several may give back parts of one payment."""
    kind = Kind.ACH_REJECT if isinstance(message, AchReject) else Kind.REVERSAL
    return "" if message.stands else f"{claim(message.payment_id)}~{kind}~{message.id}"


def is_void(message: Undoing) -> bool:
    """Whether Invoice Cloud took the payment back itself: it may end one that was never sent."""
    return isinstance(message, Reversal) and message.type == "void"


def fingerprint(message: Undoing) -> str:
    """What makes two messages the same: everything that decides whose money goes back, and how much."""
    decisive = [message.biller_id, message.id, message.payment_id, message.cause, int(message.amount)]
    return hashlib.sha256(json.dumps([*decisive, message.day.isoformat()]).encode()).hexdigest()[:32]
