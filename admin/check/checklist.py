"""The findings as a page for the project record."""

from collections.abc import Sequence
from datetime import datetime

from admin.check.finding import Finding, Verdict
from shared.billers.model import Biller


def markdown(biller: Biller, findings: Sequence[Finding], at: datetime) -> str:
    """One line for each prerequisite; what is open has a box to tick."""
    head = f"# {biller.name} ({biller.biller_id}): set-up on {at:%Y-%m-%d %H:%M} UTC\n"
    return "\n".join([head, *(_line(finding) for finding in findings), ""])


def _line(finding: Finding) -> str:
    done = "x" if finding.verdict is Verdict.PASS else " "
    open_ = f" **{finding.verdict}.** {finding.remedy}" if finding.verdict is not Verdict.PASS else ""
    who = f" ({finding.who})" if finding.who else ""
    return f"- [{done}] {finding.check}: {finding.evidence}.{open_}{who}".replace("..", ".")
