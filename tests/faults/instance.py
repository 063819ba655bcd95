"""One instance of the app: it makes calls, may stand still, and may end at any of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from tests.fakes.faulty_ledger import Crash
from tests.faults.app import App, Ways
from tests.faults.stores import BillersWay, QuarantineWay, TableWay, TokenEndpointWay, TokenRowsWay, VaultWay
from tests.faults.transport import SimulatedTransport

if TYPE_CHECKING:
    from tests.faults.stamp import Stamp
    from tests.faults.world import World

FREEZE: Final = 300.0
_GRACE: Final = 10.0
_RESTART: Final = (2.0, 8.0)
_LATENCY: Final = 0.03


class InstanceClock:
    """The instance's own wall clock, which may be wrong; its monotonic clock is not."""

    def __init__(self, instance: "Instance") -> None:
        self._instance = instance
        self._true = instance.world.clock

    def now(self) -> datetime:
        return self._true.now() + self._instance.clock_error

    def monotonic(self) -> float:
        self._instance.looked_at_lease()
        return self._true.monotonic()


class TablesClock(InstanceClock):
    """The table's time: as ``shared.runtime.clock.SharedClock``, but for the virtual monotonic clock."""

    def __init__(self, instance: "Instance", table: TableWay) -> None:
        super().__init__(instance)
        self._table = table

    def now(self) -> datetime:
        return self._table.now()


class Instance:
    """Its memory is the ``app``; ``alive`` ends with kill -9, ``taking`` already with SIGTERM."""

    def __init__(self, world: "World", stamp: "Stamp", number: int) -> None:
        self.world = world
        self.stamp = stamp
        self.name = f"i{number}"
        self.alive = True
        self.taking = True
        self.frozen_until = 0.0
        self.clock_error = (
            timedelta(minutes=world.weather.toss() * 20 - 10) if world.weather.blows("K1") else timedelta()
        )
        self.running: Counter[str] = Counter()
        self.tasks: dict[asyncio.Task[None], str] = {}
        self._claimed = False
        self.clock = InstanceClock(self)
        table = TableWay(self)
        self.app = App(
            Ways(
                table=table,
                billers=BillersWay(self),
                token_rows=TokenRowsWay(self),
                vault=VaultWay(self),
                quarantine=QuarantineWay(self),
                transport=SimulatedTransport(self),
                token_endpoint=TokenEndpointWay(self),
                clock=self.clock,
                shared_clock=TablesClock(self, table),
            ),
            stamp.region,
        )

    @property
    def frozen(self) -> bool:
        return self.frozen_until > self.world.loop.time()

    async def call[T](self, what: str, deed: Callable[[], Awaitable[T]], *points: str) -> T:
        """One call to the outside: a little time, then its effect, or the effect, then a little time.

        ``points``: crash points of the catalogue that this call is.
        """
        number = self.world.count_call()
        early = self.world.latency.random() < 0.5
        await self.wait(self.world.latency.random() * _LATENCY if early else 0)
        self.die_if_planned(number, "before")
        doomed = next((point for point in points if self.world.weather.strikes(point)), None)
        if doomed and self.world.weather.toss():
            self.die(f"before {what} ({doomed})")
        self.world.note(self.name, what)
        result = await deed()
        if doomed:
            self.die(f"after {what} ({doomed})")
        self.die_if_planned(number, "after")
        await self.wait(0 if early else self.world.latency.random() * _LATENCY)
        return result

    async def wait(self, seconds: float) -> None:
        """Let time pass, and end here if the instance has ended meanwhile."""
        self._check()
        if seconds:
            await asyncio.sleep(seconds)
        while self.frozen:  # noqa: ASYNC110 - it may be frozen again meanwhile
            await asyncio.sleep(self.frozen_until - self.world.loop.time())
        self._check()

    def die_if_planned(self, number: int, side: str) -> None:
        kill = self.world.plan.kill
        if kill and (kill.number, kill.side) == (number, side):
            self.die(f"{side} call {number}")

    def die(self, why: str) -> None:
        """kill -9, by the very task that stands here."""
        self.kill(why)
        raise Crash

    def kill(self, why: str) -> None:
        """No call of this instance has an effect any more; another one starts with an empty memory."""
        if not self.alive:
            return
        self.world.note(self.name, f"KILLED {why}")
        self.alive = self.taking = False
        current = asyncio.current_task()
        for task in self.tasks:
            if task is not current:
                task.cancel()
        self.world.replace(self, self.world.latency.uniform(*_RESTART))

    def terminate(self) -> None:
        """SIGTERM: no new messages, what runs is cancelled and has some seconds left."""
        if self.taking:
            self.world.note(self.name, "SIGTERM")
            self.taking = False
            for task in self.tasks:
                task.cancel()
            self.world.loop.call_later(_GRACE, self.kill, "after its grace")

    def freeze(self, seconds: float = FREEZE) -> None:
        """Stand still: nothing goes out, nothing is taken in."""
        self.world.note(self.name, "FROZEN")
        self.frozen_until = self.world.loop.time() + seconds
        self.world.loop.call_at(self.frozen_until, self.stamp.host.come, self)

    def has_claimed(self) -> None:
        """The next look at the monotonic clock is the one at the lease."""
        self._claimed = True

    def looked_at_lease(self) -> None:
        """Crash point X6."""
        if self._claimed:
            self._claimed = False
            if self.world.weather.strikes("X6"):
                self.die("at its look at the lease (X6)")

    def _check(self) -> None:
        if not self.alive:
            raise Crash
