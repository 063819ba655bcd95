"""The demo's rejects: sent after the payments, and compared with the simulator's receipts when each has its outcome."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from azure.storage.queue.aio import QueueServiceClient
from rich.markup import escape
from rich.table import Table

from local.report import money
from local.simulator.client import SimulatorControl
from local.simulator.wire import ReceiptRow
from local.stack import Stack
from local.tables import new_table
from local.traffic import Traffic
from shared.exchange.result import Outcome, PostingResult

QUEUE = "ach-rejects"

_STATUS = {Outcome.REVERSED: "VOIDED", Outcome.HELD: "POSTED"}
"""Of the receipt, as the simulator shows it, where the result names one."""


@dataclass(frozen=True)
class Rejects:
    """What became of the rejects.

    Args:
        lines: how many were sent.
        results: the outcome of each that has one, in the order they were sent.
        told: how many results came for each, by queue message id.
        receipts: the simulator's receipts by biller id, afterwards.
    """

    lines: int
    results: Sequence[PostingResult]
    told: Mapping[str, int]
    receipts: Mapping[str, Sequence[ReceiptRow]]

    @cached_property
    def disagreements(self) -> list[str]:
        """A sentence for each thing that does not fit; empty when all is well."""
        missing = self.lines - len(self.results)
        unsettled = [f"{missing} of the rejects have no outcome."] if missing else []
        return [*unsettled, *self._voided_otherwise()]

    def report(self) -> dict[str, Any]:
        """The rejects as JSON objects, for the report's ``after``."""
        return {
            "counts": dict(Counter(str(result.outcome) for result in self.results)),
            "toldOnce": all(count == 1 for count in self.told.values()),
            "results": [_shown(result) for result in self.results],
        }

    def table(self) -> Table:
        """What came back, and what is to be done."""
        table = new_table("Rejects", "biller", "reject", "#amount", "outcome", "receipt", "why", "what to do")
        for result in self.results:
            why, action = (result.reason.message, result.reason.action) if result.reason else ("", "")
            receipt, amount = result.receipt_number or "", money(int(result.amount or 0))
            table.add_row(result.biller_id, result.id, amount, str(result.outcome), receipt, escape(why), action)
        return table

    def _voided_otherwise(self) -> Iterator[str]:
        statuses = {
            (biller, row["receiptNumber"]): row["status"] for biller, rows in self.receipts.items() for row in rows
        }
        for result in self.results:
            expected = _STATUS.get(result.outcome)
            found = statuses.get((str(result.biller_id), result.receipt_number or ""))
            if result.receipt_number and expected and found != expected and not _second(result):
                yield (
                    f"Biller {result.biller_id}, reject {result.id}: the result says {result.outcome}, "
                    f"and the peer's receipt {result.receipt_number} is {found or 'not there'}."
                )


async def send_rejects(stack: Stack, lines: Sequence[str], patience: float) -> Rejects:
    """Send the lines, and wait until each has an outcome or nothing happens for ``patience`` seconds.

    Raises:
        NotReady: a part of the stack has ended.
    """
    async with QueueServiceClient.from_connection_string(stack.storage) as queues:
        traffic = Traffic(queues, lines, QUEUE)
        await traffic.enqueue()
        await traffic.collect(patience, each_time=stack.check)
    results = [traffic.results[sent] for sent in traffic.message_ids if sent in traffic.results]
    told = {sent: traffic.told[sent] for sent in traffic.message_ids}
    async with SimulatorControl(stack.control_url) as control:
        return Rejects(len(lines), results, told, await control.receipts())


def _second(result: PostingResult) -> bool:
    """Whether another message undid the payment: the receipt of this one is void for that reason."""
    return result.reason is not None and result.reason.code == "already_reversed"


def _shown(result: PostingResult) -> dict[str, Any]:
    fields = ("biller_id", "id", "outcome", "amount", "receipt_number", "posting_date", "reason")
    return result.model_dump(mode="json", by_alias=True, include=set(fields))
