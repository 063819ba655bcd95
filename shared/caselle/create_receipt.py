"""Mutation ``create_receipt`` (cr0): record one payment."""

from typing import Any, Final

from shared.caselle.protocol import CASH_RECEIPTING, Operation, Reply, bare, refusal
from shared.ledger.answer import Accepted, Answer
from shared.payments.gateway import ReceiptOrder

OPERATION: Final = Operation(
    "CreateReceipt",
    """
mutation CreateReceipt($input: CreateReceiptInput!) {
  create_receipt(input: $input) { receipt_number }
}
""",
    CASH_RECEIPTING,
    personal=("payer",),
)


def variables(order: ReceiptOrder) -> dict[str, Any]:
    """The mutation's input; ``allocations`` is absent where Caselle is to allocate."""
    fields: dict[str, Any] = {
        "customer_number": order.customer_number,
        "category_code": order.category_code,
        "distribution_code": order.distribution_code,
        "payment_code": order.payment_code,
        "amount": str(order.amount),
        "receipt_date": order.receipt_date.isoformat(),
        "reference": order.reference,
        "payer": order.payer,
    }
    if order.shares:
        shares = [{"invoice_number": each.invoice_number, "amount": str(each.amount)} for each in order.shares]
        fields["allocations"] = shares
    return {"input": fields}


def answer(reply: Reply) -> Answer:
    """A receipt number means that the receipt is there, whatever else the answer says."""
    receipt = (reply.data or {}).get("create_receipt")
    number = bare(receipt.get("receipt_number")) if isinstance(receipt, dict) else ""
    if reply.status < 300 and number:  # noqa: PLR2004 - HTTP's successes
        return Accepted(number, beside=tuple(failure.code for failure in reply.errors))
    return refusal(reply, "create_receipt")
