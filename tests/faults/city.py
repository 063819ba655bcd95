"""A city's server at the wire: reads a GraphQL request, keeps receipts, and knows the truth about them."""

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from shared.billers.model import Biller
from shared.vocabulary.clock import Clock
from tests.faults.fate import Answer, Call

CATEGORY = "12"


@dataclass
class Made:
    """One receipt."""

    number: str
    reference: str | None
    cents: int
    day: date
    at: datetime
    voids: int = 0
    """How often it was voided: the city undoes it each time, as Caselle is not known to refuse the second."""

    @property
    def live(self) -> bool:
        return self.voids == 0

    def shown(self) -> dict[str, Any]:
        """The receipt as the query shows it."""
        return {
            "receipt_number": self.number,
            "reference": self.reference,
            "amount": f"{self.cents // 100}.{self.cents % 100:02}",
            "status": "POSTED" if self.live else "VOIDED",
            "created_at": self.at.isoformat(),
        }


class Witness(Protocol):
    """Sees what happens at a city, and raises where it must not."""

    def receipt_made(self, city: "City", made: Made, order: dict[str, Any]) -> None: ...

    def receipt_voided(self, city: "City", made: Made) -> None: ...


class City:
    """Makes a receipt for every order that reaches it, the same reference twice included."""

    def __init__(self, biller: Biller, clock: Clock, witness: Witness) -> None:
        self.biller = biller
        self.tokens: set[str] = set()
        self.lag = timedelta(0)
        """How long the query does not show what was made."""
        self.shows: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        """What the query makes of the rows that it should show."""
        self.receipts: list[Made] = []
        self.by_reference: defaultdict[str, list[Made]] = defaultdict(list)
        self.under_way: defaultdict[str, int] = defaultdict(int)
        """Orders by reference that have left their sender and will still be worked on."""
        self._clock = clock
        self._witness = witness

    def answer(self, call: Call) -> Answer:
        """Do what a request asks for."""
        if call.token not in self.tokens:
            return 401, failed("UNAUTHENTICATED", None)
        match call.operation:
            case "create_receipt":
                return self._create(call.variables["input"])
            case "receipt":
                return 200, _data("receipt", self._page(call.variables))
            case "void_receipt":
                return self._void(call.variables)
            case _:
                return 200, _data("customer", {"customer_number": call.variables.get("customer_number")})

    def live(self, reference: str) -> list[Made]:
        """Receipts under a reference that count."""
        return [made for made in self.by_reference[reference] if made.live]

    def counter_receipt(self) -> None:
        """The clerk takes money at the counter, often for the same bill as the payers online."""
        now, cents = self._clock.now(), 4_200 if len(self.receipts) % 2 else 9_900
        self.receipts.append(Made(self._number(), None, cents, now.astimezone(self.biller.zone).date(), now))

    def _create(self, order: dict[str, Any]) -> Answer:
        if order["category_code"] != CATEGORY:
            return 200, failed("CATEGORY_UNKNOWN", "create_receipt")
        cents = int(Decimal(order["amount"]) * 100)
        day = date.fromisoformat(order["receipt_date"])
        made = Made(self._number(), order["reference"], cents, day, self._clock.now())
        self.receipts.append(made)
        self.by_reference[order["reference"]].append(made)
        self._witness.receipt_made(self, made, order)
        return 200, _data("create_receipt", {"receipt_number": made.number})

    def _void(self, variables: dict[str, Any]) -> Answer:
        number = variables["receipt_number"]
        made = next((each for each in self.receipts if each.number == number), None)
        if made is None:
            return 200, failed("RECEIPT_NOT_FOUND", "void_receipt")
        made.voids += 1
        self._witness.receipt_voided(self, made)
        return 200, _data("void_receipt", {"receipt_number": number, "status": "VOIDED"})

    def _page(self, variables: dict[str, Any]) -> dict[str, Any]:
        days, page = variables["filter"], variables["page"]
        first, last = date.fromisoformat(days["from_date"]), date.fromisoformat(days["to_date"])
        until = self._clock.now() - self.lag
        rows = self.shows([made.shown() for made in self.receipts if first <= made.day <= last and made.at <= until])
        start, size = int(page["after"] or 0), int(page["size"])
        return {"receipts": rows[start : start + size], "next": str(start + size) if start + size < len(rows) else None}

    def _number(self) -> str:
        return f"5.{len(self.receipts) + 1:05}"


def _data(field: str, value: Any) -> bytes:
    return json.dumps({"data": {field: value}}).encode()


def failed(code: str, field: str | None, *, deep: bool = False, **beside: Any) -> bytes:
    """A GraphQL error; ``field`` None: without ``data``, as before any work; ``deep``: inside the field's result."""
    path = {"path": [field, "receipt_number"] if deep else [field]} if field else {}
    error = {"message": "It did not work.", "extensions": {"code": code}, **path}
    return json.dumps({"errors": [error]} | ({"data": {field: None}} if field else {}) | beside).encode()
