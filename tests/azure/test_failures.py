"""What can go wrong at each step of a deployment: one sentence, nothing half done that was not begun, billers told of."""

import io
import os
import re
from contextlib import asynccontextmanager

import pytest

from admin.errors import Declined, WrongUse
from shared.vocabulary.errors import Unavailable
from tests.azure.cloud.wire import Refusal, Response, told

HTML = Response(200, b"<html><body>Sign in</body></html>", {"Content-Type": "text/html"})
CUT = Response(200, b'{"value": [{"id": ', {"Content-Type": "application/json"})
FORBIDDEN = told(403, {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization."}})
NOTHING_MADE = r"(PUT|DELETE)"


def _ends(deployment, **wishes):
    with pytest.raises((WrongUse, Declined)) as raised:
        deployment(**wishes).run()
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


class TestBeforeAnythingIsMade:
    @pytest.fixture(autouse=True)
    def nothing_is_made(self, cloud):
        yield
        assert cloud.asked(NOTHING_MADE, ".") == []
        assert cloud.asked("POST", "/api/publish") == []

    def test_no_compiler(self, cloud, deployment, monkeypatch):
        az, *_ = os.environ["PATH"].split(os.pathsep)
        monkeypatch.setenv("PATH", os.pathsep.join([az, "/usr/bin", "/bin"]))
        assert _ends(deployment) == "The Bicep compiler is missing: run `az bicep install`, then this again."

    @pytest.mark.parametrize(
        ("end", "answer", "says"),
        [
            ("/providers", FORBIDDEN, "You may not do this: `az provider list --query` was refused"),
            ("/providers", HTML, "`az provider list --query` failed"),
            ("/providers", CUT, "`az provider list --query` failed"),
            ("/deploymentStacks", FORBIDDEN, "You may not do this: `az stack sub list` was refused"),
            ("/resources", HTML, "`az resource list --resource-type` failed"),
            ("/whatIf", told(400, {"error": {"code": "X", "message": "No."}}), "`az deployment sub what-if` failed"),
        ],
    )
    def test_azure_answers_otherwise(self, cloud, deployment, end, answer, says):
        cloud.arm.faults[end] = answer
        assert says in _ends(deployment)

    def test_a_provider_may_not_be_registered(self, cloud, deployment):
        cloud.resources.registered.remove("Microsoft.App")
        cloud.arm.faults["/register"] = FORBIDDEN
        assert _ends(deployment) == "`az provider register --namespace` failed; what it says stands above."

    def test_no_is_no(self, cloud, deployment, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert "nobody answered the question" in _ends(deployment, yes=False)

    def test_the_package_is_another_than_it_says(self, cloud, deployment, tmp_path):
        odd = tmp_path / "odd.zip"
        odd.write_bytes(b"PK\x03\x04 and no more")
        assert "is not a zip file" in _ends(deployment, package=odd)


class TestTheDrain:
    def test_the_last_deployment_did_not_end_well(self, deployed, deployment):
        """Azure keeps no outputs of it."""
        deployed.arm.deployments.kept.clear()
        assert "--no-drain deploys without pausing" in _ends(deployment)


class TestResources:
    def test_a_provider_refuses_beforehand(self, cloud, deployment, capfd):
        quota = "This region has quota of 0 instances for your subscription."
        cloud.resources.refusals["Microsoft.Web/serverfarms"] = Refusal(409, "SubscriptionIsOverQuotaForSku", quota)
        assert _ends(deployment) == "`az deployment sub what-if` failed; what it says stands above."
        assert quota in capfd.readouterr().err
        assert cloud.asked("PUT", ".") == []

    def test_a_provider_refuses_when_it_is_run_and_the_next_one_goes_on_where_it_was(self, cloud, deployment, capfd):
        """The command may be given again at any time."""
        cloud.resources.refusals["Microsoft.Web/sites"] = Refusal(409, "Conflict", "Another operation is under way.")
        assert _ends(deployment) == "`az deployment sub create` failed; what it says stands above."
        assert "Another operation is under way." in capfd.readouterr().err
        cloud.resources.refusals.clear()
        deployment().run()

    def test_without_the_parameter_a_locked_policy_is_refused(self, deployed, deployment, capfd, monkeypatch):
        """So that the test of an update shows something."""
        policy = next(each for each in deployed.resources if "/containers/audit/immutabilityPolicies" in each["id"])
        deployed.resources.change(policy["id"], state="Locked")
        monkeypatch.setattr("admin.deploy.template_steps._LOCKED", "never")
        assert "`az deployment sub create` failed" in _ends(deployment, drain=False)
        assert "immutability policy" in capfd.readouterr().err


class TestAfterwards:
    """The resources are there, and code is on its way."""

    def _fails(self, deployed, deployment, capfd):
        sentence = _ends(deployment)
        assert "The billers stay paused, at most 45 minutes" in re.sub(r"\s+", " ", capfd.readouterr().err)
        return sentence

    def test_the_endpoint_refuses(self, deployed, deployment, capfd):
        deployed.publishing.before.extend([Response(403, b"")] * 20)
        sentence = self._fails(deployed, deployment, capfd)
        assert "refused for five minutes (HTTP 403 at last)" in sentence

    @pytest.mark.parametrize(
        ("ended", "says"),
        [
            (3, "failed: The storage of the package does not answer."),
            (5, "another one is under way: Another one runs."),
            (6, "succeeded only in part: Two of three instances."),
            (-1, "was cancelled"),
        ],
    )
    def test_its_deployment_ends_badly(self, deployed, deployment, capfd, ended, says):
        deployed.publishing.told.append(1)
        deployed.publishing.end = ended
        assert says in self._fails(deployed, deployment, capfd)

    def test_azure_lists_other_functions(self, deployed, deployment, capfd):
        deployed.site.listed = lambda names: [each for each in names if each != "sweep"] + ["old"]
        assert "missing: sweep; unknown: old" in self._fails(deployed, deployment, capfd)

    def test_azure_does_not_say_where_to_publish(self, deployed, deployment, capfd):
        """For another plan than Flex Consumption the names stand elsewhere."""
        site = next(each for each in deployed.resources if each["type"] == "Microsoft.Web/sites")
        deployed.arm.faults[f"/sites/{site['name']}"] = told(
            200, {**site, "properties": {"sku": "FlexConsumption", "serverFarmId": "p"}}
        )
        sentence = self._fails(deployed, deployment, capfd)
        assert sentence.startswith(
            "`az functionapp show --resource-group` answered nothing to the query properties.hostName"
        )

    def test_the_last_question_has_no_answer(self, deployed, deployment):
        """Everything is done; what is printed at the end is missing."""
        deployed.arm.faults["/components/appi-caselle-westus2-prod"] = told(200, {"properties": {}})
        assert "answered nothing to the query properties.ConnectionString" in _ends(deployment)

    def test_rights_at_the_vault_are_known_late(self, deployed, deployment, local):
        made = deployment(drain=False)
        refusals = iter(["403", "403"])

        @asynccontextmanager
        async def open_stamp(address):
            if next(refusals, None):
                raise Unavailable("key vault: http_403")
            async with local(address) as stamp:
                yield stamp

        made.open_stamp = open_stamp
        made.run()
        assert deployment.waited[:2] == [15, 15]
