"""The online workspace of a city: what keeps payments out of it, and the receipt numbers that it gives."""

from typing import Final

from local.simulator.answers import Refusal
from local.simulator.books import Biller
from local.simulator.wire import Switches

_RECEIPT_GROUP: Final = 5
_LONG_NUMBERS: Final = "2025.02"
_SEVERAL_WORKSPACES: Final = "2023.08"
_MOST_SHORT: Final = 99_999
_MOST_LONG: Final = 999_999_999


def check_workspace(biller: Biller) -> None:
    """Refuse a payment that has no workspace to go to.

    Raises:
        Refusal: as vague as Caselle's is said to be, except where somebody works in the workspace.
    """
    if not _takes_payments(biller, biller.switches):
        raise Refusal("ERROR", "An error has occurred.")
    if biller.switches.workspace_in_use:
        raise Refusal("WORKSPACE_IN_USE", "The workspace is currently in use.")


def next_number(biller: Biller) -> str:
    """The next receipt number: ``5.00012``, or ``05.000000012`` from release 2025.02.

    Raises:
        Refusal: there is none left.
    """
    number, long = len(biller.receipts) + 1, biller.at_least(_LONG_NUMBERS)
    if biller.switches.receipt_numbers_left == 0 or number > (_MOST_LONG if long else _MOST_SHORT):
        raise Refusal("RECEIPT_NUMBERS_EXHAUSTED", "Error: Maximum receipt number reached.")
    return f"{_RECEIPT_GROUP:02}.{number:09}" if long else f"{_RECEIPT_GROUP}.{number:05}"


def _takes_payments(biller: Biller, switches: Switches) -> bool:
    if not switches.online_payments or not switches.new_receipts or switches.manual_allocation:
        return False
    several = switches.online_workspaces > 1
    return not several or (biller.at_least(_SEVERAL_WORKSPACES) and switches.workspace_third_party)
