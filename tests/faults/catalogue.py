"""Every fault by its id, as data: what it is, and how it is switched on.

Three cases stay outside, because no program on this side of the wire can rule them out: a process frozen between its
look at the lease and its first byte, or a city that holds a request, for longer than the ledger's time to settle (15
minutes, both together counted); a query that hides our receipt but shows a later one; a city that loses receipts for
good. They are noticed by the nightly comparison, not prevented. So nothing here freezes or lands later than that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from tests.faults import peer_faults as peer
from tests.faults.fate import Call

type Strike = Callable[[Call, Random], None]
"""Does one thing to one call."""


class Acts(StrEnum):
    """Where a fault acts."""

    CALL = "on every call to a city's server"
    ORDER = "on the calls that make a receipt"
    HISTORY = "on a city's server, by what it did before"
    TABLE = "on the ledger's table"
    QUEUE = "on the queues"
    TOKEN = "on vault and tokens"
    CLOCK = "on clocks, and on processes that stand still"
    CRASH = "on an instance"
    INPUT = "on what Invoice Cloud enqueues"


SOME: Final = (0.15, 0.5, 1.0)
FEW: Final = (0.05, 0.15, 0.4)
RARE: Final = (0.03, 0.08)
ALWAYS: Final = (1.0,)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. ``chances``: one of them is drawn per plan; ``minutes``: one of them is how long it may last."""

    id: str
    sentence: str
    acts: Acts
    chances: tuple[float, ...] = SOME
    minutes: tuple[float, ...] = (20,)
    most: int | None = None
    """It strikes no more often than this in one plan: what it costs is an instance, or minutes."""
    strike: Strike | None = None
    most_unknown: int | None = None
    """Where it comes alone: how many payments of one biller it may bring in doubt at most."""


def _call(number: int, sentence: str, strike: Strike, most_unknown: int | None = None) -> Fault:
    return Fault(f"P{number}", sentence, Acts.CALL, strike=strike, most_unknown=most_unknown)


def _order(number: int, sentence: str, strike: Strike, *minutes: float, most_unknown: int | None = None) -> Fault:
    return Fault(f"P{number}", sentence, Acts.ORDER, minutes=minutes or (20,), strike=strike, most_unknown=most_unknown)


def _crash(number: int, where: str) -> Fault:
    return Fault(f"X{number}", f"kill -9 before or after: {where}", Acts.CRASH, RARE, most=4)


_PEER = (
    _call(1, "the city refuses the connection", peer.refused, 0),
    _call(2, "DNS fails, or the TLS certificate is wrong", peer.unverified, 0),
    _call(3, "SYN black hole", peer.black_hole, 0),
    _call(4, "accepts, closes before reading", peer.closed_unread),
    _call(5, "reads all, does it, hangs", peer.hangs),
    _call(6, "does it, closes with no answer", peer.closed_unanswered),
    _call(7, "does it, resets", peer.reset),
    _call(8, "half the headers, half a body, a truncated one", peer.cut_short),
    _call(9, "drips a byte every 0.5 s", peer.drips),
    _call(10, "an answer of 200 MB", peer.huge),
    _call(11, "200 with HTML, bad gzip, nothing, the wrong type", peer.nonsense),
    _call(12, "502, 503, 504, after the work and before it", peer.gateway_failed),
    _order(13, "200 with errors and data", peer.errors_beside_data, most_unknown=0),
    _order(14, "200 with errors, null data, a listed code", peer.listed_error, most_unknown=0),
    _order(15, "the same with an unlisted code, or deep inside the result", peer.unlisted_error),
    Fault("P16", "401 in mid-batch: the token was replaced", Acts.TOKEN, ALWAYS, most_unknown=2),
    _call(17, "401 for ever, or 403 for a missing licence", peer.token_or_licence),
    _call(18, "429 with Retry-After 0, 30, 10^9, a date, garbage", peer.throttled),
    _order(19, "the request lands 14 minutes late", peer.lands_late),
    _order(20, "the query lags behind by 20 minutes, by 3 hours", peer.answer_lost, 40, 240),
    _order(21, "the query shows nothing, by permission", peer.answer_lost, 30, 960),
    _order(22, "the query shows a wrong amount, two rows, a void", peer.answer_lost),
    Fault("P23", "the server dies in mid-batch", Acts.HISTORY, ALWAYS, most_unknown=2),
    Fault("P24", "one city is dead, one slow (20 s)", Acts.HISTORY, ALWAYS, most_unknown=0),
    _order(25, "the highest receipt number is reached, or the workspace is in use", peer.exhausted, most_unknown=0),
)

_STORES = (
    Fault("S1", "an insert is written, the answer is 503", Acts.TABLE),
    Fault("S2", "an update is written, the connection is cut", Acts.TABLE),
    Fault("S3", "a transaction is written, its answer is lost", Acts.TABLE),
    Fault("S4", "the table gives 503 or times out for 10 minutes", Acts.TABLE, ALWAYS),
    Fault("S5", "the table is down right after the city's yes", Acts.TABLE, FEW, most=4),
    Fault("S6", "24 workers on one payment", Acts.QUEUE, FEW, most=5),
    Fault("S7", "a partition is throttled", Acts.TABLE, FEW),
)

_QUEUES = (
    Fault("Q1", "a message comes three times at once, and after 6 days", Acts.QUEUE),
    Fault("Q2", "the host dies after the function's end, before the delete", Acts.QUEUE, FEW, most=10),
    Fault("Q3", "messages fail until they are poison", Acts.QUEUE, FEW, (75,), most=6),
    Fault("Q4", "bad base64, 64 KiB and one byte, nothing, no JSON", Acts.INPUT, FEW),
    Fault("Q5", "sending a step or a result fails", Acts.QUEUE),
    Fault("Q6", "a reversal first, twice, during the send, for one that was refused", Acts.INPUT, FEW),
)

_TOKENS = (
    Fault("V1", "the vault gives 403, 429, 503, times out", Acts.TOKEN, most_unknown=0),
    Fault("V2", "the secret is soft-deleted or disabled, the new version is bad", Acts.TOKEN, ALWAYS, most_unknown=0),
    Fault("V3", "two instances renew at once, and an answer is lost", Acts.TOKEN, ALWAYS, most_unknown=2),
    Fault("V4", "a delivery during a renewal, an older token after the newer", Acts.TOKEN, ALWAYS, most_unknown=2),
)

_CLOCKS = (
    Fault("K1", "an instance's clock is off by 10 minutes, and steps", Acts.CLOCK, RARE),
    Fault("K2", "a DST night, the last minute of a month, a leap day", Acts.CLOCK, ALWAYS),
    Fault("K3", "a process stands still for 5 minutes between claim and write", Acts.CLOCK, RARE, most=4),
    Fault("K4", "a process stands still for 5 minutes after the write", Acts.CLOCK, RARE, most=4),
)

_POINTS = (
    "parse",
    "insert",
    "ack",
    "token read",
    "claim",
    "lease check",
    "first byte",
    "last byte",
    "answer parsed",
    "POSTED write",
    "open row deleted",
    "step sent",
)

_CRASHES = (
    *(_crash(number, where) for number, where in enumerate(_POINTS, start=1)),
    Fault("X13", "SIGTERM drains an instance, or the host's time is up while it sends", Acts.CRASH, RARE, most=4),
    Fault("X14", "two versions of the code run together", Acts.CRASH, FEW),
)

_INPUTS = (
    Fault("I-1", "the same id with another amount or customer", Acts.INPUT, FEW),
    Fault("I-2", "ids with other letter case, spaces, look-alikes, /#?", Acts.INPUT, FEW),
    Fault("I-3", "amounts of 0, below 0, with 3 decimals, 1e9, 1,000.00, NaN", Acts.INPUT, FEW),
    Fault("I-4", "a card number in a memo, text that looks like a secret", Acts.INPUT, FEW),
    Fault("I-5", "an unknown biller, one that is not live, a wrong category code", Acts.INPUT, FEW),
    Fault("I-6", "one biller's backlog at once", Acts.INPUT, ALWAYS),
)

CATALOGUE: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.id: fault for family in (_PEER, _STORES, _QUEUES, _TOKENS, _CLOCKS, _CRASHES, _INPUTS) for fault in family}
)
