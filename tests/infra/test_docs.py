"""The pages about stamps say what the templates and the gate do."""

import re

from tests.infra.gate import ROOT, TEMPLATES
from tests.infra.test_seeded_faults import CAUGHT, COMPILER_ALONE

ROLES_PAGE = (TEMPLATES / "README.md").read_text(encoding="utf-8")
CHECKS_PAGE = (ROOT / "docs/deploy-checks.md").read_text(encoding="utf-8")


def test_every_module_is_explained():
    helpers = {"modules/queueaccess.bicep", "modules/tableaccess.bicep"}
    there = {f"modules/{path.name}" for path in (TEMPLATES / "modules").glob("*.bicep")}
    assert set(re.findall(r"modules/[a-z]+\.bicep", ROLES_PAGE)) == there - helpers


def test_the_page_counts_the_faults():
    assert f"| {len(CAUGHT)} faults written into a copy" in CHECKS_PAGE
    assert len(COMPILER_ALONE) == 4
    assert "Four more are listed as the compiler's alone" in CHECKS_PAGE
