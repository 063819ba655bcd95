"""When a message came to its queue."""

from datetime import UTC, datetime

import azure.functions as func


def enqueued_at(message: func.QueueMessage) -> datetime | None:
    """By the storage account's clock, in UTC; None where the host does not say."""
    instant = message.insertion_time
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant
