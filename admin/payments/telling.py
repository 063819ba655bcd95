"""``payments replay`` and ``results``: what Invoice Cloud sends again, and what is told to it again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import output
from admin.confirm import Yes, confirm
from admin.errors import WrongUse
from admin.payments import lines
from admin.payments.options import MaybeBiller, Why, reason_given
from admin.session import at_stamp
from admin.streaming import stream
from shared.vocabulary.money import Money

if TYPE_CHECKING:
    from admin.stamp import Stamp

_INSTANTS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def replay(
    queue: Annotated[str, typer.Argument(help="The queue that it came by, for example payments.")],
    message_id: Annotated[str, typer.Argument(help="Its message id, as `payments quarantine` lists it.")],
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="The repaired message, from Invoice Cloud.")
    ] = None,
    *,
    discard: Annotated[bool, typer.Option("--discard", help="End the matter without it.")] = False,
    reason: Why = "",
    yes: Yes = False,
) -> None:
    """Let in a repaired message in place of one in quarantine, or end the matter without it.

    Example: icadmin --local payments replay payments 0d9e2a34 --from repaired.json --reason "amount corrected"
    """
    why = reason_given(reason)
    if (file is None) != discard:
        raise WrongUse("Give the repaired message with --from, or end the matter with --discard.")
    if file is None:
        at_stamp(lambda stamp: _discard(stamp, queue, message_id, why, yes=yes))
    else:
        body = _bytes(file)
        at_stamp(lambda stamp: _replay(stamp, queue, message_id, body, why, yes=yes))


async def _discard(stamp: "Stamp", queue: str, message_id: str, why: str, *, yes: bool) -> None:
    confirm(f"End the matter of message {message_id} without it?", yes=yes)
    async with stamp.audit.change("payments.discard", f"{queue}~{message_id}", why=why):
        await stamp.repair.replay.discard(queue, message_id, stamp.decided(why))
    output.say("It is out of quarantine.")


async def _replay(stamp: "Stamp", queue: str, message_id: str, body: bytes, why: str, *, yes: bool) -> None:
    repaired = await stamp.repair.replay.look(queue, message_id, body)
    key, changed = repaired.key, ", ".join(repaired.changed) or "nothing that is readable in quarantine"
    confirm(f"Let {key.kind} {key.id} of biller {key.biller} in? Changed: {changed}.", yes=yes)
    after = {"key": str(key)}
    async with stamp.audit.change("payments.replay", f"{queue}~{message_id}", why=why, after=after):
        entry = await stamp.repair.replay.replay(repaired, stamp.decided(why))
    output.record("Replayed", lines.line(entry))


def results(
    since: Annotated[
        datetime, typer.Option("--since", formats=_INSTANTS, metavar="INSTANT", help="UTC: a day, or a day and time.")
    ],
    biller: MaybeBiller = None,
    *,
    resend: Annotated[bool, typer.Option("--resend", help="Have each told to Invoice Cloud once more.")] = False,
    reason: Why = "",
    yes: Yes = False,
) -> None:
    """List outcomes since an instant; with --resend they are told again, with the identity that they had.

    Example: icadmin --local payments results 2493 --since 2026-11-23T08:00 --resend --reason "queue was purged"
    """
    instant = since.replace(tzinfo=UTC)
    if not resend:
        at_stamp(lambda stamp: _list(stamp, biller, instant))
        return
    why = reason_given(reason)
    at_stamp(lambda stamp: _resend(stamp, biller, instant, why, yes=yes))


async def _list(stamp: "Stamp", biller: str | None, instant: datetime) -> None:
    await stream((lines.line(each) async for each in stamp.repair.again.since(instant, biller)), lines.WIDTHS)


async def _resend(stamp: "Stamp", biller: str | None, instant: datetime, why: str, *, yes: bool) -> None:
    count, cents, told = 0, 0, 0
    async for entry in stamp.repair.again.since(instant, biller):
        count, cents = count + 1, cents + entry.cents
    confirm(f"Tell Invoice Cloud {count} outcomes ({Money(cents)}) once more?", yes=yes)
    after = {"since": instant.isoformat(), "outcomes": count}
    with output.progress() as progress:
        task = progress.add_task("results", total=count)
        async with stamp.audit.change("payments.results", biller or "all", why=why, after=after):
            async for entry in stamp.repair.again.since(instant, biller):
                told += await stamp.repair.again.again(entry, told)
                progress.advance(task)
    output.show({"told": told}, f"{told} outcomes are told again within the next minutes.")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongUse(f"{path} cannot be read: {error.strerror}.") from None
