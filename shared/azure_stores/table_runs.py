"""When each timer last ran to its end, in the table ``runs``: one row a timer, overwritten by every run."""

from datetime import datetime
from typing import Final

from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering

TABLE: Final = "runs"
_PEER: Final = f"table {TABLE}"
_PARTITION: Final = "timers"


class TableRuns:
    """Notes of runs. Every method raises ``Unavailable`` where the table does not answer."""

    def __init__(self, table: TableClient) -> None:
        """Keep the table's client."""
        self._table = table

    async def note(self, timer: str, at: datetime) -> None:
        """A run of this timer ended at ``at``."""
        entity = {"PartitionKey": _PARTITION, "RowKey": timer, "ended_at": at.isoformat()}
        with answering(_PEER):
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def all(self) -> dict[str, datetime]:
        """By timer, when its latest run ended; one that never ran is missing."""
        rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
        with answering(_PEER):
            return {str(row["RowKey"]): datetime.fromisoformat(row["ended_at"]) async for row in rows}
