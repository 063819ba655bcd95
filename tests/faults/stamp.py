"""One region's deployment: its ledger, its billers' records, its queues and its instances."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, override

from shared.billers.model import Biller
from shared.ledger.store import Change, Row
from tests.fakes.billers import FakeBillers
from tests.fakes.ledger import MemoryLedger
from tests.faults.auditor import Auditor
from tests.faults.host import Host
from tests.faults.instance import Instance

if TYPE_CHECKING:
    from tests.faults.world import World

_INSTANCES: Final = 2

type Copy = Mapping[tuple[str, str], Row]
"""The rows of a ledger at some moment."""


class WatchedLedger(MemoryLedger):
    """A stamp's table, with the auditor looking at every transaction."""

    def __init__(self, stamp: "Stamp") -> None:
        super().__init__(stamp.world.clock)
        self._stamp = stamp

    @override
    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        before: dict[str, Row | None] = {
            change.key: self.rows.get((shard, change.key)) for change in changes if change.key[0] == "P"
        }
        etags = await super().commit(shard, changes)
        self._stamp.auditor.committed(changes, before)
        if self._stamp is self._stamp.world.home:
            self._stamp.world.may_wake(changes)
        return etags

    def restore(self, copy: Copy, written: int) -> None:
        """Hold what another table held; ``written``: how often that was written to, for ETags never repeat."""
        self._writes = written
        for (shard, key), row in copy.items():
            self.rows[shard, key] = row
            self._ordered[shard].add(key)

    @property
    def written(self) -> int:
        """How often it was written to."""
        return self._writes


class CopiedInto:
    """The same table for what copies entries into it: nothing there is a step, only its open rows are counted."""

    def __init__(self, stamp: "Stamp") -> None:
        self._stamp = stamp
        self._table = stamp.table

    def __getattr__(self, name: str):
        return getattr(self._table, name)

    async def commit(self, shard: str, changes: Sequence[Change]) -> Mapping[str, str]:
        etags = await MemoryLedger.commit(self._table, shard, changes)
        self._stamp.auditor.copied(changes)
        if self._stamp is self._stamp.world.home:
            self._stamp.world.may_wake(changes)
        return etags


class Stamp:
    """``up`` ends when its region is lost; ``before``: the stamp beside which it is set up."""

    def __init__(
        self, world: "World", region: str, records: Iterable[Biller], before: "Stamp | None" = None, name: str = ""
    ) -> None:
        self.world = world
        self.region = region
        self.up = True
        self.auditor = before.auditor.beside(self) if before else Auditor(world, self)
        self.table = WatchedLedger(self)
        self.billers = FakeBillers(*records)
        self.host = Host(world, self, f"host{name}")
        self.instances: list[Instance] = []

    def start(self) -> None:
        """Its instances come up, with empty memories."""
        self.up = True
        self.instances = [self.world.another_instance(self) for _ in range(_INSTANCES)]
        for each in self.instances:
            self.host.come(each)

    def go_down(self) -> None:
        """Its region is lost, or only away: nothing of it runs any more."""
        self.up = False
        for each in self.instances:
            each.kill("with its region")

    def replace(self, gone: Instance) -> None:
        """Another instance takes the place of one that has ended."""
        if self.up and gone in self.instances:
            fresh = self.world.another_instance(self)
            self.instances[self.instances.index(gone)] = fresh
            self.host.come(fresh)
