"""What people do in a run, and what keeps house: the clerk at the counter, admins, and retention."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.billers import capabilities
from shared.billers.model import Pause
from shared.ledger.entry import Key, Kind, State
from shared.ledger.retention import Retention
from shared.ledger.rows import entry_of, gate_key, key_in, shard_of, state_key
from shared.ledger.settle import is_fresh
from shared.vocabulary.errors import CaselleError
from tests.fakes.faulty_ledger import Crash
from tests.faults.app import TIMES
from tests.faults.billers import LIVE
from tests.faults.city import City
from tests.faults.clerks import SAID, finishes, lets_go, resolved, retried, state_row
from tests.faults.errand import ERRAND
from tests.faults.habit import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.faults.world import World

_PATIENT: Final = 30 * MINUTE
"""From when on a person looks at blocked billers."""
_BUDGET: Final = 60.0
_LET_GO: Final = frozenset({"M6", "M9"})
"""They hold payments that never left."""
_PAYMENTS: Final = frozenset({"M3", "M4"}) | _LET_GO
_REVERSALS: Final = frozenset({"M7"})
_AT_WORK: Final = _PAYMENTS | _REVERSALS


class People:
    """Acts by the clock; what a person begins goes on in a task of its own."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._dice = world.plan.dice("people")
        self._town = world.plan.town()
        self._seen: set[str] = set()
        self._doing: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """The counter of a town opens, and retention begins."""
        if self._has("M1"):
            self._start(self._keep_house())
        if self._town is None:
            return
        here = self._world.clock.now().astimezone(self._city.biller.zone)
        for at, cents in self._town.counter_receipts(here.hour + here.minute / 60, self._dice):
            self._world.clock.later(at, self._city.counter_receipt, cents)

    async def tick(self) -> None:
        """Every few minutes, in a town every hour."""
        if self._town is None:
            for city in self._world.cities.values():
                city.counter_receipt()
        if self._world.loop.time() >= _PATIENT:
            await self._unblock()
        if self._world.weather.blows("M2") and self._dice.random() < (0.3 if self._town is None else 0.02):
            self._start(self._pause())
        self._look_at_what_is_held()

    @property
    def _city(self) -> City:
        return next(iter(self._world.cities.values()))

    def _has(self, fault: str) -> bool:
        return fault in self._world.plan.faults

    async def _unblock(self) -> None:
        gates = self._world.instances[0].app.gates
        for biller in LIVE:
            row = self._world.table.rows.get((shard_of(biller), gate_key(biller)))
            if row is not None and (row.values["blocked"] or row.values["stops"]):
                self._world.note("person", f"unblocks {biller}")
                with suppress(CaselleError, Crash):
                    await gates.unblock(biller)

    def _look_at_what_is_held(self) -> None:
        faults = set(self._world.plan.faults)
        for row in self._world.held_rows() if faults & _AT_WORK else ():
            key = key_in(row.key)
            concerned = faults & (_PAYMENTS if key.kind is Kind.PAYMENT else _REVERSALS)
            if concerned and str(key) not in self._seen:
                self._seen.add(str(key))
                self._world.expect(self._settle(key))

    def _start(self, doing) -> None:
        task = self._world.loop.create_task(doing)
        self._doing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._doing.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._world.surprised(task.exception())

    async def _keep_house(self) -> None:
        """In a town every day, and only what is so old that evidence does not need it any more."""
        retention, young = Retention(self._world.table, self._world.clock), self._town is None
        while True:
            days = timedelta(days=2 if young else -41)
            self._world.struck("M1")
            with suppress(CaselleError):
                await retention.run(self._world.clock.now().date() + days, _BUDGET)
            await asyncio.sleep(30 if young else 24 * HOUR)

    async def _pause(self) -> None:
        world, biller = self._world, self._city.biller.biller_id
        record = await world.billers.get(biller)
        if record is None or record.paused is not None:
            return
        world.struck("M2")
        world.note("person", f"pauses {biller}")
        await world.change_biller(biller, paused=Pause(reason="a long weekend"))
        await asyncio.sleep(
            self._dice.uniform(2, 10) * MINUTE if self._town is None else self._dice.uniform(1, 20) * HOUR
        )
        await world.change_biller(biller, paused=None)
        with suppress(CaselleError, Crash):
            await world.instances[0].app.gates.resume(biller)

    async def _settle(self, key: Key) -> None:
        """A person takes a held payment in hand, some time after it was told."""
        unit = MINUTE if self._town is None else HOUR
        await asyncio.sleep(
            self._dice.uniform(10, 60) * MINUTE if unit == MINUTE else self._dice.uniform(0.2, 10) * HOUR
        )
        ERRAND.set(str(key))
        city = self._world.cities.get(f"city{key.biller}")
        if city is None:
            return
        life = self._world.auditor.chronicle.lives.get(str(key))
        if key.kind is not Kind.PAYMENT:
            await finishes(self._world, key, city, self._dice)
        elif _LET_GO & set(self._world.plan.faults) and not (life and life.sends):
            await lets_go(self._world, key, city, self._dice)
        elif self._has("M4") and (self._dice.random() < 0.5 or not self._has("M3")):
            await self._typed_in(key, city)
        elif self._has("M3"):
            await self._looked_up(key, city)

    async def _looked_up(self, key: Key, city: City) -> None:
        """The city's own books say what is so; where the cause is mended and Caselle can be asked, few look."""
        self._world.struck("M3")
        asked = capabilities.can_query_receipts(city.biller)
        if asked and self._dice.random() < 0.5:
            await self._retry(key)
            return
        if there := city.live(str(key)):
            await resolved(self._world, key, there[0].number)
            return
        if not asked and not city.under_way[str(key)]:
            self._world.auditor.decided(str(key))
        await self._retry(key, override=not asked)

    async def _typed_in(self, key: Key, city: City) -> None:
        """By hand, without its reference; whether the one who retries it later knows of that is chance."""
        self._world.struck("M4")
        if not city.live(str(key)) and state_row(self._world, str(key)).get("state") == State.HELD:
            life = self._world.auditor.chronicle.lives.get(str(key))
            city.counter_receipt(life.cents if life else 0, str(key))
            self._world.note("person", f"types in {key}")
        there = city.live(str(key))
        if there and self._dice.random() < 0.5:
            await resolved(self._world, key, there[0].number)
            return
        await asyncio.sleep(self._dice.uniform(1, 24) * HOUR)
        await self._retry(key)

    async def _retry(self, key: Key, *, override: bool = False) -> None:
        if await retried(self._world, key, SAID, override=override) and self._has("M4"):
            self._start(self._type_in_what_waits(key))

    async def _type_in_what_waits(self, key: Key) -> None:
        """What was let go, and waits for the end of a pause; not so soon that no question would follow."""
        await asyncio.sleep(self._dice.uniform(0.7, 8) * HOUR)
        row = self._world.table.rows.get((shard_of(key.biller), state_key(key)))
        city = self._world.cities.get(f"city{key.biller}")
        if row is None or city is None or city.live(str(key)):
            return
        entry = entry_of(row)
        waits = entry.state is State.RECEIVED and entry.reason == "paused"
        if waits and not is_fresh(entry, self._world.clock.now(), TIMES):
            city.counter_receipt(entry.cents, str(key))
            self._world.note("person", f"types in {key}, which waits")
