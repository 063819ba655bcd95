"""What ships, and with which settings."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from shared.ledger.times import Times
from shared.runtime.settings import Settings
from tests.agreement.asked import asked_for

ROOT = Path(__file__).parents[2]
HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))
IGNORED = (ROOT / ".funcignore").read_text(encoding="utf-8").split()
OF_THE_HOST = {"FUNCTIONS_WORKER_RUNTIME"}


@pytest.fixture(scope="module")
def existing():
    return asked_for()


# host.json


def test_messages_reach_the_app_as_they_were_enqueued():
    """With another encoding an unreadable message would be lost in a poison queue that nobody can read."""
    assert HOST["extensions"]["queues"]["messageEncoding"] == "none"


def test_query_strings_are_never_traced():
    """The callback's key is one."""
    assert "enableQueryStringTracing" not in (ROOT / "host.json").read_text(encoding="utf-8")
    assert "HttpStreaming" not in (ROOT / "function_app.py").read_text(encoding="utf-8")


def test_queues_and_times_fit_each_other():
    queues = HOST["extensions"]["queues"]
    hours, minutes, seconds = (int(part) for part in HOST["functionTimeout"].split(":"))
    assert hours * 3600 + minutes * 60 + seconds >= 2 * Times().lease
    assert queues["batchSize"] + queues["newBatchThreshold"] <= 32
    assert queues["maxDequeueCount"] >= 5
    assert HOST["extensions"]["http"]["routePrefix"] == "api"


def test_no_event_is_sampled_away():
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))


# .funcignore


@pytest.mark.parametrize("folder", ["local/", "tests/", "docs/", "infra/", "admin/", "bench/", ".venv/", ".tools/"])
def test_what_is_for_one_machine_does_not_ship(folder):
    assert folder in IGNORED


@pytest.mark.parametrize(
    "name", ["local.settings.json", "local.settings.sample.json", "requirements-dev.txt", "Makefile"]
)
def test_this_file_does_not_ship(name):
    assert any(fnmatch(name, pattern) for pattern in IGNORED)


@pytest.mark.parametrize(
    "name",
    ["function_app.py", "host.json", "requirements.txt", "functions", "functions/sweep.py", "shared", "shared/runtime"],
)
def test_what_the_app_needs_ships(name):
    assert [pattern for pattern in IGNORED if fnmatch(name, pattern.rstrip("/"))] == []


@pytest.mark.parametrize(
    "path", [ROOT / "function_app.py", *(ROOT / "functions").glob("*.py"), *(ROOT / "shared").rglob("*.py")]
)
def test_nothing_that_ships_imports_what_does_not(path):
    imported = re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert not {"local", "tests", "admin", "bench"} & set(imported)


# Settings.


def test_the_sample_names_only_settings_that_exist(existing):
    assert set(SAMPLE["Values"]) - OF_THE_HOST <= existing


def test_the_sample_names_everything_that_is_required(existing):
    assert {"AzureWebJobsStorage", "KEY_VAULT_URL", "STAMP_REGIONS"} <= set(SAMPLE["Values"]) & existing
    Settings.read(SAMPLE["Values"] | {"KEY_VAULT_URL": "https://v.vault.azure.net"})


def test_every_setting_is_documented(existing):
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Za-z_]+)`", text))
    assert {name for name in existing if not name.startswith("LEDGER_")} <= named
    assert "`LEDGER_<NAME>_SECONDS`" in text


def _shipped_settings() -> Iterator[Path]:
    for pattern in ("*.json", "*.bicep", "*.bicepparam", "*.y*ml", "*.env", "*.tf"):
        yield from ROOT.glob(pattern)
        for folder in ("infra", "functions", "shared", ".github", ".ci"):
            yield from (ROOT / folder).rglob(pattern)


def test_no_template_or_sample_opens_loopback():
    found = list(_shipped_settings())
    assert ROOT / "local.settings.sample.json" in found
    assert [path for path in found if "CASELLE_ALLOW_LOOPBACK" in path.read_text(encoding="utf-8")] == []
