"""The port to a city's customer records."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from shared.billers.capabilities import Remote
from shared.billers.model import Biller
from shared.ledger.answer import Answer
from shared.ledger.entry import Kind

DIRECT_PAY: Final = "direct_pay_active"
"""Remark of an enrolment whose customer is on Caselle's own Direct Pay too: the bill may be drafted twice."""


@dataclass(frozen=True, slots=True)
class AutopaySetting:
    """Whether a customer is on AutoPay, from which day on."""

    customer_number: str
    enrolled: bool
    effective_on: date


class CustomerRecords(Protocol):
    """A city's customer records. Every write sets a value: twice is the same as once."""

    def remote(self, kind: Kind) -> Remote:
        """The remote operation that a kind of message needs."""
        ...

    async def set_autopay(self, biller: Biller, setting: AutopaySetting) -> Answer:
        """Set it; every failure is an answer, only cancellation is raised."""
        ...

    async def set_email(self, biller: Biller, customer_number: str, email: str) -> Answer:
        """Set the customer's e-mail address; every failure is an answer, only cancellation is raised."""
        ...

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        """Whether a harmless read is answered."""
        ...
