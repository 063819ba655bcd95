"""Who looked at what on the console, in the table ``audit``, beside what admins changed and in the same form."""

import json
import uuid

from azure.data.tables.aio import TableClient

from shared.azure_stores.answering import answering
from shared.console.access import Person
from shared.vocabulary.clock import Clock, to_ms

_WHAT = "console.view"


class TableViews:
    """``Views`` on Table storage: one partition per day, rows in the order of time, inserted and never changed."""

    def __init__(self, table: TableClient, clock: Clock) -> None:
        """Keep the table's client."""
        self._table = table
        self._clock = clock

    async def add(self, person: Person, subject: str) -> None:
        """Keep who looked at what; ``Unavailable`` where it was not kept."""
        at = self._clock.now()
        who = {"objectId": person.object_id, "name": person.name}
        change = {"at": at.isoformat(), "who": who, "what": _WHAT, "subject": subject, "outcome": "seen"}
        entity = {
            "PartitionKey": at.date().isoformat(),
            "RowKey": f"{to_ms(at):015}~{uuid.uuid4().hex}",
            "change": json.dumps(change, ensure_ascii=False),
        }
        with answering("table audit"):
            await self._table.create_entity(entity)
