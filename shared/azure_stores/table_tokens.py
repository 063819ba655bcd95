"""Token rows in the table ``tokens``: ``T~{biller}``, and ``D~{dueMs:015}~{biller}`` which orders them by due time."""

from datetime import datetime, timedelta
from typing import Any

from azure.core import MatchConditions
from azure.data.tables import TableEntity, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.tokens.row import TokenRow
from shared.vocabulary.clock import to_ms

_PARTITION = "tokens"
_PEER = "table tokens"

type _Operation = tuple[str, dict[str, str]] | tuple[str, dict[str, str], dict[str, Any]]


class TableTokens:
    """``TokenRows`` on Table storage; both rows of a biller change in one transaction."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def read(self, biller_id: str) -> TokenRow | None:
        """The biller's row, or None."""
        entity = await self._find(biller_id)
        return _row(entity) if entity else None

    async def write(self, row: TokenRow, replaces: TokenRow | None) -> bool:
        """Write both rows if ``replaces`` is still what is there; False, and nothing written, otherwise."""
        entity = await self._find(row.biller_id)
        found = _row(entity) if entity else None
        if found != replaces:
            return found == row
        try:
            with answering(_PEER):
                await self._commit(row, entity)
        except _Conflict:
            # The client repeats a commit whose answer was lost, and then meets its own row.
            return await self.read(row.biller_id) == row
        return True

    async def due(self, now: datetime, most: int) -> list[str]:
        """Ids of the billers whose due time has come, longest due first; a range of keys, so no other row is read."""
        end = f"D~{to_ms(now + timedelta(milliseconds=1)):015}"
        rows = self._table.query_entities(
            "PartitionKey eq @partition and RowKey ge 'D~' and RowKey lt @end",
            parameters={"partition": _PARTITION, "end": end},
            select=["RowKey"],
            results_per_page=most,
        )
        found: list[str] = []
        with answering(_PEER):
            async for row in rows:
                found.append(str(row["RowKey"]).rpartition("~")[2])
                if len(found) >= most:
                    break
        return found

    async def all(self) -> list[TokenRow]:
        """Every biller's row, ordered by id as text; a range of keys."""
        rows = self._table.query_entities(
            "PartitionKey eq @partition and RowKey ge 'T~' and RowKey lt 'T~~'", parameters={"partition": _PARTITION}
        )
        with answering(_PEER):
            return [_row(row) async for row in rows]

    async def _find(self, biller_id: str) -> TableEntity | None:
        with answering(_PEER):
            return await find_entity(self._table, _PARTITION, _row_key(biller_id))

    async def _commit(self, row: TokenRow, replaces: TableEntity | None) -> None:
        try:
            await self._table.submit_transaction(operations(row, replaces))
        except TableTransactionError as error:
            if error.status_code in _CONFLICTS:
                raise _Conflict from None
            raise


_CONFLICTS = (404, 409, 412)  # the row is gone, there already, or another than the one that was read


class _Conflict(Exception):
    pass


def operations(row: TokenRow, replaces: TableEntity | None) -> list[_Operation]:
    """The transaction that puts a row, and its due entry, in the place of what is there."""
    entity = _keys(_row_key(row.biller_id)) | {"token": row.model_dump_json()}
    due = _due_key(row)
    dues: list[_Operation] = [("upsert", _keys(due))] if due else []
    if replaces is None:
        return [("create", entity), *dues]
    guard = {
        "mode": UpdateMode.REPLACE,
        "etag": replaces.metadata["etag"],
        "match_condition": MatchConditions.IfNotModified,
    }
    if (old_due := _due_key(_row(replaces))) and old_due != due:
        dues.append(("delete", _keys(old_due)))
    return [("update", entity, guard), *dues]


def _row(entity: TableEntity) -> TokenRow:
    return TokenRow.model_validate_json(entity["token"])


def _keys(row_key: str) -> dict[str, str]:
    return {"PartitionKey": _PARTITION, "RowKey": row_key}


def _row_key(biller_id: str) -> str:
    return f"T~{biller_id}"


def _due_key(row: TokenRow) -> str | None:
    return f"D~{to_ms(row.due_at):015}~{row.biller_id}" if row.due_at else None
