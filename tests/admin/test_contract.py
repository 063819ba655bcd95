"""``contract check`` names exactly what would break, and records what passed."""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import shared.caselle
from admin.contract.uses import ENDPOINTS, USES, sdl
from shared.caselle.customer_records import REMOTES
from shared.caselle.protocol import Operation

BILLERS = Path(__file__).parents[2] / "local/samples/billers.json"

CR0, AR0 = sdl("cr0"), sdl("ar0")
CHANGES = {
    "a field of the answer is renamed": (
        CR0,
        ('  reference: String\n  "Documented: the payer."', '  reference_number: String\n  "Documented: the payer."'),
        ("receipt", "Receipt.reference", "is not there", "reference_number"),
    ),
    "a field that is sent is renamed": (
        CR0,
        ("  distribution_code: String!", "  distribution: String!"),
        ("create_receipt", "CreateReceiptInput.distribution_code", "is not there", "distribution"),
    ),
    "a field that is sent is newly required": (
        CR0,
        ('  memo: String\n  "Assumed: amounts', '  memo: String\n  workspace: Int!\n  "Assumed: amounts'),
        ("create_receipt", "CreateReceiptInput.workspace", "is required (Int!), and we do not send it", ""),
    ),
    "an argument is renamed": (
        CR0,
        ("customer(customer_number: String!)", "customer(number: String!)"),
        ("customer", "Query.customer(customer_number:)", "is not there", "number"),
    ),
    "an argument is newly required": (
        CR0,
        ("reason: String!): Receipt", "reason: String!, user: String!): Receipt"),
        ("void_receipt", "Mutation.void_receipt(user:)", "is required (String!), and we do not send it", ""),
    ),
    "a mutation is removed": (
        CR0,
        ("  void_receipt(receipt_number: String!, reason: String!): Receipt", "  void_payment(number: ID!): Receipt"),
        ("void_receipt", "Mutation.void_receipt", "is not there", "void_payment"),
    ),
    "an argument takes another type": (
        CR0,
        ("void_receipt(receipt_number: String!,", "void_receipt(receipt_number: Int!,"),
        ("void_receipt", "Mutation.void_receipt(receipt_number:)", "is Int!; we send String!", ""),
    ),
    "the input has another name": (
        CR0,
        ("CreateReceiptInput", "ReceiptInput"),
        (
            "create_receipt",
            "Mutation.create_receipt(input:)",
            "is ReceiptInput!; a type of the name that we declare is not there",
            "ReceiptInput!",
        ),
    ),
    "an amount is sent as a number": (
        CR0,
        ('  "Assumed: decimal text, for example 125.40."\n  amount: String!', "  amount: Float!"),
        ("create_receipt", "CreateReceiptInput.amount", "is Float; we send text", ""),
    ),
    "an amount is answered as a number": (
        CR0,
        ('  "Documented: the amount. Assumed: decimal text."\n  amount: String!', "  amount: Float!"),
        ("receipt", "Receipt.amount", "is Float; we read String", ""),
    ),
    "what was one is a list": (
        CR0,
        (
            "create_receipt(input: CreateReceiptInput!): Receipt",
            "create_receipt(input: CreateReceiptInput!): [Receipt]",
        ),
        ("create_receipt", "Mutation.create_receipt", "is [Receipt]; we read Receipt", ""),
    ),
    "a status is called otherwise": (
        CR0,
        ("  POSTED\n", "  LIVE\n"),
        ("receipt", "ReceiptStatus", "has no POSTED", "LIVE, VOIDED, REFUNDED"),
    ),
    "what had fields is text": (
        CR0,
        (
            "receipt(filter: ReceiptFilter!, page: PageInput): ReceiptPage!",
            "receipt(filter: ReceiptFilter!, page: PageInput): String!",
        ),
        ("receipt", "Query.receipt", "is String; we read fields of it", ""),
    ),
    "ar0 has no mutations": (
        AR0,
        ("  mutation: Mutation\n", ""),
        ("set_autopay", "mutation", "is not there: the schema has none", ""),
    ),
    "a flag is text": (
        AR0,
        (
            '  "Assumed: whether the customer is on AutoPay from that day on."\n  autopay: Boolean!',
            "  autopay: String!",
        ),
        ("set_autopay", "SetAutopayInput.autopay", "is String; we send a truth value", ""),
    ),
}


@pytest.fixture
def checked(run, tmp_path):
    """Runs ``contract check --sdl`` over a text."""

    def check(text, *more):
        file = tmp_path / ("ar0-true.graphql" if "Mutation {" in text and "set_autopay" in text else "true.graphql")
        file.write_text(text)
        return run("contract", "check", "--sdl", file, "--json", *more)

    return check


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_schema_that_we_assume_fits(checked, endpoint):
    said = checked(sdl(endpoint), "--endpoint", endpoint)
    assert said.code == 0
    assert {line["verdict"] for line in said.json} == {"fits"}
    assert [line["operation"] for line in said.json] == [use.name for use in USES if use.endpoint == endpoint]


@pytest.mark.parametrize(("text", "change", "named"), CHANGES.values(), ids=list(CHANGES))
def test_a_changed_schema_is_named_by_what_breaks(checked, text, change, named):
    assert change[0] in text
    said = checked(text.replace(*change), "--endpoint", "ar0" if text is AR0 else "cr0")
    broken = [line for line in said.json if line["verdict"] == "would break"]
    operation, *difference = named
    assert said.code == 1
    lines = [[line["place"], line["problem"], line["instead"]] for line in broken if line["operation"] == operation]
    assert difference in lines
    # The new name of what was required is itself required.
    assert [each for each in lines if each != difference and not each[1].startswith("is required")] == []


def test_only_the_operation_concerned_breaks(checked):
    """A field of receipts that only the query reads, an argument of one mutation only."""
    said = checked(CR0.replace("reason: String!): Receipt", "reason: String!, user: String!): Receipt"))
    assert [line["operation"] for line in said.json if line["verdict"] != "fits"] == ["void_receipt"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("  created_at: String!", "  created_at: String"), "may be null (String); we read String!"),
        (("  created_at: String!", "  created_at: DateTime!"), "is DateTime; we read String"),
        (
            ('  receipt_date: String!\n  "Assumed: Invoice', '  receipt_date: DateTime!\n  "Assumed: Invoice'),
            "is DateTime, a type of Caselle's own; we send text",
        ),
    ],
)
def test_what_only_an_answer_can_show_is_not_called_broken(checked, change, problem):
    assert change[0] in CR0
    said = checked("scalar DateTime\n" + CR0.replace(*change))
    assert said.code == 0
    doubted = [line for line in said.json if line["verdict"] == "cannot tell"]
    assert [line["problem"] for line in doubted] == [problem]


def test_more_than_we_know_does_no_harm(checked):
    richer = CR0.replace("  memo: String\n", "  memo: String\n  batch: Int\n").replace(
        "  REFUNDED\n", "  REFUNDED\n  PENDING\n"
    )
    richer = richer.replace("reason: String!): Receipt", "reason: String!, notify: Boolean! = false): Receipt")
    assert richer != CR0
    assert checked(richer).code == 0


def test_an_enum_that_we_send_text_for(checked):
    said = checked("enum Code { A B }\n" + CR0.replace("  payment_code: String!", "  payment_code: Code!"))
    [line] = [line for line in said.json if line["verdict"] == "would break"]
    assert (line["problem"], line["instead"]) == ("is Code; we send text", "A, B")


@pytest.mark.parametrize(("text", "words"), [("type Query {", "is no schema"), ("query { a }", "is no schema")])
def test_what_is_no_schema_is_said_in_a_sentence(run, tmp_path, text, words):
    (tmp_path / "f.graphql").write_text(text)
    said = run("contract", "check", "--sdl", tmp_path / "f.graphql")
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "Traceback" not in said.err


def test_wrong_use_is_said_in_a_sentence(run, tmp_path):
    assert "cannot be read" in run("contract", "check", "--sdl", tmp_path / "nowhere").err
    assert "Give --sdl FILE, or --biller" in run("contract", "check").err
    assert "no endpoint um0" in run("contract", "show", "um0").err


def test_what_we_assume_is_printed_with_what_is_documented(run):
    said = run("contract", "show", "ar0")
    assert "Documented: open invoices" in said.out
    assert "Assumed: sets the customer's e-mail address" in said.out
    assert "create_receipt" not in said.out
    assert set(run("contract", "show", "--json").json) == {"cr0", "ar0"}


def test_the_samples_passes_are_of_today_s_documents():
    """The demo's peer serves the schema that we assume, which fits (above)."""
    passes = [each["contractPasses"] for each in json.loads(BILLERS.read_text()) if "contractPasses" in each]
    found = {name: one["document"] for name, one in passes[0].items()}
    assert found == {remote.name: remote.document for remote in REMOTES.values()}


def test_no_operation_of_ours_is_left_out():
    modules = [
        importlib.import_module(f"shared.caselle.{each.name}") for each in pkgutil.iter_modules(shared.caselle.__path__)
    ]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Operation)]
    assert {operation.document for operation in found} == {use.operation.document for use in USES}
    assert {remote.name for remote in REMOTES.values()} <= {use.name for use in USES}
    assert {remote.document for remote in REMOTES.values()} <= {use.operation.digest for use in USES}
