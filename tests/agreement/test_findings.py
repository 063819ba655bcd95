"""Every finding of the nightly run is explained in ``docs/reconciliation.md``, and no other."""

import re
from pathlib import Path

from shared.reconciliation.finding import What
from shared.reconciliation.reconcile import DAYS

PAGE = (Path(__file__).parents[2] / "docs/reconciliation.md").read_text(encoding="utf-8")


def test_every_finding_is_explained_once():
    assert re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE) == [str(what) for what in What]


def test_the_page_says_how_far_back_a_night_reaches():
    assert f"last {DAYS} deposit days" in PAGE
