"""Query ``customer`` (ar0): what a customer owes, with all open invoices or with one invoice of any state."""

from dataclasses import replace
from datetime import date
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.caselle.numbers import CaselleAmount, CaselleNumber, same_number
from shared.caselle.protocol import ACCOUNTS_RECEIVABLE, Operation, Reply
from shared.open_items.gateway import Customer, Invoice
from shared.open_items.unanswered import Trouble, Unanswered

_INVOICE_FIELDS: Final = "invoice_number description invoice_date due_date amount balance"

OPEN_ITEMS: Final = Operation(
    "OpenItems",
    f"""
query OpenItems($customer_number: String!) {{
  customer(customer_number: $customer_number) {{
    customer_number name balance statement_type
    open_invoices {{ {_INVOICE_FIELDS} }}
  }}
}}
""",
    ACCOUNTS_RECEIVABLE,
)

ONE_INVOICE: Final = Operation(
    "OneInvoice",
    f"""
query OneInvoice($customer_number: String!, $invoice_number: String!) {{
  customer(customer_number: $customer_number) {{
    customer_number
    invoice(invoice_number: $invoice_number) {{ {_INVOICE_FIELDS} }}
  }}
}}
""",
    ACCOUNTS_RECEIVABLE,
)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Invoice(_Answer):
    invoice_number: CaselleNumber
    description: str | None
    invoice_date: date | None
    due_date: date | None
    amount: CaselleAmount
    balance: CaselleAmount

    def invoice(self) -> Invoice:
        return Invoice(
            number=str(self.invoice_number),
            description=self.description,
            invoice_date=self.invoice_date,
            due_date=self.due_date,
            amount=self.amount,
            balance=self.balance,
        )


class _Customer(_Answer):
    customer_number: CaselleNumber
    name: str = Field(repr=False)
    balance: CaselleAmount
    statement_type: Literal["OPEN_ITEM", "BALANCE_FORWARD"]
    open_invoices: list[_Invoice]

    def customer(self, number: str) -> Customer:
        return Customer(
            number=number,
            name=self.name,
            balance=self.balance,
            carries_forward=self.statement_type == "BALANCE_FORWARD",
            invoices=tuple(each.invoice() for each in self.open_invoices),
        )


class _WithInvoice(_Answer):
    customer_number: CaselleNumber
    invoice: _Invoice | None


def variables(customer_number: str, invoice_number: str | None = None) -> dict[str, Any]:
    """The query's arguments."""
    asked = {"customer_number": customer_number}
    return asked if invoice_number is None else asked | {"invoice_number": invoice_number}


def customer(reply: Reply, customer_number: str) -> Customer:
    """The customer.

    Raises:
        Unanswered: Caselle has none of that number, or says something else than was asked.
    """
    return _read(_Customer, reply, customer_number).customer(customer_number)


def invoice(reply: Reply, customer_number: str, invoice_number: str) -> Invoice | None:
    """The invoice, or None where the customer has none of that number.

    Raises:
        Unanswered: Caselle has no such customer, or says something else than was asked.
    """
    found = _read(_WithInvoice, reply, customer_number).invoice
    if found and not same_number(found.invoice_number, invoice_number):
        raise Unanswered("caselle_error", Trouble.ERROR, "the answer is about another invoice")
    return replace(found.invoice(), number=invoice_number) if found else None


def _read[AnswerT: (_Customer, _WithInvoice)](model: type[AnswerT], reply: Reply, customer_number: str) -> AnswerT:
    shown = (reply.data or {}).get("customer")
    if shown is None:
        raise Unanswered("customer_unknown", Trouble.NOT_FOUND)
    try:
        found = model.model_validate(shown)
    except ValidationError:
        raise Unanswered("caselle_error", Trouble.ERROR, "the answer has another form than was agreed") from None
    if not same_number(found.customer_number, customer_number):
        # Another customer's name and balance are not for this asker.
        raise Unanswered("caselle_error", Trouble.ERROR, "the answer is about somebody else")
    return found
