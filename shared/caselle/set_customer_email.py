"""Mutation ``set_customer_email`` (ar0, assumed as a whole): the address under which a customer registered."""

from typing import Any, Final

from shared.caselle.numbers import same_number
from shared.caselle.protocol import ACCOUNTS_RECEIVABLE, Operation, Reply, refusal, succeeded
from shared.ledger.answer import Accepted, Answer

OPERATION: Final = Operation(
    "SetCustomerEmail",
    """
mutation SetCustomerEmail($customer_number: String!, $email: String!) {
  set_customer_email(customer_number: $customer_number, email: $email) { customer_number }
}
""",
    ACCOUNTS_RECEIVABLE,
    personal=("email",),
)


def variables(customer_number: str, email: str) -> dict[str, Any]:
    """The mutation's arguments."""
    return {"customer_number": customer_number, "email": email}


def answer(reply: Reply, customer_number: str) -> Answer:
    """Done where Caselle names the customer whose address it set."""
    shown = (reply.data or {}).get("set_customer_email")
    if succeeded(reply) and isinstance(shown, dict) and same_number(shown.get("customer_number"), customer_number):
        return Accepted(None)
    return refusal(reply, "set_customer_email")
