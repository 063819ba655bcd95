"""Query ``customer`` (cr0): the harmless read that shows whether a city's server answers."""

from typing import Any, Final

from shared.caselle import protocol
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

NOBODY: Final = "0"
"""Nobody's number in any city we know of."""


def variables(customer_number: str) -> dict[str, Any]:
    """The query's argument."""
    return {"customer_number": customer_number}


def answered(reply: Reply) -> bool:
    """Whether the city's server itself spoke; an unknown customer is an answer too."""
    return protocol.answered(reply)
