"""Customers and open invoices for the simulator, from the payments that will be sent to it."""

import json
import secrets
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import canonical_id
from shared.vocabulary.money import Money

type _Invoices = defaultdict[str, dict[str, Money]]


def seed(billers: list[dict[str, Any]], payment_lines: Iterable[str]) -> list[dict[str, Any]]:
    """The body of ``PUT /billers`` under which every payment finds its customer and its invoices.

    An invoice's balance is what its payments allocate to it: the sum over payment ids of the largest allocation.

    Args:
        billers: records of a billers file.
        payment_lines: lines of a payments file; those that cannot be read are skipped.
    """
    customers: dict[str, dict[str, _Customer]] = {biller["billerId"]: {} for biller in billers}
    for payment in readable(payment_lines):
        if payment["billerId"] in customers:
            _add(customers[payment["billerId"]], payment)
    return [_setup(biller, customers[biller["billerId"]]) for biller in billers]


@dataclass(slots=True)
class _Customer:
    name: str
    invoices: _Invoices = field(default_factory=lambda: defaultdict(dict))

    def setup(self) -> dict[str, Any]:
        balances = {number: str(Money(sum(shares.values()))) for number, shares in self.invoices.items()}
        return {"name": self.name, "invoices": balances}


def readable(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The payments among the lines: what has a biller, an id and a customer."""
    needed = ("billerId", "paymentId", "customerNumber")
    for line in lines:
        try:
            payment = json.loads(line)
        except ValueError:
            continue
        if isinstance(payment, dict) and all(isinstance(payment.get(name), str) for name in needed):
            yield payment


def _add(customers: dict[str, _Customer], payment: Mapping[str, Any]) -> None:
    try:
        payment_id = canonical_id(payment["paymentId"])
        shares = [(str(one["invoiceNumber"]), Money.parse(one["amount"])) for one in payment.get("allocations") or ()]
    except (Malformed, KeyError, TypeError):
        return
    number = payment["customerNumber"]
    if number not in customers:
        payer = payment.get("payerName")
        customers[number] = _Customer(payer if isinstance(payer, str) else f"Customer {number}")
    for invoice, amount in shares:
        paid = customers[number].invoices[invoice]
        paid[payment_id] = max(amount, paid.get(payment_id, Money(0)))


def _setup(biller: Mapping[str, Any], customers: Mapping[str, _Customer]) -> dict[str, Any]:
    kept = ("subdomain", "billerId", "connectVersion", "applications", "callbackUrl")
    return {name: biller[name] for name in kept if name in biller} | {
        "clientId": biller.get("clientId") or str(uuid.uuid4()),
        "clientSecret": secrets.token_urlsafe(32),
        "customers": {number: customer.setup() for number, customer in customers.items()},
    }
