"""The host's side of Azure Storage queues: receive, extend, settle, and send with the host's rules."""

import asyncio
import base64
import binascii
import contextlib
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, Self

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

ONE_RETRY: Final[dict[str, Any]] = {
    "retry_total": 1,
    "initial_backoff": 1,
    "random_jitter_range": 0,
    "connection_timeout": 5,
    "read_timeout": 15,
}
"""Of the storage SDK: an outage shows soon."""

_POISON = "-poison"
_LONGEST_NAME = 63
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def poison_queue(queue: str) -> str | None:
    """Where the queue's hopeless messages go; None for a poison queue itself and for a name too long for the suffix."""
    name = queue + _POISON
    return None if queue.endswith(_POISON) or len(name) > _LONGEST_NAME else name


class Undecodable(Exception):
    """A message is not what ``messageEncoding`` says."""


class Unwritable(Exception):
    """An output cannot be a message."""


class QueueStorage:
    """All queues of one storage account; raises ``azure.core`` errors."""

    def __init__(self, connection_string: str, *, base64_encoded: bool) -> None:
        self._base64 = base64_encoded
        self._service = QueueServiceClient.from_connection_string(connection_string, **ONE_RETRY)
        self._wakes: defaultdict[str, list[asyncio.Event]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._service.close()

    def wake(self, queue: str) -> asyncio.Event:
        """Set whenever this process has moved a message there; the listener clears it. Nothing else wakes one."""
        event = asyncio.Event()
        self._wakes[queue].append(event)
        return event

    async def receive(self, queue: str, most: int, lease: int) -> list[QueueMessage]:
        """Up to ``most`` messages, hidden from others for ``lease`` seconds; none when there is no such queue."""
        pages = self._client(queue).receive_messages(messages_per_page=most, visibility_timeout=lease).by_page()
        try:
            async for page in pages:
                return [message async for message in page]
        except ResourceNotFoundError:
            pass
        return []

    async def hide(self, queue: str, message: QueueMessage, duration: int) -> None:
        """Hide a received message for so many seconds from now; gone or taken over is no error."""
        with _tolerating_loss():
            updated = await self._client(queue).update_message(
                message.id, message.pop_receipt, visibility_timeout=duration
            )
            message.pop_receipt = updated.pop_receipt

    async def delete(self, queue: str, message: QueueMessage) -> None:
        """Delete a received message; gone or taken over is no error."""
        with _tolerating_loss():
            await self._client(queue).delete_message(message.id, message.pop_receipt)

    async def move(self, queue: str, message: QueueMessage, target: str) -> None:
        """Copy a received message as it is, then delete it; a crash in between leaves both, as on the platform."""
        await self._send(target, message.content)
        for event in self._wakes[target]:
            event.set()
        await self.delete(queue, message)

    async def write(self, queue: str, text: str) -> None:
        """Send a message in the host's encoding; the queue is created when it is missing. Wakes nobody.

        Raises:
            Unwritable: it holds a character that XML, in which messages travel, has no place for.
        """
        content = base64.b64encode(text.encode()).decode() if self._base64 else text
        if _NOT_IN_XML.search(content):
            raise Unwritable("a message holds a control character")
        await self._send(queue, content)

    def text(self, message: QueueMessage) -> str:
        """The message's text.

        Raises:
            Undecodable: it is not UTF-8 in base64 although the host expects that.
        """
        content: str = message.content
        if not self._base64:
            return content
        try:
            return base64.b64decode(content, validate=True).decode()
        except (binascii.Error, ValueError):
            raise Undecodable from None

    async def _send(self, queue: str, content: str) -> None:
        client = self._client(queue)
        try:
            await client.send_message(content)
        except ResourceNotFoundError:
            with contextlib.suppress(HttpResponseError):  # made by another just now; a real error comes again below
                await client.create_queue()
            await client.send_message(content)

    def _client(self, queue: str) -> QueueClient:
        return self._service.get_queue_client(queue)


@contextlib.contextmanager
def _tolerating_loss() -> Iterator[None]:
    """Another receiver has the message by now, or it is gone: the platform says nothing about that either."""
    try:
        yield
    except HttpResponseError as error:
        code: Any = getattr(error, "error_code", "")
        if error.status_code not in {404, 409} and code != "PopReceiptMismatch":
            raise
