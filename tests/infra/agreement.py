"""What templates and code must say alike: queues, tables, settings, events."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import azure.functions as func

from functions.outputs import STORAGE
from shared.ledger.entry import Kind, State
from tests.agreement.asked import asked_for
from tests.agreement.registered import bindings
from tests.infra.demands import SECRET_CALLS
from tests.infra.design import at
from tests.infra.source import Each, Expression, Source, text, walk
from tests.infra.syntax import references

ROOT: Final = Path(__file__).parents[2]

LEFT_TO_ADMINS: Final = {
    *("BILLER_CACHE_SECONDS", "KEY_CACHE_SECONDS", "OPEN_ITEMS_SECONDS", "TOKEN_CACHE_SECONDS", "RETENTION_YEARS"),
}
"""Settings with a good default; ``extraAppSettings`` takes them and the times of the ledger."""
ONE_MACHINE: Final = {"AzureWebJobsStorage", "CASELLE_ALLOW_LOOPBACK", "KEY_VAULT_CA_FILE", "TIME_DIVISOR"}
OF_THE_HOST: Final = {
    *(
        f"{STORAGE}__{part}"
        for part in ("blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId")
    ),
    "AzureWebJobsDisableHomepage",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
OF_THE_PLATFORM: Final = {"WEBSITE_AUTH_ENABLED"}
"""Read by the app and set by nobody but the platform."""
NO_ALERT: Final = {
    "function.failed": "failures are counted as the host sees them: of functions, of poison functions, of requests",
    "console.refused": "the page says whom to ask for the role",
    "console.unavailable": "nothing is posted by it, and the stores that it reads are watched",
    "<kind>.unknown": "asked about by itself; overdue follows where that does not settle it",
    "<kind>.repeated_after_reversal": "only payments repeat so, and theirs are watched",
    "<kind>.double_draft": "only AutoPay changes lead to it, and theirs are watched",
    "callback_keys.stamp_failed": "the last use of a key is a convenience",
}
"""Loud events that ask nobody, and why."""


WINDOWS: Final = {5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}
"""Minutes that a scheduled rule may look back; it runs at most every hour here."""


def problems(folder: Path) -> Iterator[str]:
    main = Source(folder / "main.bicep")
    yield from _queues(main)
    yield from _tables(main)
    yield from _settings(Source(folder / "modules/functionapp.bicep"))
    yield from _sample(Source(folder / "modules/functionapp.bicep"))
    yield from _python(main)
    yield from _alerts(json.loads((folder / "alerts.json").read_text(encoding="utf-8")), main)
    yield from _seen(Source(folder / "modules/alerts.bicep"))
    yield from _workbook(json.loads((folder / "workbook.json").read_text(encoding="utf-8")))
    yield from _regions(folder)
    yield from _vault_calls()
    yield from _callback(Source(folder / "modules/callbackhost.bicep"))


def _differ(what: str, templates: set[str], code: set[str]) -> Iterator[str]:
    yield from (f"{what} {name}: in the templates only" for name in sorted(templates - code))
    yield from (f"{what} {name}: missing in the templates" for name in sorted(code - templates))


def _list(source: Source, name: str) -> list[str]:
    found = source.variables[name].value
    return list(found) if isinstance(found, list) else [found]


def used_queues() -> set[str]:
    """Every queue that a function reads or writes."""
    return {each["queueName"] for kind in ("queueTrigger", "queue") for each in bindings(kind)}


def _queues(main: Source) -> Iterator[str]:
    made = set(_made(main, main.modules["storage"].body["params"]["queues"]))
    yield from _differ("queue", made, used_queues())
    if "'${queue}-poison'" not in main.text:
        yield "poison queues are not called as the host calls them"
    contract = (ROOT / "docs/contracts/README.md").read_text(encoding="utf-8")
    from_ic = set(re.findall(r"^\| `([a-z-]+)` \| Invoice Cloud \|", contract, re.MULTILINE))
    yield from _differ("queue that Invoice Cloud writes,", set(_list(main, "inboundQueues")), from_ic)


def _made(main: Source, queues: Expression) -> Iterator[str]:
    """Names of the lists that an expression joins; a list that is made of others is the one of the poison queues."""
    for node, _ in references(queues.node):
        if text(node) in main.variables:
            match main.variables[text(node)].value:
                case Each(over=joined):
                    yield from (f"{name}-poison" for name in _made(main, joined))
                case _:
                    yield from _list(main, text(node))


@cache
def used_tables() -> set[str]:
    """Every table that the app or an admin command opens."""
    files = [path for folder in ("shared", "admin") for path in (ROOT / folder).rglob("*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    opened = re.findall(r"(?:get_table_client|\.table)\(\s*\"([a-z]+)\"", code)
    return {*opened, *re.findall(r"^TABLE: Final = \"([a-z]+)\"", code, re.MULTILINE)}


def _tables(main: Source) -> Iterator[str]:
    yield from _differ("table", set(_list(main, "tables")), used_tables())


def _settings(source: Source) -> Iterator[str]:
    groups = [each for name, each in source.variables.items() if name.endswith("Settings")]
    given = {text(node.children[0]) for each in groups for node in walk(each.node) if node.type == "object_property"}
    wanted = (
        {name for name in asked_for() if not name.startswith("LEDGER_")}
        - ONE_MACHINE
        - LEFT_TO_ADMINS
        - OF_THE_PLATFORM
    )
    yield from _differ("setting", given, wanted | OF_THE_HOST)
    missing = [each for each in groups if each.name not in source.variables["settings"].value]
    yield from (f"{each.name} never reaches the app" for each in missing)


def _sample(source: Source) -> Iterator[str]:
    """What a developer sets by hand is what the template sets, but for storage and the worker, which Azure knows."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
    by_template = {text(node.children[0]) for node in walk(source.root) if node.type == "object_property"}
    strange = sample.keys() - by_template - {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}
    yield from (f"setting {name}: in local.settings.sample.json only" for name in sorted(strange))
    runtime = at(source.resources["site"].body, "properties.functionAppConfig.runtime.name")
    if sample["FUNCTIONS_WORKER_RUNTIME"] != runtime:
        yield f"the sample's worker is not {runtime}"


def _python(main: Source) -> Iterator[str]:
    wanted = re.search(r'requires-python = ">=([0-9.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if wanted is None or main.params["pythonVersion"].value != wanted[1]:
        yield f"pythonVersion is {main.params['pythonVersion'].value}, the package is built for another"


@cache
def loud_events() -> set[str]:
    """Every event that warns, or that the page of events lists."""
    listed = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/events.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name for each in {*listed, *_warned()} for name in _for_each_kind(each)}


def _for_each_kind(name: str) -> list[str]:
    return [name.replace("<kind>", kind.noun) for kind in Kind] if "<kind>" in name else [name]


def _warned() -> Iterator[str]:
    for node in _code():
        match node:
            case ast.Call(
                func=ast.Attribute(attr="emit"), args=[ast.Constant(value=name), ast.Attribute(attr=level), *_]
            ):
                if level in {"WARNING", "ERROR"}:
                    yield name


@cache
def emitted_events() -> set[str]:
    """What the app can log: every name that stands in its code, and one for each kind and state."""
    constants = {str(node.value) for node in _code() if isinstance(node, ast.Constant)}
    written = {name for name in constants if re.fullmatch(r"[a-z_]+\.[a-z_]+", name)}
    return written | {f"{kind.noun}.{state}" for kind in Kind for state in State} | loud_events()


def _code() -> Iterator[ast.AST]:
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _alerts(alerts: list[dict[str, Any]], main: Source) -> Iterator[str]:
    watched = {name for each in alerts if each["kind"] != "untaken" for name in each["subjects"]}
    silent = {name for each in NO_ALERT for name in _for_each_kind(each)}
    yield from (f"event {name}: nothing emits it" for name in sorted(watched - emitted_events()))
    yield from (f"event {name}: no alert" for name in sorted(loud_events() - watched - silent))
    outside = {name for each in alerts if each["kind"] == "untaken" for name in each["subjects"]}
    yield from _differ(
        "queue watched from outside,", outside, {*_list(main, "inboundQueues"), *_list(main, "resultQueue")}
    )
    for each in alerts:
        yield from _alert(each)


def _seen(source: Source) -> Iterator[str]:
    """The query of the alerts that ``_alert`` holds to every five minutes."""
    if "ingestion_time() > ago(6m)" not in text(source.variables["seen"].node):
        yield "alerts.bicep: what arrives between two runs is not seen"


def _alert(alert: dict[str, Any]) -> Iterator[str]:
    name, split, city = alert["name"], alert["splitBy"], alert["scope"] == "city"
    opening = alert["title"].partition(": ")[0]
    if (
        opening not in {"One city", "Invoice Cloud"}
        if city
        else opening not in {"All cities", "This stamp", "Invoice Cloud"}
    ):
        yield f"alert {name}: its title does not tell one city from everyone"
    if city != (split == "biller"):
        yield f"alert {name}: split by {split!r}"
    if alert["kind"] == "seen" and (alert["everyMinutes"], alert["windowMinutes"]) != (5, 30):
        yield f"alert {name}: its query looks at the last six minutes, so it runs every five"
    if alert["windowMinutes"] not in WINDOWS or alert["everyMinutes"] not in {5, 10, 15, 30, 45, 60}:
        yield f"alert {name}: Azure knows no such window or frequency"
    if bool(alert["query"]) != (alert["kind"] == "query"):
        yield f"alert {name}: a query of its own is of kind query"
    named = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', alert["query"]))
    if alert["kind"] == "query" and named != set(alert["subjects"]):
        yield f"alert {name}: its query and its subjects name different events"
    page, _, section = alert["runbook"].partition("#")
    path = ROOT / "docs" / page
    if not path.is_file():
        yield f"alert {name}: there is no page docs/{page}"
    elif section and section not in _sections(path):
        yield f"alert {name}: docs/{page} has no section {section}"


def _sections(page: Path) -> set[str]:
    """Names of its headings, as links spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


def _workbook(workbook: dict[str, Any]) -> Iterator[str]:
    queries = [item["content"]["query"] for item in workbook["items"] if "query" in item["content"]]
    named = {name for each in queries for name in re.findall(r'"([a-z_]+\.[a-z_]+)"', each)}
    yield from (f"workbook: nothing emits {name}" for name in sorted(named - emitted_events()))


def _regions(folder: Path) -> Iterator[str]:
    for path in sorted((folder / "regions").glob("*.bicepparam")):
        given = {name: each.value for name, each in Source(path).variables.items()}
        named = f"{given.get('location')}.{given.get('environmentName')}.bicepparam"
        if path.name != named:
            yield f"{path.name} describes {named}"
        if given.get("location") not in given.get("stampRegions", []):
            yield f"{path.name}: its own billers are not at home in it"
        if given.get("environmentName") == "prod" and given.get("geoRedundant") is not True:
            yield f"{path.name}: the ledger is not copied to another region"
        # Azure takes a budget from the first of a month only.
        if given.get("monthlyBudget") and not re.fullmatch(r"\d{4}-\d{2}-01", given.get("budgetStart", "")):
            yield f"{path.name}: its budget begins on no first of a month"


def _vault_calls() -> Iterator[str]:
    """The rights that the template demands for the app are those that its one user of the vault needs."""
    code = (ROOT / "shared/azure_stores/key_vault.py").read_text(encoding="utf-8")
    yield from _differ("call of the vault,", set(SECRET_CALLS), set(re.findall(r"_client\.(\w+)", code)))


def _callback(source: Source) -> Iterator[str]:
    prefix = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["http"]["routePrefix"]
    routes = {each["route"] for each in bindings("httpTrigger") if each["authLevel"] is func.AuthLevel.ANONYMOUS}
    passed = set(source.resources["route"].body["properties"]["patternsToMatch"])
    # The callback's host is Caselle's way in, and no person's.
    open_ = {route for route in routes if route.partition("/")[0] != "console"}
    yield from _differ("path of the callback host,", passed, {f"/{prefix}/{route}" for route in open_})
