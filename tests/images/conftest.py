"""Runs one check of a delivery."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from admin.archives import Limits
from admin.images.check import LISTED, Delivery, Matched, check
from admin.images.faults import Fault
from admin.images.naming import Naming
from admin.output_folder import OutputFolder

CUSTOMERS = {str(number): f"{number - 10_000 + 400:06}" for number in range(10_001, 10_013)}
"""Twelve invoices."""


@dataclass
class Result:
    """What a check said and wrote."""

    found: Matched
    out: Path

    @property
    def faults(self) -> set[tuple[str, Fault]]:
        """Each fault with its file, or with its invoice where no file is there."""
        rows = list(csv.reader(io.StringIO((self.out / LISTED).read_text(encoding="utf-8"))))
        return {(row[0] or row[1], Fault(row[3])) for row in rows[1:] if row[3]}


@pytest.fixture
def matched(tmp_path) -> Callable:
    """Check a delivery, by a rule or by the one that is guessed."""

    async def run(path: Path, template: str | None = None, *, sample: int = 0, limits: Limits | None = None) -> Result:
        delivery = Delivery.of(path, limits or Limits())
        rule = Naming(template=template or "bill_{invoiceNumber}")
        out = OutputFolder(tmp_path / "out")
        found = await check(delivery, rule, CUSTOMERS, out, lambda what, part: None, sample=sample)
        return Result(found, out.path)

    return run
