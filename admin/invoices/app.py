"""``icadmin invoices``: check the file that a biller exports from Caselle."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
import yaml
from rich.table import Table

from admin import first_files, one_page, output
from admin.billers import record
from admin.billers.record import checked_id
from admin.confirm import Yes, confirm
from admin.errors import FOUND_WRONG, WrongUse
from admin.first_files import Paper
from admin.invoices import layout as layouts
from admin.invoices import report
from admin.invoices.caselle import balances_of
from admin.invoices.check import Ask, Checked, check
from admin.invoices.faults import ADVICE
from admin.invoices.guess import Guess, guess
from admin.invoices.judge import Stated
from admin.invoices.layout import Layout
from admin.invoices.source import Source
from admin.invoices.values import read_cents
from admin.options import options
from admin.output_folder import OutputFolder
from admin.session import at_stamp

if TYPE_CHECKING:
    from admin.stamp import Stamp

app = typer.Typer(help="Check the invoice file that a biller exports from Caselle.", no_args_is_help=True)

SAMPLE: Final = 25
_MOST_CENTS: Final = 10**15

Biller = Annotated[str, typer.Option("--biller", metavar="BID", help="Whose files they are.", callback=checked_id)]


@dataclass(frozen=True, slots=True)
class Given:
    """What the command was told."""

    file: Path
    biller: str
    out: Path
    layout: Path | None
    sheet: str | None
    stated: Stated
    sample: int | None
    """Customers that Caselle is asked about; None: all."""
    yes: bool


@app.callback()
def group() -> None:
    """Commands on invoice files."""


@app.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="The export: CSV, delimited or fixed-width text, or .xlsx.")],
    biller: Biller,
    *,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where the files go.")] = None,
    layout: Annotated[Path | None, typer.Option("--layout", metavar="FILE", help="The layout, in YAML.")] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="The sheet of a workbook; the first, if not said.")
    ] = None,
    control_total: Annotated[str | None, typer.Option("--control-total", help="What all lines add up to.")] = None,
    control_count: Annotated[
        int | None, typer.Option("--control-count", min=0, help="How many lines there are.")
    ] = None,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Ask Caselle about so many customers.")] = SAMPLE,
    every: Annotated[bool, typer.Option("--all", help="Ask Caselle about all customers.")] = False,
    yes: Yes = False,
) -> None:
    """Say what is wrong with an export, line by line, and write its open items.

    Example: icadmin --local invoices check ar-bills.csv --biller 2493
    """
    stated = Stated(_cents(control_total), control_count)
    folder = out or Path(f"invoices-{biller}")
    given = Given(file, biller, folder, layout, sheet, stated, None if every else sample, yes)
    if not perhaps_at_stamp(lambda stamp: _checked(given, stamp)):
        raise typer.Exit(FOUND_WRONG)


def perhaps_at_stamp[T](work: Callable[["Stamp | None"], Awaitable[T]]) -> T:
    """Do the work at the stamp that the options name, or at none: a file can be checked without one."""
    if options().local or options().stamp:
        return at_stamp(work)

    async def alone() -> T:
        return await work(None)

    return asyncio.run(alone())


async def _checked(given: Given, stamp: "Stamp | None") -> bool:
    papers = await first_files.kept(stamp, given.biller) if stamp else {}
    out = OutputFolder(given.out)
    with tempfile.TemporaryDirectory(dir=out.path, prefix=".scratch-") as scratch, output.progress() as bars:
        source = Source.of(given.file, Path(scratch))
        told = Told(bars)
        chosen = _layout(given, source, papers.get(Paper.INVOICE_LAYOUT), out, told)
        ask = await _asking(given, stamp)
        checked = await check(source, chosen, out, told.say, stated=given.stated, ask=ask)
    written = _write(given, checked, out)
    if stamp:
        kept = {Paper.INVOICE_LAYOUT: checked.layout.as_json(), Paper.INVOICES: written}
        await first_files.keep(stamp, given.biller, "invoices.check", kept)
    _show(checked, written, out)
    return checked.in_order


class Told:
    """Progress of one step after the other, on one line of the terminal."""

    def __init__(self, bars: Any) -> None:  # noqa: ANN401 - rich's Progress, which only a terminal needs
        self._bars = bars
        self._task = bars.add_task("Reading", total=1.0)

    def say(self, what: str, part: float) -> None:
        """So much of this step is done, 0 to 1."""
        self._bars.update(self._task, description=what, completed=min(part, 1.0))

    @contextmanager
    def question(self) -> Iterator[None]:
        """Out of the way while a person is asked."""
        self._bars.stop()
        yield
        self._bars.start()


def _layout(given: Given, source: Source, kept: object, out: OutputFolder, told: Told) -> Layout:
    """By option, as kept with the biller, or guessed and confirmed."""
    if given.layout:
        return layouts.from_yaml(given.layout)
    if kept:
        return layouts.of_values(kept, f"The layout kept with biller {given.biller}")
    guessed = guess(source, given.sheet, lambda part: told.say("Reading", part))
    path = out.write("layout.yaml", yaml.safe_dump(guessed.values(), sort_keys=False, allow_unicode=True))
    if not guessed.complete:
        raise WrongUse(
            f"The columns of {given.file.name} cannot all be told by a header. "
            f"Complete {path}, and give it with --layout."
        )
    with told.question():
        output.aside(_guessed_table(guessed))
        confirm("Is this the layout?", yes=given.yes)
    return guessed.layout()


def _guessed_table(guessed: Guess) -> Table:
    rows = [
        {"field": name.value, "column": str(column), "values": ", ".join(_values(guessed, at))}
        for at, (name, column) in enumerate(guessed.columns.items())
    ]
    return output.table(f"Layout: {guessed.format.value}, {guessed.encoding}, dates {guessed.date_format}", rows)


def _values(guessed: Guess, at: int) -> list[str]:
    position = guessed.positions[at]
    return [row[position] for row in guessed.sample[:3] if position < len(row)]


async def _asking(given: Given, stamp: "Stamp | None") -> Ask | None:
    """Caselle, where a stamp is named: without one there is nobody to ask."""
    if stamp is None or given.sample == 0:
        return None
    return Ask(balances_of(stamp, await record.known(stamp, given.biller)), given.sample)


def _write(given: Given, checked: Checked, out: OutputFolder) -> dict[str, object]:
    now = datetime.now(UTC)
    page = report.page(checked, given.biller, given.file.name, now)
    out.write("report.md", one_page.markdown(page))
    out.write("report.html", one_page.as_html(page))
    out.write("layout.yaml", checked.layout.to_yaml())
    written = report.record(checked, given.biller, given.file.name, _digest(given.file), now)
    out.write("record.json", json.dumps(written, indent=2) + "\n")
    return written


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _show(checked: Checked, written: dict[str, object], out: OutputFolder) -> None:
    rows = [
        {"fault": fault.value, "lines": tally.lines, "first": tally.examples[0][0], "mend": ADVICE[fault].mend}
        for fault, tally in sorted(checked.faults.items(), key=lambda each: -each[1].lines)
    ]
    shown = output.table("What is wrong", rows) if rows else "Nothing is wrong."
    summary = f"{checked.open_items} of {checked.lines} lines are open items in order. Files: {out.path}"
    output.show(written, shown, *checked.remarks, summary)


def _cents(text: str | None) -> int | None:
    if text is None:
        return None
    cents = read_cents(text, _MOST_CENTS)
    if cents is None:
        raise WrongUse("--control-total is an amount such as 12345.67.")
    return cents
