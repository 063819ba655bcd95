"""A city's server at the wire: reads a GraphQL request, keeps receipts, and knows the truth about them.

It answers the contract that this app assumes: receipts by days or by number, page by page.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from shared.billers.model import Biller
from tests.faults.books import Books, Made
from tests.faults.fate import Answer, Call
from tests.faults.habit import Habit
from tests.faults.reading import Reading
from tests.faults.virtual_time import VirtualClock

CATEGORIES: Final = {"12": "AR", "30": "UM"}
OURS, COUNTERS = "5", "1"
"""Receipt groups: of what the web service makes, and of the counter."""

_BARE: Final = re.compile(rb'"~(-?[0-9.]+)~"')

type Row = tuple[Made, dict[str, Any]]


class Witness(Protocol):
    """Sees what happens at a city, and raises where it must not."""

    def receipt_made(self, city: "City", made: Made, call: Call) -> None: ...

    def receipt_voided(self, city: "City", made: Made) -> None: ...


class City:
    """Makes a receipt for every order that reaches it, the same reference twice included."""

    def __init__(self, biller: Biller, clock: VirtualClock, witness: Witness) -> None:
        self.biller = biller
        self.books = Books()
        self.tokens: set[str] = set()
        self.lag = timedelta(0)
        """How long the query does not show what was made."""
        self.shows: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        """What the query makes of the rows that it should show."""
        self.under_way: defaultdict[str, int] = defaultdict(int)
        """Orders by payment that have left their sender and will still be worked on."""
        self.clock = clock
        self._witness = witness
        self._habits: list[Habit] = []
        self._readings: dict[str, Reading] = {}
        self._asked = 0
        self._closing = (-1.0, 0.0)
        """When somebody last looked for the last closing, and when that was: a list asks for each of its rows."""

    @property
    def receipts(self) -> list[Made]:
        return self.books.receipts

    def now(self) -> float:
        """Seconds of the simulation."""
        return self.clock.seconds()

    def today(self) -> date:
        """In the city's own time zone, by the true clock."""
        return self.clock.now().astimezone(self.biller.zone).date()

    def last_closing(self) -> float:
        """When the city last closed its day: at half past five."""
        if self._closing[0] == self.now():
            return self._closing[1]
        here = self.clock.now().astimezone(self.biller.zone)
        closed = here.replace(hour=17, minute=30, second=0, microsecond=0)
        if closed > here:
            closed -= timedelta(days=1)
        self._closing = self.now(), self.now() - (here - closed).total_seconds()
        return self._closing[1]

    def code(self, tender: str) -> str | None:
        """The payment code of a tender."""
        return next(iter(self.biller.applications.values())).payment_code(tender)

    def answer(self, call: Call) -> Answer:
        """Do what a request asks for."""
        if call.token not in self.tokens:
            return 401, failed("UNAUTHENTICATED", None)
        match call.operation:
            case "create_receipt":
                return self._create(call)
            case "receipt":
                return 200, _data("receipt", self._asked_for(call))
            case "void_receipt":
                return self._void(call.variables)
            case _:
                return 200, _data("customer", {"customer_number": call.variables.get("customer_number")})

    def live(self, key: str) -> list[Made]:
        """Receipts for a payment that count."""
        return self.books.live(key)

    def adopt(self, habit: Habit) -> None:
        """From now on the city has a habit."""
        self._habits.append(habit)
        habit.begins()

    def repent(self) -> None:
        """The city says what is true again; what it did stays done."""
        self._habits.clear()
        self.lag, self.shows = timedelta(0), list
        for made in self.receipts:
            made.visible_from = 0.0

    def counter_receipt(self, cents: int | None = None, key: str | None = None) -> Made:
        """The clerk takes money at the counter, often for the same bill as the payers online.

        ``key``: of the payment that the clerk types in.
        """
        usual = 4_200 if len(self.receipts) % 2 else 9_900
        return self._make(COUNTERS, usual if cents is None else cents, None, None, key)

    def pumped(self, cents: int, key: str, reference: str | None) -> Made:
        """The earlier data pump posts a payment, in the web service's group."""
        made = self._make(OURS, cents, None, None, key)
        made.user, made.reference, made.kept = "data pump", reference, reference
        return made

    def made_anew(self, made: Made, reference: str | None) -> Made:
        """The clerk voids a receipt and makes it once more, perhaps with its reference."""
        self.void(made)
        anew = self.counter_receipt(made.cents, made.key)
        anew.reference, anew.kept = reference, reference
        return anew

    def not_made(self) -> None:
        """An order came, and the server failed before it made a receipt."""
        for habit in self.habits("loses"):
            habit.loses()

    def visible(self) -> list[Made]:
        """What the list shows now, before it is cut into pages."""
        return self.sieved(self.receipts)

    def sieved(self, receipts: Iterable[Made]) -> list[Made]:
        """Those of some receipts that the list shows now."""
        now = self.now()
        until = now - self.lag.total_seconds()
        found = [made for made in receipts if made.visible_from <= now and made.second <= until and not made.gone]
        for habit in self.habits("sees"):
            found = [made for made in found if habit.sees(made, now)]
        return found

    def rendered(self, rows: Iterable[Made]) -> list[Row]:
        """Rows as they are shown."""
        showing = self.habits("shows")
        found = [(made, _fields(made)) for made in rows]
        for made, fields in found:
            for habit in showing:
                habit.shows(made, fields)
        return found

    def _create(self, call: Call) -> Answer:
        order = call.variables["input"]
        if order["category_code"] not in CATEGORIES:
            return 200, failed("CATEGORY_UNKNOWN", "create_receipt")
        made = self._make(OURS, int(Decimal(order["amount"]) * 100), order["receipt_date"], order, call.key)
        self._witness.receipt_made(self, made, call)
        [(_, fields)] = self.rendered([made])
        return 200, _data("create_receipt", {"receipt_number": fields["receipt_number"]})

    def _make(self, group: str, cents: int, day: str | None, order: dict[str, Any] | None, key: str | None) -> Made:
        now, order = self.clock.now(), order or {}
        for habit in self.habits("group"):
            group = habit.group(group)
        shown_at = now
        for habit in self.habits("clock"):
            shown_at = habit.clock(shown_at)
        made = Made(
            number=self.books.next_number(group),
            key=key,
            reference=order.get("reference"),
            cents=cents,
            day=date.fromisoformat(day) if day else self.today(),
            at=now,
            second=self.now(),
            shown_at=shown_at.isoformat(),
            application=CATEGORIES.get(order.get("category_code", ""), ""),
            payment_code=order.get("payment_code", ""),
            user="web service" if order else "clerk",
            kept=order.get("reference"),
        )
        for habit in self.habits("makes"):
            habit.makes(made)
        self.books.keep(made)
        return made

    def _void(self, variables: dict[str, Any]) -> Answer:
        number = variables["receipt_number"]
        made = next(reversed(self.books.numbered.get(number, [])), None)
        if made is None:
            return 200, failed("RECEIPT_NOT_FOUND", "void_receipt")
        self._undo(made)
        self._witness.receipt_voided(self, made)
        return 200, _data("void_receipt", {"receipt_number": number, "status": "VOIDED"})

    def void(self, made: Made) -> None:
        """The clerk voids a receipt."""
        made.by_clerk = True
        self._undo(made)

    def _undo(self, made: Made) -> None:
        made.voids += 1
        made.ended = made.ended or self.now()

    def _asked_for(self, call: Call) -> dict[str, Any]:
        """One page; the cursor tells which question it goes on with, and where."""
        page = call.variables["page"]
        name, start = _cursor(page.get("after"))
        reading = self._readings.get(name) or self._begun(call)
        size = int(page["size"])
        listed = self._listed(call.variables["filter"], size)
        rendered = self.rendered(listed[start : start + size])
        rows = [(made, shown) for made, fields in rendered for shown in self.shows([fields])]
        whole = start + size >= len(listed)
        call.reading, call.page = reading, (rows, whole)
        return {"receipts": [fields for _, fields in rows], "next": None if whole else f"{reading.name}:{start + size}"}

    def _listed(self, wanted: dict[str, Any], size: int) -> list[Made]:
        if wanted.get("receipt_number") is not None:
            return self.sieved(self.books.numbered.get(wanted["receipt_number"], ()))
        first, last = date.fromisoformat(wanted["from_date"]), date.fromisoformat(wanted["to_date"])
        rows = self.sieved(made for made in self.receipts if first <= made.day <= last)
        for habit in self.habits("lists"):
            rows = habit.lists(rows, size)
        return rows

    def _begun(self, call: Call) -> Reading:
        self._asked += 1
        wanted, size = call.variables["filter"], int(call.variables["page"]["size"])
        reading = Reading(f"q{self._asked}", call.key, self, self.now(), dict(wanted), size)
        self._readings[reading.name] = reading
        return reading

    def forget(self, reading: Reading) -> None:
        """A question has come to its end."""
        self._readings.pop(reading.name, None)

    def habits(self, hook: str) -> list[Habit]:
        """Habits that change something there."""
        return [habit for habit in self._habits if getattr(type(habit), hook) is not getattr(Habit, hook)]


def _fields(made: Made) -> dict[str, Any]:
    return {
        "receipt_number": made.number,
        "reference": made.kept,
        "amount": f"{made.cents // 100}.{made.cents % 100:02}",
        "status": "POSTED" if made.live else "VOIDED",
        "created_at": made.shown_at,
        "receipt_date": made.day.isoformat(),
        "memo": made.memo,
        "user": made.user,
        "payment_code": made.payment_code,
    }


def _cursor(after: str | None) -> tuple[str, int]:
    name, _, start = (after or ":0").partition(":")
    return name, int(start)


def bare(written: str) -> str:
    """Text that is shown as a JSON number, exactly as written: 5.00010."""
    return f"~{written}~"


def _data(field: str, value: Any) -> bytes:
    body = json.dumps({"data": {field: value}}).encode()
    return _BARE.sub(rb"\1", body) if b'"~' in body else body


def failed(code: str, field: str | None, *, deep: bool = False, **beside: Any) -> bytes:
    """A GraphQL error; ``field`` None: without ``data``, as before any work; ``deep``: inside the field's result."""
    path = {"path": [field, "receipt_number"] if deep else [field]} if field else {}
    error = {"message": "It did not work.", "extensions": {"code": code}, **path}
    return json.dumps({"errors": [error]} | ({"data": {field: None}} if field else {}) | beside).encode()
