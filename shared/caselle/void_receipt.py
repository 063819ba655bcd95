"""Mutation ``void_receipt`` (cr0, release 2025.11): undo one receipt, and keep its audit trail."""

from dataclasses import replace
from typing import Any, Final

from shared.caselle.catalogue import ALREADY_VOIDED
from shared.caselle.errors import CONTRACT_MISMATCH
from shared.caselle.protocol import CASH_RECEIPTING, Operation, Reply, bare, refusal
from shared.ledger.answer import Accepted, Answer, Refused, Scope

OPERATION: Final = Operation(
    "VoidReceipt",
    """
mutation VoidReceipt($receipt_number: String!, $reason: String!) {
  void_receipt(receipt_number: $receipt_number, reason: $reason) { receipt_number status }
}
""",
    CASH_RECEIPTING,
)


def variables(receipt_number: str, reason: str) -> dict[str, Any]:
    """The mutation's arguments."""
    return {"receipt_number": receipt_number, "reason": reason}


def answer(reply: Reply, receipt_number: str) -> Answer:
    """The voided receipt, or that it is void already: either way it is undone."""
    receipt = (reply.data or {}).get("void_receipt")
    succeeded = reply.status < 300  # noqa: PLR2004 - HTTP's successes end there
    if succeeded and isinstance(receipt, dict) and _named(receipt) == (receipt_number, "VOIDED"):
        return Accepted(receipt_number)
    codes = {failure.code for failure in reply.errors}
    if succeeded and reply.data is not None and receipt is None and codes == {ALREADY_VOIDED}:
        return Accepted(receipt_number)
    refused = refusal(reply, "void_receipt")
    if isinstance(refused, Refused) and refused.code == CONTRACT_MISMATCH:
        # A release without the mutation still takes payments: only this void is for a person.
        return replace(refused, scope=Scope.ENTRY)
    return refused


def _named(receipt: dict[str, Any]) -> tuple[str, Any]:
    return bare(receipt.get("receipt_number")), receipt.get("status")
