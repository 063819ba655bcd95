"""``python -m local.pages``: writes the pages of ``docs`` that are tables of the code."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from shared.exchange.nacha import RETURNS, Return

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"

_RETURNS_ABOVE: Final = """# ACH returns

A bank sends a debit back under one of NACHA's codes; Invoice Cloud enqueues it to `ach-rejects`, and the payment is
undone in Caselle ([rules](contracts/README.md#a-reject)). The result tells what the code means and what the payer must
do. `python -m local.pages` writes this page from [`nacha.py`](../shared/exchange/nacha.py); a test compares it.

The window is how long after settlement the payer's bank may return the debit. A code that is not here is accepted, and
told as it came. *NSF fee*: the codes for which a biller's `nsfFee` is spoken of. It is off unless the biller has an
amount there, and then it is billed by a person: no operation of Caselle's web service for it is known.

"""
_RETURNS_BELOW: Final = """A return that comes 60 days later finds its payment: entries stay in the ledger for years. A
debit that is presented again is another payment, with an id of its own and `representsPaymentId`; its return is another
reject.
"""


def pages() -> Mapping[str, str]:
    """Every page by its name in ``docs``."""
    return MappingProxyType({"ach-returns.md": _ach_returns()})


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def _ach_returns() -> str:
    head = ("Code", "Meaning", "Window", "NSF fee", "The payer")
    return f"{_RETURNS_ABOVE}{_table(head, (_return(code, row) for code, row in RETURNS.items()))}\n{_RETURNS_BELOW}"


def _return(code: str, row: Return) -> Sequence[str]:
    return code, row.meaning, row.window, "yes" if row.short_of_funds else "", row.payer


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
