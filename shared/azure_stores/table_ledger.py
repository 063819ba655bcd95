"""The ledger's table: ``shared.ledger.store.LedgerStore`` on Table storage."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from azure.core import MatchConditions
from azure.data.tables import TableEntity, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.azure_stores.server_time import ServerTime
from shared.ledger.store import ANY, Change, Delete, Insert, Replace, Row, RowChanged, RowExists, Values

_PEER: Final = "table ledger"
_CONFLICT: Final = 409
_GONE_OR_OTHER: Final = frozenset({404, 412})
_PAGE: Final = 1000

type _Operation = tuple[str, TableEntity] | tuple[str, TableEntity, dict[str, Any]]


class TableLedger:
    """One partition per shard; every commit is one entity-group transaction."""

    def __init__(self, table: TableClient, time: ServerTime) -> None:
        """``table``'s client reports its answers to ``time``."""
        self._table = table
        self._time = time

    def now(self) -> datetime:
        """The storage service's clock."""
        return self._time.now()

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        """All changes or none; see ``LedgerStore``."""
        try:
            with answering(_PEER):
                answers = await self._submit([_operation(shard, change) for change in changes])
        except _Failed as failed:
            # Without an index the service leaves open which change failed; the first is the state row.
            key = changes[failed.index if failed.index < len(changes) else 0].key
            raise (RowExists(key) if failed.exists else RowChanged(key)) from None
        return {change.key: answer["etag"] for change, answer in zip(changes, answers, strict=True) if "etag" in answer}

    async def read(self, shard: str, key: str) -> Row | None:
        """One row, or None."""
        with answering(_PEER):
            entity = await find_entity(self._table, shard, key)
        return _row(entity) if entity else None

    async def scan(
        self,
        shard: str,
        start: str,
        end: str,
        *,
        limit: int,
        only: Values | None = None,
        skip: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> list[Row]:
        """Rows with ``start <= key < end``, at most ``limit``; the service does the filtering."""
        clauses = ["PartitionKey eq @shard", "RowKey ge @start", "RowKey lt @end"]
        parameters: dict[str, Any] = {"shard": shard, "start": start, "end": end}
        for number, (name, value) in enumerate((only or {}).items()):
            clauses.append(f"{name} eq @only{number}")
            parameters[f"only{number}"] = value
        for number, queue in enumerate(skip):
            clauses.append(f"queue ne @skip{number}")
            parameters[f"skip{number}"] = queue
        found: list[Row] = []
        with answering(_PEER):
            rows = self._table.query_entities(
                " and ".join(clauses),
                parameters=parameters,
                results_per_page=min(limit, _PAGE),
                select=["RowKey", *fields] if fields else None,
            )
            async for entity in rows:
                found.append(_row(entity))
                if len(found) >= limit:
                    break
        return found

    async def _submit(self, operations: Sequence[_Operation]) -> Sequence[Mapping[str, Any]]:
        try:
            return await self._table.submit_transaction(operations)
        except TableTransactionError as error:
            if error.status_code == _CONFLICT:
                raise _Failed(error.index, exists=True) from None
            if error.status_code in _GONE_OR_OTHER:
                raise _Failed(error.index, exists=False) from None
            raise


class _Failed(Exception):
    def __init__(self, index: int, *, exists: bool) -> None:
        super().__init__()
        self.index = index
        self.exists = exists


def _operation(shard: str, change: Change) -> _Operation:
    keys = {"PartitionKey": shard, "RowKey": change.key}
    match change:
        case Insert(values=values):
            return ("create", TableEntity({**values, **keys}))
        case Replace(values=values, etag=etag) if etag == ANY:
            return ("update", TableEntity({**values, **keys}), {"mode": UpdateMode.REPLACE})
        case Replace(values=values, etag=etag):
            guard = {"mode": UpdateMode.REPLACE, "etag": etag, "match_condition": MatchConditions.IfNotModified}
            return ("update", TableEntity({**values, **keys}), guard)
        case Delete():
            return ("delete", TableEntity(keys))


def _row(entity: TableEntity) -> Row:
    values = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    return Row(entity["RowKey"], values, str(entity.metadata["etag"]))
