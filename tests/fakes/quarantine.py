"""Messages set aside, in memory."""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.exchange.quarantine import Quarantined


def row_of_an_earlier_release(item: Quarantined) -> dict[str, str]:
    """Its key was the message's id, and no property told it; nor whether it was resolved, at first."""
    fields = {name: getattr(item, name) for name in ("reason", "detail", "digest", "text")}
    return {"PartitionKey": item.queue, "RowKey": item.message_id, "at": item.at.isoformat(), **fields}


class MemoryQuarantine:
    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], Quarantined] = {}

    @property
    def items(self) -> dict[tuple[str, str], Quarantined]:
        """By queue and message id; of several messages of one id the last."""
        return {(item.queue, item.message_id): item for item in self._rows.values()}

    async def keep(self, item: Quarantined) -> None:
        if item.resolved or (item.queue, item.key) not in self._rows:
            self._rows[item.queue, item.key] = item

    async def find(self, queue: str, message_id: str) -> Quarantined | None:
        found = [item for item in self._rows.values() if (item.queue, item.message_id) == (queue, message_id)]
        return min(found, key=lambda item: (bool(item.resolved), item.at), default=None)

    async def unresolved(self) -> AsyncIterator[Quarantined]:
        for item in list(self._rows.values()):
            if not item.resolved:
                yield item

    async def remove_before(self, instant: datetime, most: int) -> int:
        old = [place for place, item in self._rows.items() if item.at < instant][:most]
        for place in old:
            del self._rows[place]
        return len(old)
