"""What a campaign of kills found, as figures in which whatever was lost, doubled or stuck would show."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from local.report import Findings
from shared.billers import capabilities
from shared.billers.model import Biller
from shared.ledger.entry import SETTLED, Entry, State


@dataclass
class KillFigures:
    """``lost``, ``doubled`` and ``stuck`` count payments; ``wrong`` has a sentence for each of them and more."""

    kills: int = 0
    payments: int = 0
    others: int = 0
    """Rejects, reversals and customer updates."""
    posted: int = 0
    reversed: int = 0
    held: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    astray: int = 0
    """Of the others: lost, not done, done otherwise, or not told as it is."""
    points: Counter[str] = field(default_factory=Counter)
    """Kills by the fault catalogue's id."""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0

    @property
    def sound(self) -> bool:
        """Whether every payment ended as it must."""
        return not (self.lost or self.doubled or self.stuck or self.astray or self.wrong)

    def __str__(self) -> str:
        """The figures on one line."""
        names = ("kills", "payments", "others", "posted", "reversed", "held", "lost", "doubled", "stuck", "astray")
        return " ".join(f"{name}={getattr(self, name)}" for name in names)

    def count(self, findings: Findings, billers: Sequence[Biller]) -> None:
        """Take over what was found when every payment should have been settled."""
        entries = findings.entries
        posted = [entry for entry in entries if entry.state is State.POSTED]
        there = {(biller, row["reference"]) for biller, rows in findings.receipts.items() for row in rows}
        missing = [entry for entry in posted if (entry.key.biller, entry.reference) not in there]
        asked = {biller.biller_id for biller in billers if capabilities.can_query_receipts(biller)}
        astray = [entry for entry in entries if _astray(entry, asked)]
        self.posted, self.held = len(posted), len(findings.held)
        self.reversed = sum(entry.state is State.REVERSED for entry in entries)
        self.lost = self.payments - len(entries) + len(missing)
        self.doubled = sum(summary["doubled"] for summary in findings.summary.values())
        self.stuck = max(len(astray), len(findings.unsettled))
        self.wrong = findings.disagreements + [f"{each.key} is {each.state} ({each.reason})." for each in astray]

    def count_others(self, wrong: Iterable[str]) -> None:
        """Take over what was found about everything else, after ``count``."""
        sentences = list(wrong)
        self.astray = len(sentences)
        self.wrong += sentences


def _astray(entry: Entry, asked: set[str]) -> bool:
    """Still open, or held for another reason than that nobody can ask the biller about it."""
    if entry.state is State.HELD:
        return entry.reason != "outcome_unknown" or entry.key.biller in asked
    return entry.state not in SETTLED
