"""What we send fits the schema we assume, and the schema says what of it is assumed."""

from datetime import date
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from admin.contract.uses import USES
from shared.caselle import create_receipt, customer, open_items, receipt
from shared.caselle.protocol import ACCOUNTS_RECEIVABLE, CASH_RECEIPTING
from shared.payments.gateway import ReceiptOrder, Share
from shared.vocabulary.money import Money

CONTRACT = Path(create_receipt.__file__).with_name("contract")
SCHEMAS = {
    path: build_schema((CONTRACT / name).read_text(encoding="utf-8"))
    for path, name in [(CASH_RECEIPTING, "cr0.graphql"), (ACCOUNTS_RECEIVABLE, "ar0.graphql")]
}
ORDER = ReceiptOrder(
    customer_number="000412",
    category_code="07",
    distribution_code="0702",
    payment_code="09",
    amount=Money(12540),
    receipt_date=date(2026, 11, 20),
    reference="IC1",
    payer='Zoë "}{$" Ito',
    shares=(Share("10023", Money(10000)), Share("10044", Money(2540))),
)
BARE = ReceiptOrder(
    customer_number="1",
    category_code="1",
    distribution_code="1",
    payment_code="1",
    amount=Money(1),
    receipt_date=date(2026, 1, 1),
    reference="r",
)
CALLS = [
    *((use.operation, use.variables) for use in USES),
    (create_receipt.OPERATION, create_receipt.variables(ORDER)),
    (create_receipt.OPERATION, create_receipt.variables(BARE)),
    (receipt.OPERATION, receipt.variables(receipt.of_days(date(2026, 11, 19), date(2026, 11, 21)), None)),
    (receipt.OPERATION, receipt.variables(receipt.of_days(date(2026, 11, 19), date(2026, 11, 21)), "200")),
    (customer.OPERATION, customer.variables("000412")),
    (open_items.OPEN_ITEMS, open_items.variables("000412")),
    (open_items.ONE_INVOICE, open_items.variables("000412", "10023")),
]


def _described():
    for path, schema in SCHEMAS.items():
        for name, kind in schema.type_map.items():
            if name.startswith("__") or not isinstance(
                kind, (GraphQLObjectType, GraphQLInputObjectType, GraphQLEnumType)
            ):
                continue
            yield f"{path} {name}", kind.description
            inner = kind.values if isinstance(kind, GraphQLEnumType) else kind.fields
            for field, definition in inner.items():
                yield f"{path} {name}.{field}", definition.description


@pytest.mark.parametrize(("place", "description"), list(_described()))
def test_everything_says_whether_it_is_documented_or_assumed(place, description):
    assert (description or "").startswith(("Documented: ", "Assumed: ")), place


@pytest.mark.parametrize(
    "operation", list(dict.fromkeys(each for each, _ in CALLS)), ids=lambda operation: operation.name
)
def test_an_operation_is_valid_against_its_schema(operation):
    document = parse(operation.document)
    assert validate(SCHEMAS[operation.path], document) == []
    assert get_operation_ast(document, operation.name) is not None


@pytest.mark.parametrize(("operation", "variables"), CALLS)
def test_its_variables_fit_the_schema(operation, variables):
    definition = get_operation_ast(parse(operation.document), operation.name)
    values = get_variable_values(SCHEMAS[operation.path], definition.variable_definitions, variables)
    assert not isinstance(values, list), values


def test_a_receipt_is_ordered_as_text_with_every_cent():
    fields = create_receipt.variables(ORDER)["input"]
    assert (fields["amount"], fields["receipt_date"], fields["category_code"]) == ("125.40", "2026-11-20", "07")
    assert fields["payer"] == ORDER.payer
    assert fields["allocations"] == [
        {"invoice_number": "10023", "amount": "100.00"},
        {"invoice_number": "10044", "amount": "25.40"},
    ]


def test_without_shares_caselle_allocates():
    assert "allocations" not in create_receipt.variables(BARE)["input"]


def test_receipts_are_asked_for_by_nothing_but_days():
    """A filter of any other kind could hide the very receipt that is looked for."""
    asked = receipt.variables(receipt.of_days(date(2026, 11, 19), date(2026, 11, 21)), "c")
    assert asked["filter"] == {"from_date": "2026-11-19", "to_date": "2026-11-21"}
    assert asked["page"] == {"size": 200, "after": "c"}
