"""Query ``receipt`` (cr0, release 2025.11): receipts of a range of days, page by page."""

from datetime import date, datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.caselle.errors import AmbiguousError
from shared.caselle.numbers import CaselleAmount
from shared.caselle.protocol import CASH_RECEIPTING, Operation, Reply, bare
from shared.payments.gateway import Receipt

OPERATION: Final = Operation(
    "Receipts",
    """
query Receipts($filter: ReceiptFilter!, $page: PageInput) {
  receipt(filter: $filter, page: $page) {
    receipts { receipt_number reference memo amount status created_at receipt_date user }
    next
  }
}
""",
    CASH_RECEIPTING,
)

MOST_IN_PAGE: Final = 200
PAGE_SIZES: Final = (MOST_IN_PAGE, 149)
"""By turns, with the first day: what a list loses at the edge of a page, another reading loses somewhere else."""

_MOST_TEXT: Final = 100
"""Characters of a text that are kept and compared; our references have 64 at most."""


class _Receipt(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    receipt_number: str
    reference: str | None
    memo: str | None = None
    amount: CaselleAmount
    status: str
    created_at: AwareDatetime
    receipt_date: date | None = None
    user: str | None = None

    def receipt(self) -> Receipt:
        created_at: datetime = self.created_at
        return Receipt(
            receipt_number=bare(self.receipt_number),
            reference=self.reference and self.reference[:_MOST_TEXT],
            amount=self.amount,
            live=self.status == "POSTED",
            voided=self.status in {"VOIDED", "REFUNDED"},
            created_at=created_at,
            dated=self.receipt_date,
            memo=self.memo and self.memo[:_MOST_TEXT],
            user=self.user,
        )


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    receipts: list[_Receipt] = Field(max_length=MOST_IN_PAGE)
    next: str | None


def of_days(first: date, last: date) -> dict[str, Any]:
    """The filter for a range of days, both inclusive, and nothing else."""
    return {"from_date": first.isoformat(), "to_date": last.isoformat()}


def of_number(receipt_number: str) -> dict[str, Any]:
    """The filter for one receipt."""
    return {"receipt_number": receipt_number}


def variables(wanted: dict[str, Any], after: str | None, size: int = MOST_IN_PAGE) -> dict[str, Any]:
    """One page of what a filter lets through."""
    return {"filter": wanted, "page": {"size": size, "after": after}}


def page(reply: Reply) -> tuple[list[Receipt], str | None]:
    """The receipts of one page, and the cursor of the next.

    Raises:
        AmbiguousError: anything but a complete page; a cut one proves no absence.
    """
    found = (reply.data or {}).get("receipt")
    if reply.status >= 300 or reply.errors or found is None:  # noqa: PLR2004 - HTTP's successes end there
        raise AmbiguousError(f"http_{reply.status}_incomplete")
    try:
        read = _Page.model_validate(found)
    except ValidationError:
        raise AmbiguousError("receipt_page_malformed") from None
    return [each.receipt() for each in read.receipts], read.next
