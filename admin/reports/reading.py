"""Reads a report from a stamp's stores."""

from datetime import date
from typing import TYPE_CHECKING

from admin import output
from admin.billers.record import known
from admin.reports.figures import Report
from shared.reconciliation.day_report import DayReport, totals

if TYPE_CHECKING:
    from admin.stamp import Stamp


async def read(stamp: "Stamp", biller_id: str | None, first: date, last: date) -> Report:
    """The report of one biller, or of all.

    Raises:
        WrongUse: there is no such biller.
        Unavailable: a store does not answer.
    """
    billers = [await known(stamp, biller_id)] if biller_id else await stamp.billers.all()
    report, days = Report(first.isoformat(), last.isoformat()), DayReport(stamp.reader)
    findings = stamp.stores.findings
    with output.progress() as progress:
        for biller in progress.track(billers, description="reading"):
            report.lines += [line async for line in days.lines(biller, first, last)]
            report.findings += [(biller.biller_id, each) for each in await findings.of(biller.biller_id)]
    report.totals = totals(report.lines)
    report.lines.sort(key=lambda line: (line.biller, line.day, line.confirmation_number, line.id))
    return report
