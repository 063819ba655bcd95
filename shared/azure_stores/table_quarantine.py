"""Messages set aside, in the table ``quarantine``: one partition per queue, one row per message."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering
from shared.exchange.quarantine import Quarantined

_PEER: Final = "table quarantine"


class TableQuarantine:
    """A ``Quarantine``, and what a person does with it (``shared.repair.replay.Shelf``), on Table storage."""

    def __init__(self, table: TableClient) -> None:
        """Keep the table's client."""
        self._table = table

    async def keep(self, item: Quarantined) -> None:
        """Store it, or how it ended; the same message again changes nothing."""
        there = next(
            (row for row in await self._rows(item.queue, item.message_id) if row["digest"] == item.digest), None
        )
        entity = _entity(item, there["RowKey"] if there else item.key)
        with answering(_PEER):
            if item.resolved:
                await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)
            elif there is None:
                with suppress(ResourceExistsError):  # another delivery of it was faster
                    await self._table.create_entity(entity)

    async def find(self, queue: str, message_id: str) -> Quarantined | None:
        """One message of this id, first of all one that nobody has dealt with, or None."""
        found = [_item(row) for row in await self._rows(queue, message_id)]
        return min(found, key=lambda item: (bool(item.resolved), item.at), default=None)

    async def unresolved(self) -> AsyncIterator[Quarantined]:
        """Messages that nobody has dealt with yet."""
        with answering(_PEER):
            async for entity in self._table.list_entities():
                # Rows of earlier releases do not have the property, and a filter on it would leave them out.
                if not entity.get("resolved"):
                    yield _item(entity)

    async def remove_before(self, instant: datetime, most: int) -> int:
        """Remove messages set aside before this instant, at most so many; how many it were."""
        removed = 0
        with answering(_PEER):
            old = self._table.query_entities("at lt @instant", parameters={"instant": instant.isoformat()})
            async for entity in old:
                if removed == most:
                    break
                await self._table.delete_entity(entity)
                removed += 1
        return removed

    async def _rows(self, queue: str, message_id: str) -> list[TableEntity]:
        """Every row of this id; those of earlier releases have it as their key."""
        named = {"queue": queue, "message": message_id}
        # With spaces inside the parentheses: the SDK puts values in for whole words only.
        asked = "PartitionKey eq @queue and ( messageId eq @message or RowKey eq @message )"
        with answering(_PEER):
            return [row async for row in self._table.query_entities(asked, parameters=named)]


def _entity(item: Quarantined, row_key: str) -> dict[str, str]:
    return {
        "PartitionKey": item.queue,
        "RowKey": row_key,
        "messageId": item.message_id,
        "reason": item.reason,
        "detail": item.detail,
        "digest": item.digest,
        "text": item.text,
        "at": item.at.isoformat(),
        "resolved": item.resolved,
    }


def _item(entity: TableEntity) -> Quarantined:
    return Quarantined(
        queue=entity["PartitionKey"],
        message_id=entity.get("messageId", entity["RowKey"]),
        reason=entity["reason"],
        detail=entity["detail"],
        digest=entity["digest"],
        text=entity["text"],
        at=datetime.fromisoformat(entity["at"]),
        resolved=entity.get("resolved", ""),
    )
