"""``payments list``, ``show``, ``held``, ``quarantine``: commands that change nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from admin import output
from admin.payments import lines
from admin.payments.options import (
    BillerArg,
    CauseOpt,
    Customer,
    From,
    IdArg,
    KindOpt,
    MaybeBiller,
    MaybeKind,
    StateOpt,
    Tender,
    To,
    day,
    held_for,
)
from admin.session import at_stamp
from admin.streaming import Form, stream
from shared.ledger.entry import Key, Kind
from shared.repair.find import Filter
from shared.repair.ways_out import ways_out

if TYPE_CHECKING:
    from admin.stamp import Stamp

_MOST_SHOWN: Final = 100


def list_(
    biller: MaybeBiller = None,
    *,
    state: StateOpt = None,
    kind: MaybeKind = None,
    cause: CauseOpt = None,
    customer: Customer = None,
    tender: Tender = None,
    first: From = None,
    last: To = None,
    older: Annotated[
        int | None, typer.Option("--older-than", metavar="HOURS", min=0, help="Received this long ago or longer.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="How the list is written.")] = Form.TABLE,
) -> None:
    """List entries, one line each, as they are read; held ones the longest held first.

    Example: icadmin --local payments list 2493 --state held --format csv > held.csv
    """

    async def work(stamp: "Stamp") -> None:
        wanted = Filter(
            biller=biller,
            state=state,
            kind=kind,
            reason=cause,
            customer=customer,
            tender=tender,
            first=day(first),
            last=day(last),
            received_before=stamp.ledger.now() - timedelta(hours=older) if older is not None else None,
        )
        await stream(_lines(stamp, wanted), lines.WIDTHS, form)

    at_stamp(work)


async def _lines(stamp: "Stamp", wanted: Filter) -> AsyncIterator[dict[str, Any]]:
    async for entry in stamp.repair.find(wanted):
        yield lines.line(entry)


def show(biller: BillerArg, id_: IdArg, kind: KindOpt = Kind.PAYMENT) -> None:
    """Show one entry and its whole history.

    Example: icadmin --local payments show 2493 0d9e2a34-6f0b-4b7c-9a8e-2f1c5b7d9e10
    """

    async def read(stamp: "Stamp") -> dict[str, Any]:
        history = await stamp.repair.show(Key(biller, kind, id_))
        ways = ways_out(history.entry, stamp.ledger.now())
        return lines.history(history) | {"commands": [{"command": way.command, "asksFirst": way.asks} for way in ways]}

    found = at_stamp(read)
    steps, conflicts, commands = found.pop("events"), found.pop("conflicts"), found.pop("commands")
    facts = {output.heading(name): value for name, value in found.items()}
    tables = [output.fields(f"{kind} {id_}", facts), output.table("History", steps)]
    if commands:
        tables.insert(1, output.table("Commands of `icadmin payments`", commands))
    if conflicts:
        tables.append(output.table("Other messages under this id, never sent", conflicts))
    output.show(found | {"commands": commands, "events": steps, "conflicts": conflicts}, *tables)


def held(biller: MaybeBiller = None, cause: CauseOpt = None) -> None:
    """Show what waits for a person: by cause, the longest held first, with what is to be done.

    With a biller or a cause, the first entries are listed as well; `payments list --state held` lists all.

    Example: icadmin --local payments held 2493
    """

    async def found(stamp: "Stamp") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        causes = [lines.cause(each) for each in await stamp.repair.find.causes(biller) if cause in {None, each.reason}]
        return causes, await _first(_lines(stamp, held_for(biller, cause))) if biller or cause else []

    by_cause, listed = at_stamp(found)
    tables: list[Any] = [output.table("Held", by_cause)] if by_cause else ["Nothing is held."]
    tables += [output.table("The longest held first", listed)] if listed else []
    output.show({"causes": by_cause, "entries": listed}, *tables)


async def _first(found: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    async for line in found:
        if len(shown) == _MOST_SHOWN:
            break
        shown.append(line)
    return shown


def quarantine() -> None:
    """List messages that were set aside and that nobody has dealt with; letters and digits are masked.

    Example: icadmin --local payments quarantine
    """
    output.rows("In quarantine", at_stamp(_quarantine), empty="Nothing is in quarantine.")


async def _quarantine(stamp: "Stamp") -> list[dict[str, Any]]:
    items = sorted([item async for item in stamp.stores.quarantine.unresolved()], key=lambda item: item.at)
    return [lines.quarantined(item) for item in items]
