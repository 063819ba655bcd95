"""What admins changed: a row in the table ``audit`` and a copy that nobody can change, both before the change."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Protocol

from azure.data.tables.aio import TableClient
from pydantic import AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from admin.actor import Actor
from admin.output import warn
from shared.azure_stores.answering import answering
from shared.vocabulary.clock import Clock, to_ms
from shared.vocabulary.errors import Unavailable

TABLE: Final = "audit"
_PEER: Final = "table audit"

type Shown = Mapping[str, Any]
"""What a change leads from or to, as JSON; never a secret."""


class Change(BaseModel):
    """One row. ``outcome``: ``begun`` before the change; a second row says ``failed`` where it did not succeed."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True)

    at: AwareDatetime
    who: Actor
    what: str
    subject: str
    why: str = ""
    outcome: str = "begun"
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return self.model_dump(mode="json", by_alias=True)


class LogWorkspace(Protocol):
    """Where the stamp's events are read."""

    async def tell(self, event: Mapping[str, object]) -> None:
        """Send one event.

        Raises:
            Unavailable: it was not taken.
        """
        ...


class Copies(Protocol):
    """Where a row cannot be changed once it is kept."""

    async def keep(self, name: str, text: str) -> None:
        """Store one row's JSON; ``Unavailable`` where it was not kept."""
        ...


class Audit:
    """Writes and reads the table; one partition per day, rows in the order of time."""

    def __init__(
        self, table: TableClient, copies: Copies, actor: Actor, workspace: LogWorkspace | None, clock: Clock
    ) -> None:
        """Every row is ``actor``'s."""
        self._table = table
        self._copies = copies
        self._actor = actor
        self._workspace = workspace
        self._clock = clock

    @asynccontextmanager
    async def change(
        self, what: str, subject: str, *, why: str = "", before: Shown | None = None, after: Shown | None = None
    ) -> AsyncIterator[None]:
        """Around a change: recorded first, so that none is done unrecorded; where the block raises, that as well.

        Args:
            what: the command, for example ``biller.pause``.
            subject: what is changed, for example the biller's id.
            why: in the person's own words.
            before: what it was, without secrets.
            after: what it becomes, without secrets.

        Raises:
            Unavailable: table or copies do not answer; the block did not run.
        """
        row = self._row(what, subject, why, before or {}, after or {})
        await self._insert(row)
        try:
            yield
        except BaseException:
            await self._insert(row.model_copy(update={"outcome": "failed", "at": self._clock.now()}))
            raise
        await self._tell(row)

    async def since(self, first: datetime, last: datetime) -> AsyncIterator[Change]:
        """Rows from ``first`` to ``last``, the oldest first."""
        clause = "PartitionKey ge @day and PartitionKey le @end_day and RowKey ge @first and RowKey lt @end"
        bounds = {
            "day": first.date().isoformat(),
            "end_day": last.date().isoformat(),
            "first": f"{to_ms(first):015}",
            "end": f"{to_ms(last) + 1:015}",
        }
        with answering(_PEER):
            async for entity in self._table.query_entities(clause, parameters=bounds):
                yield Change.model_validate_json(entity["change"])

    def _row(self, what: str, subject: str, why: str, before: Shown, after: Shown) -> Change:
        return Change(
            at=self._clock.now(),
            who=self._actor,
            what=what,
            subject=subject,
            why=why,
            before=dict(before),
            after=dict(after),
        )

    async def _insert(self, row: Change) -> None:
        day, key = row.at.date().isoformat(), f"{to_ms(row.at):015}~{uuid.uuid4().hex}"
        text = row.model_dump_json(by_alias=True)
        # The copy first: a row without one could be removed and never be missed.
        await self._copies.keep(f"{day}/{key}", text)
        entity = {"PartitionKey": day, "RowKey": key, "change": text}
        with answering(_PEER):
            await self._table.create_entity(entity)

    async def _tell(self, row: Change) -> None:
        """The table is the record; the workspace shows it beside the stamp's other events."""
        if self._workspace is None:
            return
        fields = sorted({*row.before, *row.after})
        told = {"by": row.who.object_id, "what": row.what, "subject": row.subject, "why": row.why}
        try:
            await self._workspace.tell({"event": "admin.changed", **told, "fields": fields})
        except Unavailable as error:
            warn(f"The change is in the audit, but the log workspace was not told ({error}).")
