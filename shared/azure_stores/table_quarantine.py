"""Messages set aside, in the table ``quarantine``: one partition per queue, one row per message."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.exchange.quarantine import Quarantined

_PEER: Final = "table quarantine"


class TableQuarantine:
    """A ``Quarantine``, and what a person does with it (``shared.repair.replay.Shelf``), on Table storage."""

    def __init__(self, table: TableClient) -> None:
        """Keep the table's client."""
        self._table = table

    async def keep(self, item: Quarantined) -> None:
        """Store it; the same message again replaces itself."""
        entity = {
            "PartitionKey": item.queue,
            "RowKey": item.message_id,
            "reason": item.reason,
            "detail": item.detail,
            "digest": item.digest,
            "text": item.text,
            "at": item.at.isoformat(),
            "resolved": item.resolved,
        }
        with answering(_PEER):
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def find(self, queue: str, message_id: str) -> Quarantined | None:
        """One message, or None."""
        with answering(_PEER):
            entity = await find_entity(self._table, queue, message_id)
        return _item(entity) if entity else None

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


def _item(entity: TableEntity) -> Quarantined:
    return Quarantined(
        queue=entity["PartitionKey"],
        message_id=entity["RowKey"],
        reason=entity["reason"],
        detail=entity["detail"],
        digest=entity["digest"],
        text=entity["text"],
        at=datetime.fromisoformat(entity["at"]),
        resolved=entity.get("resolved", ""),
    )
