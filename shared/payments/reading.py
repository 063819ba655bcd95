"""Reads a city's receipts about one payment, with everything that ``shared.payments.evidence`` judges them by."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from shared.billers.model import Biller
from shared.ledger import settle
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry
from shared.ledger.posted import Posted
from shared.ledger.times import Times
from shared.payments.evidence import judge, shown
from shared.payments.evidence.absence import MOST_BEFORE
from shared.payments.evidence.facts import Absent, Ask, Conclusion, Known, NotAsSent, Nothing, Present, Sent
from shared.payments.evidence.looks import agrees, look_at
from shared.payments.evidence.shown import Form, Reading, Shown
from shared.payments.gateway import CashReceipting, Receipt
from shared.vocabulary import events
from shared.vocabulary.errors import Unavailable

_DAY: Final = timedelta(days=1)
_FURTHEST: Final = timedelta(days=40)
"""How far back a reading reaches for an earlier payment that it must show."""
_NAMED: Final = 5
"""Receipts that are named where a person must look at them."""


@dataclass(frozen=True, slots=True)
class Around:
    """One reading, what it is judged by, and the list's lag."""

    reading: Reading
    known: Known
    lag: timedelta

    def absent(self, entry: Entry) -> settle.Absent:
        """What it shows about an entry that it does not show."""
        look = settle.look_of(entry)
        return settle.Absent(
            look_at(self.reading, entry.attempt, self.lag), same_list=look is None or agrees(look, self.reading)
        )

    def unbound(self, sent: Sent) -> list[Receipt]:
        """Live receipts of the same cents that are none of ours."""
        return judge.unbound(sent, self.reading, self.known)


class ReadReceipts:
    """One per biller and invocation; cheap."""

    def __init__(self, biller: Biller, receipting: CashReceipting, ledger: Ledger, times: Times) -> None:
        """Keep what it reads."""
        self._biller = biller
        self._receipting = receipting
        self._ledger = ledger
        self._times = times

    async def about(self, entry: Entry) -> settle.Finding:
        """What the city shows about a payment."""
        try:
            if entry.ever_left:
                return await self._left(entry, sent_of(entry))
            return await self._entered_by_hand(entry, sent_of(entry))
        except Unavailable as error:
            if error.code in UNREADABLE:
                events.emit("receipt_list.unreadable", events.ERROR, biller=self._biller.biller_id, code=error.code)
            return settle.NoAnswer(error.code, error.retry_after, error.throttled)

    async def form(self) -> Form:
        """How the city shows our references, as far as it is known."""
        text, _ = await self._ledger.posted.readings(self._id)
        return Shown.read(text).form

    async def around(self, entry: Entry, sent: Sent) -> Around:
        """A reading of all days that concern an entry; a day more, and so with other pages, than the first look at it.

        Raises:
            Unavailable: no complete answer.
        """
        look = settle.look_of(entry)
        last = await self._latest(sent)
        earliest = await self._earliest([sent.first_sent_at, *(each.posted_at for each in last)])
        ours = await self._ledger.posted.since(self._id, earliest)
        first, until = self._days(entry, [*last, *_found_again(sent, ours)], ours)
        reading = await self._read(min(first, look.first) - _DAY if look else first, until)
        known, memory = await self._known(sent, reading, earliest)
        return Around(reading, known, memory.lag(reading.at, self._most_lag))

    async def _left(self, entry: Entry, sent: Sent) -> settle.Finding:
        seen = await self.around(entry, sent)
        conclusion = await self._concluded(sent, seen)
        await self._remember(conclusion)
        if isinstance(conclusion, Absent):
            return seen.absent(entry)
        if sent.told_held and isinstance(conclusion, Nothing):
            return settle.NotProved(conclusion.why, self._alike(entry, sent, seen))
        return _finding(conclusion)

    def _alike(self, entry: Entry, sent: Sent, seen: Around) -> str | None:
        """What may be it that somebody entered by hand, where nothing else is concluded."""
        found = judge.entered_by_hand(sent, seen.reading, seen.known, self._arrived(entry))
        return named(found.receipts) if isinstance(found, NotAsSent) else None

    def _arrived(self, entry: Entry) -> date:
        return entry.received_at.astimezone(self._biller.zone).date()

    async def _entered_by_hand(self, entry: Entry, sent: Sent) -> settle.Finding:
        """Of what never left a reading can only say that it is there all the same."""
        arrived = self._arrived(entry)
        seen = await self.around(entry._replace(first_day=min(arrived, sent.dated).isoformat()), sent)
        found = judge.entered_by_hand(sent, seen.reading, seen.known, arrived)
        return seen.absent(entry) if isinstance(found, Absent) else _finding(found)

    async def _concluded(self, sent: Sent, seen: Around) -> Conclusion:
        conclusion = judge.conclude(sent, seen.reading, seen.known)
        if not isinstance(conclusion, Ask):
            return conclusion
        asked = {number: await self._receipting.receipt(self._biller, number) for number in conclusion.numbers}
        return judge.conclude(sent, seen.reading, replace(seen.known, asked=asked))

    async def _latest(self, sent: Sent) -> list[Posted]:
        return await self._ledger.posted.latest(self._id, sent.channel, sent.first_sent_at, sent.dated, MOST_BEFORE)

    async def _earliest(self, moments: Sequence[datetime]) -> datetime:
        """Since when payments are judged: without a hole behind those that readings have shown, which stay seen."""
        text, _ = await self._ledger.posted.readings(self._id)
        return min([*moments, *filter(None, [Shown.read(text).seen_until])])

    def _days(self, entry: Entry, last: Sequence[Posted], ours: Sequence[Posted]) -> tuple[date, date]:
        """All days that any attempt was dated or made on, back to the earlier payments that must be shown."""
        today = self._today()
        days = [*_days_of(entry), today]
        earlier = [max(each.dated, today - _FURTHEST) for each in last]
        return min([*days, *earlier]) - _DAY, max([*days, *(each.dated for each in ours)]) + _DAY

    async def _read(self, first: date, last: date) -> Reading:
        at = self._ledger.now()
        receipts = await self._receipting.receipts(self._biller, first, last)
        return Reading(at=at, first=first, last=last, receipts=receipts)

    async def _known(self, sent: Sent, reading: Reading, since: datetime) -> tuple[Known, Shown]:
        ours = await self._ledger.posted.since(self._id, since)
        text, _ = await self._ledger.posted.readings(self._id)
        seen = Shown.read(text).seen(ours)
        memory = await learn(self._ledger, self._id, reading, ours, since)
        wait = timedelta(seconds=self._times.settle) + 2 * memory.lag(reading.at, self._most_lag)
        offset = memory.offset(reading.at)
        known = Known(
            form=memory.form,
            ours=ours,
            seen=seen,
            wait=wait,
            after=timedelta(seconds=self._times.after_margin),
            counter=None if offset is None else offset + timedelta(seconds=self._times.counter_margin),
            collides=await self._collides(sent, memory),
            owners={},
            named={},
        )
        return await self._with_owners(sent, reading, known), memory

    async def _collides(self, sent: Sent, memory: Shown) -> bool:
        """Whether another payment's reference is equal in the form that is shown, if it is not the very same."""
        shown = memory.form.shown(sent.reference)
        alike = await self._ledger.posted.references(self._id, shown, 2)
        return any(key != sent.key and memory.form.shown(reference) == shown for reference, key in alike.items())

    async def _with_owners(self, sent: Sent, reading: Reading, known: Known) -> Known:
        """With whose the receipts of the same cents are, which alone could be taken for it."""
        owners, named = dict[str, str](), dict[str, str]()
        for each in judge.same_cents(sent, reading.receipts):
            owner = await self._ledger.receipt_owner(self._id, each.receipt_number)
            if owner:
                owners[each.receipt_number] = owner
            text = known.form.text(each)
            namesake = await self._namesake(text, known.form) if text else None
            if text and namesake:
                named[text] = namesake
        return replace(known, owners=owners, named=named)

    async def _namesake(self, text: str, form: Form) -> str | None:
        """The payment whose reference, whole or as it is shown, a receipt's text is."""
        begun = await self._ledger.posted.references(self._id, text, 1)
        return next((key for reference, key in begun.items() if text in form.texts(reference)), None)

    async def _remember(self, conclusion: Conclusion) -> None:
        """What is told of a city's list; nothing is concluded from it."""
        said = conclusion.why if isinstance(conclusion, Nothing) else type(conclusion).__name__.casefold()
        text, etag = await self._ledger.posted.readings(self._id)
        current = Shown.read(text)
        if current.said != said or current.read_at is None:
            noted = replace(current, said=said, read_at=self._ledger.now())
            await self._ledger.posted.keep_readings(self._id, noted.written(), etag)

    @property
    def _id(self) -> str:
        return self._biller.biller_id

    @property
    def _most_lag(self) -> timedelta:
        return timedelta(seconds=self._times.most_lag)

    def _today(self) -> date:
        return self._ledger.now().astimezone(self._biller.zone).date()


async def learn(ledger: Ledger, biller_id: str, reading: Reading, ours: Sequence[Posted], since: datetime) -> Shown:
    """What is known after a reading; kept for the next, where the list did not move while it was read."""
    text, etag = await ledger.posted.readings(biller_id)
    memory = Shown.read(text)
    if shown.repeats(reading.receipts):
        return memory
    learned = shown.learned(memory, reading, ours, since)
    await ledger.posted.keep_readings(biller_id, learned.written(), etag)
    return learned


UNREADABLE: Final = frozenset({"receipt_page_malformed", "receipt_number_malformed"})
"""Why a list that was answered could not be read."""


def sent_of(entry: Entry) -> Sent:
    """The payment as it was sent; of one that is known from its result alone, or years old, the message is gone."""
    sent_at = entry.sent_at or entry.received_at
    known = json.loads(entry.message)
    return Sent(
        key=str(entry.key),
        reference=known.get("confirmationNumber") or entry.reference,
        cents=entry.cents,
        channel=f"{known['application']}/{known['tender']}" if "tender" in known else entry.channel,
        first_sent_at=entry.first_sent_at or sent_at,
        last_sent_at=sent_at,
        dated=date.fromisoformat(entry.first_dated or entry.posting_date or sent_at.date().isoformat()),
        told_held=entry.told_held_at is not None,
        others=frozenset(entry.others.split()),
    )


def _found_again(sent: Sent, ours: Sequence[Posted]) -> list[Posted]:
    """The last few that a lost ledger sent and the list brought back: each may be shown before the one in question."""
    found = [each for each in ours if not each.attempts and each.channel == sent.channel and each.dated <= sent.dated]
    return sorted(found, key=lambda each: each.dated)[-MOST_BEFORE:]


def _days_of(entry: Entry) -> list[date]:
    sent_at: datetime = entry.sent_at or entry.received_at
    named = (entry.first_day, entry.last_day, entry.posting_date)
    return [sent_at.date(), *(date.fromisoformat(day) for day in named if day)]


def _finding(conclusion: Conclusion) -> settle.Finding:
    match conclusion:
        case Present(receipt_number):
            return settle.Found(receipt_number)
        case NotAsSent(reason, receipts):
            return settle.Odd(reason, named(receipts))
        case Nothing(why):
            return settle.NotProved(why)
        case _:
            return settle.NotProved("numbers_unasked")


def named(receipts: Sequence[Receipt]) -> str:
    """Receipts as a person looks them up."""
    words = [f"{each.receipt_number} of {each.amount}" for each in receipts[:_NAMED]]
    more = f" and {len(receipts) - _NAMED} more" if len(receipts) > _NAMED else ""
    return f"receipt {', '.join(words)}{more}"
