"""Deploying, with a stand-in for ``az``, the app's publishing endpoint over a real socket, and a real stack's stores."""

import io
import json
import shlex
import stat
import sys
import threading
import zipfile
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from admin.address import of_profile, of_stack
from admin.deploy import commands, package, stores
from admin.deploy.az import Az
from admin.deploy.deployment import Deployment, Wishes
from admin.deploy.outputs import Outputs
from admin.deploy.region import PROVIDERS, ROOT, named
from admin.deploy.site import Site
from admin.errors import Declined, WrongUse
from admin.stamp import opened
from shared.billers.callback_keys import PEPPER_SECRET
from shared.billers.model import Biller
from shared.vocabulary.errors import Unavailable
from tests.fakes.billers import overwrite
from tests.payments.world import NEWPORT

WESTUS2 = named("westus2.prod")
ACCOUNT = '{"name": "Billing", "id": "1234"}'
OUTPUTS = {
    "resourceGroupName": "rg-caselle-westus2-prod",
    "functionAppName": "func-1",
    "functionAppHostName": "127.0.0.1",
    "callbackBaseUrl": "https://callback.example.com",
    "keyVaultName": "kv-caselle-1",
    "keyVaultUri": "https://kv-caselle-1.vault.azure.net/",
    "storageAccountName": "stcaselle1",
    "auditAccountName": "staudit1",
}
NO_LOGIN = "ERROR: Please run 'az login' to setup account.\n"


class Publishing(BaseHTTPRequestHandler):
    """Answers each path with what is left for it, the last answer for ever; keeps what came."""

    answers: defaultdict[str, deque[tuple[int, str]]]
    came: list[tuple[str, str, dict[str, str], bytes]]

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.came.append((self.command, self.path, dict(self.headers), body))
        left = self.answers[self.path.partition("?")[0]]
        status, text = left.popleft() if len(left) > 1 else left[0] if left else (404, "")
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = _answer  # noqa: N815 - as the base class looks for them

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def site():
    handler = type("Handler", (Publishing,), {"answers": defaultdict(deque), "came": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        handler.address = f"127.0.0.1:{server.server_address[1]}"
        yield handler
        server.shutdown()


@pytest.fixture
def az(tmp_path, monkeypatch):
    """Puts the stand-in on the path; gives a function that sets its answers, and what it was asked."""
    folder = tmp_path / "fake-az"
    folder.mkdir()
    program = folder / "az"
    program.write_text(f"#!{sys.executable}\n" + Path(__file__).with_name("fake_az.py").read_text(encoding="utf-8"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("FAKE_AZ", str(folder))

    class Said:
        def answers(self, *table):
            full = [[list(words), output, *(rest or (0, ""))] for words, output, *rest in table]
            (folder / "answers.json").write_text(json.dumps(full), encoding="utf-8")

        @property
        def asked(self):
            path = folder / "asked.jsonl"
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    return Said()


def _names(built):
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


class TestPackage:
    def test_the_app_ships_and_nothing_else(self, built_package):
        own = {name for name in _names(built_package) if not name.startswith(".python_packages/")}
        tops = {name.partition("/")[0] for name in own}
        assert tops == {"function_app.py", "host.json", "requirements.txt", "functions", "shared"}
        assert "shared/caselle/contract/cr0.graphql" in own
        assert not any("__pycache__" in name or "local.settings" in name for name in own)

    def test_dependencies_are_where_the_platform_looks(self, built_package):
        assert f"{package.VENDORED}/azure/functions/__init__.py" in _names(built_package)

    def test_every_file_can_be_read_on_linux(self, built_package):
        """Without these bits the host finds no functions, and no error either."""
        with zipfile.ZipFile(built_package) as archive:
            assert {(each.create_system, each.external_attr >> 16) for each in archive.infolist()} == {(3, 0o100644)}

    def test_what_cannot_be_loaded_is_refused(self, built_package, tmp_path):
        broken = tmp_path / "broken.zip"
        with zipfile.ZipFile(built_package) as whole, zipfile.ZipFile(broken, "w") as archive:
            for each in whole.infolist():
                if each.filename != "functions/sweep.py":
                    archive.writestr(each, whole.read(each))
        with pytest.raises(WrongUse, match=r"cannot be loaded .*sweep"):
            package.index(broken, tmp_path)

    def test_another_dependency_than_the_locked_one_is_refused(self):
        """The hash decides, and only wheels are taken: nothing is built from a source that the lock does not name."""
        command = package.install_command(Path("x"))
        assert {"--require-hashes", "--only-binary"} <= set(command)
        pinned = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
        assert len(pinned) > 20
        assert (ROOT / "requirements.txt").read_text().count("--hash=sha256:") >= len(pinned)


class TestOneSentence:
    @pytest.mark.parametrize("name", ["westus9.prod", "westus2", "../westus2.prod", "WESTUS2.prod"])
    def test_a_region_that_is_not_there(self, run, name):
        said = run("deploy", "--dry-run", name)
        listed = ", ".join(sorted(each.stem for each in WESTUS2.parameters.parent.glob("*.bicepparam")))
        assert "westus2.prod" in listed
        assert (said.code, said.out, said.err) == (2, "", f"There is no stamp {name}; there are {listed}.\n")

    @pytest.mark.parametrize("command", ["deploy", "destroy"])
    def test_no_azure_command_line(self, run, monkeypatch, tmp_path, command):
        monkeypatch.setenv("PATH", str(tmp_path))
        said = run(command, "westus2.prod")
        sentence = "The Azure command line `az` is not installed: https://aka.ms/installazurecli tells how.\n"
        assert (said.code, said.err) == (2, sentence)

    def test_nobody_is_signed_in(self, run, az):
        az.answers((["account"], "", 1, NO_LOGIN))
        said = run("deploy", "westus2.prod")
        assert (said.code, said.err) == (2, "You are not signed in to Azure: run `az login`, then this again.\n")

    def test_no_bicep(self, run, az):
        az.answers((["account"], ACCOUNT), (["bicep"], "", 1, "ERROR: Bicep CLI not found.\n"))
        said = run("deploy", "westus2.prod")
        assert (said.code, said.err) == (2, "The Bicep compiler is missing: run `az bicep install`, then this again.\n")

    def test_a_right_is_missing(self, az):
        az.answers((["provider"], "", 1, "ERROR: (AuthorizationFailed) The client ...\n"))
        with pytest.raises(WrongUse, match="You may not do this: `az provider list --query` was refused"):
            Az().json(*commands.REGISTERED)


class TestDryRun:
    def test_it_calls_nothing(self, run, az):
        az.answers()
        assert run("deploy", "--dry-run", "westus2.prod").code == 0
        assert az.asked == []

    def test_the_page_shows_it(self, run):
        page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
        assert run("deploy", "--dry-run", "westus2.prod").out in page

    def test_a_stack_instead(self, run):
        said = run("deploy", "--dry-run", "--stack", "eastus2.test").out
        assert "az stack sub create --name caselle-eastus2-test" in said
        assert "deployment sub create" not in said


@pytest.fixture
def local(stack, state):
    """The stores of the running stack stand for the stamp's."""
    assert stack.functions_url
    address = of_stack(state / "stack.json")
    return lambda _: opened(address)


@pytest.fixture(scope="session")
def built(built_package, tmp_path_factory):
    """The built package and the names of its functions."""
    return built_package, package.index(built_package, tmp_path_factory.mktemp("index"))


@pytest.fixture
def deployment(az, site, local, built, tmp_path):
    """Makes deployments of the built package; what they waited is in ``waited``."""

    def make(functions=None, *, exists=True, yes=True):
        zipped, expected = built
        _answers(az, site, expected if functions is None else functions(expected), exists=exists)
        make.waited = []
        return Deployment(
            region=WESTUS2,
            wishes=Wishes(yes=yes, package=zipped),
            work=tmp_path,
            az=Az(),
            wait=make.waited.append,
            scheme="http",
            open_stamp=local,
        )

    return make


def _answers(az, site, functions, *, exists=True):
    outputs = OUTPUTS | {"functionAppHostName": site.address}
    az.answers(
        (["account", "show"], ACCOUNT),
        (["account", "get-access-token"], "the-token\n"),
        (["bicep"], "Bicep CLI version 0.30"),
        (["provider", "list"], json.dumps(["Microsoft.Web", "Microsoft.Storage"])),
        (["provider", "register"], ""),
        (["deployment", "sub", "what-if"], "~ everything\n"),
        (["deployment", "sub", "create"], "{}"),
        (
            ["deployment", "sub", "show"],
            json.dumps({name: {"type": "String", "value": each} for name, each in outputs.items()}),
        ),
        (["resource", "list", "--resource-type"], '["func-1"]' if exists else "[]"),
        (["functionapp", "show"], json.dumps(site.address)),
        (["functionapp", "function", "list"], json.dumps([f"func-1/{name}" for name in functions])),
        (["functionapp", "keys"], '"the-key"'),
        (["resource", "list"], '"InstrumentationKey=1;IngestionEndpoint=https://x"'),
    )
    site.answers["/api/publish"] += [(403, ""), (503, ""), (202, '"id"')]
    site.answers["/api/deployments/latest"] += [(404, ""), (200, '{"status": 1}'), (200, '{"status": 4}')]
    site.answers["/api/health"] += [(502, ""), (200, "{}")]
    site.answers["/api/ready"] += [(503, '{"detail": "table billers does not answer"}'), (200, "{}")]


async def _put(local, biller):
    async with local(None) as stamp:
        await overwrite(stamp.billers, biller)


async def _get(local, bid):
    async with local(None) as stamp:
        return await stamp.billers.get(bid)


def _published(site, built):
    """Again until it was taken, each time with a token, all of it."""
    posted = [each for each in site.came if each[0] == "POST"]
    assert [each[1] for each in posted] == ["/api/publish?RemoteBuild=false&Deployer=icadmin"] * 3
    assert {each[2]["Authorization"] for each in posted} == {"Bearer the-token"}
    assert posted[-1][3] == built.read_bytes()


def _in_order(asked):
    """Nothing is changed before it was shown, and nothing published before it is there."""
    verbs = [" ".join(each[:3]) for each in asked]
    order = [
        "deployment sub what-if",
        "resource list --resource-type",
        "deployment sub create",
        "functionapp function list",
    ]
    assert [verbs.index(each) for each in order] == sorted(verbs.index(each) for each in order)


def _registered(asked):
    missing = [each for each in PROVIDERS if each not in {"Microsoft.Web", "Microsoft.Storage"}]
    assert [each[3] for each in asked if each[:2] == ["provider", "register"]] == missing


def _said_before(dry, asked):
    """The dry run says what was run, word for word but for the names that only Azure knows."""
    ran = [" ".join(each) for each in asked]
    lines = [line for line in dry.splitlines() if line.strip().startswith("az ")]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line.partition("  #")[0])[1:]
        known = " ".join(OUTPUTS.get(word.strip("<>"), word) for word in words)
        assert any(each.startswith(known.partition("<")[0]) for each in ran), known


class TestTheWholeSequence:
    def test_from_the_login_to_the_callback(self, az, site, deployment, built_package, capsys):
        """One run; roles spread slowly, and the app starts slowly."""
        deployment().run()
        said = "".join(capsys.readouterr())
        assert "https://callback.example.com/api/ICOAuthTokenProcessor?BK=<API key>" in said
        assert "the-token" not in said
        assert "the-key" not in said
        assert deployment.waited[0] == 60, "the time in which every send ends; this stack remembers no biller"
        _published(site, built_package)
        _in_order(az.asked)
        _registered(az.asked)
        deployment().dry_run()
        _said_before(capsys.readouterr().out, az.asked)

    def test_functions_that_azure_does_not_list_end_it(self, deployment, capsys):
        made = deployment(lambda names: [name for name in names if name != "sweep"])
        with pytest.raises(WrongUse, match="missing: sweep; unknown: none"):
            made.run()
        assert "stay paused, at most 45 minutes" in capsys.readouterr().err

    def test_the_first_one_pauses_nobody_and_waits_until_the_vault_knows_the_roles(self, deployment, local):
        made = deployment(exists=False)
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
        assert 60 not in deployment.waited

    def test_one_that_broke_off_half_way_says_how_to_go_on(self, az, deployment):
        """Azure keeps no outputs of a deployment that failed."""
        made = deployment()
        az.answers(
            (["account", "show"], ACCOUNT),
            (["bicep"], ""),
            (["provider", "list"], json.dumps(PROVIDERS)),
            (["deployment", "sub", "what-if"], ""),
            (["resource", "list"], '["func-1"]'),
            (["deployment", "sub", "show"], ""),
        )
        with pytest.raises(WrongUse, match="--no-drain deploys without pausing"):
            made.run()

    def test_no_is_no(self, az, deployment, monkeypatch):
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        with pytest.raises(Declined):
            deployment(yes=False).run()
        assert not any(each[:3] == ["deployment", "sub", "create"] for each in az.asked)


class TestStores:
    async def test_billers_pause_and_go_on(self, local, bid):
        """Whom a person paused stays paused."""
        mine = Biller.model_validate(NEWPORT | {"billerId": bid})
        await _put(local, mine)
        async with local(None) as stamp:
            seconds = await stores.pause_all(stamp)
        paused = await _get(local, bid)
        assert (paused.paused.reason, seconds) == (stores.REASON, 60)
        assert paused.paused.until is not None, "should the deployment break off"
        other = paused.model_copy(update={"paused": paused.paused.model_copy(update={"reason": "migration"})})
        await _put(local, other)
        async with local(None) as stamp:
            await stores.resume_all(stamp)
        assert (await _get(local, bid)).paused.reason == "migration"
        await _put(local, paused)
        async with local(None) as stamp:
            await stores.resume_all(stamp)
        assert (await _get(local, bid)).paused is None

    async def test_a_pepper_is_never_replaced(self, local):
        """With another one no callback key would open anything."""
        async with local(None) as stamp:
            before = await stamp.vault.get(PEPPER_SECRET)
            assert await stores.ensure_pepper(stamp) is False
            assert await stamp.vault.get(PEPPER_SECRET) == before


class TestPublishing:
    def _site(self, site, tmp_path):
        waited = []
        found = Site(f"http://{site.address}", f"http://{site.address}", lambda: "t", waited.append)
        zipped = tmp_path / "a.zip"
        zipped.write_bytes(b"zip")
        return found, zipped, waited

    @pytest.mark.parametrize(
        ("publish", "latest", "says"),
        [
            ([(403, "")], [], "refused for five minutes"),
            ([(415, "")], [], "refused with HTTP 415"),
            ([(202, "")], [(200, '{"status": 3}')], "could not deploy it"),
            ([(202, "")], [(200, '{"status": 1}')], "within fifteen minutes"),
        ],
    )
    def test_what_goes_wrong(self, site, tmp_path, publish, latest, says):
        found, zipped, waited = self._site(site, tmp_path)
        site.answers["/api/publish"] += publish
        site.answers["/api/deployments/latest"] += latest
        with pytest.raises(WrongUse, match=says):
            found.publish(zipped)
        assert sum(waited) <= 15 * 60

    def test_an_app_that_is_not_ready_says_why(self, site, tmp_path):
        found, _, _ = self._site(site, tmp_path)
        site.answers["/api/ready"] += [(503, '{"detail": "the vault has no secret callback-key-pepper"}')]
        with pytest.raises(WrongUse, match="up and not ready: the vault has no secret callback-key-pepper"):
            found.ready("k")


class TestOutputs:
    def test_the_profile_can_be_read(self, tmp_path):
        found = Outputs.read({name: {"value": value} for name, value in OUTPUTS.items()})
        file = tmp_path / "stamps.toml"
        file.write_text(found.toml(WESTUS2, "InstrumentationKey=1;IngestionEndpoint=https://x"), encoding="utf-8")
        address = of_profile(file, "westus2.prod")
        assert address.callback_url == "https://callback.example.com/api/ICOAuthTokenProcessor"
        assert address.settings.vault_url == "https://kv-caselle-1.vault.azure.net"

    def test_nothing_deployed(self):
        with pytest.raises(WrongUse, match="no outputs of this template"):
            Outputs.read(None)


class TestDestroy:
    def _answers(self, az):
        found = {name: {"value": value} for name, value in OUTPUTS.items()}
        az.answers(
            (["deployment", "sub", "show"], json.dumps(found)),
            (["resource", "list"], '["/subscriptions/1/a"]'),
            (["resource", "delete"], ""),
            (["lock", "delete"], ""),
            (["storage", "account", "delete"], ""),
            (["keyvault", "delete"], ""),
        )

    def _verbs(self, az):
        return [" ".join(each[:2]) for each in az.asked]

    def test_vault_and_ledger_stay(self, run, az):
        self._answers(az)
        assert run("destroy", "westus2.prod", "--yes").code == 0
        assert set(self._verbs(az)) == {"deployment sub", "resource list", "resource delete"}

    def test_the_vault_is_named_twice(self, run, az):
        """``--yes`` does not spare the name."""
        self._answers(az)
        said = run("destroy", "westus2.prod", "--yes", "--vault", typed="")
        assert (said.code, self._verbs(az)) == (1, [])
        said = run("destroy", "westus2.prod", "--yes", "--vault", typed="kv-other\n")
        assert said.code == 1
        assert "is not called kv-other" in said.err
        assert self._verbs(az) == ["deployment sub"]
        assert run("destroy", "westus2.prod", "--yes", "--vault", typed="kv-caselle-1\n").code == 0
        assert self._verbs(az)[-2:] == ["lock delete", "keyvault delete"]
        assert "storage account" not in self._verbs(az)

    def test_the_ledger_is_named_twice(self, run, az):
        self._answers(az)
        assert run("destroy", "westus2.prod", "--yes", "--ledger", typed="wrong\n").code == 1
        assert run("destroy", "westus2.prod", "--yes", "--ledger", typed="stcaselle1\n").code == 0
        assert self._verbs(az)[-1] == "storage account"
