"""The points at which the functions host is killed, each recognised by what passes between it and its peers.

Two steps of the fault catalogue have no request of their own. A new payment is inserted and claimed in one transaction
(X2), so that X5 is the claim of one that waited. The open row of a payment is deleted in the transaction that posts it
(X10), so that X11 is the same for a payment whose outcome was in doubt, where the open row is all that drives it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.tripwire import Answer, Kind, Moment, Request, Trap

TABLE: Final = "table"
QUEUE: Final = "queue"
CASELLE: Final = "caselle"

_MESSAGE = re.compile(r"/payments/messages/[^/]+\?")


def transition(request: Request) -> tuple[str, str] | None:
    """The states before and after in the event row of a ledger transaction; "" stands for no state."""
    if not request.path.endswith("$batch"):
        return None
    entities = (json.loads(line) for line in request.body.splitlines() if line.startswith(b"{"))
    events = (entity for entity in entities if entity.get("RowKey", "").startswith("E~"))
    return next(((event["was"], event["state"]) for event in events), None)


def _moves(*pairs: tuple[str, str]) -> Callable[[Request], bool]:
    return lambda request: transition(request) in pairs


def _sends_to(queue: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "POST" and f"/{queue}/messages" in request.path


def _reads(row: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "GET" and row in request.path


def _brings_messages(answer: Answer) -> bool:
    return b"<QueueMessage>" in answer.body


_RECEIVE = Kind(QUEUE, _reads("/payments/messages?"), _brings_messages)
_LOOK = Kind(TABLE, _reads("RowKey='B~"))
_INSERT = Kind(TABLE, _moves(("", "sending"), ("", "received")))
_CLAIM = Kind(TABLE, _moves(("received", "sending")))
_ANY_CLAIM = Kind(TABLE, _moves(("", "sending"), ("received", "sending")))
_TOKEN = Kind(TABLE, _reads("RowKey='T~"))
_CREATE = Kind(CASELLE, lambda request: b"create_receipt" in request.body)
_POST = Kind(TABLE, _moves(("sending", "posted")))
_SETTLE = Kind(TABLE, _moves(("unknown", "posted")))
_REPORT = Kind(QUEUE, _sends_to("posting-results"))
_DRIVE = Kind(QUEUE, _sends_to("due"))
_ACK = Kind(QUEUE, lambda request: request.method == "DELETE" and bool(_MESSAGE.search(request.path)))


@dataclass(frozen=True, slots=True)
class Point:
    """One point: its id in the fault catalogue, in words, and how it is found on the wire."""

    id: str
    words: str
    kind: Kind
    moment: Moment
    most_passing: int = 2
    """How many requests of the kind may pass first, at most."""
    in_doubt: bool = False
    """Needs a payment of a biller that can be asked, with its answer lost."""
    outlived: bool = False
    """The host alone dies: its worker finishes what it runs, and nobody writes its outputs or deletes its messages."""

    def trap(self, passing: int) -> Trap:
        return Trap(self.kind, self.moment, passing)


POINTS: Final = (
    Point("X1", "message handed out, not yet seen", _RECEIVE, Moment.ANSWERED, most_passing=0),
    Point("X1", "message read, nothing written", _LOOK, Moment.ARRIVED, most_passing=0),
    Point("X2", "before the insert", _INSERT, Moment.ARRIVED),
    Point("X2", "after the insert", _INSERT, Moment.ANSWERED),
    Point("X3", "before the message is deleted", _ACK, Moment.ARRIVED),
    Point("X3", "after the message is deleted", _ACK, Moment.ANSWERED),
    Point("X4", "before the token is read", _TOKEN, Moment.ARRIVED),
    Point("X4", "after the token is read", _TOKEN, Moment.ANSWERED),
    Point("X5", "before a waiting payment is claimed", _CLAIM, Moment.ARRIVED, most_passing=1),
    Point("X5", "after a waiting payment is claimed", _CLAIM, Moment.ANSWERED, most_passing=1),
    Point("X6", "claim known, lease checked, nothing sent", _ANY_CLAIM, Moment.RELAYED),
    Point("X7", "connected to Caselle, before the first byte", _CREATE, Moment.ARRIVED),
    Point("X7", "half of the request sent", _CREATE, Moment.HALF_SENT),
    Point("X8", "last byte sent, receipt being made", _CREATE, Moment.SENT),
    Point("X8", "receipt made, answer on its way", _CREATE, Moment.ANSWERED),
    Point("X9", "answer read, nothing written", _CREATE, Moment.RELAYED),
    Point("X10", "before the payment is marked posted", _POST, Moment.ARRIVED),
    Point("X10", "after the payment is marked posted", _POST, Moment.ANSWERED),
    Point("X11", "before the open row of a settled doubt is deleted", _SETTLE, Moment.ARRIVED, 0, in_doubt=True),
    Point("X11", "after the open row of a settled doubt is deleted", _SETTLE, Moment.ANSWERED, 0, in_doubt=True),
    Point("X12", "before the outcome is sent", _REPORT, Moment.ARRIVED),
    Point("X12", "after the outcome is sent", _REPORT, Moment.ANSWERED),
    Point("X12", "before a step is sent", _DRIVE, Moment.ARRIVED),
    Point("X12", "after a step is sent", _DRIVE, Moment.ANSWERED),
    Point("X4", "before the token is read; the worker goes on", _TOKEN, Moment.ARRIVED, outlived=True),
    Point("X6", "claimed, nothing sent; the worker goes on", _ANY_CLAIM, Moment.ANSWERED, outlived=True),
    Point("X7", "before the first byte to Caselle; the worker goes on", _CREATE, Moment.ARRIVED, outlived=True),
    Point("X9", "receipt made; the worker goes on", _CREATE, Moment.ANSWERED, outlived=True),
    Point("X10", "payment marked posted; the worker goes on", _POST, Moment.ANSWERED, outlived=True),
)
