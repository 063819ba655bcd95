"""Fixtures that start processes, each once per run and only when a test asks for it."""

import os
import platform
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from admin.deploy import package
from local.azurite import Azurite
from local.processes import Child
from local.services import Vault
from tests.infra.bicep import NONE_FOUND, Bicep, found

# The suite chooses alike on every run; `make hunt` looks at new examples each time. Hypothesis also draws constants of
# our modules that are imported by then, so a test has other examples alone than after other tests in its process.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("hunt", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


NO_HISTORY: Final = "this clone has no history, so there is no release before (`git fetch --unshallow`)"
_FIRST: Final = ("tests/e2e/", "tests/faults/", "tests/admin/")
_SLOW: Final = ("tests/e2e/", "tests/faults/", "tests/beliefs/", "tests/bench/")
"""Folders of whole stacks, simulated weeks and measurements: slow without a mark of their own."""
_STARTS: Final = {
    *("addresses", "azurite", "built_package", "compiler", "sample", "simulator", "stack", "staged", "start_sample"),
    "vault",
}
"""Fixtures that start a process: who asks for one is slow."""
_REAL: Final = {"azurite", "caselle", "key vault", "table"}
"""Parameters of conformance tests that stand for the real thing; the fakes are quick."""
_QUICK: Final = "not slow"


def pytest_configure(config: pytest.Config) -> None:
    """In the quick loop nothing starts a service: a test that does has forgotten its mark."""
    if config.option.markexpr == _QUICK:
        Child.__init__ = _not_marked  # for this process's whole life


def _not_marked(*_: object, **__: object) -> None:
    raise RuntimeError("a test that starts a service is marked slow")


def pytest_runtest_setup() -> None:
    """Jitter and the order of waiting entries are the same on every run, whatever ran before."""
    random.seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start whole stacks come first, so that no core waits for the last of them alone."""
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))
    for item in items:
        if item.nodeid.startswith(_SLOW) or _starts_something(item):
            item.add_marker("slow")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick loop does not even import what it would leave out as a whole."""
    folder = f"tests/{collection_path.name}/"
    return True if folder in _SLOW and config.option.markexpr == _QUICK else None


def _starts_something(item: pytest.Item) -> bool:
    if _STARTS & set(getattr(item, "fixturenames", ())):
        return True
    parameters = getattr(item, "callspec", None)
    if parameters is None or not item.nodeid.startswith("tests/conformance/"):
        return False
    return any(isinstance(each, str) and each in _REAL for each in parameters.params.values())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a machine could not run for want of something is said where nobody overlooks it: in the last lines."""
    skipped = [str(each.longrepr) for each in terminalreporter.stats.get("skipped", [])]
    for what, why in (("of the templates", NONE_FOUND), ("of going back a release", NO_HISTORY)):
        count = sum(why in each for each in skipped)
        if count:
            terminalreporter.write_line(f"{count} tests {what} did not run: {why}.", yellow=True)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite on disk, shared by the run: use queue and table names of your own."""
    with Azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """The local vault, shared by the run: use secret names of your own."""
    with Vault(tmp_path_factory.mktemp("vault")) as running:
        yield running


@pytest.fixture(scope="session")
def built_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that a deployment publishes, built once per run."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("its compiled dependencies are for Linux on x86-64, where the app runs")
    return package.build(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def compiler() -> Iterator[Bicep]:
    """Microsoft's Bicep compiler; the test is skipped, and the run says so at its end, where none is found."""
    program = found()
    if program is None:
        pytest.skip(NONE_FOUND)
    with Bicep(program) as running:
        yield running
