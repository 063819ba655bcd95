"""``icadmin biller secret``: the ClientSecret, into the vault and nowhere else."""

from typing import TYPE_CHECKING

import typer
from pydantic import SecretStr

from admin import output
from admin.billers.record import BillerId, known
from admin.confirm import Reason, Yes, confirm, read_secret
from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Keep a biller's ClientSecret.", no_args_is_help=True)


@app.command("set")
def set_(biller_id: BillerId, *, reason: Reason = "", yes: Yes = False) -> None:
    """Keep the ClientSecret of a biller in the vault: typed unseen, or from standard input.

    Example: icadmin --local biller secret set 2493 < secret.txt
    """
    secret = read_secret("ClientSecret")
    at_stamp(lambda stamp: _set(stamp, biller_id, secret, reason, yes=yes))


async def _set(stamp: "Stamp", biller_id: str, secret: SecretStr, reason: str, *, yes: bool) -> None:
    biller = await known(stamp, biller_id)
    credentials = stamp.tokens.credentials
    kept = await credentials.client_secret(biller_id)
    if kept == secret:
        output.say("The vault has this ClientSecret already; nothing was changed.")
        return
    confirm(f"{'Replace' if kept else 'Keep'} the ClientSecret of biller {biller_id} {biller.name}?", yes=yes)
    async with stamp.audit.change("biller.secret", biller_id, why=reason, before={"kept": kept is not None}):
        await credentials.keep_client_secret(biller_id, secret)
    output.say("The vault has it. Earlier ones stay there as versions.")
