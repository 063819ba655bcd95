"""The contract's schemas, read from disk, with their resolvers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ariadne import MutationType, ObjectType, QueryType
from graphql import (
    REMOVE,
    FieldDefinitionNode,
    GraphQLResolveInfo,
    ObjectTypeDefinitionNode,
    OperationType,
    OperationTypeDefinitionNode,
    Visitor,
    VisitorAction,
    parse,
    print_ast,
    visit,
)

from local.simulator import accounts, receipting
from local.simulator.books import Biller, Customer, Invoice, Receipt
from local.simulator.schema import Schema
from local.simulator.wire import Switches

type _Info = GraphQLResolveInfo[Biller]

_CONTRACT: Final = Path(__file__).resolve().parents[2] / "shared" / "caselle" / "contract"
_USUAL_PAGE: Final = 100

_cr0_query, _cr0_mutation = QueryType(), MutationType()
_cr0_query_2025_11, _cr0_mutation_2025_11 = QueryType(), MutationType()
_ar0_query, _ar0_customer_type = QueryType(), ObjectType("Customer")


def cr0() -> Schema:
    """Cash receipting, release 2025.11 and later."""
    return Schema(_sdl("cr0"), _cr0_query, _cr0_mutation, _cr0_query_2025_11, _cr0_mutation_2025_11)


def cr0_before_2025_11() -> Schema:
    """Cash receipting without the receipt query and void_receipt."""
    return Schema(_without({"receipt", "void_receipt"}, _sdl("cr0")), _cr0_query, _cr0_mutation)


def ar0() -> Schema:
    """Accounts receivable."""
    return Schema(_sdl("ar0"), _ar0_query, _ar0_customer_type, accounts.UPDATES)


def ar0_without_updates() -> Schema:
    """Accounts receivable that can only be read."""
    return Schema(_without_mutations(_sdl("ar0")), _ar0_query, _ar0_customer_type)


@_cr0_mutation.field("create_receipt")
def _create_receipt(_: object, info: _Info, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - GraphQL's
    return _receipt(receipting.create_receipt(info.context, arguments["input"]))


@_cr0_mutation_2025_11.field("void_receipt")
def _void_receipt(_: object, info: _Info, receipt_number: str, **_reason: str) -> dict[str, Any]:
    return _receipt(receipting.void_receipt(info.context, receipt_number))


@_cr0_query_2025_11.field("receipt")
def _receipt_page(_: object, info: _Info, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - GraphQL's
    page: Mapping[str, Any] = arguments.get("page") or {}
    size = page.get("size")
    receipts, following = receipting.find_receipts(
        info.context, arguments["filter"], _USUAL_PAGE if size is None else size, page.get("after")
    )
    return {"receipts": [_shown(receipt, info.context.switches) for receipt in receipts], "next": following}


@_cr0_query.field("customer")
def _cr0_customer(_: object, info: _Info, customer_number: str) -> dict[str, Any] | None:
    customer = receipting.find_customer(info.context, customer_number)
    return None if customer is None else _customer(customer) | {"status": "Active"}


@_ar0_query.field("customer")
def _ar0_customer(_: object, info: _Info, customer_number: str) -> dict[str, Any] | None:
    customer = receipting.find_customer(info.context, customer_number)
    if customer is None:
        return None
    return _customer(customer) | {
        "statement_type": customer.statement_type,
        "open_invoices": [_invoice(invoice) for invoice in customer.open_invoices],
    }


@_ar0_customer_type.field("invoice")
def _ar0_invoice(customer: Mapping[str, Any], info: _Info, invoice_number: str) -> dict[str, Any] | None:
    invoice = info.context.customers[customer["customer_number"]].invoices.get(invoice_number)
    return None if invoice is None else _invoice(invoice)


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "receipt_number": receipt.number,
        "receipt_date": receipt.day.isoformat(),
        "created_at": receipt.created_at.isoformat(),
        "amount": str(receipt.amount),
        "status": receipt.status,
        "reference": receipt.reference,
        "payer": receipt.payer,
        "payment_code": receipt.payment_code,
        "memo": receipt.memo,
        "user": "ONLINE",
    }


def _shown(receipt: Receipt, switches: Switches) -> dict[str, Any]:
    """As this city's list shows it."""
    shown = _receipt(receipt)
    text = receipt.reference[: switches.reference_length]
    shown |= {"reference": "", "memo": text} if switches.reference_in_memo else {"reference": text}
    if switches.american_dates:
        shown |= {"receipt_date": f"{receipt.day:%m/%d/%Y}", "created_at": f"{receipt.created_at:%m/%d/%Y %H:%M}"}
    return shown


def _customer(customer: Customer) -> dict[str, Any]:
    return {"customer_number": customer.number, "name": customer.name, "balance": str(customer.balance)}


def _invoice(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_number": invoice.number,
        "description": f"Invoice {invoice.number}",
        "invoice_date": invoice.issued.isoformat(),
        "due_date": invoice.due.isoformat(),
        "amount": str(invoice.amount),
        "balance": str(invoice.balance),
    }


def _sdl(name: str) -> str:
    return (_CONTRACT / f"{name}.graphql").read_text(encoding="utf-8")


def _without_mutations(sdl: str) -> str:
    class WithoutMutations(Visitor):
        def enter_operation_type_definition(self, node: OperationTypeDefinitionNode, *_: object) -> VisitorAction:
            return REMOVE if node.operation is OperationType.MUTATION else None

        def enter_object_type_definition(self, node: ObjectTypeDefinitionNode, *_: object) -> VisitorAction:
            return REMOVE if node.name.value == "Mutation" else None

    return print_ast(visit(parse(sdl), WithoutMutations()))


def _without(names: set[str], sdl: str) -> str:
    class WithoutFields(Visitor):
        def enter_field_definition(self, node: FieldDefinitionNode, *_: object) -> VisitorAction:
            return REMOVE if node.name.value in names else None

    return print_ast(visit(parse(sdl), WithoutFields()))
