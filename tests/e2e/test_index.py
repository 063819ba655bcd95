"""The app loads with nothing but its run-time packages, and registers exactly what it should."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from admin.deploy.package import VENDORED
from local.processes import ROOT

UV = ROOT / ".tools/bin/uv"
WORKER_PACKAGES = ("azure_functions_runtime", "azurefunctions")
ROUTES = {
    "ICOAuthTokenProcessor": ("ICOAuthTokenProcessor", ["GET", "POST"], "ANONYMOUS"),
    "console": ("console", ["GET"], "ANONYMOUS"),
    "console_biller": ("console/billers/{billerId}", ["GET"], "ANONYMOUS"),
    "console_development_sign_in": ("console/development-sign-in", ["GET"], "ANONYMOUS"),
    "console_payment": ("console/billers/{billerId}/payments/{paymentId}", ["GET"], "ANONYMOUS"),
    "health": ("health", ["GET"], "ANONYMOUS"),
    "open_items": ("billers/{billerId}/customers/{customerNumber}/open-items", ["GET"], "FUNCTION"),
    "payment_status": ("billers/{billerId}/payments/{paymentId}", ["GET"], "FUNCTION"),
    "ready": ("ready", ["GET"], "FUNCTION"),
}
QUEUES = {
    "drive_due": "due",
    "keep_control_totals": "control-totals",
    "poison_control_totals": "control-totals-poison",
    "poison_autopay_changes": "autopay-changes-poison",
    "poison_registrations": "registrations-poison",
    "update_autopay": "autopay-changes",
    "update_registrations": "registrations",
    "poison_due": "due-poison",
    "poison_ach_rejects": "ach-rejects-poison",
    "poison_payments": "payments-poison",
    "poison_reversals": "reversals-poison",
    "poison_token_renewals": "token-renewals-poison",
    "post_payments": "payments",
    "renew_token": "token-renewals",
    "reverse_ach_rejects": "ach-rejects",
    "reverse_payments": "reversals",
}
WITHOUT_OUTPUT = {"keep_control_totals", "poison_control_totals", "poison_token_renewals", "renew_token"}
OUTPUTS = {name: {"due", "posting-results"} for name in QUEUES if name not in WITHOUT_OUTPUT} | {
    "sweep": {"due"},
    "sweep_tokens": {"token-renewals"},
}
TIMERS = {
    "reconcile": "0 */15 9-12 * * *",
    "retain": "0 20 * * * *",
    "sweep": "0 * * * * *",
    "sweep_tokens": "30 */5 * * * *",
    "watch_poison": "15 */5 * * * *",
}


@pytest.fixture(scope="module", params=["checkout", "package"])
def functions(request, tmp_path_factory):
    """Trigger and outputs of every function, by its name: of this checkout, and of the package that is published."""
    folder = tmp_path_factory.mktemp("index")
    worker = _worker(folder / "worker")
    if request.param == "checkout":
        yield _index(_runtime_environment(folder / "venv"), ROOT, worker)
    else:
        app = _unpacked(request.getfixturevalue("built_package"), folder / "app")
        yield _index(_environment(folder / "venv"), app, worker, app / VENDORED)
    shutil.rmtree(folder)


def _unpacked(package, folder):
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


def _environment(folder):
    """Its interpreter; nothing at all is installed."""
    _run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    return folder / "bin/python"


def _runtime_environment(folder):
    """Its interpreter; only ``requirements.txt`` is installed."""
    python = _environment(folder)
    _run(UV, "pip", "sync", "--quiet", "--require-hashes", ROOT / "requirements.txt", "--python", folder)
    return python


def _worker(folder):
    """The platform brings its worker library along; the app must not need anything else that is installed here."""
    folder.mkdir()
    for name in WORKER_PACKAGES:
        [source] = importlib.util.find_spec(name).submodule_search_locations
        (folder / name).symlink_to(source)
    (folder / "local").symlink_to(ROOT / "local")
    return folder


def _index(python, app, *found_beside):
    environment = {"PYTHONPATH": os.pathsep.join(map(str, found_beside)), "PYTHONDONTWRITEBYTECODE": "1"}
    printed = _run(python, "-P", Path(__file__).with_name("index_app.py"), app, env=environment)
    return json.loads(printed.splitlines()[-1])


def _run(*command, env=None):
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, capture_output=True, text=True)  # noqa: S603 - fixed commands
    assert done.returncode == 0, done.stderr
    return done.stdout


def _triggers(functions, kind):
    return {name: each["trigger"] for name, each in functions.items() if each["trigger"]["type"] == kind}


def test_exactly_the_expected_functions(functions):
    assert sorted(functions) == sorted([*ROUTES, *QUEUES, *TIMERS])


def test_routes_methods_and_levels(functions):
    triggers = _triggers(functions, "httpTrigger")
    found = {name: (each["route"], sorted(each["methods"]), each["authLevel"]) for name, each in triggers.items()}
    assert found == ROUTES


def test_queues(functions):
    assert {name: each["queueName"] for name, each in _triggers(functions, "queueTrigger").items()} == QUEUES


def test_every_message_is_handed_over_as_bytes(functions):
    """Elsewise the host lets what a message says of itself replace its id, its times and how often it came."""
    triggers = _triggers(functions, "queueTrigger")
    assert {name: each.get("dataType") for name, each in triggers.items()} == dict.fromkeys(QUEUES, "BINARY")


def test_timers(functions):
    triggers = _triggers(functions, "timerTrigger")
    assert {name: each["schedule"] for name, each in triggers.items()} == TIMERS
    assert not any(each.get("runOnStartup") for each in triggers.values())


def test_outputs(functions):
    written = {
        name: {each["queueName"] for each in found["outputs"] if each["type"] == "queue"}
        for name, found in functions.items()
    }
    assert {name: queues for name, queues in written.items() if queues} == OUTPUTS
