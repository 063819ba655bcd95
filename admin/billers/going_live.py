"""``icadmin biller go-live``: the line between the earlier data pump's payments and ours, and putting it right."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.billers.moments import moment
from admin.billers.record import BillerId, change, known
from admin.check.finding import fingerprint
from admin.confirm import Reason, Yes, confirm
from admin.errors import WrongUse
from admin.session import at_stamp
from shared.billers.model import Biller, Mode
from shared.ledger.entry import Entry, State
from shared.ledger.errors import Moved
from shared.payments import overlap

if TYPE_CHECKING:
    from admin.stamp import Stamp

CHECK_LASTS: Final = timedelta(days=7)
"""How old the check may be with which a biller goes live."""

_UNDER_WAY: Final = frozenset({State.SENDING, State.UNKNOWN})
_SOON: Final = "Every instance of the functions knows within a minute."


def go_live(
    biller_id: BillerId,
    at: Annotated[
        str,
        typer.Option("--at", metavar="TIME", help="ISO, in the city's own time: payments paid from then on are ours."),
    ],
    override: Annotated[
        int | None,
        typer.Option(
            "--override", metavar="COUNT", help="Of a time that has passed: how many payments were paid since."
        ),
    ] = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Take a biller live, or put that moment right while nothing paid since was sent.

    Payments paid before it are held: the old data pump has them. Demands a check that passed within the last week, with
    the set-up as it still is. A time that has passed needs --override: what shadow mode skipped since is then held
    (`shadow_overlap`), for the old data pump's last run may have it. To correct the moment, pause the biller first.

    Example: icadmin --local biller go-live 2493 --at 2026-12-01T00:00
    """
    at_stamp(lambda stamp: _go_live(stamp, biller_id, at, override, reason, yes=yes))


async def _go_live(stamp: "Stamp", biller_id: str, at: str, override: int | None, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    begins, now = moment(at, biller, "--at"), stamp.clock.now()
    if biller.mode is Mode.LIVE:
        await _refuse_correction(stamp, biller)
    else:
        _refuse_unready(biller, now)
    between = await _paid_since(stamp, biller_id, begins) if begins <= now else []
    _refuse_past(begins, now, between, override)
    confirm(_question(biller, begins, between), yes=yes)
    live = {"mode": Mode.LIVE, "go_live_at": begins}
    # The gate first: whoever sees a live biller is to see that one payment goes alone.
    await stamp.gates.resume(biller_id)
    after = biller.model_copy(update=live)
    await change(stamp, "biller.go-live", biller, after, why=reason)
    if begins <= now:
        await _hold_overlap(stamp, after)
    output.say(f"{biller.name} is live for payments paid from {begins.isoformat()}. {_SOON}")


def _question(biller: Biller, begins: datetime, between: Sequence[Entry]) -> str:
    if not between:
        return f"Take {biller.name} live for payments paid from {begins.isoformat()}?"
    since = f"{len(between)} payments paid since: {_states(between)}"
    return f"Take {biller.name} live from {begins.isoformat()}, with {since}?"


def _refuse_unready(biller: Biller, now: datetime) -> None:
    passed = biller.passed_check
    if biller.mode is Mode.RETIRED:
        raise WrongUse(f"Biller {biller.biller_id} is {biller.mode} already.")
    if passed is None:
        raise WrongUse(f"No check has passed: `biller check {biller.biller_id}` says what is missing.")
    if passed.at < now - CHECK_LASTS or passed.fingerprint != fingerprint(biller):
        raise WrongUse(f"The check of {passed.at:%Y-%m-%d} is too old, or the set-up has changed since: check again.")


def _refuse_past(begins: datetime, now: datetime, between: Sequence[Entry], override: int | None) -> None:
    if begins > now:
        if override is not None:
            raise WrongUse("--override is for a time that has passed; this one has not.")
        return
    if override == len(between):
        return
    found = f": {_states(between)}" if between else ""
    raise WrongUse(
        f"{begins.isoformat()} has passed; {len(between)} payments that were paid since are here{found}. "
        f"The old data pump may have them. If that moment is right all the same, say so with --override {len(between)}."
    )


async def _refuse_correction(stamp: "Stamp", biller: Biller) -> None:
    """One that is live keeps its moment unless certainly nothing paid since was sent, and nothing is sent meanwhile."""
    name, id_ = biller.name, biller.biller_id
    if biller.paused is None or biller.paused.until is not None:
        raise WrongUse(f"{name} is live already. To put its moment right, `biller pause {id_}` without --until.")
    if biller.recover_before is not None:
        raise WrongUse(f"The ledger of {name} was lost once, so nobody knows what of it was sent.")
    await _until_every_instance_knows(stamp)
    since = biller.go_live_at or datetime.min.replace(tzinfo=biller.zone)
    sent = [each for each in await _paid_since(stamp, id_, since) if each.attempt or each.state in _UNDER_WAY]
    if sent:
        raise WrongUse(f"{len(sent)} payments paid since were sent, {sent[0].key.id} among them: that moment stands.")


async def _paid_since(stamp: "Stamp", biller_id: str, since: datetime) -> list[Entry]:
    """Those that no person ended."""
    found = overlap.paid_since(stamp.reader, biller_id, since)
    return [entry async for entry in found if entry.state is not State.NOT_POSTED]


async def _hold_overlap(stamp: "Stamp", live: Biller) -> None:
    """What shadow mode skipped since is for a person; an instance that had not heard of going live skips no more."""
    await _until_every_instance_knows(stamp)
    held = 0
    for entry in await _paid_since(stamp, live.biller_id, live.go_live_at or stamp.clock.now()):
        if overlap.overlaps(entry, live):
            try:
                await stamp.ledger.move(entry, overlap.reported(entry, stamp.ledger.now()))
            except Moved:
                continue  # its message came again, and did the same
            held += 1
    if held:
        output.warn(f"{held} payments that shadow mode skipped are held: `payments held {live.biller_id}`.")


async def _until_every_instance_knows(stamp: "Stamp") -> None:
    seconds = stamp.address.settings.biller_cache_seconds
    with output.progress() as bar:
        bar.add_task(f"Waiting {seconds:.0f} s until every instance knows", total=None)
        await asyncio.sleep(seconds)


def _states(entries: Sequence[Entry]) -> str:
    counted = Counter(f"{entry.state} {entry.reason}" if entry.reason else str(entry.state) for entry in entries)
    return ", ".join(f"{count} {state}" for state, count in sorted(counted.items()))
