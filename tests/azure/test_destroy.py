"""A stamp taken down through the real ``az``: what cannot be made again stays unless it is named."""

import pytest

KEPT = {"Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"}
LOCKS = "Microsoft.Authorization/locks"


def _kinds(cloud):
    return {each["type"] for each in cloud.resources}


def _name(cloud, kind, start):
    return next(each["name"] for each in cloud.resources if each["type"] == kind and each["name"].startswith(start))


def test_the_app_goes_and_the_money_stays(deployed, run):
    said = run("destroy", "westus2.prod", "--yes")
    assert (said.code, said.err) == (0, "")
    assert _kinds(deployed) >= KEPT
    gone = {"Microsoft.Web/sites", "Microsoft.Web/serverfarms", "Microsoft.Insights/scheduledQueryRules"}
    assert not _kinds(deployed) & (gone | {"Microsoft.Insights/workbooks"})


def test_again_it_finds_nothing(deployed, run):
    assert run("destroy", "westus2.prod", "--yes").code == 0
    assert run("destroy", "westus2.prod", "--yes").code == 0


def test_no_is_no(deployed, run):
    before = _kinds(deployed)
    assert run("destroy", "westus2.prod", typed="n\n").code == 1
    assert _kinds(deployed) == before


@pytest.mark.parametrize("what", ["ledger", "vault"])
def test_a_name_is_typed_whatever_yes_says(deployed, run, what):
    kind, start = (
        ("Microsoft.Storage/storageAccounts", "stcaselle") if what == "ledger" else ("Microsoft.KeyVault/vaults", "kv-")
    )
    for typed in ("", "other\n", _name(deployed, "Microsoft.Storage/storageAccounts", "staudit") + "\n"):
        said = run("destroy", "westus2.prod", "--yes", f"--{what}", typed=typed)
        assert said.code == 1
        assert "Nothing was changed" in said.err
    assert deployed.asked("DELETE", ".") == []
    assert run("destroy", "westus2.prod", "--yes", f"--{what}", typed=_name(deployed, kind, start) + "\n").code == 0
    left = [each["name"] for each in deployed.resources if each["type"] == kind]
    assert left == ([_name(deployed, kind, "staudit")] if what == "ledger" else [])


def test_without_its_lock_taken_away_a_vault_would_stay(deployed, run):
    """So that the test above shows something."""
    vault = next(each["id"] for each in deployed.resources if each["type"] == "Microsoft.KeyVault/vaults")
    assert any(each["type"] == LOCKS and each["id"].startswith(vault) for each in deployed.resources)


def test_a_stamp_whose_deployment_failed_can_be_destroyed(deployed, run):
    """Azure keeps no outputs of it."""
    deployed.arm.deployments.kept.clear()
    assert run("destroy", "westus2.prod", "--yes").code == 0


def test_there_is_no_such_stamp(cloud, run):
    said = run("destroy", "westus2.prod", "--yes")
    assert said.code == 2
    assert "`az resource list --resource-group` failed: ERROR: (ResourceGroupNotFound)" in said.err
