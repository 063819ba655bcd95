"""Billers in the table ``billers``: one partition, one row and one JSON property each."""

from azure.data.tables import TableEntity, UpdateMode
from azure.data.tables.aio import TableClient
from pydantic import ValidationError

from shared.azure_stores.answering import answering, find_entity
from shared.billers.model import Biller
from shared.vocabulary.errors import Misconfigured

_PARTITION = "billers"
_PEER = "table billers"


class TableBillers:
    """A ``BillerRegistry`` on Table storage."""

    def __init__(self, table: TableClient) -> None:
        self._table = table

    async def get(self, biller_id: str) -> Biller | None:
        """The biller of that id; ``Misconfigured`` where its record breaks the rules of the model."""
        with answering(_PEER):
            entity = await find_entity(self._table, _PARTITION, biller_id)
        return _biller(entity) if entity else None

    async def put(self, biller: Biller) -> None:
        """Add the biller, or replace the one of the same id."""
        entity = {
            "PartitionKey": _PARTITION,
            "RowKey": biller.biller_id,
            "biller": biller.model_dump_json(by_alias=True),
        }
        with answering(_PEER):
            await self._table.upsert_entity(entity, mode=UpdateMode.REPLACE)

    async def all(self) -> list[Biller]:
        """Every biller; ``Misconfigured`` where a record breaks the rules of the model."""
        with answering(_PEER):
            rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
            return [_biller(entity) async for entity in rows]


def _biller(entity: TableEntity) -> Biller:
    try:
        return Biller.model_validate_json(entity["biller"])
    except ValidationError:
        raise Misconfigured(f"biller {entity['RowKey']}: its record breaks the rules of a biller") from None
