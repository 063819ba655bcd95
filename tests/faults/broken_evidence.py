"""Ways to break a rule of evidence: what counts as not sent, and what proves that a receipt is there or not."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from shared.caselle import protocol
from shared.caselle.client import CaselleClient
from shared.caselle.numbers import Numeral
from shared.ledger import settle
from shared.ledger.answer import Ambiguous, NotSent, Refused
from shared.ledger.entry import Entry
from shared.ledger.posted import Posted
from shared.ledger.recording import Recording
from shared.payments import reading
from shared.payments.evidence import absence, judge
from shared.payments.evidence.absence import Absence
from shared.payments.evidence.facts import Conclusion, Known, Sent
from shared.payments.gateway import Receipt


@contextmanager
def bare_status_taken_as_refusal() -> Iterator[None]:
    """A status alone, or a refused token, is taken for a sign that nothing was done."""
    write = CaselleClient.write

    async def trusting(self: CaselleClient, *args: Any) -> Any:
        answer = await write(self, *args)
        bare = isinstance(answer, Ambiguous) and answer.code.startswith(("http_4", "token", "throttled", "unlisted"))
        return NotSent(answer.code) if bare else answer

    with patch.object(CaselleClient, "write", trusting):
        yield


@contextmanager
def listed_code_believed_at_once() -> Iterator[None]:
    """A listed code counts as *nothing was done* before that was ever shown here."""
    refused = Recording._record_refused

    async def trusting(self: Recording, entry: Entry, answer: Refused, peer: Any) -> Entry:
        await self._gates.prove(entry.lane, answer.code)
        return await refused(self, entry, answer, peer)

    with patch.object(Recording, "_record_refused", trusting):
        yield


@contextmanager
def before_of_another_tender() -> Iterator[None]:
    """A payment of any application and tender shows that the list would show this one."""

    def any_channel(self: Absence, ours: Posted) -> bool:
        return ours.key != self._sent.key and ours.posted_at < self._sent.first_sent_at

    with patch.object(Absence, "_may_be_before", any_channel):
        yield


def missing_number_ignored() -> AbstractContextManager[Any]:
    """A hole between the numbers is nobody's concern."""
    return patch.object(Absence, "_gap", lambda *_: None)


def candidates_ignored() -> AbstractContextManager[Any]:
    """What could be the payment without its reference is nobody's concern."""
    return patch.object(Absence, "_could_be", lambda *_: False)


def absent_by_any_list() -> AbstractContextManager[Any]:
    """A list that does not show the payment shows that it is not there, whatever else it shows."""

    def careless(_: Absence) -> Conclusion:
        return absence.Absent()

    return patch.object(Absence, "concluded", careless)


def number_through_a_float() -> AbstractContextManager[Any]:
    """A receipt number that is a JSON number loses its last zeros."""
    return patch.object(protocol, "Numeral", lambda written: Numeral(str(float(written))))


@contextmanager
def typed_in_is_no_candidate() -> Iterator[None]:
    """What a clerk typed in, once a person was told, is nobody's."""
    sent_of = reading.sent_of
    with patch.object(reading, "sent_of", lambda entry: replace(sent_of(entry), told_held=False)):
        yield


def one_reading_is_enough() -> AbstractContextManager[Any]:
    """The first absence is believed."""
    return patch.object(settle, "proves", lambda *_: True)


def unseen_lag_ignored() -> AbstractContextManager[Any]:
    """What was never late is taken to be in time."""
    return patch.object(settle, "proves_from", lambda _, look, times: look.at + timedelta(seconds=times.absence_gap))


def repeated_rows_ignored() -> AbstractContextManager[Any]:
    """A list that moved while it was read is taken for whole."""
    return patch.object(judge, "repeats", lambda _: False)


@contextmanager
def number_of_another_is_no_presence() -> Iterator[None]:
    """A receipt whose number is bound to another payment is not ours, whatever its reference."""
    with_reference = judge._with_reference

    def unbound(sent: Sent, receipts: Iterable[Receipt], known: Known) -> list[Receipt]:
        mine = with_reference(sent, receipts, known)
        return [each for each in mine if known.owners.get(each.receipt_number, sent.key) == sent.key]

    with patch.object(judge, "_with_reference", unbound):
        yield


def next_numbers_not_asked_for() -> AbstractContextManager[Any]:
    """Behind the last number of ours nothing can be, where the counter's receipts have others."""
    return patch.object(Absence, "_beyond", lambda *_: None)


@contextmanager
def after_by_the_list_s_clock() -> Iterator[None]:
    """Whatever the list says was made after the attempt shows that the list goes on."""

    def later(self: Absence, ours: Posted) -> bool:
        receipt = self._shown.receipt_of(ours)
        if receipt is None or ours.key == self._sent.key:
            return False
        return receipt.created_at >= self._sent.last_sent_at + self._known.after

    with patch.object(Absence, "_is_later", later):
        yield
