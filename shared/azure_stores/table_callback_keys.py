"""Callback keys in the table ``callbackkeys``: one partition, the digest as row key, so no key can be two billers'."""

from contextlib import suppress
from datetime import datetime

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity, swapped
from shared.billers.callback_keys import CallbackKey, KeyInUse
from shared.vocabulary.errors import Unavailable

_PARTITION = "keys"
_PEER = "table callbackkeys"
_TRIES = 5


class TableCallbackKeys:
    """A ``CallbackKeyStore`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def all(self) -> list[CallbackKey]:
        """Every key, revoked ones included."""
        with answering(_PEER):
            rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
            return [_key(entity) async for entity in rows]

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
        """End a key at that instant, or earlier where it ends earlier, if there is such a key."""
        with answering(_PEER):
            for _ in range(_TRIES):
                entity = await find_entity(self._table, _PARTITION, digest)
                key = _key(entity) if entity else None
                if entity is None or key is None:
                    return
                ended = key.model_copy(update={"not_after": key.ends_by(not_after)})
                # The row as it was read: a later end must not take the place of an earlier one.
                if await swapped(self._table, {**entity, **_entity(ended)}, entity):
                    return
        raise Unavailable(f"{_PEER}: the key keeps changing")

    async def stamp(self, digest: str, used_at: datetime) -> None:
        """Note when a key was used, in a property of its own: a revocation at the same moment stands."""
        with answering(_PEER), suppress(ResourceNotFoundError):
            await self._table.update_entity(_keys(digest) | {"lastUsedAt": used_at.isoformat()}, mode=UpdateMode.MERGE)

    async def _find(self, digest: str) -> CallbackKey | None:
        entity = await find_entity(self._table, _PARTITION, digest)
        return _key(entity) if entity else None


def _keys(digest: str) -> dict[str, str]:
    return {"PartitionKey": _PARTITION, "RowKey": digest}


def _entity(key: CallbackKey) -> dict[str, str]:
    return _keys(key.digest) | {"key": key.model_dump_json(exclude={"last_used_at"})}


def _key(entity: TableEntity) -> CallbackKey:
    key = CallbackKey.model_validate_json(entity["key"])
    used = entity.get("lastUsedAt")
    return key.model_copy(update={"last_used_at": datetime.fromisoformat(used)}) if used else key
