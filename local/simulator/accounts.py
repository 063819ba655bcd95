"""What accounts receivable is told about customers: AutoPay and e-mail addresses. All of it is assumed."""

from collections.abc import Mapping
from typing import Any, Final

from ariadne import MutationType
from graphql import GraphQLResolveInfo

from local.simulator.answers import Refusal
from local.simulator.books import Account, Biller
from local.simulator.receipting import find_customer

type _Info = GraphQLResolveInfo[Biller]

UPDATES: Final = MutationType()
"""Resolvers of ar0's mutations."""


@UPDATES.field("set_autopay")
def set_autopay(_: object, info: _Info, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - GraphQL's
    """Set whether a customer is on AutoPay."""
    setting: Mapping[str, Any] = arguments["input"]
    number: str = setting["customer_number"]
    account = _account(info.context, number)
    account.autopay, account.effective_on = setting["autopay"], setting["effective_on"]
    return {
        "customer_number": number,
        "autopay": account.autopay,
        "direct_pay": number in info.context.switches.direct_pay,
    }


@UPDATES.field("set_customer_email")
def set_customer_email(_: object, info: _Info, customer_number: str, email: str) -> dict[str, Any]:
    """Set a customer's e-mail address, unless the city refuses it."""
    if email in info.context.switches.refused_emails:
        raise Refusal("EMAIL_INVALID", f"The address {email} is not valid.")
    _account(info.context, customer_number).email = email
    return {"customer_number": customer_number, "email": email}


def _account(biller: Biller, number: str) -> Account:
    if find_customer(biller, number) is None:
        raise Refusal("CUSTOMER_NOT_FOUND", "The customer number is not on file.")
    biller.recorded += 1
    return biller.accounts.setdefault(number, Account())
