"""Every call to the outside waits for its turn: a test decides in which order two processes go on, and how it ends."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from shared.billers.model import Biller
from shared.ledger.answer import Accepted, Ambiguous, Answer, NotSent, Refused, Scope
from shared.payments.gateway import ReceiptOrder
from shared.vocabulary.errors import Unavailable
from tests.fakes.city import MemoryCity
from tests.fakes.clock import StoppedClock
from tests.fakes.faulty_ledger import Crash, Fault

_HOPS = 40


class Reply(Enum):
    """How one order ends at the city."""

    ACCEPTED = auto()
    ANSWER_LOST = auto()
    VANISHED = auto()
    NOT_SENT = auto()
    REFUSED = auto()
    BILLER_REFUSED = auto()
    UNLISTED = auto()
    CRASH_AFTER = auto()
    """The receipt is made, our process ends before it reads the answer."""
    CRASH_BEFORE = auto()


_ANSWERS: dict[Reply, Answer] = {
    Reply.ANSWER_LOST: Ambiguous("ReadTimeout"),
    Reply.VANISHED: Ambiguous("ReadTimeout"),
    Reply.NOT_SENT: NotSent("ConnectError"),
    Reply.REFUSED: Refused("customer_unknown", Scope.ENTRY),
    Reply.BILLER_REFUSED: Refused("licence_missing", Scope.BILLER),
    Reply.UNLISTED: Ambiguous("unlisted_error", unlisted="abc"),
}
_MADE = {Reply.ACCEPTED, Reply.ANSWER_LOST, Reply.CRASH_AFTER}


@dataclass(eq=False)
class Turn:
    """One call that waits. ``what`` is commit, read, scan, output or send."""

    process: int
    what: str
    since: datetime
    ending: asyncio.Future[Fault | Reply]


class Turns:
    """All calls that wait, the longest waiting first; while ``free``, none does."""

    def __init__(self, clock: StoppedClock) -> None:
        self._clock = clock
        self.waiting: list[Turn] = []
        self.free = False

    async def take(self, process: int, what: str) -> Fault | Reply:
        if self.free:
            return Reply.ACCEPTED if what == "send" else Fault.NONE
        turn = Turn(process, what, self._clock.now(), asyncio.get_running_loop().create_future())
        self.waiting.append(turn)
        try:
            return await turn.ending
        finally:
            self.waiting.remove(turn)

    async def end(self, turn: Turn, ending: Fault | Reply) -> None:
        """Let one call end so, and everybody go on to the next call."""
        turn.ending.set_result(ending)
        await self.quiet()

    @staticmethod
    async def quiet() -> None:
        """Until every task waits for a turn or is done."""
        for _ in range(_HOPS):
            await asyncio.sleep(0)


class TurnCity:
    """One process's way to the city; orders wait for their turn."""

    def __init__(self, city: MemoryCity, turns: Turns, process: int) -> None:
        self._city = city
        self._turns = turns
        self._process = process

    async def create_receipt(self, biller: Biller, order: ReceiptOrder) -> Answer:
        reply = await self._turns.take(self._process, "send")
        assert isinstance(reply, Reply)
        self._city.orders.append(order)
        made = self._city.make(order) if reply in _MADE else None
        if reply in {Reply.CRASH_AFTER, Reply.CRASH_BEFORE}:
            raise Crash
        return Accepted(made.receipt_number) if made and reply is Reply.ACCEPTED else _ANSWERS[reply]

    async def void_receipt(self, biller: Biller, receipt_number: str, reason: str) -> Answer:
        reply = await self._turns.take(self._process, "send")
        assert isinstance(reply, Reply)
        if reply in _MADE:
            self._city.void(receipt_number)
        if reply in {Reply.CRASH_AFTER, Reply.CRASH_BEFORE}:
            raise Crash
        return Accepted(receipt_number) if reply is Reply.ACCEPTED else _ANSWERS[reply]

    async def receipts(self, biller, first, last):
        if await self._turns.take(self._process, "ask") is not Fault.NONE:
            raise Unavailable("the city does not answer")
        return await self._city.receipts(biller, first, last)

    async def receipt(self, biller, receipt_number):
        if await self._turns.take(self._process, "ask") is not Fault.NONE:
            raise Unavailable("the city does not answer")
        return await self._city.receipt(biller, receipt_number)

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        answered = await self._turns.take(self._process, "probe") is Fault.NONE
        return answered and await self._city.reachable(biller, customer_number)
