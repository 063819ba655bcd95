"""``icadmin images``: check the bill images that a biller delivers."""

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from admin import first_files, one_page, output
from admin.confirm import Yes, confirm
from admin.errors import FOUND_WRONG, WrongUse
from admin.first_files import Paper
from admin.images import naming as rules
from admin.images import report
from admin.images.check import Delivery, Matched, check
from admin.images.faults import ADVICE
from admin.images.invoices import expected, layout_of
from admin.images.naming import Naming
from admin.invoices import layout as layouts
from admin.invoices.app import Biller, Told, perhaps_at_stamp
from admin.invoices.source import Source
from admin.output_folder import OutputFolder

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Check the bill images that a biller delivers.", no_args_is_help=True)

SAMPLE: Final = 12
PICTURE: Final = "contact-sheet.png"


@dataclass(frozen=True, slots=True)
class Given:
    """What the command was told."""

    delivered: Path
    invoices: Path
    biller: str
    out: Path
    layout: Path | None
    naming: str | None
    without_zeros: bool
    sample: int
    yes: bool


@app.callback()
def group() -> None:
    """Commands on bill images."""


@app.command("check")
def check_images(
    delivered: Annotated[Path, typer.Argument(metavar="DIR|ZIP", help="The folder or archive of PDF, TIFF, PNG.")],
    invoices: Annotated[Path, typer.Option("--invoices", metavar="FILE", help="The export, or its open items.")],
    biller: Biller,
    *,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the files go.")] = None,
    layout: Annotated[Path | None, typer.Option("--layout", metavar="FILE", help="The invoice file's layout.")] = None,
    naming: Annotated[
        str | None,
        typer.Option("--naming", metavar="RULE", help="Such as 'bill_{invoiceNumber}_*'; guessed otherwise."),
    ] = None,
    without_zeros: Annotated[
        bool, typer.Option("--without-zeros", help="Leading zeros of invoice numbers do not count; with --naming.")
    ] = False,
    sample: Annotated[int, typer.Option("--sample", min=0, max=40, help="First pages to show.")] = SAMPLE,
    yes: Yes = False,
) -> None:
    """Match bill images with invoices, and say which are missing, extra, twice, empty or unreadable.

    Example: icadmin --local images check bills.zip --invoices open-items.csv --biller 2493
    """
    folder = out or Path(f"images-{biller}")
    given = Given(delivered, invoices, biller, folder, layout, naming, without_zeros, sample, yes)
    if not perhaps_at_stamp(lambda stamp: _checked(given, stamp)):
        raise typer.Exit(FOUND_WRONG)


async def _checked(given: Given, stamp: "Stamp | None") -> bool:
    papers = await first_files.kept(stamp, given.biller) if stamp else {}
    if given.out.resolve().is_relative_to(given.delivered.resolve()):
        raise WrongUse(f"{given.out} lies inside the delivery: name another folder with --out.")
    delivery = Delivery.of(given.delivered)
    out = OutputFolder(given.out)
    with tempfile.TemporaryDirectory(dir=out.path, prefix=".scratch-") as scratch, output.progress() as bars:
        told = Told(bars)
        customers = _customers(given, Path(scratch), papers.get(Paper.INVOICE_LAYOUT), told)
        rule = _rule(given, delivery, customers, papers.get(Paper.IMAGE_NAMING), told)
        found = await check(delivery, rule, customers, out, told.say, sample=given.sample)
    record = _write(given, found, out)
    if stamp:
        kept = {Paper.IMAGE_NAMING: rules.values(rule), Paper.IMAGES: record}
        await first_files.keep(stamp, given.biller, "images.check", kept)
    _show(found, record, out)
    return found.in_order


def _customers(given: Given, scratch: Path, kept: object, told: Told) -> dict[str, str]:
    def progress(part: float) -> None:
        told.say("Reading invoices", part)

    source = Source.of(given.invoices, scratch)
    layout = layouts.from_yaml(given.layout) if given.layout else layout_of(source, kept, progress)
    return expected(source, layout, progress)


def _rule(given: Given, delivery: Delivery, customers: dict[str, str], kept: object, told: Told) -> Naming:
    """By option, as kept with the biller, or guessed and confirmed."""
    if given.naming:
        return rules.of_values({"template": given.naming, "withoutZeros": given.without_zeros}, "--naming")
    if kept:
        return rules.of_values(kept, f"The naming rule kept with biller {given.biller}")
    if not delivery.names:
        raise WrongUse(f"{given.delivered} has no files.")
    guessed = rules.guess(delivery.names, customers)
    if guessed is None:
        raise WrongUse("No image's name has the number of an invoice: give the rule with --naming.")
    examples = ", ".join(delivery.names[:3])
    with told.question():
        output.warn(f"Images are named {guessed.template}; for example {examples}.")
        confirm("Is this the rule?", yes=given.yes)
    return guessed


def _write(given: Given, found: Matched, out: OutputFolder) -> dict[str, object]:
    now = datetime.now(UTC)
    picture = None
    if found.previews:
        from admin.images.contact_sheet import contact_sheet  # noqa: PLC0415 - loads a large library

        with out.binary(PICTURE) as file:
            file.write(contact_sheet(found.previews))
        picture = PICTURE
    page = report.page(found, given.biller, given.delivered.name, now, picture)
    out.write("report.md", one_page.markdown(page))
    out.write("report.html", one_page.as_html(page))
    record = report.record(found, given.biller, given.delivered.name, now)
    out.write("record.json", json.dumps(record, indent=2) + "\n")
    return record


def _show(found: Matched, record: dict[str, object], out: OutputFolder) -> None:
    rows = [
        {"fault": fault.value, "count": tally.count, "first": tally.examples[0][0], "mend": ADVICE[fault].mend}
        for fault, tally in sorted(found.faults.items(), key=lambda each: -each[1].count)
    ]
    shown = output.table("What is wrong", rows) if rows else "Nothing is wrong."
    output.show(record, shown, f"{found.matched} of {found.invoices} invoices have their image. Files: {out.path}")
