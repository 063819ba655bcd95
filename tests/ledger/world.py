"""The real use cases over a table that can fail, with queues that bring a message again until it is done with."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any, override

from shared.ledger import settle
from shared.ledger.answer import Accepted, Answer
from shared.ledger.due import Due
from shared.ledger.entry import State, Wait
from shared.payments.gateway import ReceiptOrder
from shared.runtime.app import App
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Crash, FaultyLedger, Plan, Script
from tests.payments.world import World, body

_DELIVERIES = 10


@dataclass
class FaultyWorld(World):
    """``script`` says which call of ``app`` to the table fails; other processes get plans of their own."""

    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.app = self.process_on(self.script)

    def process_on(self, plan: Plan) -> App:
        """A process whose calls to the table go by ``plan``; ``gates`` are afterwards its own."""
        table = self.store
        self.store = FaultyLedger(table, plan)  # type: ignore[assignment]
        try:
            return self.process()
        finally:
            self.store = table

    def restart(self) -> None:
        """A new process in place of one that crashed: it remembers nothing."""
        self.app = self.process_on(self.script)

    def slow_city(self) -> asyncio.Event:
        """The next order waits for the event, then its receipt is made."""
        go = asyncio.Event()

        async def slow(order: ReceiptOrder) -> Answer:
            await go.wait()
            return Accepted(self.city.make(order).receipt_number)

        self.city.script.append(slow)
        return go

    async def by_person(self, fields: dict[str, Any]) -> None:
        """A person lets a held payment be sent after all."""
        entry, now = await self.entry(fields), self.clock.now()
        again = settle.proved(entry, now)._replace(state=State.RECEIVED, held_at=None, due=now, wait=Wait.BACKOFF)
        await self.ledger.move(entry, again)

    async def bring(self, fields: dict[str, Any], message_id: str) -> None:
        """Deliver a message as often as the queue would, until one delivery ends well."""
        for _ in range(_DELIVERIES):
            with self._survived():
                self.take(await self.app.post_payment.accept(body(fields), message_id))
                return
        raise AssertionError("the message would end as poison")

    @override
    async def drain(self) -> None:
        while self.queue:
            await self._step(self.queue.pop(0))

    async def _step(self, due: Due) -> None:
        for delivery in range(_DELIVERIES):
            with self._survived():
                self.take(await self.app.drive.step(due, redelivered=delivery > 0))
                return
        raise AssertionError("the message would end as poison")

    @contextlib.contextmanager
    def _survived(self):
        """Whatever ends a delivery early brings the message again in a minute; a crash costs the process its memory."""
        try:
            yield
        except Unavailable:
            self.clock.advance(60)
        except Crash:
            self.clock.advance(60)
            self.restart()


async def started(task: asyncio.Task[Any]) -> None:
    """Until a task waits for something that only a test can give."""
    for _ in range(100):
        if task.done():
            return
        await asyncio.sleep(0)
