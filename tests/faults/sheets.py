"""The sheets of questions that a city gets, what it answers by its books, and what is worked in of it, and when."""

import asyncio
import csv
import io
from contextlib import suppress
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from admin.payments import sheet as command
from shared.ledger import rows
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Kind, State
from shared.repair import inquiry
from shared.repair.decision import Decision
from shared.repair.inquiry import Answer, Found
from shared.vocabulary.errors import CaselleError, Malformed
from tests.fakes.faulty_ledger import Crash
from tests.faults.app import TIMES
from tests.faults.clerks import passes, state_row
from tests.faults.errand import ERRAND
from tests.faults.habit import HOUR, MINUTE

if TYPE_CHECKING:
    from tests.faults.world import World

_STALE: Final = 24.2 * HOUR
"""From when on the city's "not there" says nothing any more."""

type Line = dict[str, str]


async def asks_cities(world: "World") -> None:
    """M8: every few minutes, in a town every few hours, one city gets what is asked about it then."""
    storm, dice = world.weather.storm("M8"), world.plan.dice("M8")
    while storm is not None and await passes(world, storm, dice, (1, 8)):
        number = dice.choice(sorted(storm.billers))
        _ask(world, number, dice)
    # What is held last is asked about once more.
    for number in sorted(storm.billers) if storm else ():
        _ask(world, number, dice)


def _ask(world: "World", number: str, dice: Random) -> None:
    questions = _questions(world, number) + _strays(world, number, dice)
    if questions:
        world.struck("M8")
        text = inquiry.sheet(questions, world.clock.now())
        world.expect(_Sheet(world, number, text, dice).answered())


def _questions(world: "World", number: str) -> list[Entry]:
    """As ``payments ask`` finds them."""
    held = (row for row in world.held_rows() if rows.key_in(row.key).biller == number)
    found = (world.table.rows[rows.shard_of(number), rows.state_key(rows.key_in(row.key))] for row in held)
    held_for = [entry for row in found if inquiry.is_question(entry := rows.entry_of(row))]
    return [entry for entry in held_for if inquiry.can_be_answered(entry, world.clock.now(), TIMES.settle)]


def _strays(world: "World", number: str, dice: Random) -> list[Entry]:
    """Lines of another city's sheet that came into this one."""
    others = [each for each in world.cities if each != f"city{number}"]
    if not others or dice.random() < 0.3:
        return []
    return _questions(world, dice.choice(others).removeprefix("city"))[:4]


class _Sheet:
    """One sheet on its way: the city looks into its books, somebody works it in, perhaps twice."""

    def __init__(self, world: "World", number: str, text: str, dice: Random) -> None:
        self._world = world
        self._number = number
        self._dice = dice
        self._written = world.loop.time()
        self._looked_at = 0.0
        self._under_way: set[str] = set()
        """Payments that were on their way to the city when it looked."""
        self._lines: list[Line] = list(csv.DictReader(io.StringIO(text)))

    async def answered(self) -> None:
        await asyncio.sleep(self._dice.uniform(2, 60) * MINUTE)
        self._looked_at = self._world.loop.time()
        for line in self._lines:
            self._fill_in(line)
        late = self._dice.random() < 0.3
        if late:
            await self._until(_STALE)
            self._type_in()
        await asyncio.sleep(self._dice.uniform(0.02, 5) * HOUR)
        await self._work_in()
        if self._dice.random() < 0.3:
            await asyncio.sleep(self._dice.uniform(0.1, 3) * HOUR)
            await self._work_in()

    def _fill_in(self, line: Line) -> None:
        """By the books of the city that got the sheet, whoever's payment it is."""
        books = self._world.cities[f"city{self._number}"].books
        live = books.live(_key(line))
        if self._world.cities[f"city{line['biller']}"].under_way[_key(line)]:
            self._under_way.add(_key(line))
        if live:
            line["answer"], line["receipt number"] = str(Found.POSTED), live[0].number
        elif self._dice.random() < 0.85:
            line["answer"] = str(Found.NOT_THERE)
        else:
            line["answer"] = str(Found.NEVER)

    async def _until(self, since_written: float) -> None:
        await asyncio.sleep(max(0.0, self._written + since_written - self._world.loop.time()))

    def _type_in(self) -> None:
        """A day later the clerk types in some of what was not there."""
        for line in self._lines:
            city, key = self._world.cities[f"city{line['biller']}"], _key(line)
            row = state_row(self._world, key)
            stands = line["answer"] == Found.NOT_THERE and row.get("state") == State.HELD and not city.live(key)
            if stands and not city.under_way[key] and self._dice.random() < 0.5:
                city.counter_receipt(int(row["cents"]), key)
                self._world.note("clerk", f"types in {key}")

    async def _work_in(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, inquiry.COLUMNS)
        writer.writeheader()
        writer.writerows(self._lines)
        with suppress(Malformed):
            for answer in inquiry.read(text.getvalue()).answers:
                await self._answer(answer)

    async def _answer(self, answer: Answer) -> None:
        world, app = self._world, self._world.instances[0].app
        ledger = Ledger(world.table)
        entry = await ledger.read(answer.key)
        if entry is None or inquiry.idle(answer, entry, self._number, ledger.now()) is not None:
            return
        if self._says_so(answer):
            world.auditor.decided(str(answer.key))
        repair = SimpleNamespace(resolve=app.resolve, retry=app.retry)
        stamp: Any = SimpleNamespace(ledger=ledger, repair=repair, decided=_decided)
        ERRAND.set(str(answer.key))
        world.note("person", f"works in of {answer.key}: {answer.found}")
        with suppress(CaselleError, Crash):
            await command._act(stamp, answer, "the city's sheet")(entry)

    def _says_so(self, answer: Answer) -> bool:
        """Whether the city's own books were looked at since the payment last left, and not too long ago."""
        life = self._world.auditor.chronicle.lives.get(str(answer.key))
        left = life.last_send if life is not None and life.sends else 0.0
        fresh = self._world.loop.time() - self._written < _STALE
        seen = left < self._looked_at and str(answer.key) not in self._under_way
        return answer.key.biller == self._number and seen and fresh


def _decided(why: str, *, not_by_hand: bool = False) -> Decision:
    return Decision("object-id-9", why, not_by_hand=not_by_hand)


def _key(line: Line) -> str:
    return f"{line['biller']}~{Kind.PAYMENT}~{line['payment id'].removeprefix(chr(39))}"
