"""The kinds of messages on their way when the functions host is killed, and how the steps of each look on the wire."""

import json
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from shared.ledger import entry
from tests.faults.tripwire import Answer, Kind, Request

TABLE: Final = "table"
QUEUE: Final = "queue"
CASELLE: Final = "caselle"


@dataclass(frozen=True, slots=True)
class Course:
    """One kind of message on its way, and what its steps look like on the wire."""

    kind: entry.Kind
    queue: str
    id_field: str
    """Of the message's own id."""
    operation: bytes
    """Of Caselle, by which it is done."""
    begun: tuple[str, ...]
    """States that it may begin in."""
    claimed_from: tuple[str, ...] = ("received",)
    settled: str = "posted"
    """What follows ``unknown`` where its answer was lost."""

    @property
    def undoes(self) -> bool:
        """Whether it takes a payment back."""
        return self.operation == b"void_receipt"

    @property
    def received(self) -> Kind:
        return Kind(
            QUEUE, lambda request: request.method == "GET" and f"/{self.queue}/messages?" in request.path, _full
        )

    @property
    def inserted(self) -> Kind:
        return self._moves({("", state) for state in self.begun})

    @property
    def claimed(self) -> Kind:
        return self._moves({(state, "sending") for state in self.claimed_from})

    @property
    def claimed_at_all(self) -> Kind:
        """Also by the insert itself."""
        return self._moves({(state, "sending") for state in ("", *self.claimed_from)})

    @property
    def sent(self) -> Kind:
        return Kind(CASELLE, lambda request: self.operation in request.body)

    @property
    def posted(self) -> Kind:
        return self._moves({("sending", "posted")})

    @property
    def concluded(self) -> Kind:
        return self._moves({("unknown", self.settled)})

    @property
    def deleted(self) -> Kind:
        message = re.compile(rf"/{self.queue}/messages/[^/]+\?")
        return Kind(QUEUE, lambda request: request.method == "DELETE" and bool(message.search(request.path)))

    def _moves(self, pairs: AbstractSet[tuple[str, str]]) -> Kind:
        return Kind(TABLE, lambda request: bool(pairs & transitions(request, self.kind)))


PAYMENTS: Final = Course(entry.Kind.PAYMENT, "payments", "paymentId", b"create_receipt", ("sending", "received"))
_UNDOING: Final = {"operation": b"void_receipt", "begun": ("waiting",), "claimed_from": ("waiting", "received")}
_UPDATES: Final = {"begun": ("received",), "settled": "received"}
OTHERS: Final = (
    Course(entry.Kind.ACH_REJECT, "ach-rejects", "rejectId", **_UNDOING),
    Course(entry.Kind.REVERSAL, "reversals", "reversalId", **_UNDOING),
    Course(entry.Kind.AUTOPAY_CHANGE, "autopay-changes", "changeId", b"set_autopay", **_UPDATES),
    Course(entry.Kind.REGISTRATION, "registrations", "eventId", b"set_customer_email", **_UPDATES),
)
"""Two undo a payment, two set something about its customer."""


def transitions(request: Request, kind: entry.Kind) -> set[tuple[str, str]]:
    """The states before and after in a ledger transaction's event rows of one kind; "" stands for no state."""
    if not request.path.endswith("$batch"):
        return set()
    entities = (json.loads(line) for line in request.body.splitlines() if line.startswith(b"{"))
    events = (entity for entity in entities if entity.get("RowKey", "").startswith("E~"))
    return {(event["was"], event["state"]) for event in events if event["RowKey"].split("~")[2] == kind}


def _full(answer: Answer) -> bool:
    return b"<QueueMessage>" in answer.body
