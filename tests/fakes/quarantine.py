"""Messages set aside, in memory."""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.exchange.quarantine import Quarantined


class MemoryQuarantine:
    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Quarantined] = {}

    async def keep(self, item: Quarantined) -> None:
        self.items[item.queue, item.message_id] = item

    async def find(self, queue: str, message_id: str) -> Quarantined | None:
        return self.items.get((queue, message_id))

    async def unresolved(self) -> AsyncIterator[Quarantined]:
        for item in list(self.items.values()):
            if not item.resolved:
                yield item

    async def remove_before(self, instant: datetime, most: int) -> int:
        old = [place for place, item in self.items.items() if item.at < instant][:most]
        for place in old:
            del self.items[place]
        return len(old)
