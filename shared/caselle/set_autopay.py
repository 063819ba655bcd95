"""Mutation ``set_autopay`` (ar0, assumed as a whole): whether a customer is on Invoice Cloud's AutoPay."""

from typing import Any, Final

from shared.caselle.protocol import ACCOUNTS_RECEIVABLE, Operation, Reply, refusal, succeeded
from shared.customers.gateway import DIRECT_PAY, AutopaySetting
from shared.ledger.answer import Accepted, Answer

OPERATION: Final = Operation(
    "SetAutopay",
    """
mutation SetAutopay($input: SetAutopayInput!) {
  set_autopay(input: $input) { customer_number autopay direct_pay }
}
""",
    ACCOUNTS_RECEIVABLE,
)


def variables(setting: AutopaySetting) -> dict[str, Any]:
    """The mutation's input."""
    fields = {
        "customer_number": setting.customer_number,
        "autopay": setting.enrolled,
        "effective_on": setting.effective_on.isoformat(),
    }
    return {"input": fields}


def answer(reply: Reply, setting: AutopaySetting) -> Answer:
    """Done where Caselle shows the setting as it was asked for, with a remark where Direct Pay goes on beside it."""
    shown = (reply.data or {}).get("set_autopay")
    if succeeded(reply) and isinstance(shown, dict) and shown.get("autopay") is setting.enrolled:
        twice = setting.enrolled and shown.get("direct_pay") is True
        return Accepted(None, remark=DIRECT_PAY if twice else None)
    return refusal(reply, "set_autopay")
