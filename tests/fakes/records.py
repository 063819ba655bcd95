"""A city's customer records in memory; what they answer next can be scripted."""

from collections.abc import Awaitable, Callable
from typing import Any

from shared.billers.capabilities import Remote
from shared.billers.model import Biller
from shared.customers.gateway import DIRECT_PAY, AutopaySetting
from shared.ledger.answer import Accepted, Answer, Refused, Scope
from shared.ledger.entry import Kind

REMOTES = {
    Kind.AUTOPAY_CHANGE: Remote("set_autopay", "document-1"),
    Kind.REGISTRATION: Remote("set_customer_email", "document-1"),
}


class MemoryRecords:
    """Sets what it is told, on every call; knows no order."""

    def __init__(self) -> None:
        self.customers = {"000412", "000413"}
        self.autopay: dict[str, bool] = {}
        self.emails: dict[str, str] = {}
        self.direct_pay: set[str] = set()
        self.refused_emails: set[str] = set()
        self.calls: list[tuple[str, Any]] = []
        self.script: list[Callable[[Callable[[], None]], Awaitable[Answer]]] = []
        self.chance: Callable[[Callable[[], None]], Awaitable[Answer | None]] | None = None
        """Decides about each call instead; None: as usual."""
        self.up = True

    def next(self, answer: Answer, *, done: bool = False) -> None:
        """Script the next answer; ``done``: it is set although the answer does not say so."""

        async def react(apply: Callable[[], None]) -> Answer:
            if done:
                apply()
            return answer

        self.script.append(react)

    def remote(self, kind: Kind) -> Remote:
        return REMOTES[kind]

    async def set_autopay(self, biller: Biller, setting: AutopaySetting) -> Answer:
        number, enrolled = setting.customer_number, setting.enrolled
        done = Accepted(None, remark=DIRECT_PAY if enrolled and number in self.direct_pay else None)
        return await self._set(number, self.autopay, enrolled, done)

    async def set_email(self, biller: Biller, customer_number: str, email: str) -> Answer:
        if email in self.refused_emails:
            return Refused("email_refused", Scope.ENTRY)
        return await self._set(customer_number, self.emails, email, Accepted(None))

    async def reachable(self, biller: Biller, customer_number: str) -> bool:
        return self.up

    async def _set(self, number: str, kept: dict[str, Any], value: Any, done: Accepted) -> Answer:
        def apply() -> None:
            kept[number] = value

        self.calls.append((number, value))
        if self.script:
            return await self.script.pop(0)(apply)
        if number not in self.customers:
            return Refused("customer_unknown", Scope.ENTRY)
        if self.chance and (answer := await self.chance(apply)) is not None:
            return answer
        apply()
        return done
