"""What a city's list has shown in earlier readings: how it writes our references, how late and by what clock."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from shared.ledger.posted import Posted
from shared.payments.gateway import Receipt

WHOLE: Final = 64
"""Characters of the longest reference that we send."""

_LEAST: Final = 8
"""A shorter piece of a reference is no sign that the list cuts it."""
_DAYS: Final = timedelta(days=7)
_MOST_MISSING: Final = 200
_NUMBER: Final = re.compile(r"(?:([0-9]{1,4})\.)?([0-9]{1,15})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """A receipt number in its parts: ``5.00010`` is place 10 of group 5; longer forms of it name the same place."""

    group: str
    place: int
    text: str = field(compare=False)

    def is_below(self, other: Self) -> bool:
        """Whether it was given out earlier in the same group."""
        return self.group == other.group and self.place < other.place

    def at(self, place: int) -> str:
        """The number of another place, written as this one is."""
        group, dot, digits = self.text.rpartition(".")
        return f"{group}{dot}{place:0{len(digits)}}"


def number_of(text: str) -> Number | None:
    """A receipt number's parts; None where it is written in a form that is not known."""
    match = _NUMBER.fullmatch(text)
    return Number((match[1] or "").lstrip("0"), int(match[2]), text) if match else None


def is_same_number(one: str, other: str) -> bool:
    """Whether two texts name the same place of the same group, or are the same."""
    return one == other or (number_of(one) is not None and number_of(one) == number_of(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How this city's list shows our references: in which text, and how much of them."""

    in_memo: bool = False
    length: int = WHOLE
    """Characters that are shown."""
    proven: int = 0
    """The longest reference of ours that was ever shown whole."""

    @property
    def is_cut(self) -> bool:
        """Whether longer references were seen to be shown in part."""
        return self.length < WHOLE

    @property
    def known_length(self) -> int:
        """The longest reference whose absence says anything: one that would be shown whole, or cut as known."""
        return WHOLE if self.is_cut else self.proven

    @staticmethod
    def spelled(text: str) -> str:
        """In one letter case, as references are compared."""
        return text.strip().casefold()

    def shown(self, reference: str) -> str:
        """A reference of ours, spelled, as far as it is shown."""
        return self.spelled(reference)[: self.length]

    def text(self, receipt: Receipt) -> str | None:
        """The text of a receipt in which our references stand, spelled."""
        text = receipt.memo if self.in_memo else receipt.reference
        return self.spelled(text) if text else None

    def shows(self, receipt: Receipt, reference: str) -> bool:
        """Whether a receipt shows this reference, whole or as much of it as the list shows."""
        return self.text(receipt) in self.texts(reference)

    def texts(self, reference: str) -> frozenset[str]:
        """What a receipt of ours may show of its reference."""
        return frozenset({self.spelled(reference), self.shown(reference)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One complete answer of the list. ``at``: when it was begun, by the ledger's clock; both days inclusive."""

    at: datetime
    first: date
    last: date
    receipts: Sequence[Receipt]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is kept of earlier readings. Ages and offsets are in seconds, days as text."""

    form: Form = Form()
    seen_from: datetime | None = None
    seen_until: datetime | None = None
    """Payments posted in between were shown by a reading, but for those that are ``missing``."""
    missing: Mapping[str, float] = field(default_factory=dict)
    """Payments by key that no reading has shown, and how old they were at the last one."""
    lags: Mapping[str, float] = field(default_factory=dict)
    """The worst lag seen, by day: the age at which a payment was missing that a later reading showed."""
    offsets: Mapping[str, float] = field(default_factory=dict)
    """The greatest difference between the list's clock and ours, either way, by day."""
    read_at: datetime | None = None
    said: str = ""
    """What the last reading came to, in a word."""

    def lag(self, now: datetime, most: timedelta) -> timedelta:
        """The worst of the last seven days."""
        return min(timedelta(seconds=_worst(self.lags, now) or 0.0), most)

    def offset(self, now: datetime) -> timedelta | None:
        """The greatest of the last seven days; None where none was seen."""
        worst = _worst(self.offsets, now)
        return None if worst is None else timedelta(seconds=worst)

    def seen(self, ours: Iterable[Posted]) -> frozenset[str]:
        """Keys of those that an earlier reading showed."""
        if self.seen_from is None or self.seen_until is None:
            return frozenset()
        between = (each for each in ours if self.seen_from <= each.posted_at <= self.seen_until)
        return frozenset(each.key for each in between if each.key not in self.missing)

    def written(self) -> str:
        """As text, for a row."""
        values: dict[str, Any] = {
            "form": [self.form.in_memo, self.form.length, self.form.proven],
            "seen": [_text(self.seen_from), _text(self.seen_until)],
            "missing": dict(self.missing),
            "lags": dict(self.lags),
            "offsets": dict(self.offsets),
            "read": [_text(self.read_at), self.said],
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """From text as ``written`` gives it; the empty text is of a city that was never read."""
        if not text:
            return cls()
        values = json.loads(text)
        in_memo, length, proven = values["form"]
        seen_from, seen_until = map(_instant, values["seen"])
        return cls(
            form=Form(in_memo=in_memo, length=length, proven=proven),
            seen_from=seen_from,
            seen_until=seen_until,
            missing=values["missing"],
            lags=values["lags"],
            offsets=values["offsets"],
            read_at=_instant(values["read"][0]),
            said=values["read"][1],
        )


def learned(shown: Shown, reading: Reading, all_ours: Sequence[Posted], since: datetime | None = None) -> Shown:
    """What is known after a whole reading.

    Args:
        shown: what was known before it.
        reading: the reading.
        all_ours: all payments posted since some instant, the earliest first.
        since: that instant; None: when the first of them was posted.
    """
    now, receipts = reading.at, reading.receipts
    posted = [each for each in all_ours if each.posted_at <= now]
    ours = [each for each in posted if reading.first <= each.dated <= reading.last]
    form = form_after(shown.form, receipts, ours)
    texts = {text: each for each in receipts if (text := form.text(each))}
    missing, lags, offsets = dict(shown.missing), _lately(shown.lags, now), _lately(shown.offsets, now)
    earlier = shown.seen(posted)
    # What is dated on other days was not looked for: it is not seen, nor late.
    missing |= {each.key: 0.0 for each in posted if each not in ours and each.key not in earlier}
    for each in ours:
        receipt = texts.get(form.shown(each.reference)) or texts.get(form.spelled(each.reference))
        if receipt is None:
            if each.key not in earlier:
                missing[each.key] = (now - each.sent_at).total_seconds()
            continue
        if each.key in missing:
            _note(lags, now, missing.pop(each.key))
        if each.attempts == 1 and now - each.posted_at < _DAYS:
            _note(offsets, now, abs((receipt.created_at - each.sent_at).total_seconds()))
    # Where more are missing than can be kept, nothing counts as seen.
    first, until = _seen_between(shown, posted, now, since) if len(missing) <= _MOST_MISSING else (now, now)
    newest = dict(list(missing.items())[-_MOST_MISSING:])
    return replace(shown, form=form, missing=newest, lags=lags, offsets=offsets, seen_from=first, seen_until=until)


def form_after(form: Form, receipts: Iterable[Receipt], ours: Iterable[Posted]) -> Form:
    """How the list shows our references, by those receipts whose numbers and cents are known to be ours."""
    by_number = {each.receipt_number: each for each in ours}
    pairs = [(each, mine) for each in receipts if (mine := by_number.get(each.receipt_number))]
    pairs = [(each, mine) for each, mine in pairs if int(each.amount) == mine.cents]
    places = Counter(
        in_memo for each, mine in pairs for in_memo in (False, True) if _piece(each, mine, in_memo=in_memo)
    )
    if not places:
        return form
    in_memo = places[True] > places[False]
    pieces = [
        (len(piece), len(mine.reference)) for each, mine in pairs if (piece := _piece(each, mine, in_memo=in_memo))
    ]
    whole = [shown for shown, sent in pieces if shown == sent]
    # What is shorter than others are shown whole was not cut by the list, but changed by somebody.
    cut = [shown for shown, sent in pieces if shown < sent and shown >= max(whole, default=0)]
    proven = max([*whole, form.proven if in_memo == form.in_memo else 0])
    # One that is shown whole beyond a former cut says that the list shows more than it did.
    length = min(cut) if cut else (WHOLE if proven > form.length else form.length)
    return Form(in_memo=in_memo, length=length, proven=proven)


def form_read_back(receipt: Receipt, reference: str) -> Form | None:
    """How the list shows a reference that was just sent, by the receipt that was made; None where it does not."""
    for in_memo in (False, True):
        text = Form.spelled((receipt.memo if in_memo else receipt.reference) or "")
        if text == Form.spelled(reference):
            return Form(in_memo=in_memo, length=WHOLE, proven=len(reference))
        if len(text) >= _LEAST and Form.spelled(reference).startswith(text):
            return Form(in_memo=in_memo, length=len(text), proven=0)
    return None


def _piece(receipt: Receipt, ours: Posted, *, in_memo: bool) -> str:
    """What a receipt of ours shows of its reference: all, a beginning, or nothing."""
    text = Form.spelled((receipt.memo if in_memo else receipt.reference) or "")
    reference = Form.spelled(ours.reference)
    return text if text == reference or (len(text) >= _LEAST and reference.startswith(text)) else ""


def _seen_between(
    shown: Shown, ours: Sequence[Posted], now: datetime, since: datetime | None
) -> tuple[datetime, datetime]:
    """The span that readings have covered without a hole."""
    first = since or min((each.posted_at for each in ours), default=now)
    if shown.seen_from is None or shown.seen_until is None or first > shown.seen_until:
        return first, now
    return min(shown.seen_from, first), now


def _worst(by_day: Mapping[str, float], now: datetime) -> float | None:
    return max(_lately(by_day, now).values(), default=None)


def _lately(by_day: Mapping[str, float], now: datetime) -> dict[str, float]:
    earliest = (now - _DAYS).date().isoformat()
    return {day: seconds for day, seconds in by_day.items() if day >= earliest}


def _note(by_day: dict[str, float], now: datetime, seconds: float) -> None:
    day = now.date().isoformat()
    by_day[day] = max(by_day.get(day, 0.0), round(seconds, 1))


def _text(instant: datetime | None) -> str:
    return instant.isoformat() if instant else ""


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def repeats(receipts: Iterable[Receipt]) -> bool:
    """Whether a number comes twice: the list moved while its pages were read."""
    return any(count > 1 for count in Counter(each.receipt_number for each in receipts).values())


def day_of(receipt: Receipt) -> date:
    """The day that a receipt is dated; where the list does not show it, the one that it was made on."""
    return receipt.dated or receipt.created_at.date()
