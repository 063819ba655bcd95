"""What can be wrong with an export: a closed list, each with what it means and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The code of one fault, as the rejected lines, the report and the record name it."""

    PAID = "paid"
    CREDIT = "credit"
    VOIDED = "voided"
    BALANCE_FORWARD = "balance_forward"
    DUPLICATE_INVOICE = "duplicate_invoice"
    NO_INVOICE_NUMBER = "no_invoice_number"
    BAD_INVOICE_NUMBER = "bad_invoice_number"
    NO_CUSTOMER_NUMBER = "no_customer_number"
    BAD_CUSTOMER_NUMBER = "bad_customer_number"
    LOST_ZEROS = "lost_zeros"
    BAD_AMOUNT = "bad_amount"
    BAD_DATE = "bad_date"
    DUE_BEFORE_INVOICE = "due_before_invoice"
    BROKEN_LINE = "broken_line"
    UNREADABLE_TEXT = "unreadable_text"
    CUSTOMER_UNKNOWN = "customer_unknown"
    INVOICE_UNKNOWN = "invoice_unknown"
    OTHER_BALANCE = "other_balance"
    CONTROL_AMOUNT = "control_amount"
    CONTROL_COUNT = "control_count"
    NOTHING_OPEN = "nothing_open"


@dataclass(frozen=True, slots=True)
class Advice:
    """What a fault means, and what whoever makes the export does about it."""

    meaning: str
    mend: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one line, with the value or line that shows it."""

    fault: Fault
    detail: str = ""

    def __str__(self) -> str:
        """The code, then what shows it."""
        return f"{self.fault}: {self.detail}" if self.detail else self.fault.value


NOT_OPEN = frozenset({Fault.PAID, Fault.CREDIT, Fault.VOIDED, Fault.BALANCE_FORWARD})
"""Lines that are no open items: the form definition must leave them out."""

_OPEN_ONLY = "Set the form definition to print open items only, and export again."
_AS_TEXT = "Export again without opening the file in a spreadsheet, or format the column as text first."

ADVICE = {
    Fault.PAID: Advice("Nothing is owed any more.", _OPEN_ONLY),
    Fault.CREDIT: Advice("A credit or a payment, not a bill.", _OPEN_ONLY),
    Fault.VOIDED: Advice("The invoice was voided or written off.", _OPEN_ONLY),
    Fault.BALANCE_FORWARD: Advice(
        "One line carries several older invoices.",
        "Make the customer an open item customer in Caselle, or print each open invoice by itself; then export again.",
    ),
    Fault.DUPLICATE_INVOICE: Advice(
        "The invoice number stands on more than one line.",
        "Print one line for each invoice, not one for each of its charges; of equal lines the first was kept.",
    ),
    Fault.NO_INVOICE_NUMBER: Advice("The line has no invoice number.", "Add the invoice number to the form."),
    Fault.BAD_INVOICE_NUMBER: Advice("The invoice number was changed by a spreadsheet or is damaged.", _AS_TEXT),
    Fault.NO_CUSTOMER_NUMBER: Advice("The line has no customer number.", "Add the customer number to the form."),
    Fault.BAD_CUSTOMER_NUMBER: Advice("The customer number was changed by a spreadsheet or is damaged.", _AS_TEXT),
    Fault.LOST_ZEROS: Advice("The customer number lost its leading zeros.", _AS_TEXT),
    Fault.BAD_AMOUNT: Advice(
        "An amount is missing or no amount of dollars and cents up to 9,999,999.99.",
        "Correct it in Caselle or in the form: digits, a point, two decimals.",
    ),
    Fault.BAD_DATE: Advice(
        "A date is missing or does not exist.", "Correct it in Caselle; all dates in one format, such as 11/30/2026."
    ),
    Fault.DUE_BEFORE_INVOICE: Advice("The bill is due before its own date.", "Correct the dates in Caselle."),
    Fault.BROKEN_LINE: Advice(
        "The line has more or fewer fields than the header.",
        "Look for a quotation mark that is never closed, or a separator or line break inside a name or description.",
    ),
    Fault.UNREADABLE_TEXT: Advice(
        "The line has bytes that are no letters in the file's encoding.", "Export again as UTF-8, or retype the name."
    ),
    Fault.CUSTOMER_UNKNOWN: Advice(
        "Caselle knows no customer of this number.", "Compare the number with the customer's record in Caselle."
    ),
    Fault.INVOICE_UNKNOWN: Advice(
        "Caselle shows no such open invoice for this customer.", "It was paid or removed since: export again."
    ),
    Fault.OTHER_BALANCE: Advice("Caselle shows another balance.", "A payment or charge came in since: export again."),
    Fault.CONTROL_AMOUNT: Advice(
        "The lines do not add up to the control total.",
        "Lines are missing or repeated: print the total and the lines in the same run.",
    ),
    Fault.CONTROL_COUNT: Advice(
        "The number of lines is not the one given with the control total.",
        "Lines are missing or repeated: print the total and the lines in the same run.",
    ),
    Fault.NOTHING_OPEN: Advice("The file has no open item.", "Check the date range and the customers of the export."),
}
