"""Times as a person types them."""

from datetime import datetime

from admin.errors import WrongUse
from shared.billers.model import Biller


def moment(text: str, biller: Biller, option: str) -> datetime:
    """The instant that an option names, in the city's own time where it names no other.

    Raises:
        WrongUse: it is none.
    """
    wrong = WrongUse(f"{option} {text} is not a time such as 2026-12-01T08:00.")
    try:
        named = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    try:
        return named if named.tzinfo else named.replace(tzinfo=biller.zone)
    except OverflowError:
        raise wrong from None
