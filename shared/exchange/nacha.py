"""NACHA's codes: why a bank sends an ACH debit back, how long it may, and what the payer must do.

Not every code undoes a payment: a notification of change moves no money, a dishonoured return says that an earlier
return was wrong, and what an unknown code says nobody here knows.

Windows and meanings are those of NACHA's rules as processors publish them; where their lists differ, both are named.
Sources: the lists of PayNearMe and Modern Treasury (windows), the dictionaries of moov-io/ach (``addenda98.go``,
``addenda99.go``: meanings, and which entries each code is for), EPCOR and ICBA (R11 since April 2020).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final


class Sort(Enum):
    """What kind of message a code stands for."""

    RETURN = auto()
    """The debit came back: the payment is undone."""
    CHANGE = auto()
    """A notification of change: no money moved, something is to be corrected before the next debit."""
    DISHONOURED = auto()
    """An earlier return was refused by Invoice Cloud's bank, or that refusal is contested by the payer's."""
    UNKNOWN = auto()
    """Nobody here knows what it says."""


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
_CORRECTED: Final = (
    "What was wrong, the day or the amount, may be corrected and the debit sent again within 60 days of the return; "
    "the payer need not authorise it anew."
)
_SETTLE: Final = "The payer settles it with the bank, then pays again."
_ESTATE: Final = "The account's representative pays in another way; AutoPay ends."
_CLEAR: Final = "Nothing before Invoice Cloud has cleared it with its bank."
_NOTHING: Final = "Nothing."

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
        "R11": Return("payer says: not as authorised", _LATE, _CORRECTED),
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
        "R25": Return("addenda not valid", _NEXT_FILE, _CLEAR),
        "R26": Return("mandatory field not valid", _NEXT_FILE, _CLEAR),
        "R27": Return("trace number not valid", _NEXT_FILE, _CLEAR),
        "R28": Return("check digit of the routing number not valid", _NEXT_FILE, _CORRECT),
        "R29": Return("corporate customer says: not authorised", _SOON_OR_LATE, _CONSENT),
        "R31": Return("returned late, with consent of Invoice Cloud's bank", "not defined", _CONSENT),
        "R32": Return("payer's bank cannot settle", _NEXT_FILE, _OTHER),
        "R34": Return("payer's bank is limited by its supervisor", _NEXT_FILE, _OTHER),
        "R35": Return("account or entry takes no debits", _NEXT_FILE, _OTHER),
    }
)
"""Those that a WEB, TEL, PPD or CCD debit can come back with. Not among them: what only a credit (R23, R36), a check
(R30, R33, R37 to R39, R50 to R53), an enrolment (R40 to R47) or an international entry (R80 to R85) can bring."""

CHANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "C01": "the account number",
        "C02": "the routing number",
        "C03": "the routing number and the account number",
        "C04": "the account holder's name",
        "C05": "the transaction code: checking for savings, or the reverse",
        "C06": "the account number and the transaction code",
        "C07": "the routing number, the account number and the transaction code",
        "C08": "the bank's identification, of an international entry",
        "C09": "the individual identification number",
        "C10": "the company's name",
        "C11": "the company's identification",
        "C12": "the company's name and identification",
        "C13": "the format of the addenda",
        "C14": "the entry class, of an international payment",
        **{f"C{number}": "nothing yet: an earlier notification of change was refused" for number in range(61, 70)},
    }
)
"""What each notification of change asks to correct."""

DISHONOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "R61": "misrouted return",
        "R62": "return of an erroneous or reversing debit",
        "R67": "duplicate return",
        "R68": "return came too late",
        "R69": "return with wrong fields",
        "R70": "return not requested or not accepted",
        "R71": "misrouted dishonoured return",
        "R72": "dishonoured return came too late",
        "R73": "original return was in time",
        "R74": "corrected return",
        "R75": "original return is no duplicate",
        "R76": "original return has no errors",
        "R77": "return of an erroneous debit not accepted",
    }
)
"""Of R61 to R70 Invoice Cloud's bank refuses a return; with R71 to R77 the payer's bank contests that."""

_UNKNOWN: Final = Return("a code that is not in our table", "unknown", "Nothing before it is known what the code says.")
_CHANGE: Final = re.compile(r"C[0-9]{2}")
_DISHONOUR: Final = re.compile(r"R(?:6[1-9]|7[0-7])")


def sort_of(code: str) -> Sort:
    """What kind of message a code stands for; classes are told by their range, listed or not."""
    if code in RETURNS:
        return Sort.RETURN
    if _CHANGE.fullmatch(code):
        return Sort.CHANGE
    return Sort.DISHONOURED if _DISHONOUR.fullmatch(code) else Sort.UNKNOWN


def explained(code: str) -> Return:
    """What a code means; one that is not listed is accepted, and said to be so."""
    match sort_of(code):
        case Sort.RETURN:
            return RETURNS[code]
        case Sort.CHANGE:
            correct = CHANGES.get(code, "something that is not in our table")
            return Return(f"to correct is {correct}", "none: no money moves", _NOTHING)
        case Sort.DISHONOURED:
            return Return(DISHONOURS.get(code, "a code that is not in our table"), "not the payer's", _NOTHING)
        case Sort.UNKNOWN:
            return _UNKNOWN
