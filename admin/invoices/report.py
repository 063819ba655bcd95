"""What a check found, for the city to read: one page, and the record that the biller's checklist shows."""

from datetime import datetime

from admin.invoices.check import CLEANED, REJECTED, Checked
from admin.invoices.faults import ADVICE, NOT_OPEN
from admin.one_page import Listed, Page
from shared.vocabulary.money import Money


def page(checked: Checked, biller: str, file: str, at: datetime) -> Page:
    """The report."""
    found = Page(f"Invoice file of biller {biller}", checked.in_order, _verdict(checked))
    found.facts = [
        ("File", file),
        ("Checked", f"{at:%Y-%m-%d %H:%M} UTC"),
        ("Bills in the file", f"{checked.lines:,}, {Money(checked.owed)} owed"),
        ("Open items, written to " + CLEANED, f"{checked.open_items:,}, {Money(checked.open_cents)} owed"),
        ("Rejected, written to " + REJECTED, f"{checked.lines - checked.open_items:,}"),
        ("Control total", _control(checked)),
        ("Compared with Caselle", _compared(checked)),
    ]
    if checked.faults:
        found.tables = [Listed("What is wrong", ["Code", "Lines", "What it means", "How to mend it"], _faults(checked))]
        found.tables.append(Listed("Where", ["Code", "Line", "What shows it"], _examples(checked)))
    found.notes = list(checked.remarks)
    return found


def record(checked: Checked, biller: str, file: str, digest: str, at: datetime) -> dict[str, object]:
    """What is kept of a check; no customer's data."""
    return {
        "billerId": biller,
        "file": file,
        "sha256": digest,
        "checkedAt": at.isoformat(timespec="seconds"),
        "lines": checked.lines,
        "openItems": checked.open_items,
        "owed": str(Money(checked.open_cents)),
        "faults": {fault.value: tally.lines for fault, tally in sorted(checked.faults.items())},
        "openItemsOnly": checked.open_items_only,
        "inOrder": checked.in_order,
    }


def _verdict(checked: Checked) -> str:
    if checked.in_order:
        return "In order: open items only, nothing is wrong."
    if checked.open_items_only:
        return "Not in order yet: open items only, but lines must be mended."
    if NOT_OPEN & checked.faults.keys():
        return "Not in order yet: the file has lines that are no open items."
    return "Not in order yet: no line of the file can be taken."


def _control(checked: Checked) -> str:
    stated = [f"{Money(checked.stated.cents)}"] if checked.stated.cents is not None else []
    stated += [f"{checked.stated.count:,} lines"] if checked.stated.count is not None else []
    return ", ".join(stated) or "none"


def _compared(checked: Checked) -> str:
    compared = checked.compared
    return f"{compared.answered:,} of {compared.customers:,} customers" if compared else "not compared"


def _faults(checked: Checked) -> list[list[object]]:
    ordered = sorted(checked.faults.items(), key=lambda each: -each[1].lines)
    return [[fault.value, f"{tally.lines:,}", ADVICE[fault].meaning, ADVICE[fault].mend] for fault, tally in ordered]


def _examples(checked: Checked) -> list[list[object]]:
    return [
        [fault.value, line or "file", detail]
        for fault, tally in sorted(checked.faults.items())
        for line, detail in tally.examples
    ]
