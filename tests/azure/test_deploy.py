"""A stamp deployed and updated through the real ``az``; the published package runs, on the stores of a real stack."""

import asyncio
import re
import shlex

import pytest

from admin.deploy import package, stores
from admin.deploy.region import PROVIDERS
from admin.errors import WrongUse
from shared.billers.model import Biller
from tests.azure.cloud.wire import Refusal, Response, told
from tests.payments.world import NEWPORT

GROUP = "rg-caselle-westus2-prod"
HTML = Response(503, b"<html><body>The service is unavailable.</body></html>", {"Content-Type": "text/html"})
POLICY = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies"


def _of_type(cloud, kind):
    return [each for each in cloud.resources if each["type"] == kind]


def _paused(local):
    """Who waits, by biller."""

    async def read():
        async with local(None) as stamp:
            return {each.biller_id: each.paused and each.paused.reason for each in await stamp.billers.all()}

    return asyncio.run(read())


def _told_before(dry, asked):
    """The dry run says what was run, word for word but for the names that only Azure knows; and nothing else was run."""
    lines = [line.partition("  #")[0].strip() for line in dry.splitlines() if line.strip().startswith("az ")]
    patterns = [
        re.sub("<[^>]+>", ".+", re.escape(" ".join(shlex.split(line)[1:])).replace(r"\<", "<").replace(r"\ ", " "))
        for line in lines
    ]
    ran = [" ".join(each).removesuffix(" --output json") for each in asked]
    assert [each for each in ran if not any(re.fullmatch(pattern, each) for pattern in patterns)] == []


class TestTheFirstOne:
    def test_from_nothing_to_the_callback(self, cloud, real_compiler, deployment, capfd):
        """Roles spread slowly, the app starts slowly, and one provider is not registered yet."""
        cloud.resources.registered.remove("Microsoft.App")
        cloud.publishing.before.extend([Response(403, b""), HTML, Response(404, b"")])
        cloud.publishing.told.extend([Response(404, b""), 0, HTML, 1, told(200, {}), Response(200, b'{"status": ')])
        cloud.site.early.extend([HTML, Response(502, b""), Response(200, b"")])
        made = deployment()
        made.run()
        said = "".join(capfd.readouterr())
        app = made.outputs.function_app_name
        assert f"Callback: https://{app}.azurewebsites.net/api/ICOAuthTokenProcessor?BK=<API key>" in said
        assert 'app_insights = "InstrumentationKey=' in said
        assert cloud.site.keys.function not in said
        assert "eyJ" not in said, "no token is shown"
        assert cloud.resources.registered == set(PROVIDERS)
        assert deployment.waited == [15, 15, 15, *[1] * 6, 15, 15, 15]
        made.dry_run()
        _told_before(capfd.readouterr().out, made.azure.asked)

    def test_nothing_is_changed_before_it_was_shown_and_nothing_published_before_it_is_there(
        self, deployed, deployment
    ):
        deployment().run()
        order = [
            ("POST", "/whatIf"),
            ("PUT", "/deployments/caselle-westus2-prod"),
            ("POST", "/api/publish"),
            ("GET", "/api/health"),
            ("GET", "/functions"),
            ("GET", "/api/ready"),
        ]
        came = [(each.method, each.path) for each in deployed.front.came]
        first = [
            next(at for at, (method, path) in enumerate(came) if method == verb and path.endswith(end))
            for verb, end in order
        ]
        assert first == sorted(first)


class TestUpdate:
    @pytest.fixture
    def running(self, deployed, deployment):
        """Code runs, and was deployed as the last one is."""
        deployment().run()
        return deployed

    def test_billers_wait_while_the_code_is_swapped(self, running, deployment, local):
        mine = Biller.model_validate(NEWPORT)

        async def put():
            async with local(None) as stamp:
                assert await stamp.billers.replace(mine, None)

        asyncio.run(put())
        seen = []
        running.publishing.while_swapped = lambda: seen.append(_paused(local))
        deployment().run()
        assert seen == [{mine.biller_id: stores.REASON}]
        assert set(_paused(local).values()) == {None}
        assert 60 in deployment.waited, "the time in which every send ends"

    def test_locked_retention_is_left_alone(self, running, deployment):
        """Azure refuses to have it written again."""
        audit = next(each for each in _of_type(running, POLICY) if "/containers/audit/" in each["id"])
        running.resources.change(audit["id"], state="Locked")
        before = dict(audit["properties"])
        made = deployment(drain=False)
        made.run()
        assert made.locked == ["audit"]
        assert running.resources.get(audit["id"])["properties"] == before

    def test_the_code_before_never_passes_for_the_new_one(self, running, deployment, built_package, tmp_path):
        """Its deployment is a success, and nothing was swapped."""
        newer = tmp_path / "newer.zip"
        _changed(built_package, newer)
        running.publishing.swaps = False
        with pytest.raises(WrongUse, match=r"runs version 0\.1\.0, \w{12}, and not version 0\.2\.0, "):
            deployment(drain=False, package=newer).run()

    def test_the_worker_that_deploys_is_recycled(self, running, deployment, built_package, tmp_path):
        newer = tmp_path / "newer.zip"
        _changed(built_package, newer)
        running.publishing.told.extend([1, 2])
        running.publishing.forgets = True
        deployment(drain=False, package=newer).run()
        assert not running.publishing.told, "it was asked until it was forgotten"

    def test_a_group_in_other_letters_is_the_same(self, running, deployment, local):
        """Some of Azure's lists have it in capitals."""
        site = _of_type(running, "Microsoft.Web/sites")[0]
        site["id"] = site["id"].replace(GROUP, GROUP.upper())
        seen = []
        running.publishing.while_swapped = lambda: seen.append(set(_paused(local).values()))
        deployment().run()
        assert seen == [{stores.REASON}]


def _changed(built, path):
    """The same code as another version's package."""
    import zipfile  # noqa: PLC0415 - for this alone

    from shared.runtime.build import FILE, Build  # noqa: PLC0415

    with zipfile.ZipFile(built) as whole:
        files = {each: whole.read(each) for each in whole.namelist() if each != FILE}
    files["functions/newer.py"] = b"# newer"
    files[FILE] = Build("0.2.0", package._content_digest(files.items())).text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)


class TestStack:
    def test_made_updated_and_destroyed(self, cloud, deployment, run):
        deployment(stack=True).run()
        deployment().run()
        [stack] = cloud.arm.deployments.stacks.values()
        assert stack["properties"]["denySettings"]["mode"] == "denyDelete"
        assert 60 in deployment.waited, "the second one drains by what the stack tells of the first"
        said = run("destroy", "westus2.prod", "--yes")
        assert said.code == 0, said.err
        assert (_of_type(cloud, "Microsoft.Web/sites"), cloud.arm.deployments.stacks) == ([], {})
        assert len(_of_type(cloud, "Microsoft.Storage/storageAccounts")) == 2, "ledger and audit stay"

    def test_what_a_stack_made_nobody_else_deletes(self, cloud, deployment):
        """So that the test above shows something."""
        deployment(stack=True).run()
        site = _of_type(cloud, "Microsoft.Web/sites")[0]["id"]
        with pytest.raises(Refusal, match="DenyAssignmentAuthorizationFailed"):
            cloud.resources.delete(site)
