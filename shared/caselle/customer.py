"""Query ``customer`` (cr0): the harmless read that shows whether a city's server answers."""

from typing import Any, Final

from shared.caselle.protocol import CASH_RECEIPTING, Operation, Reply

OPERATION: Final = Operation(
    "Customer",
    """
query Customer($customer_number: String!) {
  customer(customer_number: $customer_number) { customer_number }
}
""",
    CASH_RECEIPTING,
)


def variables(customer_number: str) -> dict[str, Any]:
    """The query's argument."""
    return {"customer_number": customer_number}


def answered(reply: Reply) -> bool:
    """Whether the city's server itself spoke; an unknown customer is an answer too."""
    return reply.status < 300 and reply.data is not None and not reply.errors  # noqa: PLR2004 - HTTP's successes
