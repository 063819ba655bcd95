"""The points at which the functions host is killed, each recognised by what passes between it and its peers.

Two steps of the fault catalogue have no request of their own. A new payment is inserted and claimed in one transaction
(X2), so that X5 is the claim of one that waited. The open row of a payment is deleted in the transaction that posts it
(X10), so that X11 is the same for a payment whose outcome was in doubt, where the open row is all that drives it.

Whatever is no payment is inserted first and claimed by another invocation. A customer update in doubt is not asked
about but sent again: its X11 is the transaction that lets it go.

At the points of ``OUTAGES`` the host lives on, and Azurite ends: after that request nothing of the ledger or the queues
is to be had until it runs again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from tests.faults.kills_courses import OTHERS, PAYMENTS, QUEUE, TABLE, Course
from tests.faults.tripwire import Kind, Moment, Request, Trap

_LAST: Final = 0
"""How many requests of a kind may pass where only the first is certain to come."""


def _sends_to(queue: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "POST" and f"/{queue}/messages" in request.path


def _reads(row: str) -> Callable[[Request], bool]:
    return lambda request: request.method == "GET" and row in request.path


_LOOK = Kind(TABLE, _reads("RowKey='B~"))
_TOKEN = Kind(TABLE, _reads("RowKey='T~"))
_REPORT = Kind(QUEUE, _sends_to("posting-results"))
_DRIVE = Kind(QUEUE, _sends_to("due"))


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
    course: Course = PAYMENTS
    """What is on its way."""
    outage: bool = False
    """Azurite ends instead, and begins again."""

    def trap(self, passing: int) -> Trap:
        return Trap(self.kind, self.moment, passing)


POINTS: Final = (
    Point("X1", "message handed out, not yet seen", PAYMENTS.received, Moment.ANSWERED, most_passing=0),
    Point("X1", "message read, nothing written", _LOOK, Moment.ARRIVED, most_passing=0),
    Point("X2", "before the insert", PAYMENTS.inserted, Moment.ARRIVED),
    Point("X2", "after the insert", PAYMENTS.inserted, Moment.ANSWERED),
    Point("X3", "before the message is deleted", PAYMENTS.deleted, Moment.ARRIVED),
    Point("X3", "after the message is deleted", PAYMENTS.deleted, Moment.ANSWERED),
    Point("X4", "before the token is read", _TOKEN, Moment.ARRIVED),
    Point("X4", "after the token is read", _TOKEN, Moment.ANSWERED),
    Point("X5", "before a waiting payment is claimed", PAYMENTS.claimed, Moment.ARRIVED, most_passing=1),
    Point("X5", "after a waiting payment is claimed", PAYMENTS.claimed, Moment.ANSWERED, most_passing=1),
    Point("X6", "claim known, lease checked, nothing sent", PAYMENTS.claimed_at_all, Moment.RELAYED),
    Point("X7", "connected to Caselle, before the first byte", PAYMENTS.sent, Moment.ARRIVED),
    Point("X7", "half of the request sent", PAYMENTS.sent, Moment.HALF_SENT),
    Point("X8", "last byte sent, receipt being made", PAYMENTS.sent, Moment.SENT),
    Point("X8", "receipt made, answer on its way", PAYMENTS.sent, Moment.ANSWERED),
    Point("X9", "answer read, nothing written", PAYMENTS.sent, Moment.RELAYED),
    Point("X10", "before the payment is marked posted", PAYMENTS.posted, Moment.ARRIVED),
    Point("X10", "after the payment is marked posted", PAYMENTS.posted, Moment.ANSWERED),
    Point("X11", "before the open row of a settled doubt goes", PAYMENTS.concluded, Moment.ARRIVED, 0, in_doubt=True),
    Point(
        "X11", "after the open row of a settled doubt is gone", PAYMENTS.concluded, Moment.ANSWERED, 0, in_doubt=True
    ),
    Point("X12", "before the outcome is sent", _REPORT, Moment.ARRIVED),
    Point("X12", "after the outcome is sent", _REPORT, Moment.ANSWERED),
    Point("X12", "before a step is sent", _DRIVE, Moment.ARRIVED),
    Point("X12", "after a step is sent", _DRIVE, Moment.ANSWERED),
    Point("X4", "before the token is read; the worker goes on", _TOKEN, Moment.ARRIVED, outlived=True),
    Point("X6", "claimed, nothing sent; the worker goes on", PAYMENTS.claimed_at_all, Moment.ANSWERED, outlived=True),
    Point("X7", "before the first byte to Caselle; the worker goes on", PAYMENTS.sent, Moment.ARRIVED, outlived=True),
    Point("X9", "receipt made; the worker goes on", PAYMENTS.sent, Moment.ANSWERED, outlived=True),
    Point("X10", "payment marked posted; the worker goes on", PAYMENTS.posted, Moment.ANSWERED, outlived=True),
)


def _points_of(course: Course) -> tuple[Point, ...]:
    """The twelve points of a message that is no payment; the drive that claims it has a message of its own."""
    of = course.kind.noun

    def point(id_: str, words: str, kind: Kind, moment: Moment, **more: bool) -> Point:
        return Point(id_, f"{of}: {words}", kind, moment, _LAST if more.get("in_doubt") else 1, course=course, **more)

    return (
        replace(point("X1", "message handed out, not yet seen", course.received, Moment.ANSWERED), most_passing=_LAST),
        point("X2", "before the insert", course.inserted, Moment.ARRIVED),
        point("X2", "after the insert", course.inserted, Moment.ANSWERED),
        point("X3", "before the message is deleted", course.deleted, Moment.ARRIVED),
        point("X3", "after the message is deleted", course.deleted, Moment.ANSWERED),
        point("X4", "before the token is read", _TOKEN, Moment.ARRIVED),
        point("X4", "after the token is read", _TOKEN, Moment.ANSWERED),
        point("X5", "before it is claimed", course.claimed, Moment.ARRIVED),
        point("X5", "after it is claimed", course.claimed, Moment.ANSWERED),
        point("X6", "claim known, lease checked, nothing sent", course.claimed, Moment.RELAYED),
        point("X7", "connected to Caselle, before the first byte", course.sent, Moment.ARRIVED),
        point("X7", "half of the request sent", course.sent, Moment.HALF_SENT),
        point("X8", "last byte sent, being done", course.sent, Moment.SENT),
        point("X8", "done, answer on its way", course.sent, Moment.ANSWERED),
        point("X9", "answer read, nothing written", course.sent, Moment.RELAYED),
        point("X10", "before it is marked as done", course.posted, Moment.ARRIVED),
        point("X10", "after it is marked as done", course.posted, Moment.ANSWERED),
        point("X11", "before the open row of a settled doubt goes", course.concluded, Moment.ARRIVED, in_doubt=True),
        point("X11", "after the open row of a settled doubt is gone", course.concluded, Moment.ANSWERED, in_doubt=True),
        point("X12", "before the outcome is sent", _REPORT, Moment.ARRIVED),
        point("X12", "after the outcome is sent", _REPORT, Moment.ANSWERED),
        point("X12", "before a step is sent", _DRIVE, Moment.ARRIVED),
        point("X12", "after a step is sent", _DRIVE, Moment.ANSWERED),
        point("X7", "before the first byte to Caselle; the worker goes on", course.sent, Moment.ARRIVED, outlived=True),
        point("X9", "done; the worker goes on", course.sent, Moment.ANSWERED, outlived=True),
    )


OTHER_POINTS: Final = tuple(point for course in OTHERS for point in _points_of(course))

_STORAGE_LASTS: Final = "; then Azurite ends, and the host goes on"


def _outages(course: Course) -> tuple[Point, ...]:
    """Where storage has done what was asked, or not; and where Caselle has, and nothing can be written any more."""
    asked = (
        ("X2", "before the insert", course.inserted, Moment.ARRIVED),
        ("X2", "after the insert", course.inserted, Moment.ANSWERED),
        ("X3", "before the message is deleted", course.deleted, Moment.ARRIVED),
        ("X9", "done at Caselle, before that is written", course.posted, Moment.ARRIVED),
        ("X10", "written that it is done, and not heard", course.posted, Moment.ANSWERED),
    )
    return tuple(
        Point(id_, f"{course.kind.noun}: {words}{_STORAGE_LASTS}", kind, moment, 1, course=course, outage=True)
        for id_, words, kind, moment in asked
    )


OUTAGES: Final = tuple(point for course in (PAYMENTS, *OTHERS) for point in _outages(course))
EVERYWHERE: Final = (*POINTS, *OTHER_POINTS, *OUTAGES)
