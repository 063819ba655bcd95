"""An invoice file of a million lines, checked by the real command: seconds, and the most memory it held."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from bench.figures import Figure, Figures, Goal

LINES: Final = 1_000_000
MEMORY: Final = Goal(of="value", sign="<=", limit=130)
_HEADER: Final = "Invoice No,Cust No,Customer Name,Description,Invoice Date,Due Date,Amount,Balance,Status\r\n"
_FIRST: Final = date(2026, 1, 1)
_EVERY: Final = 1000
"""One line in so many is paid, and one repeats the number of another."""
_MEASURED: Final = """
import re, sys
from admin.__main__ import main
try:
    main(sys.argv[1:])
finally:
    print(re.search(r"VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
"""
"""The kernel's mark of this program; what getrusage tells includes the process that started it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: exit code, wall seconds, MiB of resident memory at most, and what the command answered in JSON."""

    code: int
    seconds: float
    mebibytes: float
    answer: str


def run() -> Figures:
    """One run; the time includes nothing but the command, not the writing of the file."""
    return asyncio.run(_figures(LINES))


async def _figures(lines: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bills.csv"
        write(path, lines)
        found = await measure(path, Path(folder) / "out")
    return {
        "invoice_file.memory": Figure(value=found.mebibytes, unit="MiB", goal=MEMORY),
        "invoice_file.lines_per_second": Figure(value=lines / found.seconds, unit="lines/s"),
    }


def write(path: Path, lines: int) -> None:
    """A file of so many bills."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_HEADER)
        for at in range(lines):
            file.write(_line(at))


def _line(at: int) -> str:
    # A repeated number every so often, and customers that are spread over the whole file.
    number = at - 1 if at % _EVERY == 1 else at
    billed = _FIRST + timedelta(days=at % 300)
    balance = "0.00" if at % _EVERY == 2 else f"{at % 9999 + 1}.25"  # noqa: PLR2004 - the line after the repeated one
    return (
        f"INV{number:08},{at * 7919 % 999_983:06},Customer {at},Services of the month,{billed:%m/%d/%Y},"
        f"{billed + timedelta(days=30):%m/%d/%Y},{at % 9999 + 1}.25,{balance},Open\r\n"
    )


async def measure(path: Path, out: Path) -> Measured:
    """Run the command in a process of its own."""
    began = asyncio.get_running_loop().time()
    arguments = ("--json", "invoices", "check", str(path), "--biller", "2493", "--yes", "--out", str(out))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _MEASURED, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
    )
    answer, errors = await process.communicate()
    seconds = asyncio.get_running_loop().time() - began
    return Measured(process.returncode or 0, seconds, int(errors.split()[-1]) / 1024, answer.decode())
