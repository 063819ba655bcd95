"""The pages about stamps say what the templates and their tests do."""

import re

from tests.azure_infra.test_seeded_faults import FAULTS
from tests.infra.alerts import listed
from tests.infra.committed import ROOT, TEMPLATES

STAMPS_PAGE = (TEMPLATES / "README.md").read_text(encoding="utf-8")
CHECKS_PAGE = (ROOT / "docs/deploy-checks.md").read_text(encoding="utf-8")


def test_every_module_is_explained():
    helpers = {"modules/queueaccess.bicep", "modules/tableaccess.bicep", "modules/types.bicep"}
    there = {f"modules/{path.name}" for path in (TEMPLATES / "modules").glob("*.bicep")}
    assert set(re.findall(r"modules/[a-z]+\.bicep", STAMPS_PAGE)) == there - helpers


def test_the_runbook_has_a_line_for_every_alert_that_no_single_event_stands_behind():
    page = (ROOT / "docs/run.md").read_text(encoding="utf-8")
    table = page.partition("## Alerts that no single event stands behind")[2].partition("\n## ")[0]
    named = set(re.findall(r"\*\*([a-z-]+)\*\*", table))
    assert named == {each["name"] for each in listed(TEMPLATES) if each["kind"] != "seen"}


def test_the_page_counts_the_faults():
    assert f"| {len(FAULTS)} faults written into a copy" in CHECKS_PAGE
