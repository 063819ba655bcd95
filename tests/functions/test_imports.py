"""A cold process imports what its first work needs, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.cold_start import stage
from local.processes import ROOT
from tests.payments.world import message

SDKS = {"pydantic", "httpx", "azure.data.tables", "azure.keyvault", "azure.identity"}
TABLES, VAULT = {"pydantic", "azure.data.tables"}, {"azure.keyvault", "azure.identity"}
SENDS = {"billers", "exchange", "ledger", "payments"}
LOADED = {
    "indexed": (set(), set()),
    "health": (set(), set()),
    "callback": (TABLES | VAULT, {"azure_stores", "billers", "tokens"}),
    "payment": (SDKS, {"azure_stores", "caselle", "tokens", *SENDS}),
    "step": (SDKS, {"azure_stores", "caselle", "tokens", "customers", "reversals", *SENDS}),
    "sweep": (TABLES, {"azure_stores", "ledger"}),
    "sweep_tokens": (TABLES, {"azure_stores", "billers", "tokens"}),
    "watch_poison": (TABLES, {"azure_stores", "exchange"}),
    "status": (TABLES, {"azure_stores", "exchange", "ledger", "payments"}),
    "open_items": (
        SDKS,
        {"azure_stores", "billers", "caselle", "exchange", "ledger", "open_items", "payments", "tokens"},
    ),
    "console": ({"pydantic"}, {"console", "reconciliation", "reversals", "tokens", *SENDS}),
}
"""By first work: of the SDKs those that are loaded, and the packages of ``shared`` beside runtime and vocabulary."""

SETTINGS = {"shared.console", "shared.console.sign_in", "shared.ledger", "shared.ledger.times"}
"""Two words and a table of numbers: whoever reads the settings has them."""


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("cold"), 3) as (towns, settings):
        yield iter(towns), settings


def _given(case, towns):
    match case:
        case "callback":
            return [next(towns).key, json.dumps({"access_token": "token", "expires_in": 3600})]
        case "payment":
            return [json.dumps(message(billerId=next(towns).biller))]
        case "step":
            return [json.dumps({"billerId": "7", "kind": "payment", "id": "nobody", "version": 1})]
        case _:
            return []


def _loaded(case, towns, settings):
    command = [sys.executable, "-P", str(Path(__file__).with_name("first_run.py")), case, *_given(case, towns)]
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)  # noqa: S603 - fixed commands
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("case", LOADED)
def test_a_first_run_loads_exactly_what_it_needs(case, staged):
    sdks, packages = LOADED[case]
    modules = _loaded(case, *staged)
    assert SDKS & modules == sdks
    ours = {name.split(".")[1] for name in modules - SETTINGS if name.startswith("shared.")}
    assert ours - {"runtime", "vocabulary"} == packages


def test_indexing_loads_no_code_of_ours_but_entry_points_what_runs_and_how_to_make_the_rest(staged):
    modules = {name for name in _loaded("indexed", *staged) if name.startswith("shared.")}
    assert modules == {
        "shared.runtime",
        "shared.runtime.build",
        "shared.runtime.process",
        "shared.vocabulary",
        "shared.vocabulary.errors",
        "shared.vocabulary.events",
    }
