"""The ledger's table in memory; passes the same conformance tests as the real one."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sortedcontainers import SortedSet

from shared.ledger.store import ANY, Change, Delete, Insert, Row, RowChanged, RowExists, Values
from shared.vocabulary.clock import Clock


class MemoryLedger:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._writes = 0
        self._ordered: defaultdict[str, SortedSet[str]] = defaultdict(SortedSet)
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
                self._delete(shard, change.key)
            else:
                etags[change.key] = self._put(shard, change.key, change.values)
        return etags

    async def read(self, shard: str, key: str) -> Row | None:
        self.reads += 1
        return self.rows.get((shard, key))

    async def scan(
        self,
        shard: str,
        start: str,
        end: str,
        *,
        limit: int,
        only: Values | None = None,
        skip: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> list[Row]:
        self.reads += 1
        wanted = (row for row in self.between(shard, start, end) if row.values.get("queue") not in skip)
        matching = (row for row in wanted if all(row.values.get(name) == value for name, value in (only or {}).items()))
        return [_with(row, fields) for row in islice(matching, limit)]

    def between(self, shard: str, start: str, end: str) -> Iterator[Row]:
        """Rows with ``start <= key < end`` in key order; nothing may be written while they are read."""
        if shard in self._ordered:
            for key in self._ordered[shard].irange(start, end, inclusive=(True, False)):
                yield self.rows[shard, key]

    @property
    def shards(self) -> list[str]:
        """Shards that ever held a row."""
        return list(self._ordered)

    def _put(self, shard: str, key: str, values: Values) -> str:
        self._writes += 1
        etag = f'W/"{self._writes}"'
        self.rows[shard, key] = Row(key, dict(values), etag)
        self._ordered[shard].add(key)
        return etag

    def _delete(self, shard: str, key: str) -> None:
        del self.rows[shard, key]
        self._ordered[shard].discard(key)

    def _check(self, shard: str, change: Change) -> None:
        there = self.rows.get((shard, change.key))
        if isinstance(change, Insert):
            if there:
                raise RowExists(change.key)
        elif there is None or (not isinstance(change, Delete) and change.etag not in {ANY, there.etag}):
            raise RowChanged(change.key)


def _with(row: Row, fields: Sequence[str]) -> Row:
    return Row(row.key, {name: row.values[name] for name in fields if name in row.values}, row.etag) if fields else row
