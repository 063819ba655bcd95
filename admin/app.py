"""All commands, under one name."""

from pathlib import Path
from typing import Annotated

import typer

from admin import audit_app, export, keys, status, support_incident, tokens
from admin.billers import app as billers
from admin.contract import app as contract
from admin.customers import app as customers
from admin.deploy import app as stamps
from admin.images import app as images
from admin.invoices import app as invoices
from admin.options import LOCAL_STATE, Options, use
from admin.payments import app as payments
from admin.reports import app as reports

app = typer.Typer(
    name="icadmin",
    help="Set up, check and run billers whose payments Invoice Cloud takes and Caselle Connect records.",
    epilog="Exit codes: 0 done, 1 not in order or declined, 2 wrong use, 3 no answer, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def at(
    *,
    local: Annotated[bool, typer.Option("--local", help="Work at the stack that runs on this machine.")] = False,
    local_state: Annotated[
        Path, typer.Option("--local-state", metavar="DIR", help="Its state folder, where not the usual one.")
    ] = LOCAL_STATE,
    stamp: Annotated[
        str | None, typer.Option("--stamp", metavar="NAME", envvar="ICADMIN_STAMP", help="Work at a stamp on Azure.")
    ] = None,
    profiles: Annotated[
        Path | None,
        typer.Option("--profiles", metavar="FILE", help="Where stamps are named: ~/.config/icadmin/stamps.toml."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """These options may stand anywhere in the command."""
    # Whoever names the stack on this machine does not mean the stamp of the environment.
    named = None if local else stamp
    use(Options(local=local, local_state=local_state, stamp=named, profiles=profiles, as_json=as_json))


app.add_typer(billers.app, name="biller")
app.add_typer(payments.app, name="payments")
app.add_typer(contract.app, name="contract")
app.add_typer(customers.app, name="customers")
app.add_typer(keys.app, name="key")
app.add_typer(tokens.app, name="token")
app.command("status")(status.status)
app.command("support-incident")(support_incident.support_incident)
app.command("audit")(audit_app.audit)
app.command("export")(export.export)
app.command("report")(reports.report)
app.command("deploy", epilog=stamps.DEPLOY_EXAMPLES)(stamps.deploy)
app.command("profile")(stamps.profile)
app.command("destroy", epilog=stamps.DESTROY_EXAMPLES)(stamps.destroy)
app.command("package")(stamps.build_package)
app.add_typer(invoices.app, name="invoices")
app.add_typer(images.app, name="images")
