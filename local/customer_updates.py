"""The demo's customer updates: sent after the payments, and compared with what the simulator was told."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final

from azure.storage.queue.aio import QueueServiceClient
from rich.table import Table

from local.simulator.client import SimulatorControl
from local.simulator.seed import readable
from local.simulator.wire import AccountRow
from local.stack import Stack
from local.stack_setup import takes_tokens
from local.tables import new_table
from local.traffic import Traffic
from shared.billers.model import Biller
from shared.customers.message import QUEUES, AutopayChange, Update, parse
from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import Kind

_NUMBER: Final = re.compile(r"[!-~]{1,64}")
"""A payments file may hold numbers that no update takes."""

type Accounts = Mapping[str, Mapping[str, AccountRow]]


@dataclass(frozen=True)
class Updates:
    """What became of the updates: each with its result, None where it has none, and the simulator's accounts."""

    told: Sequence[tuple[Update, PostingResult | None]]
    accounts: Accounts

    @cached_property
    def disagreements(self) -> list[str]:
        """A sentence for each update whose result and whose customer's account differ."""
        return [sentence for update, result in self.told for sentence in self._wrong(update, result)]

    def report(self) -> dict[str, Any]:
        """Outcomes as JSON, for the report's ``after``; without addresses."""
        results = [result for _, result in self.told if result]
        fields = {"biller_id", "kind", "id", "outcome", "reason"}
        return {
            "counts": dict(Counter(str(result.outcome) for result in results)),
            "results": [result.model_dump(mode="json", by_alias=True, include=fields) for result in results],
        }

    def table(self) -> Table:
        """What was told of whom, and what became of it."""
        table = new_table("Customer updates", "biller", "customer", "update", "outcome", "why", "what to do")
        for update, result in self.told:
            what = update.change if isinstance(update, AutopayChange) else "registered"
            reason = result.reason if result else None
            outcome = str(result.outcome) if result else "none"
            why, action = (reason.message, reason.action) if reason else ("", "")
            table.add_row(update.biller_id, update.customer_number, what, outcome, why, action)
        return table

    def _wrong(self, update: Update, result: PostingResult | None) -> Iterator[str]:
        named = f"Biller {update.biller_id}, update {update.id}"
        if result is None:
            yield f"{named} has no outcome."
            return
        account = self.accounts.get(update.biller_id, {}).get(update.customer_number)
        shown = account is not None and _shows(account, update)
        if result.outcome is Outcome.APPLIED and not shown:
            yield f"{named} is applied, and the peer does not show it."
        if result.outcome is Outcome.SKIPPED and shown:
            yield f"{named} is skipped, and the peer shows it."


async def send_updates(stack: Stack, lines: Sequence[str], patience: float) -> Updates:
    """Send some updates of one customer per biller, the newest first, and wait for what becomes of them.

    Args:
        stack: a running one.
        lines: the payments file's; each biller's first customer is taken from them.
        patience: seconds without any event after which it gives up.

    Raises:
        NotReady: a part of the stack has ended.
    """
    told: list[tuple[Update, PostingResult | None]] = []
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        for kind, messages in updates_of(stack.billers, lines, datetime.now(UTC)).items():
            traffic = Traffic(queues, messages, QUEUES[kind])
            await traffic.enqueue()
            await traffic.collect(patience, each_time=stack.check)
            results = [traffic.results.get(sent) for sent in traffic.message_ids]
            told += zip([parse(kind, message.encode()) for message in messages], results, strict=True)
    async with SimulatorControl(stack.control_url) as control:
        return Updates(told, await control.accounts())


def updates_of(billers: Sequence[Biller], lines: Sequence[str], now: datetime) -> dict[Kind, list[str]]:
    """Messages by kind: of each biller's first customer, one who left AutoPay, joined before that, and registered."""
    found: dict[Kind, list[str]] = {kind: [] for kind in QUEUES}
    for biller, customer in _first_customers(billers, lines).items():
        head = {"schemaVersion": 1, "billerId": biller, "customerNumber": customer}
        for number, change in enumerate(("cancelled", "enrolled")):
            at = now - timedelta(minutes=1 + number)
            fields = {"changeId": f"demo-{number}", "change": change, "effectiveOn": at.date().isoformat()}
            found[Kind.AUTOPAY_CHANGE].append(json.dumps(head | fields | {"changedAt": at.isoformat()}))
        fields = {"eventId": "demo-0", "email": "payer@example.test", "registeredAt": now.isoformat()}
        found[Kind.REGISTRATION].append(json.dumps(head | fields))
    return found


def _first_customers(billers: Sequence[Biller], lines: Sequence[str]) -> dict[str, str]:
    taken = {biller.biller_id for biller in billers if takes_tokens(biller)}
    first: dict[str, str] = {}
    for payment in readable(lines):
        if payment["billerId"] in taken and _NUMBER.fullmatch(payment["customerNumber"]):
            first.setdefault(payment["billerId"], payment["customerNumber"])
    return first


def _shows(account: AccountRow, update: Update) -> bool:
    if isinstance(update, AutopayChange):
        return account["autopay"] is update.enrolled
    return account["email"] == update.email
