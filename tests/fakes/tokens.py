"""Token rows in memory."""

from datetime import datetime

from shared.tokens.row import TokenRow
from shared.vocabulary.errors import Unavailable


class FakeTokenRows:
    def __init__(self) -> None:
        self._rows: dict[str, TokenRow] = {}
        self.reads = 0
        self.down = False

    async def read(self, biller_id: str) -> TokenRow | None:
        self._answer()
        self.reads += 1
        return self._rows.get(biller_id)

    async def write(self, row: TokenRow, replaces: TokenRow | None) -> bool:
        self._answer()
        found = self._rows.get(row.biller_id)
        if found == replaces:
            self._rows[row.biller_id] = row
        return found in {replaces, row}

    async def due(self, now: datetime, most: int) -> list[str]:
        self._answer()
        found = sorted((row.due_at, row.biller_id) for row in self._rows.values() if row.due_at and row.due_at <= now)
        return [biller_id for _, biller_id in found[:most]]

    async def all(self) -> list[TokenRow]:
        self._answer()
        self.reads += 1
        return [self._rows[biller_id] for biller_id in sorted(self._rows)]

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("fake token rows are down")
