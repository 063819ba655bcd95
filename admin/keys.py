"""``icadmin key``: the keys in the callback URLs."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from admin import output
from admin.billers.record import BillerId, change, known
from admin.confirm import Yes, confirm, read_secret
from admin.errors import WrongUse
from admin.session import at_stamp
from shared.billers.callback_keys import CallbackKey
from shared.billers.model import Biller

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Register, rotate and revoke callback keys.", no_args_is_help=True)

NAME_LENGTH: Final = 8
"""So many characters of its digest name a key: they tell nothing of it."""

_KEY: Final = "callback key"


@app.command()
def add(
    biller_id: BillerId,
    existing_url: Annotated[
        str | None,
        typer.Option("--existing-url", metavar="URL", help="Callback URL that Utility uses already, without its key."),
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Register the callback key of a biller: typed unseen, or from standard input.

    Make it in Invoice Cloud's biller portal: Support > Documentation / API's > Application API Keys, application name
    "Caselle CallBack URL API Key". A biller that is live with Utility keeps its key and its URL.

    Example: icadmin --local key add 2493 < key.txt
    """
    key = read_secret(_KEY)
    at_stamp(lambda stamp: _add(stamp, biller_id, key, existing_url, yes=yes))


async def _add(stamp: "Stamp", biller_id: str, key: SecretStr, existing_url: str | None, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    url = _without_key(existing_url) if existing_url else stamp.address.callback_url
    confirm(f"Register this key for biller {biller_id} {biller.name}?", yes=yes)
    async with stamp.audit.change("key.add", biller_id, after={"callbackUrl": url}):
        await stamp.callback_keys.add(biller_id, key)
    await _note_url(stamp, biller, url)
    output.say(f"The key opens the callback {url} within a minute. Next: `icadmin biller email {biller_id}`.")
    if (note := elsewhere(stamp, url)) is not None:
        output.warn(note)


@app.command()
def rotate(
    biller_id: BillerId,
    days: Annotated[int, typer.Option("--days", min=0, max=180, help="How long the old key still opens.")] = 14,
    *,
    yes: Yes = False,
) -> None:
    """Register a new key, and let the old one end when Caselle has had time to take the new URL.

    Example: icadmin --local key rotate 2493 --days 30 < key.txt
    """
    key = read_secret(_KEY)
    at_stamp(lambda stamp: _rotate(stamp, biller_id, key, days, yes=yes))


async def _rotate(stamp: "Stamp", biller_id: str, key: SecretStr, days: int, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    old = await active(stamp, biller_id)
    if len(old) != 1:
        raise WrongUse(f"Biller {biller_id} has {len(old)} active keys; a rotation replaces one. See `key list`.")
    ends = stamp.clock.now() + timedelta(days=days)
    confirm(f"Register a new key for {biller.name}, and end {name(old[0])} on {ends:%Y-%m-%d}?", yes=yes)
    async with stamp.audit.change("key.rotate", biller_id, before=_shown(old[0]), after={"oldEnds": ends.isoformat()}):
        await stamp.callback_keys.add(biller_id, key)
        await stamp.callback_keys.revoke(old[0].digest, ends)
    output.say(f"Both keys open the callback until {ends:%Y-%m-%d}. Send the CSM the new URL: `biller email`.")


@app.command()
def revoke(
    biller_id: BillerId,
    key: Annotated[str, typer.Argument(help="The key's name, as `key list` shows it.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit.")],
    yes: Yes = False,
) -> None:
    """End a key within a minute. A token that Caselle delivered with it stays.

    Example: icadmin --local key revoke 2493 3f9a1c20 --reason "sent to the wrong person"
    """
    at_stamp(lambda stamp: _revoke(stamp, biller_id, key, reason, yes=yes))


async def _revoke(stamp: "Stamp", biller_id: str, key: str, reason: str, *, yes: bool) -> None:
    found = [each for each in await active(stamp, biller_id) if name(each) == key.lower()]
    if not found:
        raise WrongUse(f"Biller {biller_id} has no active key {key}; `key list {biller_id}` names them.")
    confirm(f"End key {key} of biller {biller_id} now? Caselle's deliveries with it are refused then.", yes=yes)
    async with stamp.audit.change("key.revoke", biller_id, why=reason, before=_shown(found[0])):
        await stamp.callback_keys.revoke(found[0].digest)
    output.say(f"Key {key} is refused within a minute.")


@app.command("list")
def list_(biller_id: BillerId) -> None:
    """List a biller's keys by name, with when each was last used. The keys themselves are not kept.

    Example: icadmin --local key list 2493
    """
    found, now = at_stamp(lambda stamp: _all(stamp, biller_id))
    output.rows(
        f"Keys of biller {biller_id}",
        [_shown(key) | {"active": key.active(now)} for key in found],
        empty="No key yet.",
    )


async def _all(stamp: "Stamp", biller_id: str) -> tuple[list[CallbackKey], datetime]:
    await known(stamp, biller_id)
    return [key for key in await stamp.stores.callback_keys.all() if key.biller_id == biller_id], stamp.clock.now()


async def active(stamp: "Stamp", biller_id: str) -> list[CallbackKey]:
    """The biller's keys that open the callback now."""
    now = stamp.clock.now()
    return [key for key in await stamp.stores.callback_keys.all() if key.biller_id == biller_id and key.active(now)]


def name(key: CallbackKey) -> str:
    """How people speak of a key."""
    return key.digest[:NAME_LENGTH]


def elsewhere(stamp: "Stamp", url: str) -> str | None:
    """What follows where Caselle calls another host than this stamp's, or None."""
    theirs, ours = urlsplit(url).netloc, urlsplit(stamp.address.callback_url).netloc
    if theirs == ours:
        return None
    return (
        f"Caselle delivers to {theirs}, not to {ours}: tokens arrive there. Either that host hands them on to this "
        f"stamp (its setting CALLBACK_STAMPS), or the CSM changes the callback URL of the third party Invoice Cloud "
        f"to {stamp.address.callback_url}, which moves Utility's deliveries as well."
    )


async def _note_url(stamp: "Stamp", biller: Biller, url: str) -> None:
    if biller.callback_url != url:
        await change(stamp, "biller.set", biller, biller.model_copy(update={"callback_url": url}), why="key add")


def _without_key(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise WrongUse("--existing-url is https://host/path without ?BK=; the key itself is asked for.")
    return url


def _shown(key: CallbackKey) -> dict[str, object]:
    return {
        "key": name(key),
        "endsAt": key.not_after.isoformat() if key.not_after else None,
        "lastUsedAt": key.last_used_at.isoformat() if key.last_used_at else None,
    }
