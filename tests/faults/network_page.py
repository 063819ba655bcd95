"""``python -m tests.faults.network_page``: writes ``docs/answer-classes.md`` from the tables of the code and the tests."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from shared.caselle.catalogue import CODES
from shared.caselle.errors import BARE_STATUSES
from shared.caselle.protocol import Failure, Reply, refusal
from shared.ledger.answer import Accepted, Ambiguous, Answer, NotSent, Refused, Scope
from tests.faults.network_shapes import SHAPES, STATES, Shape

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "answer-classes.md"

FIELD: Final = "create_receipt"

_CLASSES: Final = MappingProxyType({Accepted: "ok", NotSent: "not sent", Refused: "refused", Ambiguous: "ambiguous"})
_TOP: Final = """# What an answer of Caselle means

After a payment has been sent, one of four things is true of it. Which one decides whether money is posted twice or not
at all, so every ending of a call stands in a table here. This page is written by `python -m tests.faults.network_page`
from the tables that the code and the tests use; a test compares it.

"""
_CLASS_ROWS: Final = (
    (Accepted, None, "a status below 300 and a receipt number, whatever else the answer says", "no more"),
    (NotSent, None, "no byte of it can have left this process", "it is sent again after a pause"),
    (Refused, Scope.ENTRY, "a listed code, about this payment", "a person decides"),
    (
        Refused,
        Scope.BILLER,
        "a listed code, about the city's set-up",
        "nothing more is sent for the biller until a person unblocks it",
    ),
    (
        Refused,
        Scope.APPLICATION,
        "a listed code, about an application's codes",
        "nothing more of the application is sent",
    ),
    (Refused, Scope.CHANNEL, "a listed code, about a tender's code", "nothing more of the tender is sent"),
    (Refused, Scope.MOMENT, "a listed code, about this moment", "it is tried again after a while"),
    (Ambiguous, None, "everything else", "Caselle is asked; it is sent again only when it is proved absent"),
)
_STATUSES: Final = (200, 204, 302, 307, 400, *BARE_STATUSES, 408, 409, 500, 502, 503, 504)
_REFUSALS_BELOW: Final = """A refusal is Caselle's word. That it came before any effect is believed of a code only once one payment refused with
it was proved absent at this biller; until then the payment is asked about before it is sent again.

A token that is refused is *ambiguous* for a payment that has left, and so is every status alone: something on the way
may give either after the city's server has acted. No other token is tried with the same payment. So that this stays
rare, a token in its last day, of unknown end or once refused must have passed a read within the last hour before a
payment leaves with it; if that read gets no answer, nothing is sent.

"""
_SHAPES_ABOVE: Final = """## On the wire

Each row is tried over real sockets, between the app's own client and the Caselle simulator
([`test_network.py`](../tests/faults/test_network.py)): once for the class of the answer, once for what becomes of the
payment. *Processed* is what the simulator has done, which nobody on this side can see: the ambiguous rows have both a yes and a no.
The fault is its id in the catalogue, where it has one.

"""
_STATUSES_ABOVE: Final = """## By HTTP status

For an answer that holds neither `data` nor `errors`. No redirect is followed, and no status above 299 makes a receipt
number believed. The rest of 3xx and 5xx is as those shown. `Retry-After` of a 429 or 503 is kept with the answer: in
seconds, or as a date that is counted from the answer's own `Date`; anything else in it is ignored.

"""
_CODES_ABOVE: Final = """## By GraphQL code

Caselle documents no codes; these are assumed ([causes and actions](caselle-errors.md)). A code counts as a refusal only
where every code of the answer is listed, no error lies deeper than the mutation itself, and the status is 2xx, 400 or
one that names a cause above, but 429. *With `data`* also means null as `data` with the mutation's path: it was begun.
In an answer *without `data`* only some count, because the relay may answer so after the city's server has acted. The
letter case of a code says nothing.

"""
_BOTTOM: Final = """A code on no list is ambiguous. The same one twice in a row, with no success between, also blocks the biller
(`suspected_workspace`): Caselle's error for a workspace that is not marked for online payments is that vague.
"""


def page() -> str:
    """The whole text."""
    return "".join(
        (
            _TOP,
            _table(("Class", "When", "The payment becomes", "What happens next"), map(_class_row, _CLASS_ROWS)),
            _REFUSALS_BELOW,
            _SHAPES_ABOVE,
            _table(("What happens", "Fault", "Processed", "Class", "The payment becomes"), map(_shape, SHAPES)),
            _STATUSES_ABOVE,
            _table(("Status", "Class", "Reason code"), map(_status, sorted(_STATUSES))),
            _CODES_ABOVE,
            _table(("Code", "Class with `data`", "Class without `data`", "Reason code"), map(_code, CODES)),
            _BOTTOM,
        )
    )


def _class_row(row: tuple[type[Answer], Scope | None, str, str]) -> Sequence[str]:
    kind, scope, when, then = row
    return _class(kind, scope), when, f"`{STATES[kind, scope]}`", then


def _shape(shape: Shape) -> Sequence[str]:
    processed = "yes" if shape.processed else "no"
    state = STATES[shape.answer, shape.scope]
    return shape.happens, shape.fault, processed, _class(shape.answer, shape.scope), f"`{state}`"


def _status(status: int) -> Sequence[str]:
    answer = refusal(Reply(status, None, ()), FIELD)
    return str(status), _class_of(answer), _reason(answer)


def _code(code: str) -> Sequence[str]:
    with_data = refusal(Reply(200, {FIELD: None}, (Failure(code, "", 1),)), FIELD)
    without = refusal(Reply(400, None, (Failure(code, "", 0),)), FIELD)
    return f"`{code}`", _class_of(with_data), _class_of(without), _reason(with_data)


def _class_of(answer: Answer) -> str:
    return _class(type(answer), answer.scope if isinstance(answer, Refused) else None)


def _reason(answer: Answer) -> str:
    return "" if isinstance(answer, Accepted) else f"`{answer.code}`"


def _class(kind: type[Answer], scope: Scope | None = None) -> str:
    whom = {None: "", Scope.ENTRY: " (payment)", Scope.CHANNEL: " (tender)"}
    return f"{_CLASSES[kind]}{whom.get(scope, f' ({scope})')}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
