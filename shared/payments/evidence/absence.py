"""What must be shown before an absence is believed: an earlier one of ours, all of ours since, a later one, no hole."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import count, islice
from typing import Final

from shared.ledger.posted import Posted
from shared.payments.evidence.facts import Absent, Ask, Conclusion, Known, NotAsSent, Nothing, Sent
from shared.payments.evidence.shown import Form, Number, Reading, number_of
from shared.payments.gateway import Receipt

MOST_BEFORE: Final = 3
"""Of the payments posted before the one in question so many are looked for: a clerk may have voided the last."""

MOST_MISSING: Final = 20
"""Numbers that are asked for one by one; more missing ones are no accident of single receipts."""

NEXT_ASKED: Final = 3
"""Numbers behind *before* that are asked for where *after* is numbered otherwise: failed sends use some up."""


class Absence:
    """One payment, one reading that does not show its reference."""

    def __init__(self, sent: Sent, reading: Reading, known: Known) -> None:
        """Keep what is judged."""
        self._sent = sent
        self._reading = reading
        self._known = known
        self._shown = _ByReference(reading.receipts, known.ours, known.form)

    def concluded(self) -> Conclusion:
        """Absent, nothing, or which numbers must be asked for; candidates are for a person."""
        found = self._before()
        if found is None:
            return Nothing("no_earlier_one_shown")
        before, receipt = found
        if self._one_is_missing(before):
            return Nothing("one_of_ours_missing")
        after = self._after(receipt) or self._counter_after(receipt)
        if after is None:
            return Nothing("no_later_one_shown")
        gap = self._gap(receipt, after)
        if gap is not None:
            return gap
        candidates = tuple(self._candidates(receipt))
        return NotAsSent("similar_receipt", candidates) if candidates else Absent()

    def goes_on(self) -> bool:
        """Whether the list shows a payment of ours that was first sent after the attempt, or a receipt as late."""
        own = any(self._shown.receipt_of(each) for each in self._known.ours if self._is_later(each))
        return own or any(self._later_counter())

    def of_what_never_left(self, arrived: date) -> Conclusion:
        """Absent unless a receipt could be it that was entered by hand since it arrived."""
        before = self._before()
        low = number_of(before[1].receipt_number) if before else None
        alike = tuple(
            each
            for each in self._reading.receipts
            if self._could_be(each) and (each.dated is None or each.dated >= arrived) and not _is_below(each, low)
        )
        return NotAsSent("similar_receipt", alike) if alike else Absent()

    def _before(self) -> tuple[Posted, Receipt] | None:
        """The latest of the last few payments of the channel that were posted before the first attempt, as shown."""
        last = sorted((each for each in self._known.ours if self._may_be_before(each)), key=_when)
        for each in reversed(last[-MOST_BEFORE:]):
            receipt = self._shown.receipt_of(each)
            if receipt is not None:
                return each, receipt
        return None

    def _may_be_before(self, ours: Posted) -> bool:
        sent = self._sent
        if ours.channel != sent.channel or ours.key == sent.key:
            return False
        if ours.attempts > 0:
            return ours.dated <= sent.dated and ours.posted_at < sent.first_sent_at
        # A ledger that was lost sent it, nobody knows when: its receipt says how it was dated.
        receipt = self._shown.receipt_of(ours)
        dated = (receipt.dated if receipt else None) or ours.dated
        return dated < sent.dated or (dated == sent.dated and self._is_numbered_below_later_ones(ours))

    def _is_numbered_below_later_ones(self, ours: Posted) -> bool:
        number = number_of(ours.receipt_number)
        later = (number_of(each.receipt_number) for each in self._known.ours if self._is_later(each))
        return number is not None and any(each is not None and number.is_below(each) for each in later)

    def _is_later(self, ours: Posted) -> bool:
        """Whether its first send began surely after the latest attempt of the payment in question."""
        if ours.key == self._sent.key or not ours.attempts:
            return False
        return ours.first_sent_at >= self._sent.last_sent_at + self._known.after

    def _one_is_missing(self, before: Posted) -> bool:
        """Whether one of ours of the channel, sent since *before* and long enough ago, is not shown and never was."""
        reading, known = self._reading, self._known
        return any(
            each.channel == self._sent.channel
            and each.key != self._sent.key
            and each.first_sent_at >= before.first_sent_at
            and reading.at - each.sent_at >= known.wait
            and reading.first <= each.dated <= reading.last
            and self._shown.is_missing(each)
            and each.key not in known.seen
            for each in known.ours
        )

    def _after(self, before: Receipt) -> Receipt | None:
        """A receipt of ours whose first send began later."""
        later = (self._shown.receipt_of(each) for each in self._known.ours if self._is_later(each))
        return _nearest(before, (each for each in later if each))

    def _counter_after(self, before: Receipt) -> Receipt | None:
        """A receipt at the counter that is surely later."""
        return _nearest(before, self._later_counter())

    def _later_counter(self) -> Iterator[Receipt]:
        """Receipts that are none of ours, later by the city's own clock than any error of that clock that was seen."""
        known = self._known
        if known.counter is None:
            return
        numbers = {each.receipt_number for each in known.ours}
        texts = {known.form.shown(each.reference) for each in known.ours}
        earliest = self._sent.last_sent_at + known.counter
        later = (each for each in self._reading.receipts if each.created_at > earliest)
        for each in later:
            if each.receipt_number not in numbers and known.form.text(each) not in texts:
                yield each

    def _gap(self, before: Receipt, after: Receipt) -> Conclusion | None:
        """What the numbers between the two say, or None where they leave no place for the payment."""
        low, high = number_of(before.receipt_number), number_of(after.receipt_number)
        if low is None or high is None:
            return Nothing("numbers_unreadable")
        if low.group != high.group:
            return self._beyond(low)
        if not low.is_below(high):
            return Nothing("numbers_begun_again")
        missing = list(islice(self._free(low, range(low.place + 1, high.place)), MOST_MISSING + 1))
        if len(missing) > MOST_MISSING:
            return Nothing("too_many_numbers_missing")
        # Where the numbers' form has changed in between, nobody knows in which one a missing one is written.
        numbers = list(dict.fromkeys(number.at(place) for place in missing for number in (low, high)))
        hidden = self._hidden(numbers)
        if hidden is not None:
            return hidden
        # A failed send may use a number up; only one of the same channel behind it shows that the list goes on.
        alike = (each for each in self._known.ours if each.channel == self._sent.channel and self._is_later(each))
        shown = any(self._shown.receipt_of(each) for each in alike)
        return Nothing("numbers_missing") if numbers and not shown else None

    def _beyond(self, low: Number) -> Conclusion | None:
        """Behind *before* no number of its group is shown that bounds what may be missing: the next ones are asked for.

        None of them there is no objection: none need have been given out since.
        """
        free = islice(self._free(low, count(low.place + 1)), NEXT_ASKED)
        return self._hidden([low.at(place) for place in free])

    def _free(self, low: Number, places: Iterable[int]) -> Iterator[int]:
        """Places of a number's group that are neither in the list nor any answer's to another payment of ours."""
        texts = [each.receipt_number for each in self._reading.receipts]
        texts += [each.receipt_number for each in self._known.ours if each.key != self._sent.key]
        taken = {number.place for text in texts if (number := number_of(text)) and number.group == low.group}
        return (place for place in places if place not in taken)

    def _hidden(self, numbers: Sequence[str]) -> Conclusion | None:
        """A number that is shown when it is asked for, and not in the list, says that the list is not whole."""
        unasked = tuple(text for text in numbers if text not in self._known.asked)
        if unasked:
            return Ask(unasked)
        return Nothing("list_hides_receipts") if any(self._known.asked[text] for text in numbers) else None

    def _candidates(self, before: Receipt) -> Iterator[Receipt]:
        """Receipts that could be the payment, entered or cut in a way that nobody foresaw."""
        low = number_of(before.receipt_number)
        for each in self._reading.receipts:
            if self._could_be(each) and not _is_below(each, low) and (self._sent.told_held or _is_like(each, before)):
                yield each

    def _could_be(self, receipt: Receipt) -> bool:
        sent, known = self._sent, self._known
        if not receipt.live or int(receipt.amount) != sent.cents or receipt.receipt_number in sent.others:
            return False
        if known.owners.get(receipt.receipt_number, sent.key) != sent.key:
            return False
        return known.named.get(known.form.text(receipt) or "", sent.key) == sent.key


class _ByReference:
    """The reading's receipts by the references that they show."""

    def __init__(self, receipts: Iterable[Receipt], ours: Iterable[Posted], form: Form) -> None:
        self._form = form
        self._by_text: defaultdict[str, dict[str, Receipt]] = defaultdict(dict)
        for each in receipts:
            text = form.text(each)
            if text:
                self._by_text[text][each.receipt_number] = each
        self._alike = Counter(form.shown(each.reference) for each in ours)

    def receipt_of(self, ours: Posted) -> Receipt | None:
        """The receipt that shows it; of two of ours that look alike in the shown form, neither can be recognised."""
        found = self._found(ours)
        if not found or self._alike[self._form.shown(ours.reference)] > 1:
            return None
        return found.get(ours.receipt_number) or found[min(found)]

    def is_missing(self, ours: Posted) -> bool:
        """Whether it is not among them; of those that look alike, whether fewer are shown than there are."""
        return len(self._found(ours)) < self._alike[self._form.shown(ours.reference)]

    def _found(self, ours: Posted) -> dict[str, Receipt]:
        texts = self._form.texts(ours.reference)
        return {number: each for text in texts for number, each in self._by_text.get(text, {}).items()}


def _when(ours: Posted) -> datetime:
    """When it came to be there: of one that the list brought back after a lost ledger only the day is known."""
    return ours.posted_at if ours.attempts else datetime.combine(ours.dated, time(), UTC)


def _is_below(receipt: Receipt, low: Number | None) -> bool:
    number = number_of(receipt.receipt_number)
    return low is not None and number is not None and number.is_below(low)


def _nearest(before: Receipt, later: Iterable[Receipt]) -> Receipt | None:
    """Of later receipts the lowest in the number group of *before*, where one is; else any, the same each time."""
    low, found = number_of(before.receipt_number), list(later)
    numbered = [(number, each) for each in found if (number := number_of(each.receipt_number))]
    alike = [
        (number.place, each.receipt_number, each) for number, each in numbered if low and number.group == low.group
    ]
    return min(alike)[2] if alike else min(found, key=lambda each: each.receipt_number, default=None)


def _is_like(receipt: Receipt, before: Receipt) -> bool:
    """Whether it is of our own number group or user; what a list does not show excludes nothing."""
    number, low = number_of(receipt.receipt_number), number_of(before.receipt_number)
    same_group = number is None or low is None or number.group == low.group
    return same_group or (receipt.user is not None and receipt.user == before.user)
