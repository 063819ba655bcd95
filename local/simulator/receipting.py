"""The rules of cash receipting. Every check comes before anything is recorded; the codes of refusals are assumed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from local.simulator.answers import Refusal
from local.simulator.books import Biller, Customer, Invoice, Receipt
from local.simulator.wire import Application
from local.simulator.workspace import check_workspace, next_number
from shared.vocabulary.errors import Malformed
from shared.vocabulary.money import Money

MOST_PER_PAGE: Final = 200


def create_receipt(biller: Biller, order: Mapping[str, Any]) -> Receipt:
    """Record one payment, whether or not its reference was seen before.

    Args:
        biller: the city whose books change.
        order: the schema's CreateReceiptInput.

    Raises:
        Refusal: with nothing recorded.
    """
    check_third_party(biller)
    check_workspace(biller)
    _check_codes(biller, order)
    amount = _amount(order["amount"])
    day = _day(order["receipt_date"])
    _check_open(biller, day)
    customer = find_customer(biller, order["customer_number"])
    if customer is None:
        raise Refusal("CUSTOMER_NOT_FOUND", "The customer number is not on file.")
    shares = _shares(customer, amount, order.get("allocations"))
    receipt = Receipt(
        number=next_number(biller),
        day=day,
        created_at=biller.now(),
        amount=amount,
        reference=order["reference"],
        payer=order.get("payer"),
        payment_code=order["payment_code"],
        memo=order.get("memo"),
        customer=customer,
        shares=shares,
    )
    _record(biller, receipt)
    return receipt


def void_receipt(biller: Biller, number: str) -> Receipt:
    """Mark a receipt voided and restore the balances.

    Raises:
        Refusal: with nothing changed.
    """
    check_third_party(biller)
    receipt = next((one for one in biller.receipts if one.number == number), None)
    if receipt is None:
        raise Refusal("RECEIPT_NOT_FOUND", "The receipt number is not on file.")
    if receipt.voided:
        raise Refusal("RECEIPT_ALREADY_VOIDED", "The receipt is already voided.")
    _check_open(biller, receipt.day)
    _check_not_final(biller, receipt)
    receipt.void()
    biller.recorded += 1
    return receipt


def find_receipts(
    biller: Biller, criteria: Mapping[str, str | None], size: int, after: str | None
) -> tuple[list[Receipt], str | None]:
    """One page of receipts, oldest first, and the cursor of the next page (None on the last).

    Raises:
        Refusal: a date, size or cursor that makes no sense.
    """
    check_third_party(biller)
    if not 1 <= size <= MOST_PER_PAGE:
        raise Refusal("PAGE_SIZE_INVALID", f"A page has 1 to {MOST_PER_PAGE} rows.")
    first = _day(criteria.get("from_date") or date.min.isoformat())
    last = _day(criteria.get("to_date") or date.max.isoformat())
    number = criteria.get("receipt_number")
    shown_before = biller.now() - timedelta(seconds=biller.switches.query_lag_seconds)
    page: list[Receipt] = []
    for position in range(_position(after), len(biller.receipts)):
        receipt = biller.receipts[position]
        if receipt.created_at > shown_before or not first <= receipt.day <= last:
            continue
        if number not in {None, receipt.number}:
            continue
        if len(page) == size:
            return page, str(position)
        page.append(receipt)
    return page, None


def find_customer(biller: Biller, number: str) -> Customer | None:
    """The customer with exactly this number.

    Raises:
        Refusal: the third party is not enabled.
    """
    check_third_party(biller)
    return biller.customers.get(number)


def check_third_party(biller: Biller) -> None:
    """Refuse everything while Invoice Cloud is not enabled as a third party."""
    if not biller.switches.third_party_enabled:
        raise Refusal("THIRD_PARTY_DISABLED", "The third party is not enabled.")


def _check_codes(biller: Biller, order: Mapping[str, Any]) -> None:
    application = _application(biller, order["category_code"])
    if order["distribution_code"] != application.distribution_code:
        raise Refusal("DISTRIBUTION_UNKNOWN", "The distribution code is not on file.")
    if not biller.switches.distribution_online:
        raise Refusal("DISTRIBUTION_NOT_ONLINE", "The distribution does not allow online payments.")
    if order["payment_code"] not in application.payment_codes.values():
        raise Refusal("PAYMENT_CODE_UNKNOWN", "The payment code is not on file.")


def _application(biller: Biller, category_code: str) -> Application:
    for application in biller.applications:
        if application.category_code == category_code:
            return application
    raise Refusal("CATEGORY_UNKNOWN", "The category code is not on file.")


def _amount(text: str) -> Money:
    try:
        amount = Money.parse(text)
    except Malformed:
        amount = Money(0)
    if not amount:
        raise Refusal("AMOUNT_INVALID", "The amount is not a positive amount of money.")
    return amount


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # fromisoformat also reads 20261120 and 2026-W47-5
        raise Refusal("DATE_INVALID", "The date is not in the form YYYY-MM-DD.")
    return day


def _check_open(biller: Biller, day: date) -> None:
    closed_through = biller.switches.closed_through
    if closed_through is not None and day <= closed_through:
        raise Refusal("PERIOD_CLOSED", "The payment date is closed.")


def _check_not_final(biller: Biller, receipt: Receipt) -> None:
    """Caselle's help corrects elsewhere what is updated already: how its web service refuses that is assumed."""
    through = biller.switches.ledger_updated_through
    if through is not None and receipt.day <= through:
        raise Refusal("RECEIPT_CLOSED", "The receipt is updated to the general ledger.")
    if receipt.updated and not biller.switches.void_updated:
        raise Refusal("RECEIPT_UPDATED", "The payment is updated: correct it in its application.")


def _shares(customer: Customer, amount: Money, allocations: list[dict[str, str]] | None) -> list[tuple[Invoice, int]]:
    if allocations is None:
        return _oldest_first(customer, amount)
    shares = [(_invoice(customer, one["invoice_number"]), _amount(one["amount"])) for one in allocations]
    if sum(cents for _, cents in shares) != amount:
        raise Refusal("AMOUNT_INVALID", "The allocations do not add up to the amount.")
    return list(shares)


def _invoice(customer: Customer, number: str) -> Invoice:
    if number not in customer.invoices:
        raise Refusal("INVOICE_NOT_FOUND", "The invoice number is not on file.")
    return customer.invoices[number]


def _oldest_first(customer: Customer, amount: Money) -> list[tuple[Invoice, int]]:
    shares, left = [], int(amount)
    for invoice in sorted(customer.invoices.values(), key=lambda one: (one.due, one.number)):
        cents = min(left, max(invoice.balance, 0))
        if cents:
            shares.append((invoice, cents))
            left -= cents
    return shares


def _record(biller: Biller, receipt: Receipt) -> None:
    if biller.switches.receipt_numbers_left is not None:
        biller.switches.receipt_numbers_left -= 1
    biller.receipts.append(receipt)
    biller.recorded += 1
    if biller.switches.update_immediately:
        receipt.update()


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdecimal()):
        raise Refusal("CURSOR_INVALID", "The cursor is not one of ours.")
    return int(cursor)
