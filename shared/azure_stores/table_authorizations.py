"""Authorizations in the table ``authorizations``: one partition a biller, the state's digest as row key."""

import uuid
from datetime import datetime

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering, find_entity
from shared.tokens.authorize import Authorization

_PEER = "table authorizations"


class TableAuthorizations:
    """``Authorizations`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def add(self, authorization: Authorization, now: datetime) -> None:
        """Insert one, and drop the biller's expired ones."""
        with answering(_PEER):
            # Not an insert: the client repeats a write whose answer was lost, and nobody else has this digest.
            await self._table.upsert_entity(_entity(authorization), mode=UpdateMode.REPLACE)
            partition = {"partition": authorization.biller_id}
            async for entity in self._table.query_entities("PartitionKey eq @partition", parameters=partition):
                if _authorization(entity).expires_at <= now:
                    await self._table.delete_entity(entity)

    async def use(self, biller_id: str, digest: str, now: datetime) -> bool:
        """Mark it used by compare-and-swap; False where there is no such open one, or another was first."""
        with answering(_PEER):
            entity = await find_entity(self._table, biller_id, digest)
            if entity is None or not _authorization(entity).open(now):
                return False
            used = _authorization(entity).model_copy(update={"used_by": uuid.uuid4().hex})
            try:
                await self._table.update_entity(
                    _entity(used),
                    mode=UpdateMode.REPLACE,
                    etag=entity.metadata["etag"],
                    match_condition=MatchConditions.IfNotModified,
                )
            except (ResourceModifiedError, ResourceNotFoundError):
                # The client repeats a write whose answer was lost, and then meets its own nonce.
                found = await find_entity(self._table, biller_id, digest)
                return found is not None and _authorization(found) == used
        return True


def _entity(authorization: Authorization) -> dict[str, str]:
    return {
        "PartitionKey": authorization.biller_id,
        "RowKey": authorization.digest,
        "authorization": authorization.model_dump_json(),
    }


def _authorization(entity: TableEntity) -> Authorization:
    return Authorization.model_validate_json(entity["authorization"])
