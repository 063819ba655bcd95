"""Findings of the nightly run in the table ``reconciliation``: one row per biller."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.reconciliation.finding import Finding, What

_PARTITION: Final = "findings"
_PEER: Final = "table reconciliation"
_MOST: Final = 200
"""Of one biller: more are told and not listed."""
_ROOM: Final = 32 * 1024
"""Characters that a property of a row holds."""


class TableFindings:
    """``Findings`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        """Keep the table's client."""
        self._table = table

    async def of(self, biller: str) -> list[Finding]:
        """What was found last."""
        entity = await self._find(biller)
        found = json.loads(entity["findings"]) if entity else []
        return [Finding(day, What(what), subject, words) for day, what, subject, words in found]

    async def done_for(self, biller: str) -> date | None:
        """The day of the latest run that ended."""
        entity = await self._find(biller)
        return date.fromisoformat(entity["day"]) if entity and entity["day"] else None

    async def replace(self, biller: str, day: date | None, findings: list[Finding]) -> None:
        """What is found now, and the day of the latest run that ended."""
        entity = {
            "PartitionKey": _PARTITION,
            "RowKey": biller,
            "day": day.isoformat() if day else "",
            "count": len(findings),
            "findings": f"[{', '.join(_that_fit(findings))}]",
        }
        with answering(_PEER):
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def _find(self, biller: str) -> TableEntity | None:
        with answering(_PEER):
            return await find_entity(self._table, _PARTITION, biller)


def _that_fit(findings: Sequence[Finding]) -> Iterator[str]:
    """Each as JSON in plain ASCII, as long as there is room."""
    room = _ROOM - len("[]")
    for each in findings[:_MOST]:
        line = json.dumps([each.day, each.what, each.subject, each.words])
        room -= len(line) + len(", ")
        if room < 0:
            return
        yield line
