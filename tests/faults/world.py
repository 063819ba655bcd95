"""Everything of one run: stores, cities, instances, queues, and the weather over them."""

import asyncio
import math
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, override

from pydantic import SecretStr

from shared.billers import capabilities
from shared.billers.model import TokenStrategy
from shared.ledger import rows
from shared.ledger.posted import PostedRows
from shared.ledger.store import Change, Delete, Row
from shared.tokens.credentials import Credentials
from shared.tokens.keep import TokenKeeper
from shared.tokens.row import TokenRow
from shared.vocabulary.errors import CaselleError
from tests.fakes.billers import FakeBillers
from tests.fakes.faulty_ledger import Crash
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.tokens import FakeTokenRows
from tests.fakes.vault import FakeVault
from tests.faults.app import delivery
from tests.faults.auditor import Auditor
from tests.faults.billers import ASKED, DRAFT, LIVE, REGION, biller
from tests.faults.books import Made
from tests.faults.city import City
from tests.faults.fate import Answer, Call
from tests.faults.host import Host, Message
from tests.faults.instance import Instance
from tests.faults.judge import Judge
from tests.faults.losses import CHECKED
from tests.faults.plan import Plan
from tests.faults.stamp import Stamp, WatchedLedger
from tests.faults.traffic import SECRET, Traffic
from tests.faults.virtual_time import VirtualClock, VirtualLoop
from tests.faults.weather import Weather

_AWAY: Final = 120.0
"""Seconds that the table is away after a city's yes (S5)."""

type Step = tuple[float, str, str]
"""When, who, what."""


class Broken(AssertionError):
    """A promise did not hold. ``code``: which; ``steps``: all that led there; ``names``: whom it concerns."""

    def __init__(self, code: str, what: str, steps: Sequence[Step], names: Sequence[str] = ()) -> None:
        super().__init__(f"{code}: {what}")
        self.code = code
        self.what = what
        self.steps = steps
        self.names = names

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return Broken, (self.code, self.what, self.steps, self.names)


class World:
    """One run's world, at its beginning."""

    poll = 2.0
    """Seconds between two looks of the host at a queue, at most."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan = plan
        self.loop = loop
        self.clock = VirtualClock(loop, plan.start())
        self.weather = Weather(plan, loop.time)
        self.latency = plan.dice("latency")
        self.steps: list[Step] = []
        self.calls = 0
        self.kills = 0
        self.asleep_until = -math.inf
        self.alarm = asyncio.Event()
        """Something is due before ``asleep_until``."""
        self.over: asyncio.Future[None] = loop.create_future()
        self.newer_release_writes = False
        self.went_live: dict[str, datetime] = {}
        """Billers that went live in this plan: from when on what was paid is ours."""
        self.expected: set[asyncio.Task[None]] = set()
        """What people have begun, and the run waits for."""
        self._away_until = 0.0
        self.made_instances: dict[str, Instance] = {}
        """All that ever came up, by name."""
        self.results: list[str] = []
        """What Invoice Cloud has been told, and has read or will read."""
        self.read_before_loss: tuple[str, ...] = ()
        """Of the same, what it had read when a ledger was lost."""
        self.lost_at: datetime | None = None
        self.sent: list[Message] = []
        """What Invoice Cloud has enqueued; what it enqueues again is what the first has become."""
        self.awaited = 0
        """Messages that it will enqueue again."""
        self._make_stores()
        self.traffic = Traffic(plan, self.weather)
        for arrival in self.traffic.arrivals:
            if arrival.key is not None and arrival.reference:
                self.auditor.expect(arrival.reference, arrival.key)
        self.home.start()

    def _make_stores(self) -> None:
        town = self.plan.town()
        records = [biller(number) for number in (*LIVE, DRAFT)]
        if town is not None:
            records = [biller(ASKED, **town.setup()), biller(DRAFT)]
        self.home = Stamp(self, REGION, records)
        """The stamp that serves the billers; where one takes over from it, that one."""
        self.token_rows, self.vault = FakeTokenRows(), FakeVault()
        self.quarantine = MemoryQuarantine()
        live = (ASKED,) if town else LIVE
        self.judge = Judge(self.auditor.chronicle, self.loop.time)
        self.cities = {}
        for number in live:
            record = biller(number, **town.setup()) if town else biller(number)
            self.cities[f"city{number}"] = City(record, self.clock, self)

    @property
    def table(self) -> WatchedLedger:
        """The home's ledger."""
        return self.home.table

    @property
    def billers(self) -> FakeBillers:
        """The home's records."""
        return self.home.billers

    @property
    def host(self) -> Host:
        """The home's queues."""
        return self.home.host

    @property
    def instances(self) -> list[Instance]:
        """The home's instances."""
        return self.home.instances

    @property
    def auditor(self) -> Auditor:
        """Of the home's ledger; what it knows of the cities, those of all stamps know."""
        return self.home.auditor

    def receipt_made(self, city: City, made: Made, call: Call) -> None:
        """The auditor of the stamp that ordered it looks at a receipt."""
        self.made_instances[call.instance].stamp.auditor.receipt_made(city, made, call)

    def receipt_voided(self, city: City, made: Made) -> None:
        """Whoever voided it."""
        self.auditor.receipt_voided(city, made)

    def held_rows(self) -> list[Row]:
        """Every row of the list of what waits for a person."""
        return [row for shard in self.table.shards for row in self.table.between(shard, "H~", "H~\x7f")]

    def expect(self, errand: Coroutine[Any, Any, None]) -> None:
        """Somebody has begun what must come to its end before the run does."""
        task = self.loop.create_task(errand)
        self.expected.add(task)
        task.add_done_callback(self._arrived)

    def asked(self, city: City) -> bool:
        """Whether a city's list can be asked, and shows amounts as they are."""
        return capabilities.can_query_receipts(city.biller) and "P22" not in self.plan.faults

    async def open(self) -> None:
        """Every live biller has its first token, and was looked at by ``biller check --post-and-void``."""
        keeper = TokenKeeper(self.vault, self.token_rows, self.clock)
        for city in self.cities.values():
            await keeper.store(city.biller.biller_id, delivery(self.another_token(city), self.clock))
            await keeper.change(city.biller.biller_id, _supervised)
            secret = SecretStr(f"{SECRET}of-the-client")
            await Credentials(self.vault).keep_client_secret(city.biller.biller_id, secret)
            await PostedRows(self.table).keep_readings(city.biller.biller_id, CHECKED.written(), "")

    async def change_biller(self, biller_id: str, **fields: Any) -> None:
        """Let a record have other values; what else was changed of it stands."""
        record = await self.billers.get(biller_id)
        if record is not None:
            await self.billers.put(record.model_copy(update=fields))

    def another_token(self, city: City) -> str:
        """A token that the city accepts beside those it accepted before."""
        token = f"{SECRET}{city.biller.biller_id}-{len(city.tokens)}-{self.latency.randrange(10**9)}"
        city.tokens.add(token)
        return token

    def note(self, who: str, what: str) -> None:
        """One step of the trace."""
        self.steps.append((self.loop.time(), who, what))

    def count_call(self) -> int:
        """The number of this call to the outside, of all instances."""
        self.calls += 1
        return self.calls

    def broken(self, code: str, what: str) -> None:
        """End the run: a promise did not hold. Does not raise, for a handler of the code under test might catch it."""
        self.note("auditor", f"BROKEN {code}: {what}")
        if not self.over.done():
            self.over.set_exception(Broken(code, what, self.steps, self.auditor.names_in(what)))

    def surprised(self, error: BaseException | None) -> None:
        """An error that no use case may raise; a row of a newer release may end in a ValueError."""
        foreseen = isinstance(error, (CaselleError, Crash)) or (
            isinstance(error, ValueError) and "X14" in self.plan.faults
        )
        if error is not None and not foreseen:
            self.broken("surprise", f"{type(error).__name__}: {error}")

    def replace(self, gone: Instance, after: float) -> None:
        """Another instance takes the place of one that has ended."""
        self.kills += 1
        self.loop.call_later(after, gone.stamp.replace, gone)

    def anybody_frozen(self) -> bool:
        """Whether an instance stands still now."""
        return any(each.frozen for each in self.instances)

    def table_away(self) -> bool:
        """Whether the table answers nobody now (S5)."""
        return self.loop.time() < self._away_until

    def city_answered(self, call: Call, answer: Answer) -> None:
        """A city has worked on a request."""
        if call.reference and call.works and self.weather.strikes("S5"):
            self.note("table", "AWAY")
            self._away_until = self.loop.time() + _AWAY

    def another_clock_error(self) -> timedelta:
        """By how much an instance's clock is off from now on (K1)."""
        return timedelta(minutes=self.latency.uniform(-10, 10))

    def due_by_now(self) -> bool:
        """Whether the sweeper would find anything."""
        end = rows.open_until(self.clock.now())
        return any(True for shard in self.table.shards for _ in self.table.between(shard, "O~", end))

    def struck(self, fault: str) -> None:
        """A fault has struck that no weather decides about."""
        self.weather.struck[fault] += 1

    def next_due(self) -> float:
        """When the earliest open row is due, in seconds; far away where there is none."""
        firsts = [next(self.table.between(shard, "O~", "O~\x7f"), None) for shard in self.table.shards]
        return min((self._second_of(row.key) for row in firsts if row), default=math.inf)

    def may_wake(self, changes: Sequence[Change]) -> None:
        """A row that is due before the sweeper wakes again wakes it."""
        for change in changes:
            if (
                change.key[0] == "O"
                and not isinstance(change, Delete)
                and self._second_of(change.key) < self.asleep_until
            ):
                self.alarm.set()

    def _second_of(self, open_key: str) -> float:
        return int(open_key.split("~", 2)[1]) / 1000 - self.clock.began

    def has_a_gap(self, biller: str) -> bool:
        """Whether calls to its city are kept apart, since it said that there were too many."""
        row = self.table.rows.get((rows.shard_of(biller), rows.gate_key(biller)))
        return row is not None and float(row.values.get("gap") or 0) > 0

    def open_rows(self) -> list[tuple[str, Row]]:
        """Every open row, with its shard."""
        return [(shard, row) for shard in self.table.shards for row in self.table.between(shard, "O~", "O~\x7f")]

    def _arrived(self, task: asyncio.Task[None]) -> None:
        self.expected.discard(task)
        if not task.cancelled():
            self.surprised(task.exception())

    def enqueue_again(self, message: Message) -> None:
        """Invoice Cloud enqueues once more what it has no final result for."""
        self.awaited -= 1
        last = message
        while last.became is not None:
            last = last.became
        last.became = self.host.put(message.queue, message.body, message.key)

    def another_instance(self, stamp: Stamp) -> Instance:
        """One that has just come up, with an empty memory."""
        made = Instance(self, stamp, len(self.made_instances) + 1)
        self.made_instances[made.name] = made
        return made


def _supervised(row: TokenRow) -> TokenRow:
    """As after a first renewal that a person has watched."""
    return row.model_copy(update={"supervised": TokenStrategy.CLIENT_CREDENTIALS})
