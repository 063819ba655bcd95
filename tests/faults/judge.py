"""What the readings that the app made would have let it conclude, by the conditions of an absence and by the truth.

Written from the rules in words, and independent of the product's code: it sees each reading with what every row really
is. A payment that is held although a reading showed it whole, or two proved its absence, is held needlessly.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from tests.faults.books import Made
from tests.faults.chronicle import Chronicle, Life
from tests.faults.fate import Call
from tests.faults.habit import DAY, MINUTE
from tests.faults.reading import Reading, whole

SETTLE: Final = 15 * MINUTE
GAP: Final = 10 * MINUTE
"""Between the two readings that prove an absence."""
_UNSEEN_LAG: Final = 45 * MINUTE
"""A list may begin to lag by this much: what a second reading shows earlier proves nothing."""
_LATER: Final = 2 * MINUTE
"""How much later a payment must have been sent for the first time to show that the list goes on."""
_MOST_LAG: Final = 45 * MINUTE
"""Of the habits that show receipts late but the one that stands still."""
_MOST_ASKED: Final = 20
"""Missing numbers that are asked for by themselves."""

_NOT_TO_BE_SENT: Final = frozenset({"attempts_exhausted", "biller_not_live", "unknown_tender", "wrong_region"})
"""What is held for these is for a person also where it is shown to be absent."""

type Rows = Sequence[tuple[Made, dict[str, Any]]]


class Judge:
    """Looks at every page that arrives; what a whole reading shows is written into the lives it concerns."""

    def __init__(self, chronicle: Chronicle, now: Any) -> None:
        self._chronicle = chronicle
        self._now = now
        self._waiting: dict[str, tuple[Reading, set[str]]] = {}
        """By payment: a reading that shows it absent once these numbers were asked for by themselves."""
        self._looks: dict[str, tuple[int, Reading]] = {}
        """By payment: the attempt, and the reading that first showed it absent."""
        self._lag: list[tuple[float, float]] = []
        """When a lag was learned, and how long it was."""
        self.readings = 0
        self.read_for: set[str] = set()
        """Payments for which a whole list was read."""
        self.typed_in_shown: set[str] = set()
        """Of these, those that such a list showed as the clerk had typed them in."""

    def given(self, call: Call) -> None:
        """A page has arrived, or what was left of it."""
        reading, page = call.reading, call.page
        if reading is None or page is None or not call.clean:
            return
        reading.take(page[0])
        if page[1]:
            reading.city.forget(reading)
            self._ended(reading)

    def _ended(self, reading: Reading) -> None:
        life = self._chronicle.lives.get(reading.key or "")
        if life is not None and life.sends:
            self._present(life, reading)
        if not reading.of_days:
            self._asked_for(reading)
            return
        self.readings += 1
        self._typed_in(reading)
        self._learn(reading)
        if life is not None and life.sends:
            self._absence(life, reading)

    def _typed_in(self, reading: Reading) -> None:
        """Whether it shows, over the same cents, what the clerk typed in for the payment that it was made for."""
        key = reading.key or ""
        self.read_for.add(key)
        for made, fields in reading.by_key.get(key, ()):
            if made.user == "clerk" and _cents(fields) == made.cents and fields["status"] == "POSTED":
                self.typed_in_shown.add(key)

    def _present(self, life: Life, reading: Reading) -> None:
        """One live receipt with the whole reference and the cents, and no other payment with this reference."""
        mine = {f["receipt_number"]: made for made, f in reading.rows if whole(made, f, life.reference)}
        if len(mine) != 1 or self._chronicle.by_shown[life.biller, life.reference.casefold()] is not life:
            return
        [made] = mine.values()
        shown = [fields for each, fields in reading.rows if each is made]
        right = all(_cents(fields) == life.cents and fields["status"] == "POSTED" for fields in shown)
        if right and made.live and made.key == life.key:
            life.shown.append(self._now())
            life.could = True

    def _absence(self, life: Life, reading: Reading) -> None:
        missing = self._missing_where_met(life, reading)
        if missing is not None:
            self._waiting[life.key] = reading, set(missing)
            self._met(life)
        if self._really_absent(life, reading):
            life.could = True

    def _asked_for(self, reading: Reading) -> None:
        """A number was asked for by itself, and the answer came."""
        life = self._chronicle.lives.get(reading.key or "")
        if life is not None and life.key in self._waiting:
            self._waiting[life.key][1].discard(str(reading.wanted["receipt_number"]))
            self._met(life)

    def _met(self, life: Life) -> None:
        """Once all numbers that are missing were asked for; what differs from the first look is a first look itself."""
        reading, missing = self._waiting[life.key]
        if missing:
            return
        del self._waiting[life.key]
        first = self._looks.get(life.key)
        if first is None or first[0] != len(life.sends) or not self._agree(first[1], reading):
            self._looks[life.key] = len(life.sends), reading
            life.absent.clear()
        life.absent.append((len(life.sends), self._now()))

    def _agree(self, first: Reading, second: Reading) -> bool:
        """Whether both show the same of all that was older than the lag when the first was made."""
        until = first.began - self._worst_lag() - _LATER

        def older(reading: Reading) -> set[tuple[Any, ...]]:
            return {
                (made.number, fields["reference"], fields["amount"], fields["status"])
                for made, fields in reading.rows
                if made.second <= until and made.day >= first.first
            }

        return older(first) == older(second)

    def _missing_where_met(self, life: Life, reading: Reading) -> Sequence[str] | None:
        """Where every condition but one is met: the numbers that must still be asked for; None elsewhere."""
        now, before = self._now(), self._before_of(life, reading)
        numbers = [made.number for made, _ in reading.rows]
        if (
            before is None
            or now - life.last_send < SETTLE + 2 * self._worst_lag()
            or len(set(numbers)) != len(numbers)
            or not self._all_since(life, before, reading)
            or self._candidates(life, before, reading)
        ):
            return None
        return self._after(life, before, reading)

    def _before_of(self, life: Life, reading: Reading) -> Life | None:
        """One of the last three of the kind posted before it, dated no later, and shown."""
        dated = date.fromisoformat(life.sends[-1][1])
        earlier = [
            other
            for other in self._chronicle.posted[life.biller, *life.kind]
            if other is not life and other.sends and other.posted_at < life.last_send and _dated(other) <= dated
        ]
        return next((other for other in reversed(earlier[-3:]) if self._shows(other, reading)), None)

    def _all_since(self, life: Life, before: Life, reading: Reading) -> bool:
        wait = SETTLE + 2 * self._worst_lag()
        since = [
            other
            for other in self._chronicle.posted[life.biller, *life.kind]
            if other is not life and other.sends and other.first_send >= before.first_send
        ]
        due = (other for other in since if self._now() - other.last_send >= wait and other.seen_at < 0)
        return all(self._shows(other, reading) for other in due)

    def _after(self, life: Life, before: Life, reading: Reading) -> Sequence[str] | None:
        """Ours alone: that a counter receipt may do as well is left to the product. What is missing up to the first."""
        later = [
            other
            for other in self._chronicle.lives.values()
            if other is not life and other.sends and other.first_send >= life.last_send + _LATER
            if other.biller == life.biller and self._shows(other, reading)
        ]
        gaps = (self._gap(life, before, after, reading) for after in later)
        return next((gap for gap in gaps if gap is not None), None)

    def _gap(self, life: Life, before: Life, after: Life, reading: Reading) -> Sequence[str] | None:
        start, end = self._number_of(before, reading), self._number_of(after, reading)
        if start[0] != end[0] or end[1] < start[1]:
            return None
        shown = {made.number for made, _ in reading.rows}
        missing = [f"{start[0]}.{number:05}" for number in range(start[1] + 1, end[1])]
        missing = [each for each in missing if each not in shown and self._owner(life, each) is None]
        visible = {made.number for made in reading.city.visible()} if missing else set()
        explained = after.kind == life.kind and len(missing) <= _MOST_ASKED and visible.isdisjoint(missing)
        return missing if explained or not missing else None

    def _candidates(self, life: Life, before: Life, reading: Reading) -> list[Made]:
        group, start = self._number_of(before, reading)
        told = life.held
        return [
            made
            for made, fields in reading.rows
            if made.cents == life.cents and fields["status"] == "POSTED"
            if self._owner(life, made.number) is None and not self._another_s(life, fields)
            if told or made.number.partition(".")[0] == group or made.user != "clerk"
            if made.number.partition(".")[0] != group or int(made.number.partition(".")[2]) > start
        ]

    def _learn(self, reading: Reading) -> None:
        """Since when each posted payment of ours is shown, and how late that was."""
        now = self._now()
        rows = {str(fields.get("reference") or fields.get("memo") or "").casefold() for _, fields in reading.rows}
        for life in self._unseen(reading):
            if life.reference.casefold() not in rows:
                life.missed_at = now
                continue
            life.seen_at = now
            if life.missed_at > 0:
                self._lag.append((now, life.missed_at - life.last_send))

    def _unseen(self, reading: Reading) -> Iterable[Life]:
        for kind, lives in self._chronicle.posted.items():
            if kind[0] == reading.city.biller.biller_id:
                yield from (life for life in lives if life.seen_at < 0 and life.sends and _within(life, reading))

    def _worst_lag(self) -> float:
        return max((lag for at, lag in self._lag if at > self._now() - 7 * DAY), default=0.0)

    def _really_absent(self, life: Life, reading: Reading) -> bool:
        """It is not there, the list would show it if it were, and it goes on behind the attempt."""
        made, now = reading.city.books.of.get(life.key, []), self._now()
        if any(each.live for each in made) or reading.city.under_way[life.key] or now - life.last_send < _MOST_LAG:
            return False
        return any(each.second > life.last_send + _LATER for each, _ in reading.rows) and self._would_show(
            life, reading
        )

    def _would_show(self, life: Life, reading: Reading) -> bool:
        """Whether the list shows what was made at the moment of the attempt."""
        shadow = self._shadow(life, reading)
        return shadow in reading.city.sieved([shadow]) and len(reading.rows) >= self._listed(reading)

    def _shadow(self, life: Life, reading: Reading) -> Made:
        city = reading.city
        codes = city.biller.applications.get(life.kind[0])
        return Made(
            number="0.00000",
            key=None,
            reference=life.reference,
            cents=life.cents,
            day=date.fromisoformat(life.sends[-1][1]),
            at=city.clock.now(),
            second=life.last_send,
            application=life.kind[0],
            payment_code=(codes.payment_code(life.kind[1]) if codes else None) or "",
            kept=life.reference,
        )

    def _listed(self, reading: Reading) -> int:
        """How many rows of its days the list holds."""
        of_days = (made for made in reading.city.receipts if reading.first <= made.day <= reading.last)
        return len(reading.city.sieved(of_days))

    def _shows(self, life: Life, reading: Reading) -> bool:
        return any(whole(made, fields, life.reference) and made.live for made, fields in self._of(life, reading))

    def _of(self, life: Life, reading: Reading) -> Rows:
        return reading.by_key.get(life.key, ())

    def _number_of(self, life: Life, reading: Reading) -> tuple[str, int]:
        made = next(made for made, _ in self._of(life, reading))
        group, _, number = made.number.partition(".")
        return group, int(number)

    def _owner(self, life: Life, number: str) -> Life | None:
        """Another payment of ours that is bound to a number."""
        owner = self._chronicle.owners.get((life.biller, number))
        return None if owner is life else owner

    def _another_s(self, life: Life, fields: dict[str, Any]) -> bool:
        names = (str(fields.get(name) or "").casefold() for name in ("reference", "memo"))
        return any((life.biller, name) in self._chronicle.by_shown for name in names if name)


def _dated(life: Life) -> date:
    return date.fromisoformat(life.sends[-1][1])


def _within(life: Life, reading: Reading) -> bool:
    return reading.first <= _dated(life) <= reading.last


def _cents(fields: dict[str, Any]) -> int:
    whole_, _, part = str(fields["amount"]).strip("~").partition(".")
    return int(whole_) * 100 + int(part)


def needless(life: Life, reason: str, *, absent: bool) -> bool:
    """Whether a payment that is held could have been settled by what was shown before a person was told of it.

    ``absent``: absences count; of a ledger that was lost nobody here knows what its successor can prove them by.
    """
    if life.shown:
        return True
    if reason in _NOT_TO_BE_SENT or not absent:
        return False
    doubt = (attempt_at for attempt_at in life.absent if attempt_at[0] == len(life.sends))
    latest = [at for _, at in doubt if life.in_doubt_since <= at <= life.held_at]
    return bool(latest) and latest[-1] - latest[0] >= GAP and latest[-1] >= life.last_send + SETTLE + _UNSEEN_LAG
