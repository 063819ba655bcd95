"""What Caselle says about the file's customers, asked one after another: the city's own server answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from admin.invoices.index import Answer, Index
from shared.vocabulary.errors import CaselleError

_FAILURES_IN_A_ROW: Final = 3
"""So many, and the city's server is left in peace."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A customer's open invoices: cents by number. ``carries_forward``: has one carried balance instead."""

    invoices: Mapping[str, int]
    carries_forward: bool = False


class Balances(Protocol):
    """Real-time data, as far as the check needs it."""

    async def open_invoices(self, customer_number: str) -> Owing | None:
        """What the customer owes; None: Caselle has no such customer.

        Raises:
            CaselleError: it did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """How many customers the file has, how many Caselle was asked about, and how many it answered about."""

    customers: int = 0
    asked: int = 0
    answered: int = 0
    trouble: str = ""
    """Why it stopped answering."""


async def ask(balances: Balances, index: Index, most: int | None, progress: Callable[[float], None]) -> Compared:
    """Put Caselle's answers about all customers of the index, or about so many, into it."""
    customers = index.count_customers()
    chosen = customers if most is None else min(most, customers)
    asked = answered = in_a_row = 0
    trouble = ""
    for customer in index.customers(most):
        progress(asked / max(chosen, 1))
        asked += 1
        try:
            owing = await balances.open_invoices(customer)
        except CaselleError as error:
            trouble, in_a_row = str(error), in_a_row + 1
            if in_a_row == _FAILURES_IN_A_ROW:
                break
            continue
        index.answer(customer, _answer(owing), owing.invoices if owing else {})
        answered, in_a_row = answered + 1, 0
    return Compared(customers, asked, answered, trouble)


def _answer(owing: Owing | None) -> Answer:
    if owing is None:
        return Answer.UNKNOWN
    return Answer.CARRIES_FORWARD if owing.carries_forward else Answer.KNOWN
