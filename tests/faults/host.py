"""The Functions host as the platform runs it: queues, deliveries, poison, and a timer, over several instances."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from shared.ledger.due import Due
from shared.ledger.entry import Key
from shared.vocabulary.errors import CaselleError, Unavailable
from tests.fakes.faulty_ledger import Crash
from tests.faults.errand import ERRAND

if TYPE_CHECKING:
    from tests.faults.instance import Instance
    from tests.faults.stamp import Stamp
    from tests.faults.world import World

AT_ONCE: Final = 24
INVISIBLE: Final = 60.0
MOST_DELIVERIES: Final = 50
WORKERS: Final = 24
"""How many have one payment in their hands in S6."""
_POISON: Final = {queue: f"{queue}-poison" for queue in ("payments", "ach-rejects", "reversals", "due")}


class OutputFailed(Unavailable):
    """The host could not write an output binding: the invocation has failed."""


@dataclass(eq=False)
class Message:
    """One message. ``lease`` changes with every taking and hiding; a timer of an older one means nothing."""

    queue: str
    id: str
    body: bytes
    key: Key | None = None
    deliveries: int = 0
    lease: int = 0
    done: bool = False
    cursed: bool = False
    """Every delivery of it fails (Q3)."""
    became: "Message | None" = None
    """Its copy in the poison queue, or that of another stamp."""
    answered: bool = False
    """Of another message of the same entry Invoice Cloud knows what became of it."""

    @property
    def names(self) -> list[str]:
        """The ids of this message and of all that it became."""
        return [self.id, *(self.became.names if self.became else [])]


class Host:
    """Hands messages to instances, and settles them as the platform does."""

    def __init__(self, world: "World", stamp: "Stamp", name: str) -> None:
        self._world = world
        self._stamp = stamp
        self._waiting: defaultdict[str, deque[Message]] = defaultdict(deque)
        self._numbers = 0
        self._dice = world.plan.dice(name)
        self.unsettled: dict[Message, None] = {}
        self.results = world.results

    def put(self, queue: str, body: bytes, key: Key | None = None) -> Message:
        """Enqueue a message; it is delivered by the next poll."""
        self._numbers += 1
        message = Message(queue, f"{queue}-{self._numbers}", body, key)
        message.cursed = queue in _POISON and self._world.weather.strikes("Q3")
        self.unsettled[message] = None
        times = 1
        if queue in _POISON and self._world.weather.strikes("Q1"):
            times = 3
        if queue == "payments" and self._world.weather.strikes("S6"):
            times = WORKERS
        for _ in range(times):
            self._world.loop.call_later(self._dice.uniform(0, self._world.poll), self._visible, message)
        return message

    def come(self, instance: "Instance") -> None:
        """An instance that is new, or stands still no more, takes what waits for somebody with room."""
        if not instance.taking or instance.frozen:
            return
        for queue in list(self._waiting):
            self._take_waiting(queue, instance)

    def sweep(self) -> None:
        """The timer's minute: one instance runs the sweeper."""
        self._on_one(self._sweep, "sweep")

    def look_after_tokens(self) -> None:
        """The other timer's minute, and the queue that it fills."""
        self._on_one(self._look_after_tokens, "token-renewals")

    def _on_one(self, function: "Callable[[Instance], Coroutine[None, None, None]]", queue: str) -> None:
        able = [each for each in self._stamp.instances if each.taking and not each.frozen]
        if able:
            instance = self._dice.choice(able)
            self._start(function(instance), instance, queue)

    def _visible(self, message: Message) -> None:
        if message.done:
            return
        instances = self._stamp.instances
        able = [each for each in instances if each.taking and not each.frozen and each.running[message.queue] < AT_ONCE]
        if able:
            self._take(message, self._dice.choice(able))
        else:
            self._waiting[message.queue].append(message)

    def _take(self, message: Message, instance: "Instance") -> None:
        message.deliveries += 1
        if message.deliveries > MOST_DELIVERIES and message.queue in _POISON:
            self._poison(message)
            return
        task = self._start(self._invoke(message, message.deliveries, instance), instance, message.queue)
        self._hide(message, instance, task)

    def _hide(self, message: Message, instance: "Instance", task: asyncio.Task[None]) -> None:
        message.lease += 1
        self._world.loop.call_later(INVISIBLE, self._lease_ends, message, message.lease, instance, task)

    def _lease_ends(self, message: Message, lease: int, instance: "Instance", task: asyncio.Task[None]) -> None:
        """The host extends its hold while the function runs, as long as the host itself runs."""
        if message.done or message.lease != lease:
            return
        if task.done() or not instance.alive or instance.frozen:
            self._visible(message)
        else:
            self._hide(message, instance, task)

    def _start(self, doing, instance: "Instance", queue: str) -> asyncio.Task[None]:
        instance.running[queue] += 1
        task = self._world.loop.create_task(doing)
        instance.tasks[task] = queue
        task.add_done_callback(lambda done: self._ended(done, instance))
        return task

    def _ended(self, task: asyncio.Task[None], instance: "Instance") -> None:
        queue = instance.tasks.pop(task)
        instance.running[queue] -= 1
        if not task.cancelled() and task.exception() is not None:
            self._world.surprised(task.exception())
        if instance.taking:
            self._take_waiting(queue, instance)

    def _take_waiting(self, queue: str, instance: "Instance") -> None:
        waiting = self._waiting[queue]
        while waiting and instance.running[queue] < AT_ONCE and not instance.frozen:
            message = waiting.popleft()
            if not message.done:
                self._take(message, instance)

    async def _invoke(self, message: Message, delivery: int, instance: "Instance") -> None:
        """One delivery; only the newest one's pop receipt settles the message."""
        try:
            await self._function(message, delivery, instance)
            await self._delete(message, delivery, instance)
        except Crash:
            return
        except asyncio.CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - whatever a function raises, the host brings its message again
            self._failed(message, delivery, instance, error)

    async def _function(self, message: Message, delivery: int, instance: "Instance") -> None:
        weather = self._world.weather
        doomed = weather.strikes("X1")
        if doomed and weather.toss():
            instance.die("before parse (X1)")
        if message.cursed:
            raise Unavailable("the host could not start the function")
        ERRAND.set(str(message.key) if message.key else _key_in(message.body))
        results, due = await instance.app.handle(message.queue, message.body, message.id, delivery)
        if doomed:
            instance.die("after the function (X1)")
        await self._write(instance, results, due)

    async def _write(self, instance: "Instance", results: list[str], due: list[str]) -> None:
        """Outputs go out before the message that led to them is deleted."""
        if results:
            await self._output(instance, f"results of {len(results)}", lambda: self.results.extend(results))
        if due:
            await self._output(instance, f"steps of {len(due)}", lambda: self._put_steps(due), "X12")

    async def _output(self, instance: "Instance", what: str, put, *points: str) -> None:
        if self._world.weather.strikes("Q5"):
            if self._world.weather.toss():
                await instance.call(f"{what}, answer lost", _deed(put), *points)
            raise OutputFailed("the output queue does not answer")
        await instance.call(what, _deed(put), *points)

    def _put_steps(self, due: list[str]) -> None:
        for step in due:
            self.put("due", step.encode())

    async def _delete(self, message: Message, delivery: int, instance: "Instance") -> None:
        if self._world.weather.strikes("Q2"):
            if self._world.weather.toss():
                instance.die("before the delete (Q2)")
            return  # the delete fails: the message comes again when its lease ends

        def delete() -> None:
            if delivery == message.deliveries and not message.done:
                self._stamp.auditor.acknowledged(message.queue, message.id, message.key)
                self._settle(message)

        await instance.call(f"delete {message.id}", _deed(delete), "X3")

    def _failed(self, message: Message, delivery: int, instance: "Instance", error: Exception) -> None:
        self._world.note(instance.name, f"{message.id} failed: {type(error).__name__}")
        if not isinstance(error, CaselleError):
            self._world.surprised(error)
        if message.done or delivery != message.deliveries:
            return
        if delivery >= MOST_DELIVERIES and message.queue in _POISON:
            self._poison(message)
        else:
            message.lease += 1
            self._world.loop.call_later(INVISIBLE, self._shown_again, message, message.lease)

    def _shown_again(self, message: Message, lease: int) -> None:
        if message.lease == lease:
            self._visible(message)

    def _poison(self, message: Message) -> None:
        self._world.note("host", f"{message.id} is poison")
        message.became = self.put(_POISON[message.queue], message.body, message.key)
        self._settle(message)

    def _settle(self, message: Message) -> None:
        message.done = True
        del self.unsettled[message]

    async def _sweep(self, instance: "Instance") -> None:
        try:
            due = await instance.app.sweep()
            await self._write(instance, [], due)
        except (Crash, asyncio.CancelledError, Unavailable):
            return

    async def _look_after_tokens(self, instance: "Instance") -> None:
        with suppress(Crash, asyncio.CancelledError, Unavailable):
            await instance.app.look_after_tokens()


def _key_in(step: bytes) -> str | None:
    """Of the entry that a step is for."""
    try:
        return str(Due.model_validate_json(step).key)
    except ValidationError:
        return None


def _deed(put):
    async def deed() -> None:
        put()

    return deed
