"""What a person does in Caselle where a payment is not undone from here: menu path, date, amount and receipt number."""

import json
from typing import Final

from shared.billers.model import Biller
from shared.exchange import nacha
from shared.ledger.entry import Entry
from shared.reversals.message import AchReject, Undoing, stored
from shared.vocabulary.money import Money

ENTER_PAYMENTS: Final = "Connect Cash Receipting > Payments > Enter Payments"
"""Where Caselle's help voids a receipt by hand: on its payment date, as its user and in its workspace."""

UTILITY_ADJUSTMENTS: Final = "Connect Utility Management > Customers > Enter Payment Adjustments"

RECEIVABLE_ADJUSTMENTS: Final = "Connect Accounts Receivable > Customers > Enter Payment Adjustments (menu assumed)"
"""Caselle's help names this routine, and not its place in the menu."""


def informed(entry: Entry, payment: Entry, biller: Biller) -> Entry:
    """The entry with what is known of the receipt that it undoes, and with a person's part in it."""
    undoing = stored(entry.key.kind, entry.message)
    fee = _fee(undoing, biller)
    afterwards = f"Bill the NSF fee of {fee} by hand to the customer of {_receipt(payment)}." if fee else None
    return entry._replace(
        receipt_number=payment.receipt_number,
        posting_date=payment.posting_date,
        by_hand=_steps(undoing, payment, fee),
        afterwards=afterwards,
    )


def looked_up(entry: Entry, payment: Entry) -> Entry:
    """The entry of a second message for money that went back: there is a receipt to look at, and nothing to undo."""
    look = f"{ENTER_PAYMENTS}: look at {_receipt(payment)}; the other message undoes it, and no second one may."
    return entry._replace(receipt_number=payment.receipt_number, posting_date=payment.posting_date, by_hand=look)


def kept(entry: Entry, payment: Entry) -> Entry:
    """The entry of a message by which nothing is undone, with the receipt that stays."""
    look = f"{ENTER_PAYMENTS}: {_receipt(payment)} stays as it is until Invoice Cloud has said where its money is."
    return entry._replace(by_hand=look)


def _steps(undoing: Undoing, payment: Entry, fee: Money | None) -> str:
    amount, receipt = undoing.amount, _receipt(payment)
    if undoing.cause == "chargeback_won":
        return f"{ENTER_PAYMENTS}: if {receipt} was undone for the chargeback, enter {amount} again."
    if amount != payment.cents or not undoing.ends_receipt:
        return _adjustment(payment, f"{amount} of {receipt}", fee)
    void = f"on payment date {payment.posting_date}, as its user and in its workspace, void {receipt}{_billing(fee)}."
    otherwise = _adjustment(payment, str(amount), fee)
    return f"{ENTER_PAYMENTS}: {void} If it is updated already, or its period closed: {otherwise}"


def _receipt(payment: Entry) -> str:
    """Without the customer, whose data may have to go. One that was resolved without a number is found by another."""
    name = f"receipt {payment.receipt_number or f'with confirmation number {payment.reference}'}"
    return f"{name} of {payment.posting_date} ({Money(payment.cents)})"


def _adjustment(payment: Entry, what: str, fee: Money | None) -> str:
    """Utility Management has an action that also bills the fee; of Accounts Receivable none is known."""
    # Of a payment that is known from its result alone, or that is years old, the message is gone.
    if json.loads(payment.message).get("application") == "UM":
        action = f"action NSF Check, which also bills the fee of {fee}" if fee else "action Reverse Payment"
        return f"{UTILITY_ADJUSTMENTS}: {action}, for {what}."
    return f"{RECEIVABLE_ADJUSTMENTS}: reverse {what}{_billing(fee)}."


def _billing(fee: Money | None) -> str:
    return f", and bill the NSF fee of {fee}" if fee else ""


def _fee(undoing: Undoing, biller: Biller) -> Money | None:
    """The fee that the biller wants for this return, or None; no operation of Caselle's web service bills it."""
    if not isinstance(undoing, AchReject) or not nacha.explained(undoing.return_code).short_of_funds:
        return None
    return biller.nsf_fee
