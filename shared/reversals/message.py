"""Messages of the queues ``ach-rejects`` and ``reversals``."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field

from shared.exchange import inbound
from shared.exchange.inbound import Day, Message, Note, PositiveAmount, Word
from shared.ledger.entry import Kind
from shared.vocabulary.identity import PaymentId


class AchReject(Message):
    """The bank returned a payment; ``return_code`` is NACHA's, unknown ones included."""

    reject_id: PaymentId
    payment_id: PaymentId
    return_code: Word
    returned_on: Day
    amount: PositiveAmount

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
        return True


class Reversal(Message):
    """Money goes back for another reason; ``chargeback_won`` brings it again."""

    reversal_id: PaymentId
    payment_id: PaymentId
    type: Literal["void", "refund", "chargeback", "chargeback_won"]
    amount: PositiveAmount
    occurred_on: Day
    reason: Note | None = Field(default=None, repr=False)

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


def reference(message: Undoing) -> str:
    """Taken by the first that undoes a payment, so that it is undone once. No confirmation number has a tilde."""
    return "" if message.cause == "chargeback_won" else f"reverses~{message.payment_id}"


def is_void(message: Undoing) -> bool:
    """Whether Invoice Cloud took the payment back itself: it may end one that was never sent."""
    return isinstance(message, Reversal) and message.type == "void"


def fingerprint(message: Undoing) -> str:
    """What makes two messages the same: everything that decides whose money goes back, and how much."""
    decisive = [message.biller_id, message.id, message.payment_id, message.cause, int(message.amount)]
    return hashlib.sha256(json.dumps([*decisive, message.day.isoformat()]).encode()).hexdigest()[:32]
