"""Messages set aside, in memory."""

from shared.exchange.quarantine import Quarantined


class MemoryQuarantine:
    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Quarantined] = {}

    async def keep(self, item: Quarantined) -> None:
        self.items[item.queue, item.message_id] = item
