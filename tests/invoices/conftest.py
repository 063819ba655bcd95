"""Runs one check on a file."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from admin.invoices.check import CLEANED, REJECTED, Ask, Checked, Stated, check
from admin.invoices.faults import Fault
from admin.invoices.guess import guess
from admin.invoices.layout import Layout
from admin.invoices.source import Source
from admin.output_folder import OutputFolder


@dataclass
class Result:
    """What a check said and wrote."""

    checked: Checked
    out: Path

    @property
    def by_line(self) -> dict[int, set[Fault]]:
        rows = self.rejected()
        return {int(row[0]): {Fault(each.split(":")[0]) for each in row[1].split("; ")} for row in rows[1:]}

    def rejected(self) -> list[list[str]]:
        return self._read(REJECTED)

    def cleaned(self) -> list[list[str]]:
        return self._read(CLEANED)

    def _read(self, name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO((self.out / name).read_text(encoding="utf-8"))))


@pytest.fixture
def checked(tmp_path) -> Callable:
    """Check a file, by a layout or by the one that is guessed."""

    async def run(
        path: Path, layout: Layout | None = None, stated: Stated | None = None, ask: Ask | None = None
    ) -> Result:
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        source = Source.of(path, scratch)
        chosen = layout or guess(source, None, lambda part: None).layout()
        out = OutputFolder(tmp_path / "out")
        found = await check(source, chosen, out, lambda what, part: None, stated=stated or Stated(), ask=ask)
        return Result(found, out.path)

    return run
