"""The page on invoice files lists the faults that the code knows, in its words."""

import re
from pathlib import Path

import pytest

from admin.images import faults as of_images
from admin.invoices import faults as of_invoices

PAGE = (Path(__file__).parents[2] / "docs/invoice-files.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("mark", "advice"), [("faults", of_invoices.ADVICE), ("image faults", of_images.ADVICE)])
def test_the_page_lists_every_fault(mark, advice):
    listed = re.search(f"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", PAGE, re.DOTALL)[1].splitlines()[2:]
    assert listed == [f"| `{fault}` | {each.meaning} | {each.mend} |" for fault, each in advice.items()]
