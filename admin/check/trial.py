"""Posting a cent and voiding it shows what no read can: codes, workspace, distribution, whether a payment counts."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from admin.billers.readings import reference_shown
from admin.check.finding import Finding, fails, passes, people, untold
from admin.check.reads import Reads, words
from admin.errors import WrongUse
from shared.billers import capabilities
from shared.billers.model import Biller, Codes, Mode
from shared.caselle.accounts_receivable import CaselleAccountsReceivable
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.exchange.reasons import REASONS
from shared.ledger.answer import Accepted, Ambiguous, Answer, NotSent, Refused
from shared.open_items.unanswered import Unanswered
from shared.payments.evidence.shown import WHOLE, Shown, form_read_back
from shared.payments.gateway import Receipt, ReceiptOrder
from shared.vocabulary.errors import Unavailable
from shared.vocabulary.money import Money

if TYPE_CHECKING:
    from admin.stamp import Stamp

CODES: Final = "codes accepted"
WORKSPACE: Final = "workspace online"
DISTRIBUTION: Final = "distribution online"
COUNTS: Final = "a paid customer looks paid"
CLOCK: Final = "the city's clock"
REFERENCE: Final = "our reference is shown"
UNTRIED: Final = (CODES, WORKSPACE, DISTRIBUTION, COUNTS, CLOCK)

_SKEW: Final = timedelta(seconds=120)
_VOID_REASON: Final = "Set-up check, not a payment"
_CHECK_OF: Final = MappingProxyType(
    {
        "category_unknown": CODES,
        "distribution_unknown": CODES,
        "payment_code_unknown": CODES,
        "distribution_not_online": DISTRIBUTION,
        "receipt_numbers_exhausted": WORKSPACE,
        "workspace_in_use": WORKSPACE,
        "unlisted_error": WORKSPACE,
    }
)
_SWITCHES: Final = (
    'Category options: "Apply Accounts Receivable Payments" and "Update payments immediately" on, "Require manual '
    'allocation" off.'
)


class Trial:
    """One try at one city; every receipt it makes is voided."""

    def __init__(self, stamp: "Stamp", biller: Biller, reads: Reads) -> None:
        """``reads`` has shown that the city answers."""
        self._stamp = stamp
        self._biller = biller
        self._cash = CaselleCashReceipting(reads.client)
        self._receivable = CaselleAccountsReceivable(reads.client)
        self._who = people(biller)

    async def findings(self, customer_number: str, amount: Money) -> AsyncIterator[Finding]:
        """What posting shows; the first refusal ends it."""
        before = await self._balance(customer_number)
        for tender, order in orders(self._biller, customer_number, amount, self._stamp.clock.now()):
            answer = await self._cash.create_receipt(self._biller, order)
            if not isinstance(answer, Accepted):
                async for finding in self._refused(answer, tender, order):
                    yield finding
                return
            after = await self._balance(customer_number)
            shown = await self._shown(order, answer.receipt_number or "")
            stands = await self._voided(answer.receipt_number or "")
            if stands is not None:
                yield stands
                return
        for check in (CODES, WORKSPACE, DISTRIBUTION):
            yield passes(check, f"{amount} was posted for each tender and voided again")
        yield self._counts(before, after, amount)
        yield self._clock(shown)
        yield await self._reference(shown, order)

    async def _voided(self, receipt_number: str) -> Finding | None:
        """None once it is voided; otherwise a receipt stands that is no payment."""
        answer = await self._cash.void_receipt(self._biller, receipt_number, _VOID_REASON)
        if isinstance(answer, Accepted):
            return None
        evidence = f"receipt {receipt_number} was made and could not be voided ({_code(answer)})"
        return fails(WORKSPACE, evidence, f"Void receipt {receipt_number} in Caselle by hand, now.", self._who.clerk)

    async def _refused(self, answer: Answer, tender: str, order: ReceiptOrder) -> AsyncIterator[Finding]:
        code = _code(answer)
        if not isinstance(answer, NotSent) and (made := await self._shown(order)) is not None:
            stands = await self._voided(made.receipt_number)
            was = "the answer was lost" if isinstance(answer, Ambiguous) else f"Caselle said no ({code})"
            yield stands or untold(WORKSPACE, f"{was}, the receipt was found and voided", "Try again.")
            return
        check = _CHECK_OF.get(code, WORKSPACE)
        remedy, who = self._remedy(code)
        yield fails(check, f"{tender}: {_words(code)}", remedy, who)
        for other in UNTRIED:
            if other != check:
                yield untold(other, f"not reached: {check}")

    def _remedy(self, code: str) -> tuple[str, str]:
        if code == "unlisted_error":
            return ('Mark the online workspace "Use for Online Payments", with user and third party.', self._who.csm)
        if code in {"customer_unknown", "period_closed", "amount_refused"}:
            return (_action(code), self._who.clerk)
        if code == "workspace_in_use":
            return ("Clear the workspace through In Use By, then try again.", self._who.clerk)
        return (_action(code), self._who.csm)

    def _counts(self, before: Money | None, after: Money | None, amount: Money) -> Finding:
        if before is None or after is None:
            return untold(COUNTS, "accounts receivable did not tell the balance", "Try again.", self._who.us)
        if before - after == amount:
            return passes(COUNTS, f"the balance went from {before} to {after}, and back with the void")
        return fails(COUNTS, f"the balance stayed {after} after a receipt of {amount}", _SWITCHES, self._who.csm)

    def _clock(self, shown: Receipt | None) -> Finding:
        if shown is None:
            return untold(CLOCK, "this release cannot show when a receipt was made")
        skew = abs(shown.created_at - self._stamp.clock.now())
        if skew > _SKEW:
            remedy = "Set the Caselle server's clock: receipts are dated and found by it."
            return fails(CLOCK, f"{round(skew.total_seconds())} s off ours", remedy, self._who.cows_admin)
        return passes(CLOCK, f"within {_SKEW.seconds} s of ours")

    async def _reference(self, shown: Receipt | None, order: ReceiptOrder) -> Finding:
        """How much of the longest reference the list shows, and where; kept, since lost answers are settled by it."""
        if shown is None:
            return untold(REFERENCE, "this release cannot show a receipt")
        form = form_read_back(shown, order.reference)
        if form is None:
            remedy = "Ask where a receipt of the web service keeps its reference: lost answers are held until then."
            return fails(
                REFERENCE, "neither its reference nor its memo begins with what was sent", remedy, self._who.csm
            )
        posted = self._stamp.ledger.posted
        text, etag = await posted.readings(self._biller.biller_id)
        kept = replace(Shown.read(text), form=form)
        await posted.keep_readings(self._biller.biller_id, kept.written(), etag)
        return passes(REFERENCE, reference_shown(kept))

    async def _balance(self, customer_number: str) -> Money | None:
        try:
            found = await self._receivable.customer(self._biller, customer_number)
        except Unanswered:
            return None
        return Money(found.balance)

    async def _shown(self, order: ReceiptOrder, receipt_number: str = "") -> Receipt | None:
        """The receipt of this order, by number or reference, where Caselle can be asked and shows it."""
        if not capabilities.can_query_receipts(self._biller):
            return None
        day = timedelta(days=1)
        try:
            found = await self._cash.receipts(self._biller, order.receipt_date - day, order.receipt_date + day)
        except Unavailable:
            return None
        mine = (each for each in found if each.receipt_number == receipt_number or each.reference == order.reference)
        return next(mine, None)


def check_possible(biller: Biller, amount: Money) -> None:
    """Whether a trial may be made.

    Raises:
        WrongUse: the biller is live, its receipts cannot be voided, or the amount is more than a trial needs.
    """
    if biller.mode in {Mode.LIVE, Mode.SHADOW, Mode.RETIRED}:
        raise WrongUse(f"Biller {biller.biller_id} is {biller.mode}: nothing is tried on a city's real books then.")
    if not capabilities.can_void(biller):
        raise WrongUse("What is posted could not be voided: void_receipt comes with Caselle Connect 2025.11.")
    if not biller.applications or biller.subdomain is None:
        raise WrongUse("Subdomain and codes come first: `biller show` lists what is missing.")
    if not 0 < amount <= _MOST:
        raise WrongUse(f"A trial is for 0.01 to {_MOST}.")


_MOST: Final = Money(100)


def orders(biller: Biller, customer_number: str, amount: Money, now: datetime) -> list[tuple[str, ReceiptOrder]]:
    """One receipt for each payment code, with the tender it stands for."""
    return [
        (f"{application} {tender}", _order(biller, codes, tender, customer_number, amount, now))
        for application, codes in biller.applications.items()
        for tender in codes.payment_codes
    ]


def _order(  # noqa: PLR0917 - each is one field
    biller: Biller, codes: Codes, tender: str, customer_number: str, amount: Money, now: datetime
) -> ReceiptOrder:
    return ReceiptOrder(
        customer_number=customer_number,
        category_code=codes.category_code,
        distribution_code=codes.distribution_code,
        payment_code=codes.payment_codes[tender],
        amount=amount,
        receipt_date=now.astimezone(biller.zone).date(),
        reference=f"SETUP-CHECK-{secrets.token_hex(WHOLE)}"[:WHOLE],
    )


def _code(answer: Answer) -> str:
    match answer:
        case Refused(code=code) | NotSent(code=code) | Ambiguous(code=code):
            return code
        case Accepted():
            return ""


def _action(code: str) -> str:
    """The catalogue's action, as it reads where nothing was blocked or held."""
    if code not in REASONS:
        return "Try again."
    return REASONS[code].action.replace("then unblock", "then check again").replace("then retry", "then check again")


def _words(code: str) -> str:
    if code == "unlisted_error":
        return "Caselle gave its very general error, as it does where the workspace is not marked for online payments."
    return words(code)
