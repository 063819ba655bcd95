"""``icadmin biller pause, resume, unblock, shadow, retire``: how far a biller is, and whether it sends."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.billers.moments import moment
from admin.billers.record import BillerId, change, known
from admin.confirm import Reason, Yes, confirm
from admin.errors import WrongUse
from admin.session import at_stamp
from shared.billers import capabilities
from shared.billers.model import Mode
from shared.ledger.backlog import read_backlogs
from shared.ledger.gate import Gate

if TYPE_CHECKING:
    from admin.stamp import Stamp

_SOON: Final = "Every instance of the functions knows within a minute."

Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; shown to whoever looks, kept in the audit.")]


def pause(
    biller_id: BillerId,
    reason: Why,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="ISO, in the city's own time; left out: until resumed."),
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Stop posting for a biller; its payments wait here, its callback goes on.

    While the city moves to Caselle Cloud, for example: nothing may be posted to the temporary database.

    Example: icadmin --local biller pause 2493 --until 2026-12-01T08:00 --reason "migration to Caselle Cloud"
    """
    at_stamp(lambda stamp: _pause(stamp, biller_id, reason, until, yes=yes))


async def _pause(stamp: "Stamp", biller_id: str, reason: str, until: str | None, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    ends = moment(until, biller, "--until") if until else None
    if ends is not None and ends <= stamp.clock.now():
        raise WrongUse(f"--until {until} has passed already.")
    confirm(f"Pause posting for {biller.name} until {ends or 'it is resumed'}?", yes=yes)
    becomes = {"paused": {"reason": reason, "until": ends}}
    async with stamp.audit.change("biller.pause", biller_id, why=reason, after=becomes):
        await stamp.switch.pause(biller_id, reason, ends, seen=biller.paused)
    output.say(f"Posting for {biller.name} is paused. {_SOON}")


def resume(biller_id: BillerId, *, reason: Reason = "", yes: Yes = False) -> None:
    """Go on posting after a pause: one payment alone first, the rest when it is through.

    Example: icadmin --local biller resume 2493 --reason "migration done"
    """
    at_stamp(lambda stamp: _resume(stamp, biller_id, reason, yes=yes))


async def _resume(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    if biller.paused is None:
        raise WrongUse(f"Biller {biller_id} is not paused.")
    confirm(f"Resume posting for {biller.name}, paused for {biller.paused.reason!r}?", yes=yes)
    was = {"paused": biller.paused.model_dump(mode="json")}
    async with stamp.audit.change("biller.resume", biller_id, why=reason, before=was):
        await stamp.switch.resume(biller_id, seen=biller.paused)
    output.say(f"Posting for {biller.name} goes on, one payment first. {_SOON}")


def unblock(biller_id: BillerId, reason: Why, *, yes: Yes = False) -> None:
    """Go on posting after what Caselle refused was mended: one payment alone first.

    Example: icadmin --local biller unblock 2493 --reason "licence added, says Lee at Caselle"
    """
    at_stamp(lambda stamp: _unblock(stamp, biller_id, reason, yes=yes))


async def _unblock(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    gate = await stamp.gates.look(biller_id)
    if gate.blocked is None and not gate.stops and not gate.is_open and not gate.doubtful:
        raise WrongUse(f"Biller {biller_id} is not blocked; `status {biller_id}` shows what it waits for.")
    confirm(f"Go on posting for {biller.name}, stopped for {stopped_for(gate)}?", yes=yes)
    was = {"blocked": gate.blocked, "stops": list(gate.stops)}
    async with stamp.audit.change("biller.unblock", biller_id, why=reason, before=was):
        await stamp.switch.unblock(biller_id)
    output.say(f"Posting for {biller.name} goes on, one payment first. {_SOON}")


def stopped_for(gate: Gate) -> str:
    """Why nothing, or some of it, is sent, in words."""
    stops = [f"{what}: {code}" for what, _, code in (stop.partition(" ") for stop in gate.stops)]
    return ", ".join([*([gate.blocked] if gate.blocked else []), *stops]) or "failures of its server"


def shadow(biller_id: BillerId, *, reason: Reason = "", yes: Yes = False) -> None:
    """Check payments and build each receipt without sending it, while the old data pump still posts.

    Needs a release with the receipt query (2025.11), with which `shadow-report` compares.

    Example: icadmin --local biller shadow 2493
    """
    at_stamp(lambda stamp: _shadow(stamp, biller_id, reason, yes=yes))


async def _shadow(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    if biller.mode not in {Mode.DRAFT, Mode.TEST}:
        raise WrongUse(f"Biller {biller_id} is {biller.mode}; shadow comes before going live.")
    if not capabilities.can_query_receipts(biller):
        raise WrongUse("Shadow compares with Caselle's receipts, and the receipt query comes with Connect 2025.11.")
    confirm(f"Let {biller.name} run in shadow: every payment checked, none sent, ever?", yes=yes)
    await change(stamp, "biller.shadow", biller, biller.model_copy(update={"mode": Mode.SHADOW}), why=reason)
    output.say(f"{biller.name} runs in shadow. {_SOON}")


def retire(biller_id: BillerId, reason: Why, *, yes: Yes = False) -> None:
    """End a biller: nothing is posted any more, and its callback answers like an unknown one. What is kept stays.

    Example: icadmin --local biller retire 2493 --reason "contract ended 2026-11-30"
    """
    at_stamp(lambda stamp: _retire(stamp, biller_id, reason, yes=yes))


async def _retire(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    if biller.mode is Mode.RETIRED:
        raise WrongUse(f"Biller {biller_id} is retired already.")
    backlog = (await read_backlogs(stamp.stores.ledger, biller_id)).of(biller_id)
    if backlog.waiting:
        many = f"at least {backlog.waiting}" if backlog.cut else str(backlog.waiting)
        what = f"{many} payments or reversals, customer updates included, of {biller.name}"
        raise WrongUse(f"{what} are not settled yet: settle them first.")
    confirm(f"Retire {biller.name}? No payment of it is posted any more.", yes=yes)
    await change(stamp, "biller.retire", biller, biller.model_copy(update={"mode": Mode.RETIRED}), why=reason)
    output.say(f"{biller.name} is retired. {_SOON}")
