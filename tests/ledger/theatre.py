"""Two processes, their queues and one city, under the direction of ``Turns``."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.exchange.result import Handled
from shared.ledger import rows
from shared.ledger.due import Due
from shared.ledger.entry import SETTLED, Entry, Kind, State, Wait
from shared.ledger.gates import Gates
from shared.runtime.app import App
from shared.vocabulary.errors import Unavailable
from tests.fakes.faulty_ledger import Crash, Fault, FaultyLedger
from tests.ledger.turns import Reply, Turn, TurnCity, Turns
from tests.payments.world import World, body, key_of, message

_FROZEN: timedelta = timedelta(minutes=10)
_INVISIBLE = 60.0
_PAID_LATER = {1, 5}
"""In which steps of the healing somebody pays: by such payments an absence is proved."""


@dataclass(eq=False)
class Message:
    """One message of a queue: a payment's fields or a step, and how often it was taken."""

    content: dict[str, Any] | Due
    id: str
    deliveries: int = 0
    taken: int = 0
    done: bool = False


def _concluded(entry: Entry) -> bool:
    """Whether what is due is only another question about an outcome that was told."""
    return entry.state in SETTLED and entry.wait in {Wait.ASK, Wait.SECOND}


class Theatre:
    """What the rules of the state machine do."""

    def __init__(self) -> None:
        self.world = World()
        self.turns = Turns(self.world.clock)
        self.processes = [self._process(number) for number in range(2)]
        self.messages: list[Message] = []
        self.tasks: list[tuple[int, asyncio.Task[None]]] = []
        self.payments: dict[str, dict[str, Any]] = {}
        self.rejects: dict[str, dict[str, Any]] = {}
        self._numbers = iter(range(1, 10**6))

    async def open(self, **biller: Any) -> None:
        await self.world.set_up(**biller)

    def enqueue(self, content: dict[str, Any] | Due) -> None:
        if isinstance(content, dict):
            key = key_of(content)
            known = self.payments if key.kind is Kind.PAYMENT else self.rejects
            known.setdefault(key.id, content)
        self.messages.append(Message(content, f"m-{next(self._numbers)}"))

    def idle(self) -> list[Message]:
        """What may be delivered: nothing is in more than two hands, one of them the host's that lost its hold."""
        return [each for each in self.messages if each.taken < 2]

    def orders(self) -> list[Turn]:
        return [each for each in self.turns.waiting if each.what == "send"]

    def running(self) -> list[asyncio.Task[None]]:
        return [task for _, task in self.tasks if not task.done()]

    def surface(self) -> None:
        """Raise what no invocation may raise."""
        for _, task in self.tasks:
            if task.done() and not task.cancelled():
                task.result()
        self.tasks = [(number, task) for number, task in self.tasks if not task.done()]

    async def deliver(self, message: Message, process: int) -> None:
        """Hand a message to a process, which goes as far as its first call."""
        message.deliveries += 1
        message.taken += 1
        self.tasks.append((process, asyncio.create_task(self._invoke(message, process))))
        await self.turns.quiet()

    async def sweep(self) -> None:
        self._put(await self.world.app.sweep.run())

    def kill(self, process: int) -> None:
        """Every call of a process ends in a crash, and another process takes its place."""
        for turn in [turn for turn in self.turns.waiting if turn.process == process]:
            turn.ending.set_result(Reply.CRASH_BEFORE if turn.what == "send" else Fault.CRASH_BEFORE)
        self.processes[process] = self._process(process)

    async def advance(self, seconds: float) -> None:
        """Time passes; no process stays frozen with a request in its hands for longer than is provided for."""
        then = self.world.clock.now() + timedelta(seconds=seconds)
        for turn in [turn for turn in self.turns.waiting if turn.what == "send" and then - turn.since > _FROZEN]:
            await self.turns.end(turn, Reply.CRASH_BEFORE)
        self.world.clock.advance(seconds)

    async def unblock(self) -> None:
        world = self.world
        await Gates(world.store, world.clock, world.times).unblock("2493")

    async def heal(self) -> None:
        """No faults any more; later receipts and payments show what is absent; time passes until all is concluded."""
        self.turns.free = True
        while self.turns.waiting:
            turn = self.turns.waiting[0]
            await self.turns.end(turn, Reply.ACCEPTED if turn.what == "send" else Fault.NONE)
        await self._run_queue()
        await self.unblock()
        for passed in range(450):
            self.world.clock.advance(180)
            self.counter_receipt()
            if passed in _PAID_LATER:
                self.enqueue(message())
            await self.sweep()
            await self._run_queue()
            if not self.messages and await self._quiet():
                return
        raise AssertionError(f"never settled: {self.world.keys('O~')}")

    async def _quiet(self) -> bool:
        """Nothing is open but what waits for a person, and questions about what was told already."""
        entries = await self.entries()
        held = {entry.key.id for entry in entries if entry.state is State.HELD}
        return all(entry.due is None or _concluded(entry) or entry.reverses in held for entry in entries)

    async def entries(self) -> list[Entry]:
        table = self.world.store.rows
        return [rows.entry_of(table[place]) for place in sorted(table) if place[1].startswith("P~")]

    async def _run_queue(self) -> None:
        """Deliver until nothing is left; what was refused becomes visible again a minute later."""
        for _ in range(60):
            for number, each in enumerate(list(self.messages)):
                if not each.taken:
                    await self.deliver(each, number % 2)
            await self.turns.quiet()
            if not self.messages:
                return
            if not self.running():
                self.world.clock.advance(_INVISIBLE)
        raise AssertionError(f"messages that never end: {[each.content for each in self.messages]}")

    def _process(self, number: int) -> App:
        world, turns = self.world, self.turns
        table, city = world.store, world.city

        async def plan(call: str) -> Fault:
            fault = await turns.take(number, call)
            assert isinstance(fault, Fault)
            return fault

        world.store, world.city = FaultyLedger(table, plan), TurnCity(city, turns, number)
        try:
            return world.process()
        finally:
            world.store, world.city = table, city

    async def _invoke(self, message: Message, process: int) -> None:
        """What the Functions host does with one message; only the newest delivery's pop receipt deletes it."""
        delivery = message.deliveries
        try:
            handled = await self._handle(self.processes[process], message)
            ending = await self.turns.take(process, "output")
            if ending not in {Fault.NONE, Fault.ANSWER_LOST}:
                return
            self.world.results += handled.results
            self._put(handled.due)
            message.done = message.done or (ending is Fault.NONE and delivery == message.deliveries)
        except (Unavailable, Crash, asyncio.CancelledError):
            return
        finally:
            message.taken -= 1
            if message.done and message in self.messages:
                self.messages.remove(message)

    @staticmethod
    async def _handle(process: App, message: Message) -> Handled:
        if isinstance(message.content, Due):
            return await process.drive.step(message.content, redelivered=message.deliveries > 1)
        kind = key_of(message.content).kind
        if kind is not Kind.PAYMENT:
            return await process.reverse_payment.accept(kind, body(message.content), message.id)
        return await process.post_payment.accept(body(message.content), message.id)

    def _put(self, due: Any) -> None:
        for each in due:
            self.enqueue(each)

    def counter_receipt(self) -> None:
        self.world.city.counter_receipt(len(self.world.city.receipts_made))
