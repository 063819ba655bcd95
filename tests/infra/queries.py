"""Every KQL query of a deployment: one for each alert, as the compiler put it together, and those of the workbook."""

import json
from typing import Any, Final

from tests.infra.alerts import listed, queries_of
from tests.infra.committed import NEVER_DEPLOYED, TEMPLATES
from tests.infra.stamp import Stamp, at

STAMP: Final = Stamp.committed(NEVER_DEPLOYED / "every_option.bicepparam")
ALERTS: Final = {each["name"]: each for each in listed(TEMPLATES)}
"""The list of alerts, by name."""


def rules() -> dict[str, dict[str, Any]]:
    """Properties of each rule, by the name of its alert."""
    suffix = f"-{STAMP.outputs['resourceGroupName'].removeprefix('rg-')}"
    found = STAMP.of_type("Microsoft.Insights/scheduledQueryRules")
    return {each.name.removesuffix(suffix): each.body["properties"] for each in found}


def of_alerts() -> dict[str, str]:
    """Texts, by the name of the alert."""
    return {name: at(rule, "criteria.allOf.0.query") for name, rule in rules().items()}


def of_workbook() -> dict[str, str]:
    """Texts, by the name of the workbook's part."""
    [workbook] = STAMP.of_type("Microsoft.Insights/workbooks")
    return queries_of(json.loads(at(workbook.body, "properties.serializedData")))
