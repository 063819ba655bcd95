"""The real Azure command line against a stand-in of Azure; ``make azure`` installs it into an environment of its own."""

import json
import os
import shutil
from pathlib import Path

import pytest

from admin.address import of_stack
from admin.deploy.az import Az
from admin.deploy.deployment import Deployment, Wishes
from admin.deploy.region import ROOT, named
from admin.stamp import opened
from local.stack import Stack
from shared.billers.model import Biller
from tests.admin.conftest import run
from tests.azure.cloud import compiler
from tests.azure.cloud.certificates import Certificates
from tests.azure.cloud.world import Cloud, login
from tests.infra.bicep import found
from tests.payments.world import NEWPORT

__all__ = ["run"]

TOOLS = Path(os.environ.get("AZURE_TOOLS", ROOT / ".tools/azure"))
WESTUS2 = named("westus2.prod")
_OF_AZ_ITSELF = {"aka.ms:443", "azcliprod.blob.core.windows.net:443", "app.aladdin.microsoft.com:443"}
"""Whether there is a newer release of it, or an extension with a command that it does not know."""


@pytest.fixture(scope="session", autouse=True)
def az_program():
    """Nothing here is skipped: these tests exist for this program."""
    program = TOOLS / "bin/az"
    if not program.is_file():
        pytest.fail(f"{program} is not there: `make azure` installs it and runs these tests.")
    return program


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def state(tmp_path_factory):
    return tmp_path_factory.mktemp("stack") / "state"


@pytest.fixture(scope="session")
def stack(state):
    """Storage, vault and Caselle of the stamp."""
    with Stack(state, [Biller.model_validate(NEWPORT)], settings={"BILLER_CACHE_SECONDS": "0"}) as running:
        yield running


@pytest.fixture(scope="session")
def programs(az_program, tmp_path_factory):
    """What is found on the path: ``az``, the committed templates in the place of a compiler, and the system's own."""
    return _path(az_program, compiler.committed_program(tmp_path_factory.mktemp("compiler") / "bin"))


@pytest.fixture(scope="session")
def bicep():
    """The machine's own, looked for before a test changes the path; None where there is none."""
    return found()


@pytest.fixture
def real_compiler(az_program, bicep, tmp_path, monkeypatch):
    """The templates are compiled from their sources, where this machine can."""
    if bicep is not None:
        monkeypatch.setenv("PATH", _path(az_program, compiler.real_program(tmp_path / "compiler", bicep)))


def _path(az, folder):
    return os.pathsep.join([str(az.parent), str(folder), "/usr/bin", "/bin"])


@pytest.fixture(scope="session")
def _signed_in(certificates, programs, tmp_path_factory):
    """A configuration of ``az`` with a fresh sign-in, to be copied."""
    folder = tmp_path_factory.mktemp("signed-in")
    with pytest.MonkeyPatch.context() as patch, Cloud(folder, certificates, "", {}) as cloud:
        patch.setenv("PATH", programs)
        for name, value in cloud.environment(folder / "config").items():
            patch.setenv(name, value)
        done = login(cloud, seconds=7200)
        assert done.returncode == 0, done.stderr
    return folder / "config"


@pytest.fixture
def signed_out(certificates, programs, stack, tmp_path, monkeypatch):
    """The stand-in, to which nobody has signed in."""
    settings = stack._settings()
    with Cloud(tmp_path, certificates, stack.host_storage, settings) as cloud:
        monkeypatch.setenv("PATH", programs)
        for name, value in cloud.environment(tmp_path / "config").items():
            monkeypatch.setenv(name, value)
        yield cloud
        strange = set(cloud.front.strange) - _OF_AZ_ITSELF
        assert strange == set(), "only Azure is asked, by names that the templates made"


@pytest.fixture
def cloud(signed_out, _signed_in, tmp_path):
    """The stand-in, signed in to as the workflow does."""
    shutil.copytree(_signed_in, tmp_path / "config", dirs_exist_ok=True)
    return signed_out


@pytest.fixture
def local(stack, state):
    """The stores of the running stack stand for the stamp's."""
    assert stack.functions_url
    address = of_stack(state / "stack.json")
    return lambda _: opened(address)


class RecordingAz(Az):
    """The real one; keeps what it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def _run(self, arguments, *, capture_output):
        self.asked.append(arguments)
        return super()._run(arguments, capture_output=capture_output)


@pytest.fixture
def deployment(cloud, local, built_package, tmp_path):
    """Makes deployments of the built package; what they waited is in ``waited``."""

    def make(**wishes):
        work = tmp_path / f"work-{len(make.made)}"
        work.mkdir()
        asked = Wishes(**{"yes": True, "package": built_package} | wishes)
        deployed = Deployment(
            region=WESTUS2, wishes=asked, work=work, az=RecordingAz(), wait=make.waited.append, open_stamp=local
        )
        make.made.append(deployed)
        return deployed

    make.made, make.waited = [], []
    return make


@pytest.fixture
def deployed(cloud):
    """The stamp's resources are there, as a deployment before made them; no code runs yet."""
    parameters = json.loads((compiler.COMPILED / "westus2.prod.parameters.json").read_text(encoding="utf-8"))[
        "parameters"
    ]
    template = json.loads((compiler.COMPILED / "main.json").read_text(encoding="utf-8"))
    properties = {"mode": "Incremental", "template": template, "parameters": parameters}
    made = cloud.arm.deployments.created(WESTUS2.deployment, {"location": WESTUS2.region, "properties": properties})
    assert made["properties"]["provisioningState"] == "Succeeded", made["properties"]
    return cloud
