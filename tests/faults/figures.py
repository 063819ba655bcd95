"""``python -m tests.faults.figures``: how long doubts last, what a bad neighbour costs, how fast a backlog drains.

The same simulation as the campaign's, with cities and payments of its own choice. Everything is virtual time.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from statistics import quantiles
from typing import Final, override

from shared.billers import capabilities
from shared.billers.model import Biller
from shared.ledger.entry import Entry, Key, Kind, State
from shared.ledger.rows import entry_of, event_key, shard_of
from shared.ledger.store import Values
from tests.fakes.billers import FakeBillers
from tests.faults import peer_faults
from tests.faults.billers import biller
from tests.faults.catalogue import CATALOGUE
from tests.faults.city import City
from tests.faults.fate import Call
from tests.faults.fault import Harm
from tests.faults.plan import Plan
from tests.faults.run import listening, reproducible, run
from tests.faults.town import PACES
from tests.faults.verdict import Doubts
from tests.faults.virtual_time import VirtualLoop
from tests.faults.world import World

MINUTE: Final = 60.0
DAY: Final = 86400.0
_SEED: Final = 1
_QUERY, _NO_QUERY = "2025.11.014", "2025.02.003"

type Strike = Callable[[Call, Random], None]


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment that Invoice Cloud enqueues ``at`` so many seconds."""

    at: float
    biller: str
    number: int

    @property
    def key(self) -> Key:
        return Key(self.biller, Kind.PAYMENT, f"pay-{self.number}")


@dataclass(frozen=True, slots=True)
class Scene:
    """Cities, payments, and what becomes of the calls. ``patience``: seconds after the last payment at most."""

    billers: Sequence[Biller]
    payments: Sequence[Paid]
    strike: Strike
    patience: float = DAY


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one payment: its states, each with its instant in seconds of virtual time."""

    paid: Paid
    entry: Entry
    states: Sequence[tuple[float, State]]

    @property
    def ended_at(self) -> float:
        """When it came to its last state."""
        return self.states[-1][0]


class Stage(World):
    """The simulated world with the scene's cities."""

    poll = 0.2
    """Queues that have just had something are looked at again after 100 ms."""

    def __init__(self, scene: Scene, loop: VirtualLoop) -> None:
        self._scene = scene
        super().__init__(Plan(seed=_SEED, payments=0), loop)
        dice = Random(_SEED)
        self.weather.beside.append(lambda call: scene.strike(call, dice))

    @override
    def _make_stores(self) -> None:
        super()._make_stores()
        self.home.billers = FakeBillers(*self._scene.billers)
        self.cities = {each.subdomain or "": City(each, self.clock, self) for each in self._scene.billers}

    async def play(self) -> list[Story]:
        """Let all payments come, and time pass until nothing is open or patience ends."""
        await self.open()
        for paid in self._scene.payments:
            self.auditor.expect(_reference(paid), paid.key)
            body = _message(paid, self.clock.now() + timedelta(seconds=paid.at))
            self.loop.call_later(paid.at, self.host.put, "payments", body, paid.key)
        last = max(paid.at for paid in self._scene.payments)
        while self.loop.time() < last + self._scene.patience:
            await asyncio.sleep(MINUTE - self.loop.time() % MINUTE)
            if self.due_by_now():
                self.host.sweep()
            if self.loop.time() > last and not self.open_rows() and not self.host.unsettled:
                break
        if self.over.done():
            self.over.result()
        return [self._story(paid) for paid in self._scene.payments]

    def _story(self, paid: Paid) -> Story:
        shard = shard_of(paid.biller)
        entry = entry_of(self.table.rows[shard, f"P~{paid.key}"])
        events = [self.table.rows[shard, event_key(paid.key, version + 1)].values for version in range(entry.version)]
        return Story(paid, entry, [(self._seconds(event), State(str(event["state"]))) for event in events])

    def _seconds(self, event: Values) -> float:
        return (datetime.fromisoformat(str(event["at"])) - self.plan.start()).total_seconds()


def play(scene: Scene) -> list[Story]:
    """The stories of a scene's payments, in their order."""
    loop = VirtualLoop()
    with reproducible(Plan(seed=_SEED)), listening(), asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_play(scene, loop))


async def _play(scene: Scene, loop: VirtualLoop) -> list[Story]:
    return await Stage(scene, loop).play()


def nothing(call: Call, dice: Random) -> None:
    """The city works."""


def one_in_ten_lost(call: Call, dice: Random) -> None:
    """The answers to a tenth of the orders are lost: at once or after a silence, before the work or after it."""
    if call.operation == "create_receipt" and dice.random() < 0.1:
        call.ignored = dice.random() < 0.5
        dice.choice([peer_faults.closed_unanswered, peer_faults.hangs])(call, dice)


def doubts(a_day: int, payments: int, counter: int, lies: Sequence[str] = ("",)) -> Doubts:
    """Of a town whose answers are lost now and then; one plan for each lie, the empty one is the truth."""
    found = Doubts()
    for number, lie in enumerate(lies):
        outcome = run(Plan(_SEED * 1000 + number, (lie,) if lie else (), payments, pace=a_day, counter=counter))
        assert outcome.broken is None, str(outcome.broken)
        found.add(outcome.doubts)
    return found


def told(found: Doubts) -> str:
    """Shares of those that had something before them, how long they took, and why the others were held."""
    half, ninety, ninety_nine = percentiles(found.minutes)
    held = ", ".join(f"{count} {reason}" for reason, count in sorted(found.held.items())) or "none"
    return f"{found}; p50 {half:.0f}, p90 {ninety:.0f}, p99 {ninety_nine:.0f} min; held: {held}"


def held_without_query() -> tuple[int, float]:
    """At a city that cannot be asked: how many are held, and the longest time from arrival to that, in minutes."""
    dice = Random(5)
    payments = [Paid(dice.uniform(0, DAY), "3100", number) for number in range(300)]
    stories = play(Scene([biller("3100", connectVersion=_NO_QUERY)], payments, one_in_ten_lost))
    held = [story for story in stories if story.entry.state is State.HELD]
    assert all(story.entry.reason == "outcome_unknown" for story in held)
    return len(held), max((_held_at(story) - _sent_at(story)) / MINUTE for story in held)


def neighbours(strike: Strike) -> tuple[float, float]:
    """Of eight healthy cities among ten: the p95 in seconds from arrival to posted, and payments posted a minute."""
    numbers = [str(100 + number) for number in range(10)]
    dice = Random(9)
    payments = [Paid(dice.uniform(0, 20 * MINUTE), each, n) for n, each in enumerate(numbers * 120)]
    stories = play(Scene([biller(number) for number in numbers], payments, strike, patience=MINUTE))
    healthy = [story for story in stories if story.paid.biller not in numbers[:2]]
    seconds = [story.ended_at - story.paid.at for story in healthy if story.entry.state is State.POSTED]
    return quantiles(seconds, n=20)[-1], len(seconds) / 20


def bad_neighbours(call: Call, dice: Random) -> None:
    """One city never answers, one takes 20 seconds."""
    if call.biller == "100":
        peer_faults.hangs(call, dice)
    if call.biller == "101":
        peer_faults.slow(call, dice)


def a_neighbour_s_backlog(waiting: int) -> tuple[float, float]:
    """The p95 in seconds of nine cities without and with so many payments of a tenth that come all at once."""
    return _beside_a_backlog(0), _beside_a_backlog(waiting)


def _beside_a_backlog(waiting: int) -> float:
    numbers, dice = [str(100 + number) for number in range(10)], Random(9)
    steady = [Paid(dice.uniform(0, 10 * MINUTE), each, n) for n, each in enumerate(numbers[1:] * 60)]
    flood = [Paid(1.0, numbers[0], 10**6 + n) for n in range(waiting)]
    stories = play(Scene([biller(number) for number in numbers], [*steady, *flood], nothing, patience=MINUTE))
    seconds = [story.ended_at - story.paid.at for story in stories if story.paid.biller != numbers[0]]
    return quantiles(seconds, n=20)[-1]


@dataclass(frozen=True, slots=True)
class Drain:
    """A backlog's end. ``busy``: seconds that its slots would take if none were ever free; ``by_sweeper``: alone."""

    payments: int
    seconds: float
    busy: float
    by_sweeper: float

    def __str__(self) -> str:
        rate = f"{self.seconds / self.busy:.2f} times what its slots take when none is ever free ({self.busy:.0f} s)"
        return f"{self.payments} at once: {self.seconds:.0f} s, {rate}; the sweeper alone: {self.by_sweeper:.0f} s"


def drained(count: int) -> Drain:
    """One city's payments, all enqueued at once."""
    city = biller("2493", connectVersion=_QUERY)
    stories = play(Scene([city], [Paid(0, "2493", number) for number in range(count)], nothing))
    assert all(story.entry.state is State.POSTED for story in stories)
    busy = sum(story.ended_at - _sent_at(story) for story in stories) / capabilities.slots(city)
    per_minute = 2 * capabilities.slots(city)
    return Drain(count, max(story.ended_at for story in stories), busy, MINUTE * count / per_minute)


def percentiles(minutes: Sequence[float]) -> tuple[float, float, float]:
    """The 50th, 90th and 99th."""
    cuts = quantiles(minutes, n=100, method="inclusive")
    return cuts[49], cuts[89], cuts[98]


def main() -> int:
    """Print every figure."""
    for a_day in PACES:
        for counter in (0, 50):
            _tell(f"{a_day} a day, {counter} at the counter: {told(doubts(a_day, 600, counter))}")
        harmless = [fault.id for fault in CATALOGUE.values() if fault.harm is Harm.NONE]
        _tell(f"{a_day} a day, every harmless oddity: {told(doubts(a_day, 200, 50, harmless))}")
        _tell(f"{a_day} a day, failed orders use numbers up: {told(doubts(a_day, 600, 50, ['L35']))}")
    count, longest = held_without_query()
    _tell(f"in doubt where nobody can be asked: {count}, all held, within {longest:.1f} min of the send")
    (calm, usual), (beside, rate) = neighbours(nothing), neighbours(bad_neighbours)
    _tell(f"one dead and one slow of ten: the others' p95 {calm:.1f} -> {beside:.1f} s, posted {rate / usual:.1%}")
    alone, flooded = a_neighbour_s_backlog(10_000)
    _tell(f"10,000 of one city at once: the others' p95 {alone:.1f} -> {flooded:.1f} s")
    _tell(str(drained(2000)))
    return 0


def _sent_at(story: Story) -> float:
    assert story.entry.sent_at is not None
    return (story.entry.sent_at - Plan(seed=_SEED).start()).total_seconds()


def _held_at(story: Story) -> float:
    assert story.entry.held_at is not None
    return (story.entry.held_at - Plan(seed=_SEED).start()).total_seconds()


def _reference(paid: Paid) -> str:
    return f"IC{paid.number:08}"


def _message(paid: Paid, at: datetime) -> bytes:
    fields = {"schemaVersion": 1, "billerId": paid.biller, "paymentId": paid.key.id, "application": "AR"}
    fields |= {"confirmationNumber": _reference(paid), "customerNumber": "000412", "tender": "ACH", "amount": "42.00"}
    return json.dumps(
        fields | {"paidAt": at.isoformat(), "allocations": [{"invoiceNumber": "1", "amount": "42.00"}]}
    ).encode()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
