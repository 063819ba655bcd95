"""How the receipt stands of a payment that is to be undone: it may be voided, is undone, or is for a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.payments.evidence.facts import Sent
from shared.payments.evidence.shown import Form
from shared.payments.gateway import Receipt


@dataclass(frozen=True, slots=True)
class Live:
    """One receipt counts: under this payment's number, with its reference and cents."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class Undone:
    """It is void, and nothing else counts in its place."""

    receipt_number: str


@dataclass(frozen=True, slots=True)
class Unlike:
    """Only a person can judge. ``reason``: a code; ``receipts``: those meant."""

    reason: str
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True)
class NotShown:
    """The list shows nothing of it."""


type Standing = Live | Undone | Unlike | NotShown


def standing(sent: Sent, number: str, receipts: Sequence[Receipt], form: Form, unbound: Sequence[Receipt]) -> Standing:
    """How it stands.

    Args:
        sent: the payment.
        number: the receipt number that it has in the ledger.
        receipts: what the city shows.
        form: how the city shows our references.
        unbound: live receipts of the same cents that are none of ours.
    """
    mine = list({each.receipt_number: each for each in receipts if form.shows(each, sent.reference)}.values())
    strangers = tuple(each for each in receipts if each.receipt_number == number and each not in mine)
    if strangers:
        # Numbers have begun again: a void by this number could undo the other one.
        return Unlike("receipt_missing", (*strangers, *mine))
    live = [each for each in mine if each.live]
    void = [each for each in mine if each.voided]
    if len(live) > 1 or (live and live[0].receipt_number != number):
        return Unlike("several_receipts", tuple(mine))
    if live:
        return Live(number) if int(live[0].amount) == sent.cents else Unlike("amount_differs", tuple(live))
    if void and unbound:
        return Unlike("similar_receipt", (*void, *unbound))
    if void:
        return Undone(void[0].receipt_number)
    return Unlike("receipt_missing", tuple(mine)) if mine else NotShown()
