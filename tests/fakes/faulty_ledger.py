"""The ledger's table in memory, failing where a test says so."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, auto

from shared.ledger.store import Change, Insert, Row, RowChanged, RowExists, Values
from shared.vocabulary.errors import Unavailable
from tests.fakes.ledger import MemoryLedger


class Fault(Enum):
    """What goes wrong with one call; reads know only ``NOT_WRITTEN``, which is no answer, and the crashes."""

    NONE = auto()
    NOT_WRITTEN = auto()
    """Nothing was done, and no answer came."""
    ANSWER_LOST = auto()
    """It was written, and no answer came."""
    OWN_CONFLICT = auto()
    """It was written; the SDK tried again and reports a conflict with ourselves."""
    CRASH_BEFORE = auto()
    """The process ends before anything is written."""
    CRASH_AFTER = auto()
    """The process ends after it was written."""


COMMIT_FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
READ_FAULTS = (Fault.NOT_WRITTEN, Fault.CRASH_BEFORE)


class Crash(BaseException):
    """The process is gone; like a signal, no handler of ours may catch it."""


type Plan = Callable[[str], Awaitable[Fault]]
"""Asked before every call with ``commit``, ``read`` or ``scan``; may wait as long as it likes."""


class FaultyLedger:
    """One process's way to a table that others use too."""

    def __init__(self, table: MemoryLedger, plan: Plan) -> None:
        self._table = table
        self._plan = plan

    def now(self) -> datetime:
        return self._table.now()

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        fault = await self._plan("commit")
        _fail_before(fault)
        etags = await self._table.commit(shard, changes)
        _fail_after(fault, changes[0])
        return etags

    async def read(self, shard: str, key: str) -> Row | None:
        _fail_before(await self._plan("read"))
        return await self._table.read(shard, key)

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
        _fail_before(await self._plan("scan"))
        return await self._table.scan(shard, start, end, limit=limit, only=only, skip=skip, fields=fields)


class Script:
    """A plan for a test with one thread of events: the n-th call of a kind fails, all others work."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {"commit": 0, "read": 0, "scan": 0}
        self._faults: dict[tuple[str, int], Fault] = {}

    def fail(self, call: str, fault: Fault, *, nth: int = 1) -> None:
        """Let the ``nth`` call of this kind from now on fail."""
        self._faults[call, self.calls[call] + nth] = fault

    async def __call__(self, call: str) -> Fault:
        self.calls[call] += 1
        return self._faults.pop((call, self.calls[call]), Fault.NONE)


def _fail_before(fault: Fault) -> None:
    if fault is Fault.NOT_WRITTEN:
        raise Unavailable("the table does not answer")
    if fault is Fault.CRASH_BEFORE:
        raise Crash


def _fail_after(fault: Fault, first: Change) -> None:
    if fault is Fault.ANSWER_LOST:
        raise Unavailable("the table's answer was lost")
    if fault is Fault.OWN_CONFLICT:
        raise RowExists(first.key) if isinstance(first, Insert) else RowChanged(first.key)
    if fault is Fault.CRASH_AFTER:
        raise Crash
