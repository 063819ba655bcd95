"""Control totals in the table ``controltotals``: one partition per biller, rows in the order of days."""

import hashlib
from datetime import date, datetime
from typing import Final

from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity, swapped
from shared.reconciliation.control_totals import ControlTotal, Kept
from shared.vocabulary.errors import Unavailable

_PEER: Final = "table controltotals"
_END: Final = "~~"
"""Behind a day, sorts after every row of that day."""
_TRIES: Final = 5


class TableControlTotals:
    """``ControlTotals`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        """Keep the table's client."""
        self._table = table

    async def keep(self, kept: Kept) -> None:
        """Store it, unless one of the same deposit was enqueued later."""
        total = kept.total
        with answering(_PEER):
            for _ in range(_TRIES):
                there = await find_entity(self._table, total.biller_id, _row_key(total))
                later = there and datetime.fromisoformat(there["enqueued_at"]) > kept.enqueued_at
                if later or await swapped(self._table, _entity(kept), there):
                    return
        raise Unavailable(f"{_PEER}: the total keeps changing")

    async def of(self, biller: str, first: date, last: date) -> list[ControlTotal]:
        """The totals of a biller's deposits from one day to another."""
        clause = "PartitionKey eq @biller and RowKey ge @first and RowKey lt @end"
        bounds = {"biller": biller, "first": first.isoformat(), "end": f"{last.isoformat()}{_END}"}
        with answering(_PEER):
            found = self._table.query_entities(clause, parameters=bounds)
            return [_total(entity) async for entity in found]

    async def remove_before(self, day: date, most: int) -> int:
        """Remove totals of deposits before this day, at most so many; how many it were."""
        removed = 0
        with answering(_PEER):
            async for entity in self._table.query_entities("RowKey lt @day", parameters={"day": day.isoformat()}):
                if removed == most:
                    break
                await self._table.delete_entity(entity)
                removed += 1
        return removed


def _entity(kept: Kept) -> dict[str, str | bytes]:
    return {
        "PartitionKey": kept.total.biller_id,
        "RowKey": _row_key(kept.total),
        "enqueued_at": kept.enqueued_at.isoformat(),
        # Binary: text is limited to 32 Ki characters, and a message has up to 48 KiB.
        "total": kept.total.model_dump_json(by_alias=True, exclude_none=True).encode(),
    }


def _row_key(total: ControlTotal) -> str:
    # A deposit's id is free text, which a row key may not hold.
    deposit = hashlib.sha256(total.deposit_id.encode()).hexdigest()[:16]
    return f"{total.day.isoformat()}~{total.application}~{total.tender}~{deposit}"


def _total(entity: TableEntity) -> ControlTotal:
    return ControlTotal.model_validate_json(entity["total"])
