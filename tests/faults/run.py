"""Runs one plan: payments arrive under faults, then everything heals, and everything must come to rest."""

import asyncio
import hashlib
import logging
import random
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, inf
from typing import Final, override

from shared.ledger.entry import Key, Kind, State, Wait
from shared.ledger.rows import key_in, shard_of, state_key
from shared.ledger.store import Row
from tests.faults import incidents
from tests.faults.billers import LIVE
from tests.faults.closing import Closing
from tests.faults.habit import HOUR, MINUTE
from tests.faults.people import People
from tests.faults.plan import Plan
from tests.faults.traffic import Arrival
from tests.faults.verdict import Doubts, Told, doubts_of
from tests.faults.virtual_time import Deadlock, VirtualLoop
from tests.faults.world import Broken, World

_PEOPLE: Final = 10 * MINUTE
_TOKENS: Final = 5 * MINUTE
_A_DAY: Final = 26 * HOUR
_PATIENCE: Final = 60 * 60
"""Minutes after healing, and after the last arrival, until which everything must have come to rest."""
_PATIENT_DAYS: Final = 8
"""The same in a town: a payment that was sent again is asked about for days."""
_LATE: Final = timedelta(minutes=10)
_RECOVERY: Final = 30
"""Minutes after healing from which on nothing may be past due."""
_ASKED_FOR_DAYS: Final = frozenset({(State.HELD, Wait.ASK), (State.POSTED, Wait.SECOND), (State.REVERSED, Wait.SECOND)})
"""What has its outcome, and is still looked for: what is held may be there, what left twice may be there twice."""
_LOG: Final = logging.getLogger("caselle")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one plan came to."""

    plan: Plan
    payments: int
    calls: int
    kills: int
    unknown: int
    """Payments that were ever in doubt."""
    doubts: Doubts
    minutes: float
    """Virtual ones, until everything had come to rest."""
    broken: Broken | None
    struck: frozenset[str]
    """The faults that struck some call or message."""
    digest: str
    """Of the whole trace: the same plan gives the same."""


def run(plan: Plan) -> Outcome:
    """Run a plan from its beginning to its end."""
    loop = VirtualLoop()
    with reproducible(plan), listening(loop.time) as told, asyncio.Runner(loop_factory=lambda: loop) as runner:
        loop.set_exception_handler(lambda _loop, _context: None)
        world = runner.run(_world(plan, loop))
        broken = runner.run(_broken(Run(world, told)))
    digest = hashlib.sha256(repr(world.steps).encode()).hexdigest()
    unknown = sum(len(each) for each in world.auditor.unknown.values())
    return Outcome(
        plan=plan,
        payments=plan.payments,
        calls=world.calls,
        kills=world.kills,
        unknown=unknown,
        doubts=doubts_of(world),
        minutes=loop.time() / MINUTE,
        broken=broken,
        struck=frozenset(world.weather.struck),
        digest=digest,
    )


async def _world(plan: Plan, loop: VirtualLoop) -> World:
    return World(plan, loop)


async def _broken(run: "Run") -> Broken | None:
    try:
        await run.whole()
    except Broken as broken:
        return broken
    except Deadlock as deadlock:
        return Broken("stuck", str(deadlock), run.world.steps)
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 - a campaign goes on, and tells which plan it was
        return Broken("error", traceback.format_exc(limit=-3), run.world.steps)
    return None


class Run:
    """One plan on its way. ``told``: the app's events so far."""

    def __init__(self, world: World, told: list[Told]) -> None:
        self.world = world
        self._told = told
        self._pending = len(world.traffic.arrivals)
        self._healed_at: float | None = None
        self._town = world.plan.town()
        self._people = People(world)
        self._paced: dict[str, float] = {}
        """When a biller's calls were last kept apart."""

    async def whole(self) -> None:
        """Until everything rests and is checked, or a promise is broken.

        Raises:
            Broken: by the auditor, at the step where it broke, or at the end.
        """
        doing = self.world.loop.create_task(self._story())
        await asyncio.wait({doing, self.world.over}, return_when=asyncio.FIRST_COMPLETED)
        if self.world.over.done():
            self.world.over.result()
        doing.result()
        if self.world.over.done():
            self.world.over.result()

    async def _story(self) -> None:
        world = self.world
        await world.open()
        for arrival in world.traffic.arrivals:
            world.loop.call_later(arrival.at, self._arrive, arrival)
        happening = incidents.begin(world)
        self._people.begin()
        await self._minutes(int(world.plan.stormy_seconds() // MINUTE) + 1)
        world.weather.calm()
        world.note("weather", "CALM")
        self._healed_at = world.loop.time()
        await asyncio.gather(*happening)
        await incidents.end(world)
        await self._rest()
        if self._town is not None:
            await self._minutes(int(_A_DAY // MINUTE))  # in which whatever is counted apart must be told
            await self._rest()
        Closing(world, self._told).check()

    async def _rest(self) -> None:
        """Time runs on until nothing is open, six days of silence before late repetitions included."""
        for _ in range(_PATIENCE if self._town is None else _PATIENT_DAYS * 24):
            if self._at_rest():
                if not self._pending:
                    return
                await self._skip_to_last()
            await self._minutes(1 if self._town is None else 60)
        opened = [row.key for _, row in self.world.open_rows()]
        waiting = [message.id for message in self.world.host.unsettled]
        self.world.broken("stuck", f"open rows {opened[:5]}, messages {waiting[:5]}")

    async def _skip_to_last(self) -> None:
        last = max(arrival.at for arrival in self.world.traffic.arrivals)
        await asyncio.sleep(max(0.0, last - self.world.loop.time()))
        self._healed_at = self.world.loop.time()  # rejects that wait for nobody were not looked at meanwhile

    def _at_rest(self) -> bool:
        """Nothing is open but what time alone brings on: see ``_waits_for_nobody``."""
        quiet = not (self.world.host.unsettled or self.world.expected or self.world.awaited)
        return quiet and all(self._waits_for_nobody(row) for _, row in self.world.open_rows())

    def _waits_for_nobody(self, row: Row) -> bool:
        """Rejects of payments that never came or are held, and what is told but asked about once more for days."""
        place = shard_of(str(row.values["biller"]))
        reject = self.world.table.rows[place, f"P~{row.key.split('~', 2)[2]}"].values
        if (reject["state"], reject.get("wait")) in _ASKED_FOR_DAYS:
            return True
        if reject["state"] != State.WAITING:
            return False
        key = Key(str(reject["biller"]), Kind.PAYMENT, str(reject["reverses"]))
        payment = self.world.table.rows.get((place, state_key(key)))
        return payment is None or payment.values["state"] == State.HELD

    async def _minutes(self, count: int) -> None:
        """What happens by the clock: the sweeper every minute, people every ten, in a town every hour."""
        end = self.world.loop.time() + count * MINUTE
        while self.world.loop.time() < end - 1:
            await (self._next_minute() if self._town is None else self._next_of_interest(end))
            if self.world.due_by_now():
                self._nothing_late()
                self.world.host.sweep()
            if self._comes(_PEOPLE if self._town is None else HOUR):
                await self._people.tick()
            if self._comes(_TOKENS if self._town is None else HOUR):
                await self._tokens()

    async def _next_minute(self) -> None:
        await asyncio.sleep(MINUTE - self.world.loop.time() % MINUTE)

    async def _next_of_interest(self, end: float) -> None:
        """The next minute at which something is due, the next hour, or the end: most minutes of a town are empty."""
        world = self.world
        while True:
            now = world.loop.time()
            following = now - now % MINUTE + MINUTE
            due = max(following, ceil(world.next_due() / MINUTE) * MINUTE) if world.next_due() < inf else inf
            until = min(due, now - now % HOUR + HOUR, max(end, following))
            world.asleep_until = until - MINUTE
            world.alarm.clear()
            timer = world.loop.call_at(until, world.alarm.set)
            await world.alarm.wait()
            timer.cancel()
            if world.loop.time() >= until - 0.001:
                return

    async def _tokens(self) -> None:
        if await self.world.token_rows.due(self.world.clock.now(), 1):
            self.world.host.look_after_tokens()

    def _comes(self, every: float) -> bool:
        return int((self.world.loop.time() + 0.001) // MINUTE) % int(every // MINUTE) == 0

    def _nothing_late(self) -> None:
        """I14: some time after the healing, nothing is more than ten minutes past due.

        But for billers whose city said that it was asked too often: their calls are minutes apart, and have a queue.
        """
        now = self.world.loop.time()
        self._paced |= {biller: now for biller in LIVE if self.world.has_a_gap(biller)}
        if self._healed_at is None or self.world.loop.time() < self._healed_at + _RECOVERY * MINUTE:
            return
        limit = f"{int((self.world.clock.now() - _LATE).timestamp() * 1000):015}"
        late = [
            row.key
            for _, row in self.world.open_rows()
            if row.key.split("~")[1] < limit
            and now > self._paced.get(key_in(row.key).biller, -inf) + _RECOVERY * MINUTE
        ]
        if late:
            self.world.broken("I14", f"past due: {late[:5]}")

    def _arrive(self, arrival: Arrival) -> None:
        self._pending -= 1
        self.world.sent.append(self.world.host.put(arrival.queue, arrival.body, arrival.key))


@contextmanager
def reproducible(plan: Plan) -> Iterator[None]:
    """The product's own randomness, jitter and nonces, comes from the plan's seed."""
    dice, original, state = plan.dice("product"), uuid.uuid4, random.getstate()
    random.seed(plan.seed)
    uuid.uuid4 = lambda: uuid.UUID(int=dice.getrandbits(128), version=4)
    try:
        yield
    finally:
        uuid.uuid4 = original
        random.setstate(state)


class _Listener(logging.Handler):
    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self.told: list[Told] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.told.append((self._now(), record.getMessage()))


@contextmanager
def listening(now: Callable[[], float] = float) -> Iterator[list[Told]]:
    """All events of the app, each with its second, and nobody else hears them."""
    listener, level, heard = _Listener(now), _LOG.level, _LOG.propagate
    _LOG.addHandler(listener)
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    try:
        yield listener.told
    finally:
        _LOG.removeHandler(listener)
        _LOG.setLevel(level)
        _LOG.propagate = heard
