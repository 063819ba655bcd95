"""A city's customer records over ar0; implements ``shared.customers.gateway.CustomerRecords``."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from shared.billers.capabilities import Remote
from shared.billers.model import Biller
from shared.caselle import customer, set_autopay, set_customer_email
from shared.caselle.catalogue import SUSPECTED_WORKSPACE
from shared.caselle.client import CaselleClient
from shared.caselle.protocol import ACCOUNTS_RECEIVABLE
from shared.customers.gateway import AutopaySetting
from shared.exchange.reasons import UNLISTED_ERROR
from shared.ledger.answer import Ambiguous, Answer
from shared.ledger.entry import Kind
from shared.vocabulary.errors import Unavailable

REMOTES: Final[Mapping[Kind, Remote]] = MappingProxyType(
    {
        Kind.AUTOPAY_CHANGE: Remote("set_autopay", set_autopay.OPERATION.digest),
        Kind.REGISTRATION: Remote("set_customer_email", set_customer_email.OPERATION.digest),
    }
)
"""Operations that are only assumed: off until ``contract check`` has passed for them and the biller opts in."""

PROBE: Final = replace(customer.OPERATION, path=ACCOUNTS_RECEIVABLE)
"""The same harmless read, at the server that takes the updates."""


class CaselleCustomerRecords:
    """Sets what Caselle keeps about customers."""

    def __init__(self, client: CaselleClient) -> None:
        """Keep what carries the calls."""
        self._client = client

    def remote(self, kind: Kind) -> Remote:
        """The remote operation that a kind of message needs."""
        return REMOTES[kind]

    async def set_autopay(self, biller: Biller, setting: AutopaySetting) -> Answer:
        """Set it; every failure is an answer, only cancellation is raised."""
        given = set_autopay.variables(setting)
        return _of_updates(
            await self._client.write(
                biller, set_autopay.OPERATION, given, lambda reply: set_autopay.answer(reply, setting)
            )
        )

    async def set_email(self, biller: Biller, customer_number: str, email: str) -> Answer:
        """Set the customer's e-mail address; every failure is an answer, only cancellation is raised."""
        given = set_customer_email.variables(customer_number, email)
        return _of_updates(
            await self._client.write(
                biller,
                set_customer_email.OPERATION,
                given,
                lambda reply: set_customer_email.answer(reply, customer_number),
            )
        )

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        """Whether the city's server answers a harmless read of ar0."""
        try:
            reply = await self._client.call(biller, PROBE, customer.variables(customer_number))
        except Unavailable:
            return False
        return customer.answered(reply)


def _of_updates(answer: Answer) -> Answer:
    """No workspace takes part: a vague error, even one that repeats, says nothing about one."""
    if not isinstance(answer, Ambiguous):
        return answer
    code = UNLISTED_ERROR if answer.code == SUSPECTED_WORKSPACE else answer.code
    return replace(answer, code=code, unlisted=None)
