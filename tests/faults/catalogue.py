"""Every fault by its id, as data: what it is, and how it is switched on.

Faults P to I, and M for what people do, last for minutes, in which payments come close together. Lies, L, last for days:
a plan with one of them is that of a town with a pace and a counter of its own, see ``town``.

Two cases stay outside, because no program on this side of the wire can rule them out: a process frozen between its
look at the lease and its first byte for longer than the ledger's time to settle (15 minutes), and a city that loses
receipts for good that nobody asks about any more. An order that lands later than that is inside, and counted apart.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tests.faults import lies
from tests.faults import lying_answers as answers
from tests.faults import peer_faults as peer
from tests.faults.fault import ALWAYS, FEW, RARE, Acts, Fault, Harm, Strike
from tests.faults.habit import Habit

SLOTS: Final = 2
"""What one cause may bring in doubt at one biller: as many as may be on their way at once."""


def _call(number: int, sentence: str, strike: Strike, most_unknown: int | None = None) -> Fault:
    return Fault(f"P{number}", sentence, Acts.CALL, strike=strike, most_unknown=most_unknown)


def _order(number: int, sentence: str, strike: Strike, *minutes: float, most_unknown: int | None = None) -> Fault:
    return Fault(f"P{number}", sentence, Acts.ORDER, minutes=minutes or (20,), strike=strike, most_unknown=most_unknown)


def _lie(number: int, sentence: str, habit: type[Habit], harm: Harm = Harm.BLINDS) -> Fault:
    return Fault(f"L{number}", sentence, Acts.BOOKS, ALWAYS, habit=habit, harm=harm)


def _said(number: int, sentence: str, strike: Strike, acts: Acts = Acts.ORDER, *chances: float) -> Fault:
    harm = Harm.LATE if strike is answers.hours_late else Harm.BLINDS
    return Fault(f"L{number}", sentence, acts, chances or FEW, strike=strike, harm=harm)


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
    Fault("P16", "401 in mid-batch: the token was replaced", Acts.TOKEN, ALWAYS, most_unknown=SLOTS),
    _call(17, "401 for ever, or 403 for a missing licence", peer.token_or_licence, SLOTS),
    _call(18, "429 with Retry-After 0, 30, 10^9, a date, garbage", peer.throttled, SLOTS),
    _order(19, "the request lands 14 minutes late", peer.lands_late),
    _order(20, "the query lags behind by 20 minutes, by 3 hours", peer.answer_lost, 40, 240),
    _order(21, "the query shows nothing, by permission", peer.answer_lost, 30, 960),
    _order(22, "the query shows a wrong amount, two rows, a void", peer.answer_lost),
    Fault("P23", "the server dies in mid-batch", Acts.HISTORY, ALWAYS, most_unknown=SLOTS),
    Fault("P24", "one city is dead, one slow (20 s)", Acts.HISTORY, ALWAYS, most_unknown=0),
    _order(25, "the highest receipt number is reached, or the workspace is in use", peer.exhausted, most_unknown=SLOTS),
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
    Fault(
        "V2", "the secret is soft-deleted or disabled, the new version is bad", Acts.TOKEN, ALWAYS, most_unknown=SLOTS
    ),
    Fault("V3", "two instances renew at once, and an answer is lost", Acts.TOKEN, ALWAYS, most_unknown=SLOTS),
    Fault("V4", "a delivery during a renewal, an older token after the newer", Acts.TOKEN, ALWAYS, most_unknown=SLOTS),
)

_CLOCKS = (
    Fault("K1", "an instance's clock is off by 10 minutes, and steps", Acts.CLOCK, RARE),
    Fault("K2", "a DST night, the last minute of a month, a leap day", Acts.CLOCK, ALWAYS),
    Fault("K3", "a process stands still for 5 minutes between claim and write", Acts.CLOCK, RARE, most=4),
    Fault("K4", "a process stands still for 5 minutes after the write", Acts.CLOCK, RARE, most=4),
    Fault(
        "K5",
        "a process stands still for half an hour to three hours between the answer and its write",
        Acts.CLOCK,
        RARE,
        most=12,
    ),
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
    Fault("I-7", "another payment under a confirmation number that is used", Acts.INPUT, FEW),
)

_PEOPLE = (
    Fault("M1", "retention reduces whatever is settled, however young it is", Acts.PEOPLE, ALWAYS),
    Fault("M2", "a person pauses the biller and lets it go on", Acts.PEOPLE, ALWAYS),
    Fault("M3", "a person settles what is held: by the number in the city's books, or by a retry", Acts.PEOPLE, ALWAYS),
    Fault(
        "M4",
        "the clerk types in what is held, and another person retries it, or it was let go and waits",
        Acts.PEOPLE,
        ALWAYS,
    ),
    Fault("M5", "the clerk voids a receipt of ours and makes it anew, rarely with our reference", Acts.PEOPLE, ALWAYS),
    Fault(
        "M6",
        "a payment code is missing for a while, and who retries what is held is asked by hand",
        Acts.PEOPLE,
        ALWAYS,
    ),
    Fault("M7", "money goes back; voids land late, and people finish by hand what is held of it", Acts.PEOPLE, ALWAYS),
    Fault("M8", "answers of cities' sheets come late, twice, mistyped, or of another city", Acts.PEOPLE, ALWAYS),
    Fault("M9", "a biller runs in shadow beside the earlier data pump, and goes live", Acts.PEOPLE, ALWAYS),
    Fault("M10", "a biller is retired", Acts.PEOPLE, ALWAYS),
    Fault("M11", "the region is lost with its ledger, and another stamp takes over", Acts.PEOPLE, ALWAYS),
    Fault("M12", "the region is lost, and another stamp takes over with a copy that lags", Acts.PEOPLE, ALWAYS),
    Fault("M13", "the billers move to another stamp, while their messages come to both", Acts.PEOPLE, ALWAYS),
    Fault("M14", "a region that was lost comes back beside the stamp that took over", Acts.PEOPLE, ALWAYS),
)

_LIES = (
    _lie(1, "the list shows no references", lies.NoReferences),
    _lie(2, "the list shows nine references in ten", lies.SomeWithoutReference),
    _lie(3, "the list cuts references", lies.CutReferences),
    _lie(4, "the list shows references in another letter case", lies.LowerCase, Harm.NONE),
    _lie(5, "the list shows references as memos", lies.InMemo),
    _lie(6, "receipts are shown 1 to 45 minutes late, each", lies.LagEach, Harm.NONE),
    _lie(7, "the list is a snapshot, up to 45 minutes old", lies.LagSnapshots, Harm.NONE),
    _lie(8, "only our receipts are shown late", lies.LagOurs),
    _lie(9, "the list stands still for hours", lies.Frozen),
    _lie(10, "the list repeats rows", lies.Repeated, Harm.NONE),
    _lie(11, "the list comes newest first, or now so and now so", lies.NewestFirst, Harm.NONE),
    _lie(12, "rows move between the pages while they are read", lies.PagesMove),
    _lie(13, "the list loses a page", lies.PageLost),
    _lie(14, "the list loses the row at the end of each page", lies.BoundaryLost),
    _lie(15, "the list shows today's receipts only", lies.TodayOnly, Harm.HIDES),
    _lie(16, "the list shows the open batch only", lies.OpenBatch, Harm.HIDES),
    _lie(17, "the list shows the updated only", lies.Updated, Harm.HIDES),
    _lie(18, "the list shows one tender's receipts once they are updated", lies.UpdatedOfOneTender, Harm.HIDES),
    _lie(19, "the list shows one workspace's receipts", lies.OneWorkspace, Harm.HIDES),
    _lie(20, "the list shows one tender's receipts", lies.OneTender, Harm.HIDES),
    _lie(21, "the city's clock is off by up to 2 hours", lies.ClockOff, Harm.NONE),
    _lie(22, "the city's clock is off by many hours", lies.ClockFarOff),
    _lie(23, "the city's clock drifts", lies.ClockDrifts),
    _lie(24, "the city's clock jumps", lies.ClockJumps),
    _said(25, "a bare status, before the work or after it", answers.bare_status),
    _said(26, "a listed code of the payment, before the work or after it", answers.code_of_the_payment),
    _said(27, "a listed code of the biller, before the work or after it", answers.code_of_the_biller),
    _said(28, "a code for a refused token, before the work or after it", answers.code_of_the_token),
    _said(29, "every answer is filtered, and no request", answers.filtered, Acts.CALL, 1.0),
    _lie(30, "numbers where text was shown", lies.NumbersForText, Harm.NONE),
    _lie(31, "receipt numbers begin again", lies.NumbersBeginAgain),
    _lie(32, "the city's database is restored from a backup", lies.Restored),
    _lie(33, "the clerk voids receipts of ours", lies.Voids),
    _lie(34, "the clerk voids receipts of ours, and the list hides them", lies.VoidsHidden),
    _lie(35, "orders that fail use up numbers", lies.NumbersUsedUp, Harm.BURNS),
    _lie(36, "the counter's receipts are numbered with ours", lies.OneGroup),
    _said(37, "an order is carried out hours late", answers.hours_late, Acts.ORDER, 0.03, 0.1),
    _lie(38, "the server rolls back what it has just confirmed", lies.TakenBack),
)

CATALOGUE: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        fault.id: fault
        for family in (_PEER, _STORES, _QUEUES, _TOKENS, _CLOCKS, _CRASHES, _INPUTS, _PEOPLE, _LIES)
        for fault in family
    }
)
