"""Callback keys in the table ``callbackkeys``: one partition, the digest as row key, so no key can be two billers'."""

from datetime import datetime

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.billers.callback_keys import CallbackKey, KeyInUse

_PARTITION = "keys"
_PEER = "table callbackkeys"


class TableCallbackKeys:
    """A ``CallbackKeyStore`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def all(self) -> list[CallbackKey]:
        """Every key, revoked ones included."""
        with answering(_PEER):
            rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
            return [CallbackKey.model_validate_json(entity["key"]) async for entity in rows]

    async def add(self, key: CallbackKey) -> None:
        """Insert a key; ``KeyInUse`` where its digest is there already."""
        with answering(_PEER):
            try:
                await self._table.create_entity(_entity(key))
            except ResourceExistsError:
                # The client repeats an insert whose answer was lost, and then meets its own row.
                if await self._find(key.digest) != key:
                    raise KeyInUse("this callback key is known already") from None

    async def revoke(self, digest: str, not_after: datetime) -> None:
        """End a key at that instant, if there is such a key."""
        with answering(_PEER):
            key = await self._find(digest)
            if key is not None:
                ended = key.model_copy(update={"not_after": not_after})
                await self._table.update_entity(_entity(ended), mode=UpdateMode.REPLACE)

    async def _find(self, digest: str) -> CallbackKey | None:
        entity = await find_entity(self._table, _PARTITION, digest)
        return CallbackKey.model_validate_json(entity["key"]) if entity else None


def _entity(key: CallbackKey) -> dict[str, str]:
    return {"PartitionKey": _PARTITION, "RowKey": key.digest, "key": key.model_dump_json()}
