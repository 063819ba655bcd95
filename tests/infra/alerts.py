"""The list of alerts against the events of the code, the pages, and what a deployment makes of it."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.caselle.catalogue import CATALOGUE, PUZZLING
from shared.ledger.entry import Kind, State
from tests.agreement.registered import bindings
from tests.infra.agreement import differ, inbound_queues
from tests.infra.stamp import Stamp, at, said

ROOT: Final = Path(__file__).parents[2]

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
LONGEST_MUTE: Final = 1440
"""Minutes that a rule may be silent for after it fired."""
RESULTS: Final = "posting-results"


def problems(folder: Path) -> Iterator[str]:
    """Of the list and of the workbook."""
    alerts = listed(folder)
    watched = {name for each in alerts if each["kind"] != "untaken" for name in each["subjects"]}
    silent = {name for each in NO_ALERT for name in _for_each_kind(each)}
    yield from (f"event {name}: nothing emits it" for name in sorted(watched - emitted_events()))
    yield from (f"event {name}: no alert" for name in sorted(loud_events() - watched - silent))
    outside = {name for each in alerts if each["kind"] == "untaken" for name in each["subjects"]}
    read = {each["queueName"] for each in bindings("queueTrigger") if not each["queueName"].endswith("-poison")}
    yield from differ("queue watched from outside,", outside - _poison(outside), {*inbound_queues(), *read, RESULTS})
    for each in alerts:
        yield from _alert(each)
    yield from _codes(alerts)
    yield from _workbook(json.loads((folder / "workbook.json").read_text(encoding="utf-8")))


def of_stamp(stamp: Stamp, folder: Path) -> Iterator[str]:
    """What a deployment makes of each line of the list."""
    rules = {each.name.removesuffix(f"-{_stamp_of(stamp)}"): each for each in stamp.of_type(_RULES)}
    alerts = {each["name"]: each for each in listed(folder)}
    yield from differ("alert", set(rules), set(alerts))
    for name in rules.keys() & alerts.keys():
        yield from _rule(stamp, alerts[name], rules[name].body["properties"])


_RULES: Final = "Microsoft.Insights/scheduledQueryRules"


def listed(folder: Path) -> list[dict[str, Any]]:
    """The list as it is written."""
    alerts: list[dict[str, Any]] = json.loads((folder / "alerts.json").read_text(encoding="utf-8"))
    return alerts


def _poison(queues: set[str]) -> set[str]:
    return {each for each in queues if each.endswith("-poison")}


def _stamp_of(stamp: Stamp) -> str:
    return str(stamp.outputs["resourceGroupName"]).removeprefix("rg-")


def _rule(stamp: Stamp, alert: dict[str, Any], rule: dict[str, Any]) -> Iterator[str]:
    criteria = at(rule, "criteria.allOf.0")
    split = [each["name"] for each in criteria["dimensions"]]
    groups = stamp.given.get("actionGroupIds", {}).get(str(alert["severity"]), [])
    mute = None if alert["kind"] == "seen" else f"PT{min(alert['windowMinutes'], LONGEST_MUTE)}M"
    wanted = {
        "severity": alert["severity"],
        "evaluationFrequency": f"PT{alert['everyMinutes']}M",
        "windowSize": f"PT{alert['windowMinutes']}M",
        "muteActionsDuration": mute,
        "criteria.allOf.0.operator": "LessThan" if alert["kind"] == "missing" else "GreaterThan",
        "criteria.allOf.0.threshold": alert["threshold"],
        "criteria.allOf.0.timeAggregation": "Count",
        "actions.actionGroups": ["<the action group>", *(f"<{each}>" for each in groups)],
    }
    for path, demanded in wanted.items():
        if (found := said(at(rule, path))) != demanded:
            yield f"alert {alert['name']}: {path} is {found!r}, not {demanded!r}"
    if split != ([alert["splitBy"]] if alert["splitBy"] else []):
        yield f"alert {alert['name']}: split by {split}"
    text = criteria["query"]
    asked_for = [*alert["subjects"], *alert.get("onlyCodes", []), *alert.get("butCodes", [])]
    unnamed = [each for each in asked_for if f'"{each}"' not in text]
    if unnamed or re.search(r"\{\d\}", text) or not text.strip():
        yield f"alert {alert['name']}: its query does not ask for {unnamed or 'anything'}"
    if alert["kind"] == "seen" and f"ingestion_time() > ago({alert['everyMinutes'] + 1}m)" not in text:
        yield f"alert {alert['name']}: what arrives between two runs is not seen"


def _alert(alert: dict[str, Any]) -> Iterator[str]:
    name, split, city = alert["name"], alert["splitBy"], alert["scope"] == "city"
    opening = alert["title"].partition(": ")[0]
    openings = {"One city", "Invoice Cloud"} if city else {"All cities", "This stamp", "Invoice Cloud"}
    if opening not in openings:
        yield f"alert {name}: its title does not tell one city from everyone"
    if city != (split == "biller"):
        yield f"alert {name}: split by {split!r}"
    if alert["kind"] == "seen" and (alert["everyMinutes"] not in {5, 15} or alert["windowMinutes"] != 30):
        yield f"alert {name}: its query looks at what arrived since the run before, so every five minutes or every quarter of an hour"
    if alert["windowMinutes"] not in WINDOWS or alert["everyMinutes"] not in {5, 10, 15, 30, 45, 60}:
        yield f"alert {name}: Azure knows no such window or frequency"
    if alert["query"] and alert["kind"] not in {"query", "missing"}:
        yield f"alert {name}: a query of its own is of kind query or missing"
    if not alert["query"] and (alert["kind"] == "query" or not alert["subjects"]):
        yield f"alert {name}: it asks for nothing"
    named = set(re.findall(r'"([a-z_]+\.[a-z_]+)"', alert["query"]))
    if alert["query"] and named != set(alert["subjects"]):
        yield f"alert {name}: its query and its subjects name different events"
    yield from _runbook(name, alert["runbook"])


def _codes(alerts: list[dict[str, Any]]) -> Iterator[str]:
    """Of blocks, what one alert asks for and the others leave to it: the causes that are on no list."""
    unlisted = {*PUZZLING, "error_inside_result"}
    for each in alerts:
        codes = {
            *each.get("onlyCodes", []),
            *each.get("butCodes", []),
            *re.findall(r'"([a-z]+(?:_[a-z]+)*)"', each["query"]),
        }
        if "biller.blocked" in each["subjects"]:
            yield from differ(f"alert {each['name']}: cause on no list,", codes & {*CATALOGUE, *unlisted}, unlisted)


def _runbook(name: str, link: str) -> Iterator[str]:
    page, _, section = link.partition("#")
    path = ROOT / "docs" / page
    if not path.is_file():
        yield f"alert {name}: there is no page docs/{page}"
    elif section and section not in _sections(path):
        yield f"alert {name}: docs/{page} has no section {section}"


def _sections(page: Path) -> set[str]:
    """Names of its headings, as links spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


@cache
def loud_events() -> set[str]:
    """Every event that warns, or that the page of events lists."""
    listed_ = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/events.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name for each in {*listed_, *_warned()} for name in _for_each_kind(each)}


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
    """What the app or a command can log: names that stand in the code, and one for each kind and state."""
    constants = {str(node.value) for node in _code() if isinstance(node, ast.Constant)}
    written = {name for name in constants if re.fullmatch(r"[a-z_]+\.[a-z_]+", name)}
    return written | {f"{kind.noun}.{state}" for kind in Kind for state in State} | loud_events() | set(AWAITED)


AWAITED: Final = {"export.completed": "told by the nightly workflow's export"}
"""Events that something outside ``shared`` and ``functions`` tells."""


def _code() -> Iterator[ast.AST]:
    for folder in ("shared", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def _workbook(workbook: dict[str, Any]) -> Iterator[str]:
    named = {name for each in queries_of(workbook).values() for name in re.findall(r'"([a-z_]+\.[a-z_]+)"', each)}
    yield from (f"workbook: nothing emits {name}" for name in sorted(named - emitted_events()))


def queries_of(workbook: dict[str, Any]) -> dict[str, str]:
    """The workbook's queries by the names of their parts."""
    return {each["name"]: each["content"]["query"] for each in workbook["items"] if "query" in each["content"]}
