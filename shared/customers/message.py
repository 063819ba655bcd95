"""Messages of the queues ``autopay-changes`` and ``registrations``: each sets one thing about one customer."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from shared.exchange import inbound
from shared.exchange.inbound import Day, Instant, Message, Text
from shared.ledger.entry import Kind
from shared.vocabulary.identity import PaymentId

EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,253}$")
]
"""Printable ASCII around one ``@``; whether anybody reads it is Caselle's to judge."""


class AutopayChange(Message):
    """A customer joined, changed or left Invoice Cloud's AutoPay."""

    change_id: PaymentId
    customer_number: Text
    change: Literal["enrolled", "modified", "cancelled"]
    changed_at: Instant
    effective_on: Day

    @property
    def id(self) -> str:
        """The message's own id."""
        return self.change_id

    @property
    def set_at(self) -> datetime:
        """When the customer did it: of two messages the later one is true."""
        return self.changed_at

    @property
    def enrolled(self) -> bool:
        """Whether the customer is on AutoPay after it."""
        return self.change != "cancelled"

    @property
    def content(self) -> str:
        """What it sets."""
        return f"{self.change} {self.effective_on}"


class Registration(Message):
    """A customer registered at Invoice Cloud's portal with an e-mail address."""

    event_id: PaymentId
    customer_number: Text
    email: EmailAddress = Field(repr=False)
    registered_at: Instant

    @property
    def id(self) -> str:
        """The message's own id."""
        return self.event_id

    @property
    def set_at(self) -> datetime:
        """When the customer did it: of two messages the later one is true."""
        return self.registered_at

    @property
    def content(self) -> str:
        """What it sets."""
        return self.email


type Update = AutopayChange | Registration

QUEUES: Final[Mapping[Kind, str]] = MappingProxyType(
    {Kind.AUTOPAY_CHANGE: "autopay-changes", Kind.REGISTRATION: "registrations"}
)
_MODELS: Final[Mapping[Kind, tuple[type[Update], str]]] = MappingProxyType(
    {Kind.AUTOPAY_CHANGE: (AutopayChange, "changeId"), Kind.REGISTRATION: (Registration, "eventId")}
)
"""With the wire name of the message's own id."""


def parse(kind: Kind, body: bytes) -> Update:
    """Read a message of the kind's queue.

    Raises:
        InvalidMessage: with the broken rule; the message is for the quarantine.
    """
    model, own_id = _MODELS[kind]
    return inbound.read(model, body, own_id)


def stored(kind: Kind, message: bytes) -> Update:
    """The message of a ledger entry, which was valid when it was written."""
    return _MODELS[kind][0].model_validate_json(message)


def order(message: Update) -> str:
    """Its place among the messages on its customer, as text that sorts; the id decides between equal instants."""
    return f"{message.set_at.astimezone(UTC).isoformat(timespec='microseconds')}~{message.id}"


def fingerprint(message: Update) -> str:
    """What makes two messages the same: whose record they change, to what, and when."""
    decisive = [message.biller_id, message.customer_number, message.content, order(message)]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:32]
