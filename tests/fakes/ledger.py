"""The ledger's table in memory; passes the same conformance tests as the real one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.ledger.store import ANY, Change, Delete, Insert, Row, RowChanged, RowExists, Values
from shared.vocabulary.clock import Clock


class MemoryLedger:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writes = 0
        self.rows: dict[tuple[str, str], Row] = {}
        self.commits = 0
        self.reads = 0

    def now(self) -> datetime:
        return self._clock.now()

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        self.commits += 1
        for change in changes:
            self._check(shard, change)
        etags: dict[str, str] = {}
        for change in changes:
            if isinstance(change, Delete):
                del self.rows[shard, change.key]
                continue
            self._writes += 1
            etags[change.key] = f'W/"{self._writes}"'
            self.rows[shard, change.key] = Row(change.key, dict(change.values), etags[change.key])
        return etags

    async def read(self, shard: str, key: str) -> Row | None:
        self.reads += 1
        return self.rows.get((shard, key))

    async def scan(
        self, shard: str, start: str, end: str, *, limit: int, only: Values | None = None, skip: Sequence[str] = ()
    ) -> list[Row]:
        self.reads += 1
        keys = sorted(key for home, key in self.rows if home == shard and start <= key < end)
        found = (self.rows[shard, key] for key in keys)
        wanted = (row for row in found if row.values.get("queue") not in skip)
        matching = [row for row in wanted if all(row.values.get(name) == value for name, value in (only or {}).items())]
        return matching[:limit]

    def _check(self, shard: str, change: Change) -> None:
        there = self.rows.get((shard, change.key))
        if isinstance(change, Insert):
            if there:
                raise RowExists(change.key)
        elif there is None or (not isinstance(change, Delete) and change.etag not in {ANY, there.etag}):
            raise RowChanged(change.key)
