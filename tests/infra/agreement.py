"""What a deployment and the code must say alike: queues, tables, settings, paths of the callback's host."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import azure.functions as func

from functions.outputs import STORAGE
from tests.agreement.asked import asked_for
from tests.agreement.registered import bindings
from tests.infra.demands import SECRET_CALLS
from tests.infra.stamp import Stamp, at, said

ROOT: Final = Path(__file__).parents[2]

LEFT_TO_ADMINS: Final = {
    *("BILLER_CACHE_SECONDS", "KEY_CACHE_SECONDS", "OPEN_ITEMS_SECONDS", "TOKEN_CACHE_SECONDS", "RETENTION_YEARS"),
}
"""Settings with a good default; ``extraAppSettings`` takes them and the times of the ledger."""
ONE_MACHINE: Final = {"AzureWebJobsStorage", "CASELLE_ALLOW_LOOPBACK", "KEY_VAULT_CA_FILE", "TIME_DIVISOR"}
OF_THE_PLATFORM: Final = {"WEBSITE_AUTH_ENABLED"}
"""Read by the app and set by nobody but the platform."""
OPTIONAL: Final = {
    "CASELLE_TOKEN_URL": "caselleTokenUrl",
    "CALLBACK_STAMPS": "callbackStamps",
    "CONSOLE_SIGN_IN": "consoleClientId",
}
"""Settings that only a stamp has whose parameter is given."""

_BLOBS, _QUEUES, _TABLES = (f"<the storage account: primaryEndpoints.{each}>" for each in ("blob", "queue", "table"))
_CLIENT: Final = "<the app's identity: clientId>"
OF_THE_HOST: Final = {
    f"{STORAGE}__blobServiceUri": _BLOBS,
    f"{STORAGE}__queueServiceUri": _QUEUES,
    f"{STORAGE}__tableServiceUri": _TABLES,
    f"{STORAGE}__credential": "managedidentity",
    f"{STORAGE}__clientId": _CLIENT,
    "AzureWebJobsDisableHomepage": "true",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "<Application Insights: ConnectionString>",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": f"ClientId={_CLIENT};Authorization=AAD",
}
"""What the functions host reads: with less it deploys and does not start."""


def problems(stamp: Stamp) -> Iterator[str]:
    """Of one stamp."""
    yield from _queues(stamp)
    yield from differ("table", stamp.names("Microsoft.Storage/storageAccounts/tableServices/tables"), used_tables())
    yield from _settings(stamp)
    yield from _sample(stamp)
    yield from _python(stamp)
    yield from _callback(stamp)


def differ(what: str, templates: set[str], code: set[str]) -> Iterator[str]:
    """What only one of two lists has."""
    yield from (f"{what} {name}: in the templates only" for name in sorted(templates - code))
    yield from (f"{what} {name}: missing in the templates" for name in sorted(code - templates))


@cache
def used_queues() -> frozenset[str]:
    """Every queue that a function reads or writes."""
    return frozenset(each["queueName"] for kind in ("queueTrigger", "queue") for each in bindings(kind))


@cache
def inbound_queues() -> frozenset[str]:
    """Those that Invoice Cloud writes, by its contract."""
    contract = (ROOT / "docs/contracts/README.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^\| `([a-z-]+)` \| Invoice Cloud \|", contract, re.MULTILINE))


def _queues(stamp: Stamp) -> Iterator[str]:
    made = stamp.names("Microsoft.Storage/storageAccounts/queueServices/queues")
    yield from differ("queue", made, set(used_queues()))
    read = {each["queueName"] for each in bindings("queueTrigger")}
    # The host fixes the name of the queue that it moves a message to which failed too often.
    without = {each for each in read if not each.endswith("-poison") and f"{each}-poison" not in made}
    yield from (f"queue {each}: it has no poison queue" for each in sorted(without))


@cache
def used_tables() -> set[str]:
    """Every table that the app or an admin command opens."""
    files = [path for folder in ("shared", "admin") for path in (ROOT / folder).rglob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    opened = re.findall(r"(?:get_table_client|\.table)\(\s*\"([a-z]+)\"", code)
    return {*opened, *re.findall(r"^TABLE: Final = \"([a-z]+)\"", code, re.MULTILINE)}


def _settings(stamp: Stamp) -> Iterator[str]:
    given = stamp.settings()
    extra = stamp.given.get("extraAppSettings", {})
    absent = {name for name, parameter in OPTIONAL.items() if not stamp.given.get(parameter)}
    read = {name for name in asked_for() if not name.startswith("LEDGER_")}
    wanted = read - ONE_MACHINE - LEFT_TO_ADMINS - OF_THE_PLATFORM - absent
    yield from differ("setting", given.keys() - extra.keys(), (wanted | OF_THE_HOST.keys()) - extra.keys())
    read_by_any = asked_for() | OF_THE_HOST.keys()
    yield from (f"setting {name} is nothing that anybody reads" for name in sorted(extra.keys() - read_by_any))
    fixed = OF_THE_HOST | {"AZURE_CLIENT_ID": _CLIENT, "KEY_VAULT_URL": "<the vault: vaultUri>"}
    for name, demanded in fixed.items():
        if given.get(name) != demanded:
            yield f"setting {name} is {given.get(name)!r}, not {demanded!r}"


def _sample(stamp: Stamp) -> Iterator[str]:
    """What a developer sets by hand is what a deployment sets, but for storage and the worker, which Azure knows."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    by_template = stamp.settings().keys() | OPTIONAL.keys() | {STORAGE, "FUNCTIONS_WORKER_RUNTIME"}
    yield from (f"setting {name}: in local.settings.sample.json only" for name in sorted(sample.keys() - by_template))
    for site in stamp.of_type("Microsoft.Web/sites"):
        runtime = at(site.body, "properties.functionAppConfig.runtime.name")
        if sample["FUNCTIONS_WORKER_RUNTIME"] != runtime:
            yield f"the sample's worker is not {runtime}"


def _python(stamp: Stamp) -> Iterator[str]:
    wanted = re.search(r'requires-python = ">=([0-9.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for site in stamp.of_type("Microsoft.Web/sites"):
        found = at(site.body, "properties.functionAppConfig.runtime.version")
        if wanted is None or found != wanted[1]:
            yield f"the app runs on Python {found}, the package is built for another"


def vault_calls() -> Iterator[str]:
    """The rights that the template demands for the app are those that its one user of the vault needs."""
    code = (ROOT / "shared/azure_stores/key_vault.py").read_text(encoding="utf-8")
    yield from differ("call of the vault,", set(SECRET_CALLS), set(re.findall(r"_client\.(\w+)", code)))


def _callback(stamp: Stamp) -> Iterator[str]:
    prefix = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]["routePrefix"]
    routes = {each["route"] for each in bindings("httpTrigger") if each["authLevel"] is func.AuthLevel.ANONYMOUS}
    # The callback's host is Caselle's way in, and no person's.
    open_ = {f"/{prefix}/{route}" for route in routes if route.partition("/")[0] != "console"}
    for route in stamp.of_type("Microsoft.Cdn/profiles/afdEndpoints/routes"):
        passed = set(at(route.body, "properties.patternsToMatch"))
        yield from differ("path of the callback host,", passed, open_)
    for test in stamp.of_type("Microsoft.Insights/webtests"):
        url = said(at(test.body, "properties.Request.RequestUrl"))
        path = "/" + url.partition("://")[2].partition("/")[2]
        if path not in open_:
            yield f"the availability test asks for {path}, which nobody answers without a key"
