"""``payments retry`` and ``resolve``: each asks once, is recorded, and what follows is told to Invoice Cloud."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.confirm import Yes
from admin.errors import WrongUse
from admin.payments import sheet
from admin.payments.changing import Chosen, change_each
from admin.payments.options import (
    CauseOpt,
    Customer,
    KindOpt,
    MaybeBiller,
    MaybeId,
    NotByHand,
    Tender,
    Why,
    asked_by_hand,
    held_for,
    reason_given,
)
from admin.session import at_stamp
from shared.ledger.entry import Entry, Key, Kind, State
from shared.repair.decision import known

if TYPE_CHECKING:
    from admin.stamp import Stamp


def retry(
    biller: MaybeBiller = None,
    id_: MaybeId = None,
    *,
    kind: KindOpt = Kind.PAYMENT,
    cause: CauseOpt = None,
    customer: Customer = None,
    tender: Tender = None,
    override: Annotated[
        bool, typer.Option("--override", help="After a lost answer: you vouch that nothing is at Caselle.")
    ] = False,
    not_by_hand: NotByHand = False,
    others: Annotated[
        list[str] | None,
        typer.Option("--not", metavar="RECEIPT", help="This receipt of the same amount is another payment's."),
    ] = None,
    reason: Why = "",
    yes: Yes = False,
) -> None:
    """Let held entries go: one by its id, or all that are held for a cause. Every check is run again.

    What Caselle shows that may be it is never sent. --yes does not answer whether it was entered by hand.

    Example: icadmin --local payments retry 2493 --cause unknown_tender --not-by-hand --reason "payment code set"
    """
    why = reason_given(reason)
    one = Key(biller, kind, id_) if biller and id_ else None
    if one is None and cause is None:
        raise WrongUse("Name one entry by biller and id, or many by --cause.")

    async def work(stamp: "Stamp") -> None:
        wanted = held_for(biller, cause, customer, tender)
        entries = [await _read(stamp, one)] if one else [entry async for entry in stamp.repair.find(wanted)]

        said = stamp.decided(why, not_by_hand=not_by_hand or asked_by_hand(entries))

        def act(entry: Entry) -> Awaitable[Entry]:
            return stamp.repair.retry(entry.key, said, override=override, others=others or ())

        after = {"state": str(State.RECEIVED), "override": override, "not": others or []}
        await change_each(stamp, "payments.retry", [Chosen(entry, act, after) for entry in entries], why, yes=yes)

    at_stamp(work)


def resolve(
    biller: MaybeBiller = None,
    id_: MaybeId = None,
    *,
    kind: KindOpt = Kind.PAYMENT,
    cause: CauseOpt = None,
    posted: Annotated[
        str | None, typer.Option("--posted", metavar="RECEIPT", help="Of a payment: it is there, under this receipt.")
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="Of a reject or reversal: it is undone there.")] = False,
    not_posted: Annotated[bool, typer.Option("--not-posted", help="It is not there and never will be.")] = False,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="What a person said of it was wrong: it is held again.")
    ] = False,
    override: Annotated[
        bool, typer.Option("--override", help="With --posted, where Caselle cannot be asked: you have seen it there.")
    ] = False,
    answers: Annotated[
        Path | None, typer.Option("--from", metavar="CSV", help="The sheet of `payments ask` with the city's answers.")
    ] = None,
    reason: Why = "",
    yes: Yes = False,
) -> None:
    """Write down what became of held entries: one by its id, or all that a city answered on its sheet.

    Of a sheet only those lines count that answer, for this biller, what is asked now; the others are named.
    With --cause and --not-posted, all that are held for it are ended.

    Example: icadmin --local payments resolve 2493 pay-17 --posted 5.00010 --reason "the clerk found it"
    """
    why = reason_given(reason)
    if answers is not None:
        if biller is None or id_ is not None:
            raise WrongUse("Name the biller whose sheet it is, and no id: `payments resolve BILLER --from CSV`.")
        city, read = biller, sheet.answers_in(answers)
        at_stamp(lambda stamp: sheet.resolve_from(stamp, city, read, why, yes=yes))
        return
    one = Key(biller, kind, id_) if biller and id_ else None
    if one is None and not (cause and not_posted):
        raise WrongUse("Name one entry by biller and id, or give the city's answers with --from.")
    _check_choice(kind, posted, done=done, not_posted=not_posted, reopen=reopen)

    async def work(stamp: "Stamp") -> None:
        wanted = held_for(biller, cause)
        entries = [await _read(stamp, one)] if one else [entry async for entry in stamp.repair.find(wanted)]

        def act(entry: Entry) -> Awaitable[Entry]:
            if reopen:
                return stamp.repair.resolve.reopen(entry.key, stamp.decided(why))
            if not_posted:
                return stamp.repair.resolve.not_posted(entry.key, stamp.decided(why))
            return stamp.repair.resolve.posted(entry.key, posted, stamp.decided(why), override=override)

        ends = State.HELD if reopen else State.NOT_POSTED if not_posted else State.POSTED
        after = {"state": str(ends), "receipt": posted, "override": override}
        await change_each(stamp, "payments.resolve", [Chosen(entry, act, after) for entry in entries], why, yes=yes)

    at_stamp(work)


def _check_choice(kind: Kind, posted: str | None, *, done: bool, not_posted: bool, reopen: bool) -> None:
    if [posted is not None, done, not_posted, reopen].count(True) != 1:
        raise WrongUse("Say one of --posted RECEIPT, --done, --not-posted and --reopen.")
    if posted is not None and posted.startswith("-"):
        raise WrongUse(f"{posted} is no receipt number.")
    if (posted is not None and kind is not Kind.PAYMENT) or (done and kind is Kind.PAYMENT):
        raise WrongUse("A payment is resolved with --posted RECEIPT, a reject or reversal with --done.")


async def _read(stamp: "Stamp", key: Key) -> Entry:
    return known(await stamp.ledger.read(key), key)
