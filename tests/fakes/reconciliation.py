"""Control totals and findings in memory."""

from datetime import date

from shared.reconciliation.control_totals import ControlTotal, Kept
from shared.reconciliation.finding import Finding


class MemoryControlTotals:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], Kept] = {}

    async def keep(self, kept: Kept) -> None:
        total = kept.total
        place = (total.biller_id, total.day.isoformat(), total.application, total.tender, total.deposit_id)
        there = self._kept.get(place)
        if there is None or there.enqueued_at <= kept.enqueued_at:
            self._kept[place] = kept

    async def of(self, biller: str, first: date, last: date) -> list[ControlTotal]:
        found = (self._kept[place].total for place in sorted(self._kept) if place[0] == biller)
        return [total for total in found if first <= total.day <= last]

    async def remove_before(self, day: date, most: int) -> int:
        old = [place for place, kept in self._kept.items() if kept.total.day < day][:most]
        for place in old:
            del self._kept[place]
        return len(old)


class MemoryFindings:
    def __init__(self) -> None:
        self._found: dict[str, tuple[date | None, list[Finding]]] = {}

    async def of(self, biller: str) -> list[Finding]:
        return list(self._found[biller][1]) if biller in self._found else []

    async def done_for(self, biller: str) -> date | None:
        return self._found[biller][0] if biller in self._found else None

    async def replace(self, biller: str, day: date | None, findings: list[Finding]) -> None:
        self._found[biller] = (day, list(findings))
