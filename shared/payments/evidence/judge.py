"""What one reading shows about one payment."""

from collections.abc import Iterable, Sequence
from datetime import date

from shared.payments.evidence.absence import Absence
from shared.payments.evidence.facts import Conclusion, Known, NotAsSent, Nothing, Present, Sent
from shared.payments.evidence.shown import Reading, repeats
from shared.payments.gateway import Receipt


def conclude(sent: Sent, reading: Reading, known: Known) -> Conclusion:
    """Present, absent, or nothing; or which numbers must be asked for by themselves first."""
    asked_for = [each for found in known.asked.values() for each in found]
    mine = _with_reference(sent, reading.receipts, known) or _with_reference(sent, asked_for, known)
    if mine:
        return Nothing("references_equal_as_shown") if known.collides else _present(sent, mine)
    silent = _silent(sent, reading, known)
    return Nothing(silent) if silent else Absence(sent, reading, known).concluded()


def _silent(sent: Sent, reading: Reading, known: Known) -> str | None:
    """Why a reading that does not show the payment says nothing, whatever else it shows; or None."""
    if reading.at < sent.last_sent_at + known.wait:
        return "too_early"
    if repeats(reading.receipts):
        return "list_repeats"
    return "reference_longer_than_shown" if len(sent.reference) > known.form.known_length else None


def entered_by_hand(sent: Sent, reading: Reading, known: Known, arrived: date) -> Conclusion:
    """What speaks against sending a payment of which nothing ever left, but of which a person was told.

    A live receipt with its reference, or one of the same cents that is none of ours, dated from the day it arrived on.
    """
    mine = _with_reference(sent, reading.receipts, known)
    if mine and not known.collides:
        return _present(sent, mine)
    shared = tuple(each for each in mine if each.live and each.receipt_number not in sent.others)
    if shared:
        return NotAsSent("similar_receipt", shared)
    return Absence(sent, reading, known).of_what_never_left(arrived)


def unbound(sent: Sent, reading: Reading, known: Known) -> list[Receipt]:
    """Live receipts of the same cents that are none of ours."""
    found = Absence(sent, reading, known).of_what_never_left(reading.first)
    return list(found.receipts) if isinstance(found, NotAsSent) else []


def same_cents(sent: Sent, receipts: Iterable[Receipt]) -> list[Receipt]:
    """Live receipts of the same cents, about which the ledger must be asked whose they are."""
    return [each for each in receipts if each.live and int(each.amount) == sent.cents]


def _with_reference(sent: Sent, receipts: Iterable[Receipt], known: Known) -> list[Receipt]:
    return [each for each in receipts if known.form.shows(each, sent.reference)]


def _present(sent: Sent, mine: Sequence[Receipt]) -> Conclusion:
    """The same receipt on two pages is one; shown in two ways, it changed while the list was read."""
    ways = {(each.receipt_number, each.live, int(each.amount)) for each in mine}
    one_each = list({each.receipt_number: each for each in mine}.values())
    if len(ways) > len(one_each):
        return Nothing("list_moved")
    live = [each for each in one_each if each.live]
    if len(live) == 1 and int(live[0].amount) == sent.cents:
        return Present(live[0].receipt_number)
    if len(live) > 1:
        return NotAsSent("several_receipts", tuple(live))
    return NotAsSent("amount_differs" if live else "receipt_voided", tuple(one_each))
