"""The queue trigger: a loop that takes messages until the process ends."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.queue import QueueMessage

from local.host_activity import Activity
from local.host_functions import LOG, Runner
from local.host_metadata import queue_metadata, queue_trigger
from local.host_settings import QueueSettings
from local.host_storage import QueueStorage, Undecodable, poison_queue
from local.invocation import Function
from local.processes import NotReady

PATIENCE: Final = 23.0
"""Seconds without any answer of the queue service that end the host: six tries of the platform's SDK."""

_FIRST_POLL = 0.1
_MOST_DOUBLINGS = 20
_REFUSALS: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def poll_delay(empty_polls: int, longest: float) -> float:
    """Seconds to wait after so many polls in a row that found nothing: 0.1, then doubling from 0.2, with jitter."""
    if empty_polls <= 1:
        return min(_FIRST_POLL, longest)
    growth = 2.0 ** min(empty_polls - 2, _MOST_DOUBLINGS) * random.uniform(0.8, 1.2)
    return min(_FIRST_POLL * (1 + growth), longest)


class QueueListener:
    """Feeds one queue to one function. ``polled`` is set when the queue service has answered once.

    Args:
        lease: seconds a message stays hidden while it is worked on; extended at half time.
        patience: seconds without any answer of the queue service.
    """

    def __init__(
        self,
        function: Function,
        runner: Runner,
        storage: QueueStorage,
        settings: QueueSettings,
        lease: int,
        *,
        activity: Activity,
        patience: float = PATIENCE,
    ) -> None:
        self.polled = asyncio.Event()
        self._function = function
        self._queue: str = function.trigger["queueName"]
        self._poison_queue = poison_queue(self._queue)
        self._runner = runner
        self._storage = storage
        self._settings = settings
        self._lease = lease
        self._activity = activity
        self._patience = patience
        self._answered_at = time.monotonic()
        self._wake = storage.wake(self._queue)
        self._running: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Poll and process for ever.

        Raises:
            NotReady: the queue service refuses this host, or has not answered for ``patience`` seconds.
        """
        empty_polls = 0
        while True:
            batch = await self._receive()
            empty_polls = 0 if batch else empty_polls + 1
            if batch:
                await self._wait_for_room()
            elif await set_within(self._wake, poll_delay(empty_polls, self._settings.longest_poll)):
                self._wake.clear()

    async def _receive(self) -> list[QueueMessage]:
        """Fetch some messages, and begin to work on them."""
        with self._activity.work():
            try:
                batch = await self._storage.receive(self._queue, self._settings.batch_size, self._lease)
            except AzureError as error:
                self._tolerate(error)
                return []
            self._answered_at = time.monotonic()
            self.polled.set()
            for message in batch:
                self._start(message)
        return batch

    def _tolerate(self, error: AzureError) -> None:
        """The platform backs off from an error of the service, and gives itself up where it is refused or alone."""
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if status in _REFUSALS:
            raise NotReady(f"The queue service refuses this host ({status}). Host is shutting down.") from None
        if status is not None:
            self._answered_at = time.monotonic()
        elif time.monotonic() - self._answered_at >= self._patience:
            raise NotReady("The queue service does not answer. Host is shutting down.") from None
        LOG.warning("function %s cannot read its queue: %s", self._function.name, type(error).__name__)

    async def _wait_for_room(self) -> None:
        while len(self._running) > self._settings.new_batch_threshold:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _start(self, message: QueueMessage) -> None:
        task = asyncio.create_task(self._process(message))
        self._activity.until_done(task)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _process(self, message: QueueMessage) -> None:
        """One message, from lease to settlement; a message that cannot be settled comes back with its lease's end."""
        try:
            await self._work_off(message)
        except Undecodable:
            LOG.warning("function %s got a message that is not base64", self._function.name)
            await self._give_up(message)
        except AzureError as error:
            LOG.warning("function %s cannot settle a message: %s", self._function.name, type(error).__name__)

    async def _work_off(self, message: QueueMessage) -> None:
        if (message.dequeue_count or 0) > self._settings.most_dequeues:
            await self._give_up(message)
            return
        binding, text = self._function.trigger, self._storage.text(message)
        async with self._leased(message):
            succeeded = await self._runner.succeeds(
                self._function, queue_trigger(binding, text), queue_metadata(binding, text, message)
            )
        await self._settle(message, succeeded=succeeded)

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
        while not await set_within(done, self._lease / 2):
            try:
                await self._storage.hide(self._queue, message, self._lease)
            except AzureError as error:
                LOG.warning("function %s cannot extend a lease: %s", self._function.name, type(error).__name__)


async def set_within(event: asyncio.Event, limit: float) -> bool:
    """Whether the event was set within so many seconds."""
    try:
        async with asyncio.timeout(limit):
            await event.wait()
    except TimeoutError:
        return False
    return True
