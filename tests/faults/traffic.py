"""What Invoice Cloud enqueues in a plan: honest payments, and what the catalogue's input faults add or spoil."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from shared.ledger.entry import Key, Kind
from tests.faults.billers import ASKED, DRAFT, LIVE, SHARES, UNKNOWN
from tests.faults.plan import Plan
from tests.faults.town import Town
from tests.faults.weather import Weather

PAYER: Final = "Canary Augusta Lovelace"
"""May stand in nothing but the message that the ledger keeps."""
_CARD: Final = "4111 1111 1111 1111"
SECRET: Final = "canary-secret-"
"""Begins every token, and stands in some memos; may stand in nothing that is kept or told."""
_SIX_DAYS: Final = 6 * 86400.0
_UNDONE: Final = 0.4
"""The share of payments whose money goes back where people finish that by hand."""
_UNDONE_LATE: Final = 7200.0
_BURST: Final = 4
"""How many times as many payments a burst brings."""

type Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message at ``at`` seconds. ``key`` is None where the message can never be posted."""

    at: float
    body: bytes
    key: Key | None
    reference: str = ""
    first: bool = False
    """Whether it is a payment, not a repetition or an addition."""
    queue: str = "payments"


class Traffic:
    """Makes the messages of a plan."""

    def __init__(self, plan: Plan, weather: Weather) -> None:
        self._dice = plan.dice("traffic")
        self._weather = weather
        self._plan = plan
        self.arrivals: list[Arrival] = []
        self._make()

    def _make(self) -> None:
        town = self._plan.town()
        if town is None:
            self._in_minutes()
            return
        for number, (at, kind) in enumerate(town.arrivals(self._dice)):
            fields = _payment(number, self._plan, self._in_town(), self._dice)
            self._arrives(at, fields | self._dressed(at, number, kind, town))

    def _dressed(self, at: float, number: int, kind: tuple[str, str], town: Town) -> Fields:
        """What a payment of a town looks like; money is in the bank one to three days after it was paid."""
        paid = self._plan.start() + timedelta(seconds=at - self._dice.uniform(1, 60))
        amount = _decimal(town.cents(self._dice))
        return {
            "confirmationNumber": town.reference(number, self._plan.seed, self._dice),
            "application": kind[0],
            "tender": kind[1],
            "amount": amount,
            "paidAt": paid.isoformat(),
            "settlementDate": (paid + timedelta(days=self._dice.randint(1, 3))).date().isoformat(),
            "allocations": [{"invoiceNumber": "10000", "amount": amount}],
        }

    def _in_town(self) -> str:
        return self._dice.choice([DRAFT, UNKNOWN]) if self._has("I-5") else ASKED

    def _in_minutes(self) -> None:
        seconds = self._plan.arrival_seconds()
        for number in range(self._plan.payments):
            at = self._dice.uniform(0, seconds)
            self._arrives(at, _payment(number, self._plan, self._biller(), self._dice))

    def _arrives(self, at: float, fields: Fields) -> None:
        spoiled = self._spoiled(fields)
        if spoiled is None:
            self._add(at, fields, first=True)
            self._beside(at, fields)
        else:
            self.arrivals.append(Arrival(at, spoiled, None, first=True))

    def _biller(self) -> str:
        if self._has("I-5"):
            return self._dice.choice([DRAFT, UNKNOWN])
        if self._weather.storm("I-6") and self._dice.random() < 1 - 1 / _BURST:
            return ASKED
        return self._dice.choices(LIVE, SHARES)[0]

    def _has(self, fault: str) -> bool:
        return self._weather.strikes(fault, dice=self._dice)

    def _add(self, at: float, fields: Fields, *, first: bool = False) -> None:
        key = Key(fields["billerId"], Kind.PAYMENT, fields["paymentId"].strip().strip("{}").lower())
        self.arrivals.append(Arrival(at, self._encoded(fields), key, fields["confirmationNumber"], first))

    def _encoded(self, fields: Fields) -> bytes:
        plain = json.dumps(fields).encode()
        return base64.b64encode(plain) if self._dice.random() < 0.1 else plain

    def _undo(self, at: float, fields: Fields) -> None:
        """The money goes back: before its payment comes, while it is sent, or later; perhaps twice, or not all of it."""
        undoes = {"schemaVersion": 1, "billerId": fields["billerId"], "paymentId": fields["paymentId"]}
        undoes["amount"] = fields["amount"] if self._dice.random() < 0.9 else "0.50"
        for _ in range(self._dice.choice([1, 1, 2])):
            name = self._dice.randbytes(8).hex()
            reject = {"rejectId": name, "returnCode": "R01", "returnedOn": "2026-11-25"}
            void = {
                "reversalId": name,
                "type": self._dice.choice(["void", "void", "refund"]),
                "occurredOn": "2026-11-25",
            }
            own, queue, kind = self._dice.choice(
                [(reject, "ach-rejects", Kind.ACH_REJECT), (void, "reversals", Kind.REVERSAL)]
            )
            body, key = json.dumps(undoes | own).encode(), Key(fields["billerId"], kind, name)
            for _ in range(self._dice.choice([1, 1, 2])):
                latest = _UNDONE_LATE if "M7" in self._plan.faults else 900
                when = self._dice.choice([0.5 * at, at + self._dice.uniform(0, 2), at + self._dice.uniform(0, latest)])
                self.arrivals.append(Arrival(when, body, key, queue=queue))

    def _spoiled(self, fields: Fields) -> bytes | None:
        """A message that can never be posted, in place of this payment."""
        if self._has("Q4"):
            whole = json.dumps(fields).encode()
            return self._dice.choice(
                [b"%%%" + base64.b64encode(whole), b" " * (64 * 1024 + 1), b"", b"no JSON", b"[1]"]
            )
        if self._has("I-3"):
            amounts = ["0", "0.00", "-5.00", "1.005", "1e9", "1,000.00", "NaN", "10000000.00", 12.5]
            return json.dumps(fields | {"amount": self._dice.choice(amounts)}).encode()
        if self._has("I-4"):
            return json.dumps(fields | {"depositId": f"{SECRET} card {_CARD}"}).encode()
        if self._has("I-2"):
            strange = ["p\u0430y-1", "a/b", "a#b", "a?b", "a\\b", "", " ", "x" * 65, "a\x00b"]
            return json.dumps(fields | {"paymentId": self._dice.choice(strange)}).encode()
        return None

    def _beside(self, at: float, fields: Fields) -> None:
        """Messages that come in addition to this payment."""
        later = at + self._dice.uniform(0, 300)
        if self._has("I-1"):
            changed = [{"amount": "77.77", "allocations": None}, {"customerNumber": "000777"}]
            other = fields | self._dice.choice(changed)
            self._add(
                self._dice.choice([at, later]), {name: value for name, value in other.items() if value is not None}
            )
        if self._has("I-2"):
            spelled = fields["paymentId"]
            other = self._dice.choice([spelled.upper(), f"  {spelled} ", f"{{{spelled}}}"])
            self._add(self._dice.choice([at, later]), fields | {"paymentId": other})
        if self._has("I-7"):
            other = fields | {"paymentId": self._dice.randbytes(16).hex()}
            self._add(self._dice.choice([at, later]), other)
        if self._has("Q6") or ("M7" in self._plan.faults and self._dice.random() < _UNDONE):
            self._undo(at, fields)
        if self._has("Q1"):
            self._add(at, fields)
            self._add(self._plan.stormy_seconds() + _SIX_DAYS, fields)


def read(body: bytes) -> Fields:
    """The fields of a message, however it is encoded."""
    plain = body if body.startswith(b"{") else base64.b64decode(body)
    return dict(json.loads(plain))


def _payment(number: int, plan: Plan, biller: str, dice: Random) -> Fields:
    # Many bills are over the same amount: a receipt with equal cents may be anybody's.
    cents = dice.choice([4_200, 9_900, dice.randint(100, 500_000)])
    shares = [cents] if dice.random() < 0.5 else [cents - 50, 50]
    name = dice.randbytes(16).hex()
    return {
        "schemaVersion": 1,
        "billerId": biller,
        "paymentId": f"{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}",
        "confirmationNumber": f"IC{plan.seed % 1000:03}{number:06}",
        "application": "AR",
        "customerNumber": f"{dice.randint(1, 999):06}",
        "tender": dice.choice(["ACH", "CC"]),
        "amount": _decimal(cents),
        "paidAt": _paid_at(plan.start(), dice).isoformat(),
        "payerName": PAYER,
        "allocations": [
            {"invoiceNumber": str(10000 + each), "amount": _decimal(share)} for each, share in enumerate(shares)
        ],
    }


def _paid_at(start: datetime, dice: Random) -> datetime:
    return start - timedelta(seconds=dice.randint(0, 3600))


def _decimal(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
