"""Billers in the table ``billers``: one partition, one row and one JSON property each."""

from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.azure_stores.answering import answering, find_entity, swapped
from shared.billers.model import Biller, Mode
from shared.billers.registry import Home
from shared.vocabulary import events
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

    async def latest(self, biller_id: str) -> Biller | None:
        """The same: nothing is remembered here."""
        return await self.get(biller_id)

    async def replace(self, biller: Biller, before: Biller | None) -> bool:
        """Put the biller in the place of ``before``, if that is still what is there; see ``BillerRegistry``."""
        with answering(_PEER):
            entity = await find_entity(self._table, _PARTITION, biller.biller_id)
            found = _biller(entity) if entity else None
            if found != before:
                return found == biller
            written = await swapped(self._table, _entity(biller), entity)
        # The client repeats a write whose answer was lost, and then meets its own.
        return written or await self.get(biller.biller_id) == biller

    async def all(self) -> list[Biller]:
        """Every biller; ``Misconfigured`` where a record breaks the rules of the model."""
        with answering(_PEER):
            rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
            return [_biller(entity) async for entity in rows]

    async def homes(self) -> dict[str, Home]:
        """Where every biller is at home; a record that cannot be read has none, and stands in nobody's way."""
        with answering(_PEER):
            rows = self._table.query_entities("PartitionKey eq @partition", parameters={"partition": _PARTITION})
            found = [_home(entity) async for entity in rows]
        return {home.biller_id: home for home in found if home}


class _Residence(BaseModel):
    """As much of a biller's record as says where it is at home."""

    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)  # only the callback asks for homes

    region: str | None = None
    mode: str


def _home(entity: TableEntity) -> Home | None:
    try:
        found = _Residence.model_validate_json(entity["biller"])
    except ValidationError:
        events.emit("biller.unreadable", events.ERROR, biller=entity["RowKey"])
        return None
    return Home(entity["RowKey"], found.region, found.mode == Mode.RETIRED)


def _entity(biller: Biller) -> dict[str, str]:
    record = biller.model_dump_json(by_alias=True)
    return {"PartitionKey": _PARTITION, "RowKey": biller.biller_id, "biller": record}


def _biller(entity: TableEntity) -> Biller:
    try:
        return Biller.model_validate_json(entity["biller"])
    except ValidationError:
        raise Misconfigured(f"biller {entity['RowKey']}: its record breaks the rules of a biller") from None
