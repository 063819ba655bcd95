"""Query ``receipt`` (cr0, release 2025.11): receipts of a range of days, page by page."""

from datetime import date, datetime
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.caselle.errors import AmbiguousError
from shared.caselle.protocol import CASH_RECEIPTING, Operation, Reply, bare
from shared.payments.gateway import Receipt
from shared.vocabulary.money import SignedAmount

OPERATION: Final = Operation(
    "Receipts",
    """
query Receipts($filter: ReceiptFilter!, $page: PageInput) {
  receipt(filter: $filter, page: $page) {
    receipts { receipt_number reference amount status created_at }
    next
  }
}
""",
    CASH_RECEIPTING,
)

PAGE_SIZE: Final = 200

_MOST_REFERENCE: Final = 100
"""Characters that are kept and compared; ours have 64 at most."""


class _Receipt(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    receipt_number: str
    reference: str | None
    amount: SignedAmount
    status: str
    created_at: AwareDatetime

    def receipt(self) -> Receipt:
        created_at: datetime = self.created_at
        return Receipt(
            receipt_number=bare(self.receipt_number),
            reference=self.reference and self.reference[:_MOST_REFERENCE],
            amount=self.amount,
            live=self.status == "POSTED",
            voided=self.status in {"VOIDED", "REFUNDED"},
            created_at=created_at,
        )


class _Page(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    receipts: list[_Receipt] = Field(max_length=PAGE_SIZE)
    next: str | None


def variables(first: date, last: date, after: str | None) -> dict[str, Any]:
    """One page: both days inclusive, no other filter."""
    days = {"from_date": first.isoformat(), "to_date": last.isoformat()}
    return {"filter": days, "page": {"size": PAGE_SIZE, "after": after}}


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
