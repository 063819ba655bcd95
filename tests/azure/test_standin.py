"""The stand-in refuses what Azure refuses: what passes here does so for its own sake."""

import json

import httpx
import pytest

from admin.deploy.region import named
from tests.azure.cloud import arm, entra
from tests.azure.cloud.wire import Refusal
from tests.azure.cloud.world import run_az

ROOT = f"/subscriptions/{arm.SUBSCRIPTION}"
DEPLOYMENT = f"{ROOT}/providers/Microsoft.Resources/deployments/x"
VERSION = "api-version=2025-04-01"
WESTUS2 = named("westus2.prod")
SCHEMA = "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"


@pytest.fixture
def token(cloud):
    return run_az("account", "get-access-token", "--query", "accessToken", "--output", "tsv").stdout.strip()


@pytest.fixture
def ask(cloud, token):
    def asked(method, target, body=None, bearer=token):
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        answer = httpx.request(method, f"https://{arm.HOST}{target}", content=content, headers=headers, timeout=60)
        error = answer.json().get("error", {}) if answer.content else {}
        return answer.status_code, error.get("code"), error.get("message", "")

    return asked


def _deployment(template=None, parameters=None, **more):
    whole = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": []} | (template or {})
    properties = {"mode": "Incremental", "template": whole, "parameters": parameters or {}} | more.pop("properties", {})
    return {"location": "westus2", "properties": properties} | more


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", f"{ROOT}/resources", 400, "MissingApiVersionParameter"),
        ("GET", f"{ROOT}/resources?api-version=2015-01-02", 400, "NoRegisteredProviderFound"),
        ("GET", f"{ROOT}/nothing?{VERSION}", 404, "NotFound"),
        ("GET", f"/somewhere?{VERSION}", 404, "NotFound"),
        ("GET", f"{DEPLOYMENT}?{VERSION}", 404, "DeploymentNotFound"),
        ("GET", f"{ROOT}/resourceGroups/none?{VERSION}", 404, "ResourceGroupNotFound"),
        ("GET", f"{ROOT}/resources?{VERSION}&$filter=name", 400, "InvalidFilterInQueryString"),
        (
            "GET",
            f"{ROOT}/resourceGroups/g/providers/Microsoft.Web/sites/x?api-version=2025-03-01",
            404,
            "ResourceNotFound",
        ),
        ("GET", f"{ROOT}/resourceGroups/g/providers/Microsoft.Odd/things/x?{VERSION}", 404, "InvalidResourceType"),
        (
            "PATCH",
            f"{ROOT}/resourceGroups/g/providers/Microsoft.Web/sites/x?api-version=2025-03-01",
            405,
            "MethodNotAllowed",
        ),
    ],
)
def test_unknown_paths_versions_and_methods(ask, method, target, status, code):
    assert ask(method, target)[:2] == (status, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "InvalidRequestContent"),
        ({"location": "westus2"}, "InvalidRequestContent"),
        (_deployment(location=None), "LocationRequired"),
        (_deployment(properties={"mode": "Sometimes"}), "InvalidRequestContent"),
        (_deployment(properties={"odd": 1}), "InvalidRequestContent"),
        (
            _deployment({"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}),
            "InvalidTemplate",
        ),
        (_deployment(parameters={"x": {"value": 1}}), "InvalidTemplate"),
        (_deployment({"parameters": {"x": {"type": "int"}}}), "InvalidTemplate"),
        (_deployment({"parameters": {"x": {"type": "int"}}}, {"x": {"value": "1"}}), "InvalidTemplate"),
        (
            _deployment({"parameters": {"x": {"type": "string", "allowedValues": ["a"]}}}, {"x": {"value": "b"}}),
            "InvalidTemplate",
        ),
        (
            _deployment({"parameters": {"x": {"type": "array", "minLength": 1}}}, {"x": {"value": []}}),
            "InvalidTemplate",
        ),
        (_deployment({"outputs": {"x": {"type": "string", "value": "[odd()]"}}}), "InvalidTemplate"),
        (_deployment({"outputs": {"x": {"type": "string", "value": "[variables('x')]"}}}), "InvalidTemplate"),
        (_deployment({"outputs": {"x": {"type": "string", "value": "[format('x']"}}}), "InvalidTemplate"),
    ],
)
def test_bodies_that_are_no_deployment(ask, body, code):
    for method, target in (("PUT", f"{DEPLOYMENT}?{VERSION}"), ("POST", f"{DEPLOYMENT}/validate?{VERSION}")):
        assert ask(method, target, body)[:2] == (400, code)


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ({"type": "Microsoft.Web/sites", "apiVersion": "2031-01-01", "name": "x"}, "NoRegisteredProviderFound"),
        ({"type": "Microsoft.Odd/things", "apiVersion": "2025-01-01", "name": "x"}, "InvalidResourceType"),
        (
            {"type": "Microsoft.Web/sites", "apiVersion": "2025-03-01", "name": "x", "resourceGroup": "none"},
            "ParentResourceNotFound",
        ),
    ],
)
def test_resources_that_there_cannot_be(ask, resource, code):
    status, outer, _ = ask("POST", f"{DEPLOYMENT}/validate?{VERSION}", _deployment({"resources": [resource]}))
    assert (status, outer) == (400, "InvalidTemplateDeployment")
    status, _, _ = ask("PUT", f"{DEPLOYMENT}?{VERSION}", _deployment({"resources": [resource]}))
    assert status == 201, "it fails when it is run"


def test_what_a_namespace_is_not_registered_for(cloud):
    cloud.resources.put(f"{ROOT}/resourceGroups/g", {"apiVersion": "2025-04-01", "location": "westus2"})
    cloud.resources.registered.clear()
    with pytest.raises(Refusal, match=r"not registered to use namespace 'Microsoft\.Web'"):
        cloud.resources.put(f"{ROOT}/resourceGroups/g/providers/Microsoft.Web/sites/x", {"apiVersion": "2025-03-01"})


def test_only_a_token_for_the_management_is_taken(cloud, ask):
    other = run_az(
        "account",
        "get-access-token",
        "--resource",
        "https://vault.azure.net",
        "--query",
        "accessToken",
        "--output",
        "tsv",
    )
    for bearer in ("none", "a.b.c", other.stdout.strip()):
        assert ask("GET", f"{ROOT}/resources?{VERSION}", bearer=bearer)[:2] == (401, "InvalidAuthenticationToken")


def test_the_deployment_endpoint_takes_the_same_token_and_a_zip(deployed, token):
    app = next(each["name"] for each in deployed.resources if each["type"] == "Microsoft.Web/sites")
    where = f"https://{app}.scm.azurewebsites.net"
    zipped = {"Content-Type": "application/zip"}
    signed = {"Authorization": f"Bearer {token}"}
    assert httpx.post(f"{where}/api/publish", content=b"x", headers=zipped).status_code == 401
    assert httpx.post(f"{where}/api/publish", content=b"x", headers=signed).status_code == 415
    assert httpx.post(f"{where}/api/publish", content=b"x", headers=signed | zipped).status_code == 400
    assert httpx.get(f"{where}/api/deployments/none", headers=signed).status_code == 404


def test_hosts_that_nobody_made_are_not_there(cloud):
    with pytest.raises(httpx.ProxyError):
        httpx.get("https://func-nobody.azurewebsites.net/api/health")
    assert cloud.front.strange == ["func-nobody.azurewebsites.net:443"]
    cloud.front.strange.clear()


class TestTheDocumentedCommands:
    """What the pages say about the callback's name and the audit is what the stand-in's Azure answers."""

    def test_a_policy_is_locked(self, deployed):
        account = next(each["name"] for each in deployed.resources if each["name"].startswith("staudit"))
        where = ("--account-name", account, "--container-name", "audit")
        policy = ("storage", "container", "immutability-policy")
        etag = json.loads(run_az(*policy, "show", *where, "--query", "etag").stdout)
        assert run_az(*policy, "lock", *where, "--if-match", "other").returncode == 1
        done = run_az(*policy, "lock", *where, "--if-match", etag)
        assert done.returncode == 0, done.stderr
        assert json.loads(run_az(*policy, "show", *where, "--query", "state").stdout) == "Locked"

    def test_the_profile_of_a_deployed_stamp(self, deployed, run):
        said = run("profile", "westus2.prod")
        assert said.code == 0, said.err
        assert said.out.startswith('["westus2.prod"]\nstorage_account = "stcaselle')
        assert 'app_insights = "InstrumentationKey=' in said.out

    def test_there_is_no_profile_of_nothing(self, cloud, run):
        said = run("profile", "westus2.prod")
        assert said.code == 2
        assert "DeploymentNotFound" in said.err

    def test_who_asks_is_the_deployer(self, token):
        assert entra.claims(token)["appid"] == entra.CLIENT
