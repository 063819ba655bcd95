"""``icadmin token``: what a biller's token is like, and what a person may do about it."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from pydantic import SecretStr

from admin import output
from admin.billers.record import BillerId, change, known
from admin.confirm import Reason, Yes, confirm, read_secret
from admin.errors import FOUND_WRONG, WrongUse
from admin.session import at_stamp
from shared.billers.model import Biller
from shared.tokens.body import DeliveryRefused, read_json_fields
from shared.tokens.delivery import Delivery, read_delivery
from shared.tokens.keep import Stored
from shared.tokens.renew import NoRenewal
from shared.tokens.row import TokenRow
from shared.tokens.supervise import Supervised

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Show, enter and renew OAuth tokens.", no_args_is_help=True)

_RENEWED: Final = {
    Supervised.PASSED: "The token was renewed and the old one still answers: from now on it is renewed by itself.",
    Supervised.NOT_BEGUN: "Nothing was asked for: the token in force is not accepted now. Try again when it is.",
    Supervised.OLD_ENDED: "The new token serves, but the old one ended: stay with the strategy callback.",
    Supervised.NEW_REFUSED: "The new token is refused: ask the city's CSM whether the third party is enabled.",
    Supervised.UNDECIDED: "The city's server stopped answering in between: try again later.",
    NoRenewal.NOT_SET_UP: "The biller's token strategy does not renew, or the stamp has no token URL.",
    NoRenewal.NO_CONSENT: "Utility shares the third-party record: ask them, then set renewalConsent=true.",
    NoRenewal.NO_CREDENTIALS: "ClientID, ClientSecret or refresh token is missing: `biller show` says which.",
    NoRenewal.PAUSED: "The last renewal was only just made: try again in ten minutes.",
    NoRenewal.ELSEWHERE: "It is being renewed at this moment: look again in a minute.",
    NoRenewal.FAILED: "The token endpoint refused, or its answer was lost; `token show` tells when it is tried again.",
}


@app.command()
def show(biller_id: BillerId) -> None:
    """Show how long the token lasts, what waits to be proved, and which credentials are pending. Never a value.

    Example: icadmin --local token show 2493
    """
    output.record(f"Token of biller {biller_id}", at_stamp(lambda stamp: _shown(stamp, biller_id)))


async def _shown(stamp: "Stamp", biller_id: str) -> dict[str, Any]:
    biller = await known(stamp, biller_id)
    row = await stamp.stores.tokens.read(biller_id)
    credentials = stamp.tokens.credentials
    return {
        "strategy": str(biller.token_strategy),
        "token": "in force" if row else "none yet: Caselle delivers it to the callback",
        **(_of_row(row, stamp.clock.now()) if row else {}),
        "clientId": biller.client_id,
        "clientSecretKept": await credentials.client_secret(biller_id) is not None,
        "pending": await _pending(stamp, biller),
    }


def _of_row(row: TokenRow, now: datetime) -> dict[str, Any]:
    return {
        "since": row.since.isoformat(timespec="minutes"),
        "expiresAt": row.expires_at.isoformat(timespec="minutes"),
        "daysLeft": (row.expires_at - now).days,
        "fingerprint": row.fingerprint,
        "otherKept": row.previous_version is not None,
        "waitingToBeProved": len(row.candidates),
        "renewsByItself": row.supervised is not None,
        "noRenewalBefore": row.renewal.until.isoformat(timespec="minutes") if row.renewal else None,
    }


@app.command()
def paste(
    biller_id: BillerId,
    expires: Annotated[
        str | None, typer.Option("--expires", help="As Caselle shows it; left out: six months from now.")
    ] = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Enter a token that the city's CSM sent: typed unseen, or from standard input.

    It serves once Caselle has accepted it for the biller's own subdomain; until then the one in force goes on.

    Example: icadmin --local token paste 2493 --expires 2027-05-21 < token.txt
    """
    token = read_secret("OAuth token")
    outcome = at_stamp(lambda stamp: _paste(stamp, biller_id, token, expires, reason, yes=yes))
    output.say(outcome)


async def _paste(
    stamp: "Stamp", biller_id: str, token: SecretStr, expires: str | None, reason: str, *, yes: bool
) -> str:
    biller = await known(stamp, biller_id)
    delivery = _delivery(token, expires, stamp.clock.now())
    confirm(f"Take this token for biller {biller_id} {biller.name}, until {delivery.expires_at:%Y-%m-%d}?", yes=yes)
    async with stamp.audit.change("token.paste", biller_id, why=reason, after={"expiresAt": str(delivery.expires_at)}):
        stored = await stamp.tokens.take(biller, delivery)
    if stored is Stored.KNOWN:
        return "This token is there already; nothing was changed."
    row = await stamp.stores.tokens.read(biller_id)
    if row is not None and not row.candidates:
        return "The token serves; every instance uses it within minutes."
    return "The token is kept, and tried again by itself: Caselle has not accepted it yet. See `token show`."


def _delivery(token: SecretStr, expires: str | None, now: datetime) -> Delivery:
    """The same reading as of what Caselle delivers."""
    fields = {"access_token": token.get_secret_value()} | ({"expires_at": expires} if expires else {})
    try:
        return read_delivery(read_json_fields(json.dumps(fields).encode()), now)
    except DeliveryRefused as refused:
        raise WrongUse(f"{_NAMES.get(refused.field, refused.field)}: {refused.detail}.") from None


_NAMES: Final = {"access_token": "The token", "expires_at": "--expires"}


@app.command()
def renew(biller_id: BillerId, *, reason: Reason = "", yes: Yes = False) -> None:
    """Renew a token once while you watch, and compare: does the old one go on answering?

    The first renewal of a biller is made so; after one that passed, renewals go on by themselves.

    Example: icadmin --local token renew 2493
    """
    shown = at_stamp(lambda stamp: _renew(stamp, biller_id, reason, yes=yes))
    output.show({"outcome": str(shown)}, _RENEWED.get(shown, str(shown)))
    if shown is not Supervised.PASSED:
        raise typer.Exit(FOUND_WRONG)


async def _renew(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> Supervised | NoRenewal:
    biller = await known(stamp, biller_id)
    confirm(f"Ask Caselle for a new token of biller {biller_id} {biller.name}?", yes=yes)
    async with stamp.audit.change("token.renew", biller_id, why=reason):
        return await stamp.tokens.supervise(biller)


@app.command()
def accept(biller_id: BillerId, *, reason: Reason = "", yes: Yes = False) -> None:
    """Put the credentials in force that the callback brought, once the city's CSM has confirmed the change.

    Whoever has the callback's key can bring any: ask before you accept.

    Example: icadmin --local token accept 2493 --reason "Jane at Caselle, by phone"
    """
    at_stamp(lambda stamp: _accept(stamp, biller_id, reason, yes=yes))


async def _accept(stamp: "Stamp", biller_id: str, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    pending = await _pending(stamp, biller)
    if not pending:
        raise WrongUse(f"No credentials are pending for biller {biller_id}.")
    confirm(f"Put in force for biller {biller_id}: {', '.join(pending)}?", yes=yes)
    async with stamp.audit.change("token.accept", biller_id, why=reason, after=dict.fromkeys(pending, "accepted")):
        await _put_in_force(stamp, biller)
    output.say("In force.")


async def _put_in_force(stamp: "Stamp", biller: Biller) -> None:
    credentials = stamp.tokens.credentials
    pending = await credentials.pending(biller.biller_id)
    if pending.client_id:
        await change(stamp, "biller.set", biller, biller.model_copy(update={"client_id": pending.client_id}))
        await credentials.accepted(biller.biller_id, "client_id")
    if pending.client_secret:
        await credentials.keep_client_secret(biller.biller_id, pending.client_secret)
        await credentials.accepted(biller.biller_id, "client_secret")
    if pending.refresh_token:
        await credentials.keep_refresh_token(biller.biller_id, pending.refresh_token)
        await credentials.accepted(biller.biller_id, "refresh_token")


async def _pending(stamp: "Stamp", biller: Biller) -> list[str]:
    """Names of what the callback brought and is not in force; a ClientID may have been entered since."""
    pending = await stamp.tokens.credentials.pending(biller.biller_id)
    names = {"client_id": "clientId", "client_secret": "clientSecret", "refresh_token": "refreshToken"}
    in_force = {"client_id"} if pending.client_id == biller.client_id else set()
    return [names[field] for field in names if getattr(pending, field) and field not in in_force]
