"""Messages set aside, in the table ``quarantine``: one partition per queue, one row per message."""

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering
from shared.exchange.quarantine import Quarantined


class TableQuarantine:
    """A ``Quarantine`` on Table storage."""

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
        }
        with answering("table quarantine"):
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)
