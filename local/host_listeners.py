"""Queue and timer triggers: each is one loop that ends when the host stops."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage

from local.host_functions import LOG, Runner, timer_trigger
from local.host_metadata import queue_metadata, queue_trigger
from local.host_settings import QueueSettings
from local.host_storage import QueueStorage, Undecodable, poison_queue
from local.ncrontab import Schedule
from local.worker import Function

_FIRST_POLL = 0.1
_MOST_DOUBLINGS = 20


def poll_delay(empty_polls: int, longest: float) -> float:
    """Seconds to wait after so many polls in a row that found nothing: 0.1, then doubling from 0.2, with jitter."""
    if empty_polls <= 1:
        return min(_FIRST_POLL, longest)
    growth = 2.0 ** min(empty_polls - 2, _MOST_DOUBLINGS) * random.uniform(0.8, 1.2)
    return min(_FIRST_POLL * (1 + growth), longest)


class QueueListener:
    """Feeds one queue to one function.

    Args:
        lease: seconds a message stays hidden while it is worked on; extended at half time.
    """

    def __init__(
        self, function: Function, runner: Runner, storage: QueueStorage, settings: QueueSettings, lease: int
    ) -> None:
        self._function = function
        self._queue: str = function.trigger["queueName"]
        self._poison_queue = poison_queue(self._queue)
        self._runner = runner
        self._storage = storage
        self._settings = settings
        self._lease = lease
        self._wake = storage.wake(self._queue)
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Receive no more; ``listen`` returns when what has been received is done."""
        self._stopping = True
        self._wake.set()

    async def listen(self) -> None:
        """Poll and process until stopped."""
        empty_polls = 0
        while not self._stopping:
            batch = await self._receive()
            for message in batch:
                self._start(message)
            empty_polls = 0 if batch else empty_polls + 1
            if batch:
                await self._wait_for_room()
            elif await _set_within(self._wake, poll_delay(empty_polls, self._settings.longest_poll)):
                self._wake.clear()
        if self._running:
            await asyncio.wait(self._running)

    async def _receive(self) -> list[QueueMessage]:
        try:
            return await self._storage.receive(self._queue, self._settings.batch_size, self._lease)
        except AzureError as error:
            LOG.warning("function %s cannot read its queue: %s", self._function.name, type(error).__name__)
            return []

    async def _wait_for_room(self) -> None:
        while len(self._running) > self._settings.new_batch_threshold:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _start(self, message: QueueMessage) -> None:
        task = asyncio.create_task(self._process(message))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _process(self, message: QueueMessage) -> None:
        """One message, from lease to settlement; a message that cannot be settled comes back with its lease's end."""
        try:
            if (message.dequeue_count or 0) > self._settings.most_dequeues:
                await self._give_up(message)
                return
            async with self._leased(message):
                succeeded = await self._run(message)
            await self._settle(message, succeeded=succeeded)
        except Undecodable:
            LOG.warning("function %s got a message that is not base64", self._function.name)
            await self._give_up(message)
        except AzureError as error:
            LOG.warning("function %s cannot settle a message: %s", self._function.name, type(error).__name__)

    async def _run(self, message: QueueMessage) -> bool:
        binding, text = self._function.trigger, self._storage.text(message)
        return await self._runner.succeeds(
            self._function, queue_trigger(binding, text), queue_metadata(binding, text, message)
        )

    async def _settle(self, message: QueueMessage, *, succeeded: bool) -> None:
        if succeeded:
            await self._storage.delete(self._queue, message)
        elif (message.dequeue_count or 0) >= self._settings.most_dequeues:
            await self._give_up(message)
        elif self._poison_queue is not None:
            await self._storage.hide(self._queue, message, int(self._settings.visibility_timeout))

    async def _give_up(self, message: QueueMessage) -> None:
        """To the poison queue; where there can be none, it stays hidden until its lease ends, as on the platform."""
        LOG.warning("function %s gives up a message, which goes to %s", self._function.name, self._poison_queue)
        if self._poison_queue is not None:
            await self._storage.move(self._queue, message, self._poison_queue)

    @contextlib.asynccontextmanager
    async def _leased(self, message: QueueMessage) -> AsyncIterator[None]:
        """Extends the lease while the body runs; never cut off in between, or the pop receipt would be lost."""
        done = asyncio.Event()
        keeper = asyncio.create_task(self._keep(message, done))
        try:
            yield
        finally:
            done.set()
            await keeper

    async def _keep(self, message: QueueMessage, done: asyncio.Event) -> None:
        while not await _set_within(done, self._lease / 2):
            try:
                await self._storage.hide(self._queue, message, self._lease)
            except AzureError as error:
                LOG.warning("function %s cannot extend a lease: %s", self._function.name, type(error).__name__)


class TimerListener:
    """Calls one function when its schedule is due, one run at a time; a due time during a run is skipped.

    Args:
        divisor: its clock runs so many times as fast; 1 is real time.
    """

    def __init__(self, function: Function, runner: Runner, schedule: Schedule, divisor: float) -> None:
        self._function = function
        self._runner = runner
        self._schedule = schedule
        self._divisor = divisor
        self._started, self._origin = datetime.now(UTC), time.monotonic()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Start no more runs; ``listen`` returns when the present one is done."""
        self._stopped.set()

    async def listen(self) -> None:
        """Wait and run until stopped."""
        while not await _set_within(self._stopped, self._seconds_until_due()):
            await self._runner.succeeds(self._function, timer_trigger())

    def _seconds_until_due(self) -> float:
        now = self._started + timedelta(seconds=(time.monotonic() - self._origin) * self._divisor)
        return (self._schedule.after(now) - now).total_seconds() / self._divisor


async def _set_within(event: asyncio.Event, limit: float) -> bool:
    """Whether the event was set within so many seconds."""
    try:
        async with asyncio.timeout(limit):
            await event.wait()
    except TimeoutError:
        return False
    return True
