"""A real table between whose reads and writes somebody else is faster."""

from collections.abc import Awaitable, Callable
from typing import Any

from azure.data.tables.aio import TableClient


class Crossing:
    """After its first read ``other`` writes; all else is the table's."""

    def __init__(self, table: TableClient, other: Callable[[], Awaitable[None]]) -> None:
        self._table = table
        self._other: Callable[[], Awaitable[None]] | None = other

    async def get_entity(self, partition: str, row: str) -> Any:
        try:
            return await self._table.get_entity(partition, row)
        finally:
            other, self._other = self._other, None
            if other is not None:
                await other()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)
