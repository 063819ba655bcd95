"""Deploying, as far as it goes without the Azure command line: the package, the sentences, a real stack's stores.

The whole sequence runs through the real ``az`` in ``tests/azure``.
"""

import shlex
import sys
import zipfile
from pathlib import Path

import pytest

from admin.address import of_profile, of_stack
from admin.deploy import package, stores
from admin.deploy.az import Az
from admin.deploy.outputs import Outputs
from admin.deploy.region import ROOT, named
from admin.errors import WrongUse
from admin.stamp import opened
from shared.billers.callback_keys import PEPPER_SECRET
from shared.billers.model import Biller
from shared.runtime import build
from tests.fakes.billers import overwrite
from tests.payments.world import NEWPORT

WESTUS2 = named("westus2.prod")
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


@pytest.fixture
def az(tmp_path, monkeypatch):
    """A program called ``az`` that says the same to everything: what is done with its words is tested here."""

    def says(output="", error="", code=0):
        program = tmp_path / "program/az"
        program.parent.mkdir(exist_ok=True)
        words = f"sys.stdout.buffer.write({output.encode()!r}); sys.stderr.write({error!r}); sys.exit({code})"
        program.write_text(f"#!{sys.executable}\nimport sys\n{words}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
        return Az()

    return says


def _names(built):
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def _with(built, folder, name, content):
    """A copy with another content of one file; none where it is empty."""
    changed = folder / "changed.zip"
    with zipfile.ZipFile(built) as whole, zipfile.ZipFile(changed, "w") as archive:
        for each in whole.infolist():
            if each.filename != name:
                archive.writestr(each, whole.read(each))
        if content:
            archive.writestr(name, content)
    return changed


class TestPackage:
    def test_the_app_ships_and_nothing_else(self, built_package):
        own = {name for name in _names(built_package) if not name.startswith(".python_packages/")}
        tops = {name.partition("/")[0] for name in own}
        assert tops == {"function_app.py", "host.json", "requirements.txt", "build.json", "functions", "shared"}
        assert "shared/caselle/contract/cr0.graphql" in own
        assert not any("__pycache__" in name or "local.settings" in name for name in own)

    def test_dependencies_are_where_the_platform_looks(self, built_package):
        assert f"{package.VENDORED}/azure/functions/__init__.py" in _names(built_package)

    def test_every_file_can_be_read_on_linux(self, built_package):
        """Without these bits the host finds no functions, and no error either."""
        with zipfile.ZipFile(built_package) as archive:
            assert {(each.create_system, each.external_attr >> 16) for each in archive.infolist()} == {(3, 0o100644)}

    def test_what_cannot_be_loaded_is_refused(self, built_package, tmp_path):
        with pytest.raises(WrongUse, match=r"cannot be loaded .*sweep"):
            package.index(_with(built_package, tmp_path, "functions/sweep.py", b""), tmp_path)

    def test_another_dependency_than_the_locked_one_is_refused(self):
        """The hash decides, and only wheels are taken: nothing is built from a source that the lock does not name."""
        command = package.install_command(Path("x"))
        assert {"--require-hashes", "--only-binary"} <= set(command)
        pinned = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
        assert len(pinned) > 20
        assert (ROOT / "requirements.txt").read_text().count("--hash=sha256:") >= len(pinned)

    def test_it_says_which_one_it_is(self, built_package, tmp_path):
        with zipfile.ZipFile(built_package) as archive:
            archive.extractall(tmp_path)
        said = build.running(tmp_path)
        assert said == package.identity(built_package)
        assert (said.version, len(said.digest)) == ("0.1.0", 64)

    def test_one_that_was_changed_afterwards_is_refused(self, built_package, tmp_path):
        with pytest.raises(WrongUse, match="was changed after it was built"):
            package.identity(_with(built_package, tmp_path, "functions/sweep.py", b"raise SystemExit"))

    def test_one_that_does_not_say_which_it_is_is_refused(self, built_package, tmp_path):
        for odd in (b"", b"{}", b"[]", b'{"version": 1, "digest": "x"}', b"\xff", b"[" * 100_000):
            with pytest.raises(WrongUse, match="does not say which package it is"):
                package.identity(_with(built_package, tmp_path, build.FILE, odd))

    def test_what_is_no_zip_is_refused(self, built_package, tmp_path):
        odd = tmp_path / "odd.zip"
        whole = built_package.read_bytes()
        for content in (b"", b"text", whole[:-30], whole[:2000] + b"\0" * 4000 + whole[6000:]):
            odd.write_bytes(content)
            with pytest.raises(WrongUse, match="is not a zip file"):
                package.identity(odd)

    def test_the_command_names_it(self, run, built_package, tmp_path, monkeypatch):
        monkeypatch.setattr(package, "build", lambda _: built_package)
        said = run("package", "--out", tmp_path / "app.zip")
        assert package.identity(tmp_path / "app.zip").digest in "".join(said.out.split())


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

    @pytest.mark.parametrize("output", ["", "\n", "null"])
    def test_an_empty_answer_names_its_query(self, az, output):
        with pytest.raises(WrongUse, match=r"^`az functionapp show --query` answered nothing to the query a\.b\.$"):
            az(output).json("functionapp", "show", "--query", "a.b")

    def test_an_empty_text_names_its_query(self, az):
        with pytest.raises(WrongUse, match="answered nothing to the query accessToken"):
            az().text("account", "get-access-token", "--query", "accessToken")

    @pytest.mark.parametrize("output", ['{"a": ', "<html>", "[" * 100_000, "\x00"])
    def test_what_is_no_json(self, az, output):
        with pytest.raises(WrongUse, match="`az account show` answered something that is no JSON"):
            az(output).json("account", "show")

    @pytest.mark.parametrize(
        ("error", "says"),
        [
            ("WARNING: old\nERROR: (Gone) It is gone.\nCode: Gone\nhelp", "failed: ERROR: (Gone) It is gone."),
            ("something broke\n", "failed: something broke"),
            ("", "it gave no reason"),
            ("ERROR: AADSTS700024: Client assertion is not within its valid time range.", "it lives five minutes"),
        ],
    )
    def test_a_failure_says_why(self, az, error, says):
        with pytest.raises(WrongUse) as raised:
            az(error=error, code=1).text("resource", "list")
        assert says in str(raised.value)


class TestDryRun:
    def test_the_page_shows_it(self, run):
        page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
        assert run("deploy", "--dry-run", "westus2.prod").out in page

    def test_a_stack_instead(self, run):
        said = run("deploy", "--dry-run", "--stack", "eastus2.test").out
        assert "az stack sub create --name caselle-eastus2-test" in said
        assert "deployment sub create" not in said

    @pytest.mark.parametrize("command", ["deploy", "destroy"])
    def test_it_needs_no_azure_command_line(self, run, monkeypatch, tmp_path, command):
        monkeypatch.setenv("PATH", str(tmp_path))
        said = run(command, "--dry-run", "westus2.prod")
        assert said.code == 0
        assert [shlex.split(line) for line in said.out.splitlines() if line.strip().startswith("az ")]


@pytest.fixture
def local(stack, state):
    """The stores of the running stack stand for the stamp's."""
    assert stack.functions_url
    address = of_stack(state / "stack.json")
    return lambda _: opened(address)


async def _put(local, biller):
    async with local(None) as stamp:
        await overwrite(stamp.billers, biller)


async def _get(local, bid):
    async with local(None) as stamp:
        return await stamp.billers.get(bid)


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
            before = await stamp.stores.vault.get(PEPPER_SECRET)
            assert await stores.ensure_pepper(stamp) is False
            assert await stamp.stores.vault.get(PEPPER_SECRET) == before


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
