"""``python -m local.pages``: writes the pages of ``docs`` that are tables of the code."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from shared.caselle.catalogue import CATALOGUE, Cause
from shared.caselle.server_codes import SERVERS, Server
from shared.exchange.nacha import CHANGES, DISHONOURS, RETURNS, Return
from shared.exchange.reasons import OTHER_CAUSES, REASONS
from shared.ledger.answer import Ambiguous, Scope

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"

_RETURNS_ABOVE: Final = """# ACH returns

A bank sends a debit back under one of NACHA's codes; Invoice Cloud enqueues it to `ach-rejects`, and the payment is
undone in Caselle ([rules](contracts/README.md#a-reject)). The result tells what the code means and what the payer must
do. `python -m local.pages` writes this page from [`nacha.py`](../shared/exchange/nacha.py); a test compares it.

The window is how long after settlement the payer's bank may return the debit. A code that is on no table here is
accepted, and held: nothing is undone by it (`return_code_unknown`). *NSF fee*: the codes for which a biller's `nsfFee`
is spoken of. It is off unless the biller has an amount there, and then it is billed by a person: no operation of
Caselle's web service for it is known.

"""
_RETURNS_BELOW: Final = """A return that comes 60 days later finds its payment: entries stay in the ledger for years. A
debit that is presented again is another payment, with an id of its own and `representsPaymentId`; its return is another
reject.

## Notifications of change

No money moves: the bank tells what to correct before the next debit. The payment's receipt stays, nobody pays again,
and the message is told as `skipped` (`notification_of_change`).

"""
_CHANGES_BELOW: Final = """
## Dishonoured and contested returns

The banks disagree about an earlier return: Invoice Cloud's refuses it (R61 to R70), the payer's contests that (R71 to
R77). Nothing is undone by such a message, nobody pays again, and it is held for a person (`return_dishonoured`).

"""

_ERRORS_ABOVE: Final = """# Caselle's errors

Caselle documents no error codes: those below are assumed. The causes are those that its help pages speak of. The table
stands in [`catalogue.py`](../shared/caselle/catalogue.py), its words in [`reasons.py`](../shared/exchange/reasons.py);
`python -m local.pages` writes this page from them. A test compares it, and another walks every refusal of the simulator
through the real client. Which answer means what for a payment, and why, is in [answer-classes.md](answer-classes.md).

"""
_ERRORS_BELOW: Final = """
*Refused*: Caselle's word, which is believed once one payment refused so was proved absent at this biller. *In doubt*:
the cause is named, and whether the call had an effect is not known. Either way Caselle is asked about the payment
before it is sent again.
`RECEIPT_ALREADY_VOIDED` is no error: what was asked for is so.

## The vague one

Caselle's error for a workspace that is not marked "Use for Online Payments" is said to be very generic. `ERROR`, and a
message that says no more than "an error has occurred", is therefore taken as that *probable* cause. It is in doubt like
every error that shows nothing about an effect; the same one twice in a row, with no success between, blocks the biller
(`suspected_workspace`). If the workspace is marked, look at these; whether the web service heeds each is not known:

"""
_SERVERS_ABOVE: Final = """
## Codes of GraphQL servers

Which server Caselle runs is not public. What these servers say by themselves is known as what it means; Apollo Server's
own codes are those above. Letter case says nothing, and a hyphen is an underscore. The table stands in
[`server_codes.py`](../shared/caselle/server_codes.py).

"""
_UNKNOWN_BELOW: Final = """
## Any other

An error on no list is in doubt too (`unlisted_error`). Its words are kept with the payment and told in the result, for
nothing else is known of it: on one line, at most 200 characters, without card numbers, keys, tokens, e-mail addresses
and the payer's name that was sent ([`words.py`](../shared/caselle/words.py)). They are never logged.
"""
_WHOM: Final = MappingProxyType(
    {
        Scope.ENTRY: "the payment",
        Scope.BILLER: "the city",
        Scope.APPLICATION: "the application",
        Scope.CHANNEL: "the tender",
        Scope.MOMENT: "the city, for a moment",
    }
)


def pages() -> Mapping[str, str]:
    """Every page by its name in ``docs``."""
    return MappingProxyType({"ach-returns.md": _ach_returns(), "caselle-errors.md": _caselle_errors()})


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def _ach_returns() -> str:
    head = ("Code", "Meaning", "Window", "NSF fee", "The payer")
    returns = _table(head, (_return(code, row) for code, row in RETURNS.items()))
    changes = _table(("Code", "To correct"), CHANGES.items())
    dishonours = _table(("Code", "Meaning"), DISHONOURS.items())
    return f"{_RETURNS_ABOVE}{returns}\n{_RETURNS_BELOW}{changes}{_CHANGES_BELOW}{dishonours}"


def _return(code: str, row: Return) -> Sequence[str]:
    return code, row.meaning, row.window, "yes" if row.short_of_funds else "", row.payer


def _caselle_errors() -> str:
    head = ("Code", "Cause", "What to do", "Who acts", "Concerns", "The call is", "Reason code")
    others = "".join(f"- {other}\n" for other in OTHER_CAUSES)
    rows = _table(head, (_error(code, cause) for code, cause in CATALOGUE.items()))
    codes = _table(("Server", "Code", "Stands for", "Read in"), (row for each in SERVERS for row in _server_code(each)))
    return f"{_ERRORS_ABOVE}{rows}{_ERRORS_BELOW}{others}{_SERVERS_ABOVE}{codes}{_UNKNOWN_BELOW}"


def _error(code: str, cause: Cause) -> Sequence[str]:
    words = REASONS[cause.reason]
    is_ = "in doubt" if isinstance(cause.answer, Ambiguous) else "refused"
    return f"`{code}`", words.message, words.action, cause.who, _WHOM[cause.scope], is_, f"`{cause.reason}`"


def _server_code(server: Server) -> Iterator[Sequence[str]]:
    for code, ours in server.codes.items():
        yield server.name, f"`{code}`", f"`{ours}`", server.source


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
