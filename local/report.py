"""What the demo found: the report, and whether ledger, results and peer agree. Nothing here reads or writes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.simulator.wire import ReceiptRow, Summary
from shared.exchange.result import Outcome, PostingResult
from shared.ledger.entry import SETTLED, Entry, State
from shared.payments.message import stored

OUTCOMES = ("posted", "duplicate", "conflict", "held", "invalid")
"""Those that a report always counts, also where there are none."""

_LIVE = "POSTED"


@dataclass(frozen=True)
class Findings:
    """Everything that was seen; each part comes from another place.

    Args:
        counts: lines per outcome, from the results queue.
        unsettled: numbers of the lines without an outcome.
        results: the latest result of each message, from the results queue.
        entries: the ledger's state rows.
        receipts: the simulator's receipts by biller id.
        summary: the simulator's own sums by biller id.
        seconds: from the first message enqueued to the last outcome read.
    """

    counts: Mapping[str, int]
    unsettled: list[int]
    results: list[PostingResult]
    entries: list[Entry]
    receipts: Mapping[str, list[ReceiptRow]]
    summary: Mapping[str, Summary]
    seconds: float

    @cached_property
    def posted(self) -> dict[str, dict[str, dict[str, int]]]:
        """Posted payments of the ledger: biller -> tender -> count and cents."""
        totals: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for entry in self.entries:
            if entry.state is State.POSTED:
                tender = stored(entry.message).tender
                totals[entry.key.biller, tender].update(count=1, cents=entry.cents)
        nested: dict[str, dict[str, dict[str, int]]] = {}
        for (biller, tender), total in sorted(totals.items()):
            nested.setdefault(biller, {})[tender] = dict(total)
        return nested

    @cached_property
    def held(self) -> list[Entry]:
        """Held payments, by biller and id."""
        return sorted((entry for entry in self.entries if entry.state is State.HELD), key=lambda entry: entry.key)

    @cached_property
    def receipts_of_held(self) -> list[tuple[str, ReceiptRow]]:
        """Live receipts of payments that are held, with their biller: a person will find them, nothing is wrong."""
        return [(biller, receipt) for biller, receipt in self._live() if (biller, receipt["reference"]) in self._held]

    @cached_property
    def disagreements(self) -> list[str]:
        """A sentence for each thing that does not fit; empty when all is well."""
        lines = [f"Line {number} has no outcome." for number in self.unsettled]
        return [*lines, *self._told_otherwise(), *self._receipted_otherwise(), *self._doubled()]

    def report(self) -> dict[str, Any]:
        """The report as JSON objects."""
        return {
            "counts": dict.fromkeys(OUTCOMES, 0) | dict(self.counts),
            "posted": self.posted,
            "peer": dict(self.summary),
            "seconds": round(self.seconds, 1),
        }

    @cached_property
    def _held(self) -> set[tuple[str, str]]:
        return {(entry.key.biller, entry.reference) for entry in self.held if entry.reference}

    def _told_otherwise(self) -> Iterable[str]:
        """Where the results queue and the ledger differ about a payment."""
        told = {
            (str(result.biller_id), str(result.id)): (str(result.outcome), int(result.amount or 0))
            for result in self.results
            if not result.duplicate and result.outcome not in {Outcome.CONFLICT, Outcome.INVALID}
        }
        kept = {
            (entry.key.biller, entry.key.id): (str(entry.state), entry.cents)
            for entry in self.entries
            if entry.state in SETTLED
        }
        for key in sorted(told.keys() | kept.keys()):
            if not _agree(told.get(key), kept.get(key)):
                biller, payment = key
                yield (
                    f"Biller {biller}, payment {payment}: the ledger says {_words(kept.get(key))}, "
                    f"the results queue {_words(told.get(key))}."
                )

    def _receipted_otherwise(self) -> Iterable[str]:
        """Where the ledger's posted payments and the peer's live receipts differ."""
        ledger = Counter(
            (entry.key.biller, entry.reference, entry.cents) for entry in self.entries if entry.state is State.POSTED
        )
        peer = Counter(
            (biller, receipt["reference"], receipt["cents"])
            for biller, receipt in self._live()
            if (biller, receipt["reference"]) not in self._held
        )
        for biller, reference, cents in sorted((ledger - peer).elements()):
            yield f"Biller {biller}: {reference} ({money(cents)}) is posted in the ledger, and the peer has no receipt."
        for biller, reference, cents in sorted((peer - ledger).elements()):
            yield f"Biller {biller}: the peer has a receipt for {reference} ({money(cents)}) that the ledger has not."

    def _doubled(self) -> Iterable[str]:
        for biller, summary in self.summary.items():
            if summary["doubled"]:
                yield f"Biller {biller}: the peer has {summary['doubled']} receipts beyond the first of a reference."

    def _live(self) -> list[tuple[str, ReceiptRow]]:
        return [
            (biller, receipt)
            for biller, receipts in self.receipts.items()
            for receipt in receipts
            if receipt["status"] == _LIVE
        ]


def money(cents: int) -> str:
    """Cents as 1,234.50."""
    return f"{cents // 100:,}.{cents % 100:02}"


def _agree(told: tuple[str, int] | None, kept: tuple[str, int] | None) -> bool:
    """Of a posted payment that went back it is the reject or reversal that Invoice Cloud is told about."""
    if told and kept and (told[0], kept[0]) == (State.POSTED, State.REVERSED):
        return told[1] == kept[1]
    return told == kept


def _words(known: tuple[str, int] | None) -> str:
    if known is None:
        return "nothing"
    outcome, cents = known
    return f"{outcome} ({money(cents)})"
