"""What several commands on payments ask for in the same words."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from admin.confirm import confirm
from admin.errors import WrongUse
from shared.ledger.entry import Entry, Kind, State
from shared.repair.find import Filter
from shared.vocabulary.errors import Malformed
from shared.vocabulary.identity import biller_id, canonical_id

_DAYS: Final = ["%Y-%m-%d"]


def _biller(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return biller_id(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}.") from None


def _id(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return canonical_id(text)
    except Malformed as error:
        raise typer.BadParameter(f"{error}.") from None


BillerArg = Annotated[str, typer.Argument(metavar="BILLER", help="The BID.", callback=_biller, show_default=False)]
MaybeBiller = Annotated[
    str | None, typer.Argument(metavar="BILLER", help="The BID; left out: all.", callback=_biller, show_default=False)
]
IdArg = Annotated[
    str, typer.Argument(metavar="ID", help="The payment's id, or the reject's.", callback=_id, show_default=False)
]
MaybeId = Annotated[
    str | None, typer.Argument(metavar="ID", help="One entry; left out: all that the filter finds.", callback=_id)
]
KindOpt = Annotated[Kind, typer.Option("--kind", help="What the id names.")]
MaybeKind = Annotated[Kind | None, typer.Option("--kind", help="Only this kind.")]
StateOpt = Annotated[State | None, typer.Option("--state", help="Only this state.")]
CauseOpt = Annotated[str | None, typer.Option("--cause", metavar="CODE", help="Only what is held or waits for this.")]
Customer = Annotated[str | None, typer.Option("--customer", metavar="NUMBER", help="Only this customer's.")]
Tender = Annotated[str | None, typer.Option("--tender", metavar="CODE", help="Only ACH, CC, OBD, ...")]
From = Annotated[
    datetime | None, typer.Option("--from", formats=_DAYS, metavar="DAY", help="First deposit day, YYYY-MM-DD.")
]
To = Annotated[
    datetime | None, typer.Option("--to", formats=_DAYS, metavar="DAY", help="Last deposit day, YYYY-MM-DD.")
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit and with the event.")]
NotByHand = Annotated[
    bool, typer.Option("--not-by-hand", help="Nobody entered it in Caselle by hand since it was told as held.")
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Write here; only you can read it.")]


def day(instant: datetime | None) -> date | None:
    """The day that an option names."""
    return instant.date() if instant else None


def reason_given(why: str) -> str:
    """The reason of a change.

    Raises:
        WrongUse: none was given.
    """
    if not why.strip():
        raise WrongUse("Say why, with --reason: it is kept with the change.")
    return why.strip()


def asked_by_hand(entries: Sequence[Entry]) -> bool:
    """Whether the person says that nobody entered by hand what was told as held; asked where there is such an entry.

    Raises:
        Declined: somebody did, or nobody answers.
    """
    told = [entry for entry in entries if entry.told_held_at is not None and not entry.key.kind.is_update]
    if told:
        what = "it" if len(told) == 1 else f"any of these {len(told)}"
        question = f"Are you sure that nobody entered {what} in Caselle by hand meanwhile?"
        confirm(question, yes=False, option="--not-by-hand")
    return bool(told)


def held_for(
    biller: str | None, cause: str | None = None, customer: str | None = None, tender: str | None = None
) -> Filter:
    """What is held, and more is known of."""
    return Filter(biller=biller, state=State.HELD, reason=cause, customer=customer, tender=tender)
