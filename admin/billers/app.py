"""``icadmin biller``: records of billers."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin import output
from admin.billers import (
    ask,
    assign,
    going_live,
    missing,
    modes,
    move,
    redate,
    secret,
    shadow_report,
    yaml_file,
)
from admin.billers.readings import readings_of
from admin.billers.record import STATE, BillerId, biller_of, change, change_shown, known, shown
from admin.check import app as checks
from admin.confirm import Reason, Yes, confirm
from admin.difference import flat
from admin.errors import WrongUse
from admin.mails import app as mails
from admin.session import at_stamp
from shared.billers.capabilities import abilities
from shared.billers.model import Biller, Mode

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Set up billers.", no_args_is_help=True)
app.add_typer(secret.app, name="secret")


@app.command()
def add(
    biller_id: BillerId,
    name: Annotated[str, typer.Argument(help="The city, for example 'Newport OR'.")],
    time_zone: Annotated[str, typer.Argument(help="Its IANA time zone, for example America/Los_Angeles.")],
    region: Annotated[
        str | None, typer.Option("--region", help="Home stamp; left out: this one, if it has one.")
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Add a draft. Everything else is set as it comes.

    Example: icadmin --local biller add 2493 "Newport OR" America/Los_Angeles
    """
    fields = {"billerId": biller_id, "name": name, "timeZone": time_zone}
    at_stamp(lambda stamp: _add(stamp, fields, region, yes=yes))


async def _add(stamp: "Stamp", fields: dict[str, str], region: str | None, *, yes: bool) -> None:
    home = region or _only(stamp.address.settings.regions)
    biller = biller_of(fields | ({"region": home} if home else {}), "the new biller")
    await _refuse_known(stamp, biller.biller_id)
    confirm(f"Add biller {biller.biller_id} {biller.name} as a draft?", yes=yes)
    await change(stamp, "biller.add", None, biller)
    output.say(f"Biller {biller.biller_id} {biller.name} is a draft. Next: `icadmin key add {biller.biller_id}`.")


@app.command()
def show(biller_id: BillerId) -> None:
    """Show a biller, what is still missing, and who owes it.

    Example: icadmin --local biller show 2493
    """
    at_stamp(lambda stamp: _show(stamp, biller_id))


async def _show(stamp: "Stamp", biller_id: str) -> None:
    biller = await known(stamp, biller_id)
    lacking = [*missing.of_record(biller), *await missing.of_stamp(stamp, biller)]
    rows = [{"field": each.field, "what": each.what, "owedBy": each.owed_by, "how": _how(each)} for each in lacking]
    still = output.table("Still missing", rows) if rows else "Nothing is missing."
    can = [asdict(each) for each in abilities(biller)]
    record = output.fields(f"Biller {biller_id}", flat(shown(biller)))
    list_shows = await readings_of(stamp, biller_id)
    facts = {output.heading(name): value for name, value in list_shows.items()}
    tables = [record, output.table("Capabilities", can)]
    tables += [output.fields("What its list of receipts showed", facts)] if facts else []
    output.show(shown(biller) | {"capabilities": can, "readings": list_shows, "missing": rows}, *tables, still)


@app.command("list")
def list_() -> None:
    """List all billers.

    Example: icadmin --local biller list --json
    """
    found = at_stamp(lambda stamp: stamp.billers.all())
    output.rows("Billers", [_line(biller) for biller in found], empty="No biller yet.")


@app.command("set")
def set_(
    biller_id: BillerId,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="Left out: what is missing is asked for.")
    ] = None,
    *,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Set values of a biller; NAME= takes one away.

    Example: icadmin --local biller set 2493 subdomain=newportor applications.AR.categoryCode=12
    applications.AR.distributionCode=1201 applications.AR.paymentCodes.ACH=7 applications.AR.paymentCodes.CC=8
    """
    at_stamp(lambda stamp: _set(stamp, biller_id, assignments or [], reason, yes=yes))


async def _set(stamp: "Stamp", biller_id: str, assignments: list[str], reason: str, *, yes: bool) -> None:
    before = await known(stamp, biller_id)
    given = assignments or ask.for_missing(before)
    await change_shown(stamp, "biller.set", [(before, assign.assigned(before, given))], reason, yes=yes)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="YAML, as `biller export` writes it.")],
    *,
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """Take billers from a file: new ones become drafts, of known ones the difference is shown and asked for.

    Example: icadmin --local biller import newport.yaml
    """
    billers = yaml_file.read(file)
    at_stamp(lambda stamp: _import(stamp, billers, reason, yes=yes))


async def _import(stamp: "Stamp", billers: list[Biller], reason: str, *, yes: bool) -> None:
    pairs = [(await stamp.billers.get(biller.biller_id), biller) for biller in billers]
    changes = [(before, _imported(before, biller)) for before, biller in pairs]
    await change_shown(stamp, "biller.import", changes, reason, yes=yes)


def _imported(before: Biller | None, biller: Biller) -> Biller:
    if before is None:
        return biller
    if before.region != biller.region and before.mode is not Mode.DRAFT:
        raise WrongUse(f"biller {biller.biller_id}: region is not imported; {assign.ELSEWHERE['region']}.")
    state = {name: value for name, value in shown(before).items() if name in STATE}
    return biller_of(yaml_file.settings(biller) | state, f"biller {biller.biller_id}")


@app.command()
def export(
    biller_ids: Annotated[list[str] | None, typer.Argument(metavar="BILLER...", help="Left out: all.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write here, not to the terminal.")] = None,
) -> None:
    """Write billers as YAML, without secrets.

    Example: icadmin --stamp westus2.prod biller export 2493 --out newport.yaml
    """
    billers = at_stamp(lambda stamp: _chosen(stamp, biller_ids or []))
    text = yaml_file.written(billers)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"{out} cannot be written: {error.strerror}.") from None
    output.say(f"{len(billers)} billers are in {out}.")


@app.command()
def copy(
    biller_id: BillerId,
    name: Annotated[str, typer.Argument(help="The new city.")],
    source: Annotated[str, typer.Option("--from", metavar="BILLER", help="Whose settings it begins with.")],
    *,
    yes: Yes = False,
) -> None:
    """Add a draft with the settings of another biller, without whatever names that one.

    Example: icadmin --local biller copy 3301 "Astoria OR" --from 2137
    """
    at_stamp(lambda stamp: _copy(stamp, biller_id, name, source, yes=yes))


async def _copy(stamp: "Stamp", biller_id: str, name: str, source: str, *, yes: bool) -> None:
    pattern = await known(stamp, source)
    await _refuse_known(stamp, biller_id)
    kept = {field: value for field, value in yaml_file.settings(pattern).items() if field not in _OF_ONE_CITY}
    biller = biller_of(kept | {"billerId": biller_id, "name": name}, "the new biller")
    await change_shown(stamp, "biller.copy", [(None, biller)], f"copied from {source}", yes=yes)


_OF_ONE_CITY = frozenset(
    {"subdomain", "clientId", "callbackUrl", "contacts", "licences", "formDefinition", "renewalConsent"}
)


app.command("email")(mails.email)
app.command("check")(checks.check)
app.command("confirm")(checks.confirm_)
app.command("shadow")(modes.shadow)
app.command("shadow-report")(shadow_report.shadow_report)
app.command("go-live")(going_live.go_live)
app.command("pause")(modes.pause)
app.command("resume")(modes.resume)
app.command("unblock")(modes.unblock)
app.command("redate")(redate.redate)
app.command("move")(move.move)
app.command("retire")(modes.retire)


async def _refuse_known(stamp: "Stamp", biller_id: str) -> None:
    if await stamp.billers.get(biller_id):
        raise WrongUse(f"Biller {biller_id} is there already; `biller show {biller_id}` shows it.")


async def _chosen(stamp: "Stamp", biller_ids: list[str]) -> list[Biller]:
    return [await known(stamp, biller_id) for biller_id in biller_ids] or await stamp.billers.all()


def _line(biller: Biller) -> dict[str, Any]:
    return {
        "billerId": biller.biller_id,
        "name": biller.name,
        "mode": str(biller.mode),
        "region": biller.region,
        "subdomain": biller.subdomain,
        "paused": biller.paused.reason if biller.paused else None,
        "missing": len(missing.of_record(biller)),
    }


def _how(lacking: missing.Missing) -> str:
    return lacking.how or f"biller set {lacking.field}=..."


def _only(regions: frozenset[str]) -> str | None:
    return next(iter(regions)) if len(regions) == 1 else None
