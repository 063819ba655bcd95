"""NACHA's return codes: why a bank sends an ACH debit back, how long it may, and what the payer must do.

Windows and meanings are those of NACHA's rules as processors publish them; where their lists differ, both are named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Return:
    """One code. ``window``: how long after settlement the bank may return; ``payer``: what the payer must do."""

    meaning: str
    window: str
    payer: str
    short_of_funds: bool = False
    """The codes that a city's NSF fee is for."""


_SOON: Final = "2 banking days"
_LATE: Final = "60 calendar days"
_NEXT_FILE: Final = "next file"
_UNDEFINED: Final = "not defined; one list says 60 calendar days"
_SOON_OR_LATE: Final = "2 banking days; one list says 60 calendar days"

_AGAIN: Final = (
    "The payer pays again or funds the account: the same debit may be presented three times in all within 180 days."
)
_OTHER: Final = "The payer pays again from another account, and leaves AutoPay until the account is corrected."
_CORRECT: Final = "The payer corrects the account, and pays again."
_CONSENT: Final = "The payer and the city agree on it first; no further debit before the payer authorises one."
_SETTLE: Final = "The payer settles it with the bank, then pays again."
_ESTATE: Final = "The account's representative pays in another way; AutoPay ends."
_CLEAR: Final = "Nothing before Invoice Cloud has cleared it with its bank."

RETURNS: Final[Mapping[str, Return]] = MappingProxyType(
    {
        "R01": Return("insufficient funds", _SOON, _AGAIN, short_of_funds=True),
        "R02": Return("account closed", _SOON, _OTHER),
        "R03": Return("no account, or it cannot be found", _SOON, _CORRECT),
        "R04": Return("account number not valid", _SOON, _CORRECT),
        "R05": Return("consumer account debited as a corporate one, unauthorised", _LATE, _CONSENT),
        "R06": Return("returned at the request of Invoice Cloud's bank", _UNDEFINED, _CLEAR),
        "R07": Return("authorisation revoked", _LATE, _CONSENT),
        "R08": Return("payment stopped", _SOON, _CONSENT),
        "R09": Return("funds not collected yet", _SOON, _AGAIN, short_of_funds=True),
        "R10": Return("payer says: not authorised, or not known", _LATE, _CONSENT),
        "R11": Return("payer says: not as authorised", _LATE, _CONSENT),
        "R12": Return("account sold to another bank", _SOON, _CORRECT),
        "R13": Return("routing number not valid", _NEXT_FILE, _CORRECT),
        "R14": Return("representative payee deceased or unable to act", _SOON, _ESTATE),
        "R15": Return("account holder or beneficiary deceased", _SOON, _ESTATE),
        "R16": Return("account frozen", _SOON, _SETTLE),
        "R17": Return("entry not processable or questionable", _SOON, _CORRECT),
        "R18": Return("effective date not valid", _NEXT_FILE, _CLEAR),
        "R19": Return("amount field not valid", _NEXT_FILE, _CLEAR),
        "R20": Return("account takes no such debits", _SOON, _OTHER),
        "R21": Return("company identification not valid", _SOON, _CLEAR),
        "R22": Return("individual identification not valid", _SOON, _CORRECT),
        "R24": Return("duplicate of another entry", _SOON, "Nothing, if the other entry was posted; else pay again."),
        "R29": Return("corporate customer says: not authorised", _SOON_OR_LATE, _CONSENT),
        "R31": Return("returned late, with consent of Invoice Cloud's bank", "not defined", _CONSENT),
    }
)
"""Those that an online payment can come back with; any other code is accepted too."""

_UNKNOWN: Final = Return("a code that is not in our table", "unknown", "The payer asks the bank why, then pays again.")


def explained(code: str) -> Return:
    """What a code means; one that is not listed is accepted, and said to be so."""
    return RETURNS.get(code, _UNKNOWN)
