"""Helpers around a running sample app and its queues."""

import asyncio
import json
import uuid
from pathlib import Path

APPS = Path(__file__).with_name("apps")


async def until(check, seconds=15):
    """The first true value that ``check`` returns."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):  # noqa: ASYNC110 - what happens in another process sets no event here
            await asyncio.sleep(0.05)
    return found


class Sample:
    """A running sample app and its queues."""

    def __init__(self, folder, prefix, host):
        self.prefix = prefix
        self.host = host
        self._folder = folder

    def log(self):
        return (self._folder / "host.log").read_text()

    def marks(self, job):
        mark = self._folder / job
        return mark.read_text() if mark.exists() else ""


class Queues:
    """Storage's side of the tests."""

    def __init__(self, service):
        self._service = service

    async def names(self):
        return [queue.name async for queue in self._service.list_queues()]

    async def send(self, queue, text):
        """Into a queue that is made when missing; returns the message's id."""
        client = self._service.get_queue_client(queue)
        if queue not in await self.names():
            await client.create_queue()
        return (await client.send_message(text)).id

    async def send_job(self, sample, **fields):
        job = uuid.uuid4().hex
        await self.send(f"{sample.prefix}-jobs", json.dumps({"id": job, **fields}))
        return job

    async def texts(self, queue):
        if queue not in await self.names():
            return []
        return [message.content for message in await self._service.get_queue_client(queue).peek_messages(32)]

    async def about(self, queue, text):
        """The visible messages that hold the text."""
        return [message for message in await self.texts(queue) if text in message]

    async def count(self, queue):
        """All messages, hidden ones too; the emulator counts them exactly."""
        if queue not in await self.names():
            return 0
        properties = await self._service.get_queue_client(queue).get_queue_properties()
        return properties.approximate_message_count

    async def is_empty(self, queue):
        """Whether no message is left, not even a hidden one."""
        return await self.count(queue) == 0

    async def results(self, sample, job):
        found = [json.loads(text) for text in await self.texts(f"{sample.prefix}-results")]
        return [result for result in found if result["id"] == job]
