"""Every remote operation that the app uses, with an example of all that it may send."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from graphql import FieldNode, GraphQLSchema, build_schema, get_operation_ast, parse

from shared.caselle import (
    create_receipt,
    customer,
    customer_records,
    open_items,
    receipt,
    set_autopay,
    set_customer_email,
    void_receipt,
)
from shared.caselle.protocol import ACCOUNTS_RECEIVABLE, CASH_RECEIPTING, Operation
from shared.customers.gateway import AutopaySetting
from shared.payments.gateway import ReceiptOrder, Share
from shared.vocabulary.money import Money

ENDPOINTS: Final[Mapping[str, str]] = MappingProxyType({"cr0": CASH_RECEIPTING, "ar0": ACCOUNTS_RECEIVABLE})
"""Caselle's name of each endpoint and its path."""

_CONTRACT: Final = Path(create_receipt.__file__).with_name("contract")
_DAY: Final = date(2026, 11, 20)
_ORDER: Final = ReceiptOrder(
    customer_number="000412",
    category_code="12",
    distribution_code="1201",
    payment_code="7",
    amount=Money(12540),
    receipt_date=_DAY,
    reference="IC88213045",
    payer="Ada Byron",
    shares=(Share("10023", Money(12540)),),
)


@dataclass(frozen=True, slots=True)
class Use:
    """One operation, with variables that hold everything it may send."""

    operation: Operation
    variables: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Caselle's name of it, which is its field's."""
        definition = get_operation_ast(parse(self.operation.document), self.operation.name)
        [field] = definition.selection_set.selections if definition else ()
        return field.name.value if isinstance(field, FieldNode) else self.operation.name

    @property
    def endpoint(self) -> str:
        """Caselle's name of the endpoint that has it."""
        return next(name for name, path in ENDPOINTS.items() if path == self.operation.path)


USES: Final = (
    Use(create_receipt.OPERATION, create_receipt.variables(_ORDER)),
    Use(void_receipt.OPERATION, void_receipt.variables("05.000000012", "R01")),
    Use(receipt.OPERATION, receipt.variables(receipt.of_days(_DAY, _DAY), "200")),
    Use(customer.OPERATION, customer.variables("000412")),
    Use(customer_records.PROBE, customer.variables("000412")),
    Use(open_items.OPEN_ITEMS, open_items.variables("000412")),
    Use(open_items.ONE_INVOICE, open_items.variables("000412", "10023")),
    Use(set_autopay.OPERATION, set_autopay.variables(AutopaySetting("000412", enrolled=True, effective_on=_DAY))),
    Use(set_customer_email.OPERATION, set_customer_email.variables("000412", "ada@example.test")),
)


def sdl(endpoint: str) -> str:
    """The text of the schema that we assume."""
    return (_CONTRACT / f"{endpoint}.graphql").read_text(encoding="utf-8")


def assumed(endpoint: str) -> GraphQLSchema:
    """The schema that we assume."""
    return build_schema(sdl(endpoint))
