"""``icadmin biller move``: a biller and its ledger go to another stamp, while messages keep coming to both."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import SecretStr

from admin import output
from admin.address import find
from admin.billers.record import BillerId, change, known
from admin.confirm import Yes, confirm, read_secret
from admin.errors import WrongUse
from admin.keys import active
from admin.options import LOCAL_STATE, Options, options
from admin.session import at_stamp
from shared.billers.callback_keys import digest
from shared.billers.model import Biller, Mode, Pause
from shared.ledger.move import MoveLedger
from shared.tokens.row import TokenRow
from shared.tokens.vault import CLIENT_SECRET, PENDING, REFRESH_TOKEN, TOKEN, secret_name

if TYPE_CHECKING:
    from admin.stamp import Stamp

_LOOKS: Final = 2.0
"""Seconds between two looks at the sends under way."""

_COPIED_SECRETS: Final = (CLIENT_SECRET, REFRESH_TOKEN, PENDING)


def move(
    biller_id: BillerId,
    region: Annotated[str, typer.Option("--region", help="The new home's region.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit of both stamps.")],
    to: Annotated[str | None, typer.Option("--to", metavar="STAMP", help="The new home, by its name.")] = None,
    to_local_state: Annotated[
        Path, typer.Option("--to-local-state", metavar="DIR", help="The new home, a stack on this machine.")
    ] = LOCAL_STATE,
    *,
    yes: Yes = False,
) -> None:
    """Move a biller to another stamp: pause, let sends end, copy ledger, token and secrets, resume there.

    From its beginning nothing is sent from here any more. Interrupted, it is run again and goes on. The callback key is
    asked for: each stamp keeps its own digest. The ledger here stays as history; Invoice Cloud enqueues there.

    Example: icadmin --stamp westus2.prod biller move 2493 --to eastus2.prod --region eastus2 --reason "region closes"
    """
    key = read_secret("callback key")
    target = replace(options(), stamp=to, local=to is None, local_state=to_local_state)
    at_stamp(lambda stamp: _move(stamp, target, biller_id, region, key, reason, yes=yes))


async def _move(  # noqa: PLR0917 - one command's options
    here: "Stamp", target: Options, biller_id: str, region: str, key: SecretStr, reason: str, *, yes: bool
) -> None:
    from admin.stamp import opened  # noqa: PLC0415 - Azure's SDKs on first use

    async with opened(find(target)) as there:
        biller = await known(here, biller_id)
        await _refuse_impossible(here, there, biller, region, key)
        confirm(f"Move {biller.name} from {here.address.name} to {there.address.name}?", yes=yes)
        about = {"from": here.address.name, "to": there.address.name, "region": region}
        async with here.audit.change("biller.move", biller_id, why=reason, after=about):
            moving = await _pause(here, biller, region, there.address.name)
            await _stand_still(here, there, biller_id)
            await _copy_record(here, there, moving, key, reason)
            await _copy_ledger(here, there, biller_id)
            await _copy_token(here, there, biller_id)
            await there.switch.resume(biller_id, seen=Pause(reason=_MOVING_IN))
    output.say(f"{biller.name} is at home in {there.address.name}. From now on Invoice Cloud enqueues there.")


async def _refuse_impossible(here: "Stamp", there: "Stamp", biller: Biller, region: str, key: SecretStr) -> None:
    print_ = digest(await here.stores.pepper(), key.get_secret_value())
    if print_ not in {each.digest for each in await active(here, biller.biller_id)}:
        raise WrongUse(f"This is no active key of biller {biller.biller_id}: `key list` names them.")
    if region not in there.address.settings.regions:
        raise WrongUse(f"Stamp {there.address.name} is not home to {region}.")
    if region in here.address.settings.regions or here.address.host_url == there.address.host_url:
        raise WrongUse(f"Biller {biller.biller_id} would stay in this stamp.")
    if biller.paused and not biller.paused.reason.startswith(_MOVED):
        raise WrongUse(f"Biller {biller.biller_id} is paused, and the move would end that: resume it first.")
    if biller.mode is Mode.RETIRED:
        raise WrongUse(f"Biller {biller.biller_id} is retired: there is nothing to move.")
    found = await there.billers.get(biller.biller_id)
    if found is not None and not _moving_in(found):
        raise WrongUse(f"Stamp {there.address.name} has a biller {biller.biller_id} already.")


async def _pause(here: "Stamp", biller: Biller, region: str, name: str) -> Biller:
    """Here it stays paused for good; its region says where it is at home."""
    moved = biller.model_copy(update={"region": region, "paused": Pause(reason=f"{_MOVED} {name}")})
    if moved != biller:
        await change(here, "biller.move", biller, moved)
    return moved


async def _stand_still(here: "Stamp", there: "Stamp", biller_id: str) -> None:
    """Wait until no send is under way and every instance knows: a send that begins later finds no slot."""
    mover = MoveLedger(here.stores.ledger, there.stores.ledger)
    with output.progress() as bar:
        task = bar.add_task("Waiting for sends under way", total=None)
        while under_way := await mover.take_slots(biller_id):
            bar.update(task, description=f"Waiting for {under_way} sends under way")
            await asyncio.sleep(_LOOKS)
        bar.update(task, description="Waiting until every instance knows")
        await asyncio.sleep(here.address.settings.biller_cache_seconds)


async def _copy_record(here: "Stamp", there: "Stamp", moving: Biller, key: SecretStr, reason: str) -> None:
    if await there.billers.get(moving.biller_id) is None:
        arriving = moving.model_copy(update={"paused": Pause(reason=_MOVING_IN)})
        await change(there, "biller.move", None, arriving, why=f"{reason} (from {here.address.name})")
    if digest(await there.stores.pepper(), key.get_secret_value()) not in {
        each.digest for each in await there.stores.callback_keys.all()
    }:
        await there.callback_keys.add(moving.biller_id, key)


_MOVED: Final = "moved to"
_MOVING_IN: Final = "moving in"


def _moving_in(biller: Biller) -> bool:
    return biller.paused is not None and biller.paused.reason == _MOVING_IN


async def _copy_ledger(here: "Stamp", there: "Stamp", biller_id: str) -> None:
    """Twice: what an instance wrote meanwhile that had not heard of the pause is found by the second run."""
    for number in (1, 2):
        entries = unsettled = merged = sent_at_both = 0
        with output.progress() as bar:
            task = bar.add_task("Copying the ledger", total=None)
            async for copied in MoveLedger(here.stores.ledger, there.stores.ledger).copy(biller_id):
                entries, unsettled = copied.entries, copied.unsettled
                merged, sent_at_both = copied.merged, copied.sent_at_both
                bar.update(task, description=f"Copying the ledger: {entries} entries")
        if number == 1:
            output.say(f"{entries} payments and reversals were copied, {unsettled} of them not settled yet.")
        if merged:
            output.say(f"{merged} were at the new home already, and go on as they stood here.")
        if sent_at_both:
            output.warn(
                f"{sent_at_both} were sent from both: `payments held {biller_id} --cause sent_at_both_homes` there."
            )


async def _copy_token(here: "Stamp", there: "Stamp", biller_id: str) -> None:
    for kind in _COPIED_SECRETS:
        name = secret_name(kind, biller_id)
        if (value := await here.stores.vault.get(name)) is not None:
            await there.stores.vault.set(name, value)
    row = await here.stores.tokens.read(biller_id)
    if row is None or await there.stores.tokens.read(biller_id) is not None:
        return
    name = secret_name(TOKEN, biller_id)
    previous = await _copy_version(here, there, name, row.previous_version)
    current = await _copy_version(here, there, name, row.version, row)
    if current is not None:
        moved = row.model_copy(
            update={"version": current, "previous_version": previous, "candidates": (), "renewal": None}
        )
        await there.stores.tokens.write(moved, replaces=None)


async def _copy_version(
    here: "Stamp", there: "Stamp", name: str, version: str | None, row: TokenRow | None = None
) -> str | None:
    value = await here.stores.vault.get(name, version) if version else None
    if value is None:
        return None
    return await there.stores.vault.set(name, value, row.expires_at if row else here.clock.now() + timedelta(days=1))
