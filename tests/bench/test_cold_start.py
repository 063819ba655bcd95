"""The case cold_start runs from end to end, and its floors do what the app does: same functions, same requests."""

import pytest
from anyio.from_thread import start_blocking_portal

from bench import cold_start
from bench.floors import cold_start_indexed
from bench.tapped_stack import Tap
from local.vault_certificate import certificate_files
from tests.agreement.registered import FUNCTIONS

pytestmark = pytest.mark.timeout(300)


def test_cold_start_finds_figures():
    figures = cold_start.run(runs=1)
    assert figures.keys() == {f"cold_start.{case}" for case in cold_start.CASES}
    assert all(figure.value > 0 and figure.floor > 0 for figure in figures.values())


def _bindings(functions):
    return {
        each.get_function_name(): [binding.get_dict_repr() for binding in each.get_bindings()] for each in functions
    }


def test_the_floor_registers_the_same_functions():
    ours = _bindings(FUNCTIONS.values())
    floor = _bindings(cold_start_indexed.registered().get_functions())
    assert floor.keys() == ours.keys()
    for name, bindings in ours.items():
        assert _sorted(floor[name]) == _sorted(bindings), name


def _sorted(bindings):
    """Without the parameters' own names of triggers, which bind nothing to anything outside."""
    return sorted(
        (sorted((key, str(value)) for key, value in each.items() if key != "name") for each in bindings), key=str
    )


@pytest.fixture
def tapped(tmp_path):
    """Towns, settings whose storage and vault are reached through taps, and what passed them, in order."""
    passed = []
    with cold_start.stage(tmp_path, 1) as ([town], settings), start_blocking_portal() as loop:
        tables = settings["AzureWebJobsStorage"].partition("TableEndpoint=")[2].partition("/localstorage")[0]
        taps = [
            Tap(tables, _request, passed),
            Tap(settings["KEY_VAULT_URL"], _request, passed, certificate_files(tmp_path / "vault")),
        ]
        with (
            loop.wrap_async_context_manager(taps[0].running()) as table,
            loop.wrap_async_context_manager(taps[1].running()) as vault,
        ):
            storage = settings["AzureWebJobsStorage"].replace(tables, table.url)
            through = {"AzureWebJobsStorage": storage, "KEY_VAULT_URL": vault.url}
            yield town, cold_start.cold(tmp_path, settings | through), passed


def _request(method, path, body, answer):
    """Which table or secret; the names of rows differ."""
    return f"{method} {path.partition('(')[0].partition('-')[0]}" + (f" {body.count(b'PartitionKey')}" if body else "")


@pytest.mark.parametrize("case", ["callback", "payment"])
def test_the_floor_makes_the_same_requests(tapped, case):
    town, environment, passed = tapped
    cold_start.until_done(town.ours(case), environment)
    ours = [each.kind for each in passed]
    passed.clear()
    cold_start.until_done(town.floor(case), environment)
    assert [each.kind for each in passed] == ours
    assert len(ours) >= 3
