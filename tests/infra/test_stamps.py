"""What is committed of each stamp - no compiler is needed - against the code, Azure's limits and our own demands."""

import json

import pytest

from shared.runtime.settings import Settings
from tests.infra.committed import COMPILED, TEMPLATES, regions, stale, stamps
from tests.infra.gate import of_stamp, of_template
from tests.infra.stamp import Stamp, at, place

STAMPS = stamps()
REGIONS = regions()


def test_what_is_committed_was_compiled_from_what_is_committed():
    assert list(stale()) == []


@pytest.mark.parametrize("path", STAMPS, ids=[path.stem for path in STAMPS])
def test_the_deployment_of_the_stamp_is_as_it_should_be(path):
    assert list(of_stamp(Stamp.committed(path), TEMPLATES)) == []


def test_the_templates_are_as_they_should_be():
    assert list(of_template(json.loads(COMPILED.read_text(encoding="utf-8")), TEMPLATES)) == []


@pytest.mark.parametrize("path", REGIONS, ids=[path.stem for path in REGIONS])
def test_the_app_takes_the_settings_of_the_region(path):
    """With addresses as Azure gives them out: they end with a slash."""
    known = {
        "<the storage account: primaryEndpoints.table>": "https://stcaselle1.table.core.windows.net/",
        "<the storage account: primaryEndpoints.queue>": "https://stcaselle1.queue.core.windows.net/",
        "<the app's identity: clientId>": "00000000-0000-0000-0000-000000000000",
        "<the vault: vaultUri>": "https://kv-caselle-1.vault.azure.net/",
    }
    given = Stamp.committed(path).settings()
    settings = Settings.read({name: known.get(value, value) for name, value in given.items()})
    assert path.stem.partition(".")[0] in settings.regions


def test_a_locked_policy_is_not_written_again_and_the_others_are():
    """Azure refuses to write a policy that is locked, and the deployment with it."""
    stamp = Stamp.committed(next(path for path in STAMPS if path.stem == "every_option"))
    policies = stamp.of_type("Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies")
    assert stamp.given["lockedAuditContainers"] == ["insights-logs-auditevent"]
    assert {each.name.split("/")[2] for each in policies} == {
        "audit",
        "insights-logs-storagewrite",
        "insights-logs-storagedelete",
    }


def test_the_pager_is_called_for_what_wakes_somebody_and_for_nothing_else():
    stamp = Stamp.committed(next(path for path in STAMPS if path.stem == "every_option"))
    paged = {
        each.body["properties"]["severity"]
        for each in stamp.of_type("Microsoft.Insights/scheduledQueryRules")
        if any(group.endswith("/pager") for group in at(each.body, "properties.actions.actionGroups"))
    }
    assert paged == {1}


def _modules():
    """Modules of the compiled template by name: what each waits for, and where it grants the app a role."""
    template = json.loads(COMPILED.read_text(encoding="utf-8"))
    resources = template["resources"]
    named = resources.items() if isinstance(resources, dict) else ((each["name"], each) for each in resources)
    for name, each in named:
        if each["type"] == "Microsoft.Resources/deployments":
            inner = each["properties"]["template"]["resources"]
            found = inner.values() if isinstance(inner, dict) else inner
            grants = "appPrincipalId" in json.dumps(
                [one for one in found if one["type"] == "Microsoft.Authorization/roleAssignments"]
            )
            yield name, set(each.get("dependsOn", [])), grants


def test_the_app_is_made_after_its_rights():
    """The functions host ends at once where it may not read its storage: a site made earlier starts again and again."""
    waits = {name: needs for name, needs, _ in _modules()}
    granting = {name for name, _, grants in _modules() if grants}
    assert granting == {"monitoring", "storage", "vault"}
    assert granting <= {each for each in waits["app"] if each in waits}, waits["app"]


def test_every_place_that_a_role_is_granted_at_has_a_name():
    stamp = Stamp.committed(next(path for path in STAMPS if path.stem == "every_option"))
    for each in stamp.of_type("Microsoft.Authorization/roleAssignments"):
        assert not place(each.scope).startswith("/"), each.scope
