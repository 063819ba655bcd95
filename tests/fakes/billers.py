"""Billers in memory."""

from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry, Home
from shared.vocabulary.errors import Unavailable


async def overwrite(billers: BillerRegistry, biller: Biller) -> None:
    """Let a registry have this very record, whatever it had; nothing of the product may do that."""
    assert await billers.replace(biller, await billers.get(biller.biller_id))


class FakeBillers:
    def __init__(self, *billers: Biller) -> None:
        self._billers = {biller.biller_id: biller for biller in billers}
        self.reads = 0
        self.down = False

    async def get(self, biller_id: str) -> Biller | None:
        self._answer()
        self.reads += 1
        return self._billers.get(biller_id)

    async def latest(self, biller_id: str) -> Biller | None:
        return await self.get(biller_id)

    async def put(self, biller: Biller) -> None:
        self._answer()
        self._billers[biller.biller_id] = biller

    async def replace(self, biller: Biller, before: Biller | None) -> bool:
        self._answer()
        found = self._billers.get(biller.biller_id)
        if found == before:
            self._billers[biller.biller_id] = biller
        return found in (before, biller)

    async def all(self) -> list[Biller]:
        self._answer()
        return [self._billers[biller_id] for biller_id in sorted(self._billers)]

    async def homes(self) -> dict[str, Home]:
        self._answer()
        self.reads += 1
        return {
            biller.biller_id: Home(biller.biller_id, biller.region, biller.mode is Mode.RETIRED)
            for biller in self._billers.values()
        }

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("fake billers are down")
