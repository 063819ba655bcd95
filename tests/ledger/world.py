"""The real use cases over a table that can fail, with queues that bring a message again until it is done with."""

import contextlib
from dataclasses import dataclass, field
from typing import Any, override

from shared.ledger.book import Ledger
from shared.ledger.due import Due
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Crash, FaultyLedger, Plan, Script
from tests.payments.world import Process, World, body

_DELIVERIES = 10


@dataclass
class FaultyWorld(World):
    """``script`` says which call of ``app`` to the table fails; other processes get plans of their own."""

    script: Script = field(default_factory=Script)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.app = self.process_on(self.script)

    def process_on(self, plan: Plan) -> Process:
        """A process whose calls to the table go by ``plan``; ``gates`` are afterwards its own."""
        table, ledger = self.store, self.ledger
        self.store = FaultyLedger(table, plan)  # type: ignore[assignment]
        self.ledger = Ledger(self.store)
        try:
            return self.process()
        finally:
            self.store, self.ledger = table, ledger

    def restart(self) -> None:
        """A new process in place of one that crashed: it remembers nothing."""
        self.app = self.process_on(self.script)

    async def bring(self, fields: dict[str, Any], message_id: str) -> None:
        """Deliver a message as often as the queue would, until one delivery ends well."""
        for _ in range(_DELIVERIES):
            with self._survived():
                self.take(await self.app.post.accept(body(fields), message_id))
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
        """Whatever ends a delivery early brings the message again; a crash costs the process its memory."""
        try:
            yield
        except Unavailable:
            return
        except Crash:
            self.restart()
