"""What Invoice Cloud was promised under an earlier version of the contract still holds."""

import copy
import json
import re
from pathlib import Path

import pytest

from local.contract_versions import REASON_CODES, bare, keep, kept
from local.contracts import FOLDER, VERSIONS, as_kept
from shared.customers import message as customers
from shared.exchange import inbound
from shared.ledger.entry import Kind
from shared.payments import message as payments
from shared.reconciliation.control_totals import ControlTotal
from shared.reversals import message as reversals
from tests.agreement.compatible import Way, taken, taken_of_api

KEPT = kept(VERSIONS)
NOW = as_kept()
GOLDEN = Path(__file__).parents[1] / "golden"
RESULTS = "posting-results.schema.json"
API = "openapi.json"
SCHEMAS = [name for name in NOW if name.endswith(".schema.json")]
CHANGES = (FOLDER / "changes.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([0-9.]+) \| .+? \| .+? \| (.+?) \|$", CHANGES, re.MULTILINE)
IN_FORCE = [version for version, withdrawn in ROWS if withdrawn == "-"]
PARSERS = {
    "payments": payments.parse,
    "ach-rejects": lambda body: reversals.parse(Kind.ACH_REJECT, body),
    "reversals": lambda body: reversals.parse(Kind.REVERSAL, body),
    "autopay-changes": lambda body: customers.parse(Kind.AUTOPAY_CHANGE, body),
    "registrations": lambda body: customers.parse(Kind.REGISTRATION, body),
    "control-totals": lambda body: inbound.read(ControlTotal, body, "depositId"),
}


def problems(old, new):
    """All that the newer contract takes away, each with its document."""
    for name, was in old.items():
        if name not in new:
            yield f"{name}: removed"
        elif name == REASON_CODES:
            yield from (f"reason code {code}: removed" for code in was if code not in new[name])
        else:
            yield from (f"{name}: {each}" for each in _compared(name, was, new[name]))


def _compared(name, was, now):
    if name == API:
        return taken_of_api(was, now)
    return taken(was, now, Way.TOLD if name == RESULTS else Way.READ)


# what holds


@pytest.mark.parametrize("version", IN_FORCE)
def test_nothing_promised_is_taken_away(version):
    assert list(problems(KEPT[version], NOW)) == []


def test_a_change_of_the_contract_has_a_version_of_its_own():
    """``docs/contracts/changes.md`` says how: ``python -m local.contracts keep`` and a row."""
    assert KEPT[list(KEPT)[-1]] == NOW


def test_every_kept_version_has_its_row_and_the_newest_is_in_force():
    assert [version for version, _ in ROWS] == list(KEPT)[::-1]
    assert IN_FORCE[0] == ROWS[0][0]


@pytest.mark.parametrize("version", IN_FORCE)
def test_messages_that_were_taken_are_taken(version):
    """Rules that no schema shows: ids in braces, spaces around them, fields that nobody knows."""
    samples = json.loads((GOLDEN / f"messages-{version}.json").read_text(encoding="utf-8"))
    assert set(samples) == {name.removesuffix(".schema.json") for name in SCHEMAS} - {"posting-results"}
    for queue, messages in samples.items():
        assert {field for each in messages for field in each} >= set(
            KEPT[version][f"{queue}.schema.json"]["properties"]
        )
        for each in messages:
            assert PARSERS[queue](json.dumps(each).encode()).biller_id == each["billerId"]


# what is kept


def test_words_may_change_and_fields_named_like_words_are_kept():
    schema = {"title": "A", "description": "b", "properties": {"title": {"type": "string", "examples": ["c"]}}}
    assert bare(schema) == {"properties": {"title": {"type": "string"}}}


def test_a_kept_version_is_not_rewritten(tmp_path):
    keep(tmp_path, "1.9", {"a": 1})
    keep(tmp_path, "1.10", {"a": 2})
    assert kept(tmp_path) == {"1.9": {"a": 1}, "1.10": {"a": 2}}
    with pytest.raises(ValueError, match="never rewritten"):
        keep(tmp_path, "1.9", {"a": 3})
    with pytest.raises(ValueError, match="no version"):
        keep(tmp_path, "../1", {})


# seeded changes: each takes something away


def _changed(name, place, change):
    new = copy.deepcopy(NOW)
    node = new[name]
    for step in place:
        node = node[step]
    change(node)
    return list(problems(NOW, new))


PAYMENTS = "payments.schema.json"
AMOUNT = ("properties", "amount")
REASON = ("$defs", "ReasonText")
ITEMS = "/api/billers/{billerId}/customers/{customerNumber}/open-items"
ASKED = ("paths", ITEMS, "get")
BREAKS = [
    (PAYMENTS, (), lambda node: node["required"].append("depositId"), "depositId: required"),
    (PAYMENTS, (), lambda node: node["required"].append("newField"), "newField: required"),
    (PAYMENTS, (), lambda node: node.update(additionalProperties=False), "additionalProperties is not compared"),
    (PAYMENTS, AMOUNT, lambda node: node.update(pattern="^[0-9]{1,6}$"), "amount: pattern"),
    (PAYMENTS, AMOUNT, lambda node: node.update(type="number"), "amount: string became number"),
    (PAYMENTS, AMOUNT, lambda node: node.update(maxLength=9), "amount: maxLength"),
    (PAYMENTS, AMOUNT, lambda node: node.update(enum=["1.00"]), "amount: takes any value no longer"),
    (PAYMENTS, AMOUNT, lambda node: node.update(multipleOf=5), "multipleOf is not compared"),
    (PAYMENTS, ("properties", "customerNumber"), lambda node: node.update(maxLength=63), "customerNumber: maxLength"),
    (PAYMENTS, ("properties", "customerNumber"), lambda node: node.update(minLength=2), "customerNumber: minLength"),
    (PAYMENTS, ("properties", "schemaVersion"), lambda node: node.update(minimum=2), "schemaVersion: minimum"),
    (PAYMENTS, ("properties", "billerId"), lambda node: node.update(format="uuid"), "billerId: format"),
    (PAYMENTS, ("properties", "environment"), lambda node: node.update(default="test"), "its default was 'live'"),
    (
        PAYMENTS,
        ("properties", "environment", "anyOf", 0),
        lambda node: node["enum"].remove("test"),
        "environment: takes",
    ),
    (PAYMENTS, ("properties", "payerName"), lambda node: node["anyOf"].pop(), "payerName: null became string"),
    (PAYMENTS, ("properties", "allocations", "anyOf", 0), lambda node: node.update(maxItems=499), "maxItems"),
    (PAYMENTS, ("$defs", "Allocation"), lambda node: node["properties"].pop("amount"), "allocations[].amount: removed"),
    (PAYMENTS, ("$defs", "Allocation"), lambda node: node["required"].append("note"), "note: required"),
    ("reversals.schema.json", ("properties", "type"), lambda node: node["enum"].remove("refund"), "['refund']"),
    (RESULTS, (), lambda node: node["properties"].pop("receiptNumber"), "receiptNumber: removed"),
    (RESULTS, (), lambda node: node["required"].remove("final"), "final: required"),
    (RESULTS, ("$defs", "Outcome"), lambda node: node["enum"].remove("skipped"), "outcome: a closed list"),
    (RESULTS, ("$defs", "Outcome"), lambda node: node["enum"].append("lost"), "outcome: a closed list"),
    (RESULTS, ("$defs", "Outcome"), lambda node: node.pop("enum"), "outcome: a closed list"),
    (RESULTS, ("properties", "version"), lambda node: node.update(type="string"), "version: string became integer"),
    (RESULTS, ("properties", "schemaVersion"), lambda node: node.update(const=2, default=2), "schemaVersion"),
    (RESULTS, ("properties", "id", "anyOf"), lambda node: node.append({"type": "integer"}), "id: integer became"),
    (RESULTS, ("properties", "at"), lambda node: node.pop("format"), "at: format"),
    (RESULTS, ("properties", "amount", "anyOf", 0), lambda node: node.pop("pattern"), "amount: pattern"),
    (RESULTS, REASON, lambda node: node["properties"].pop("action"), "reason.action: removed"),
    (REASON_CODES, (), lambda node: node.remove("poison"), "reason code poison: removed"),
    (API, ("paths",), lambda node: node.pop("/api/health"), "get /api/health: removed"),
    (API, ("paths", "/api/health", "get"), lambda node: node.update(security=[{"functionKey": []}]), "another key"),
    (API, ("components", "securitySchemes", "functionKey"), lambda node: node.update(name="key"), "securitySchemes"),
    (API, ASKED, lambda node: node["parameters"].pop(), "invoiceNumber: removed"),
    (API, (*ASKED, "parameters", 2), lambda node: node.update(required=True), "invoiceNumber: now required"),
    (API, (*ASKED, "parameters", 1, "schema"), lambda node: node.update(maxLength=9), "customerNumber: maxLength"),
    (API, (*ASKED, "responses"), lambda node: node.pop("409"), "409: removed"),
    (API, (*ASKED, "responses"), lambda node: node.update({"204": {}}), "204: another success"),
    (API, (*ASKED, "responses", "503"), lambda node: node.pop("headers"), "Retry-After: removed"),
    (API, (*ASKED, "responses", "409"), lambda node: node.pop("content"), "problem+json removed"),
    (
        API,
        (*ASKED, "responses", "200", "content", "application/json", "schema"),
        lambda node: node["oneOf"].pop(),
        "a kind of object is not told",
    ),
    (API, ("components", "schemas", "OpenItem"), lambda node: node["properties"].pop("dueDate"), "dueDate: removed"),
    (
        API,
        ("components", "schemas", "ExplainedProblem", "allOf", 1),
        lambda node: node["properties"].pop("action"),
        "action: removed",
    ),
    (
        API,
        ("paths", "/api/ICOAuthTokenProcessor", "post", "requestBody"),
        lambda node: node.update(required=True),
        "a body is required",
    ),
]


@pytest.mark.parametrize(("name", "place", "change", "told"), BREAKS, ids=[case[3] for case in BREAKS])
def test_what_takes_away_is_refused(name, place, change, told):
    assert any(told in each for each in _changed(name, place, change)), _changed(name, place, change)


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_field_of_any_schema_can_be_removed_or_become_required(name):
    for field in NOW[name]["properties"]:
        assert _changed(name, (), lambda node, gone=field: node["properties"].pop(gone)) == [
            f"{name}: {field}: removed"
        ]
    if name != RESULTS:
        for field in set(NOW[name]["properties"]) - set(NOW[name]["required"]):
            assert _changed(name, (), lambda node, asked=field: node["required"].append(asked))


def test_no_document_can_be_removed():
    for name in NOW:
        assert list(problems(NOW, {kept: each for kept, each in NOW.items() if kept != name})) == [f"{name}: removed"]


# changes that take nothing away

HARMLESS = [
    (PAYMENTS, (), lambda node: node["properties"].update(newField={"type": "string"})),
    (PAYMENTS, (), lambda node: node["required"].remove("tender")),
    (PAYMENTS, AMOUNT, lambda node: node.pop("pattern")),
    (PAYMENTS, ("properties", "schemaVersion"), lambda node: node.update(maximum=2)),
    (PAYMENTS, ("properties", "customerNumber"), lambda node: node.update(maxLength=80)),
    (PAYMENTS, ("properties", "environment", "anyOf", 0), lambda node: node["enum"].append("training")),
    (PAYMENTS, ("properties", "allocations", "anyOf", 0), lambda node: node.update(maxItems=900)),
    ("control-totals.schema.json", ("properties", "count"), lambda node: node.update(type="number")),
    (RESULTS, (), lambda node: node["properties"].update(newField={"type": "string"})),
    (RESULTS, (), lambda node: node["required"].append("receiptNumber")),
    (RESULTS, ("properties", "messageId"), lambda node: node.update(maxLength=36)),
    (RESULTS, ("properties", "id", "anyOf"), lambda node: node.pop()),
    (REASON_CODES, (), lambda node: node.append("a_new_cause")),
    (API, ("paths",), lambda node: node.update({"/api/new": {}})),
    (API, ASKED, lambda node: node["parameters"].append({"name": "a", "in": "query", "required": False, "schema": {}})),
    (API, ("components", "schemas", "OpenItem"), lambda node: node["properties"].update(note={"type": "string"})),
]


@pytest.mark.parametrize(("name", "place", "change"), HARMLESS)
def test_what_only_adds_is_taken(name, place, change):
    assert _changed(name, place, change) == []
