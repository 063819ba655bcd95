"""What a check of bill images found: one page, and the record that the biller's checklist shows."""

from datetime import datetime

from admin.images.check import LISTED, Matched
from admin.images.faults import ADVICE
from admin.one_page import Listed, Page


def page(found: Matched, biller: str, delivered: str, at: datetime, picture: str | None) -> Page:
    """The report."""
    verdict = "In order: every invoice has its image." if found.in_order else "Not in order yet: see below."
    made = Page(f"Bill images of biller {biller}", found.in_order, verdict, picture=picture)
    made.facts = [
        ("Delivered", delivered),
        ("Checked", f"{at:%Y-%m-%d %H:%M} UTC"),
        ("Named by the rule", found.naming.template),
        ("Invoices", f"{found.invoices:,}, {found.matched:,} of them with an image"),
        ("Files", f"{found.files:,}, {found.pages:,} pages; all are listed in {LISTED}"),
    ]
    if found.faults:
        faults = sorted(found.faults.items(), key=lambda each: -each[1].count)
        rows = [[fault.value, f"{tally.count:,}", ADVICE[fault].meaning, ADVICE[fault].mend] for fault, tally in faults]
        made.tables.append(Listed("What is wrong", ["Code", "Count", "What it means", "How to mend it"], rows))
        where = [[fault.value, name, detail] for fault, tally in sorted(faults) for name, detail in tally.examples]
        made.tables.append(Listed("Where", ["Code", "File or invoice", "What shows it"], where))
    return made


def record(found: Matched, biller: str, delivered: str, at: datetime) -> dict[str, object]:
    """What is kept of a check."""
    return {
        "billerId": biller,
        "file": delivered,
        "checkedAt": at.isoformat(timespec="seconds"),
        "invoices": found.invoices,
        "matched": found.matched,
        "files": found.files,
        "faults": {fault.value: tally.count for fault, tally in sorted(found.faults.items())},
        "inOrder": found.in_order,
    }
