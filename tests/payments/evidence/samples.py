"""Three payments of ours, the middle one in doubt, and a list that shows the other two."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.ledger.posted import Posted
from shared.payments.evidence import judge
from shared.payments.evidence.facts import Ask, Conclusion, Known, Sent
from shared.payments.evidence.shown import Form, Reading
from shared.payments.gateway import Receipt
from shared.vocabulary.money import Money

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""When the payment in doubt was sent."""
DAY = date(2026, 11, 20)
CHANNEL, OTHER_CHANNEL = "AR/ACH", "UM/CC"
CENTS = 12540
MINE, MY_KEY, MY_NUMBER = "IC00000002", "2493~payment~pay-2", "5.00002"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ours(number: int, after: float, **changes: Any) -> Posted:
    """A payment that was posted so many minutes after the one in doubt was sent, under receipt 5.0000n."""
    sent_at = NOON + minutes(after)
    usual: dict[str, Any] = {
        "key": f"2493~payment~pay-{number}",
        "posted_at": sent_at + timedelta(seconds=1),
        "channel": CHANNEL,
        "reference": f"IC{number:08}",
        "cents": 1000 + number,
        "dated": DAY,
        "sent_at": sent_at,
        "first_sent_at": sent_at,
        "receipt_number": f"5.{number:05}",
        "attempts": 1,
    }
    return Posted(**usual | changes)


def receipt(number: str, reference: str | None = None, cents: int = 500, after: float = 0, **changes: Any) -> Receipt:
    """A receipt made so many minutes after the payment in doubt was sent, by the city's clock."""
    usual: dict[str, Any] = {
        "receipt_number": number,
        "reference": reference,
        "amount": Money(cents),
        "live": True,
        "voided": False,
        "created_at": NOON + minutes(after),
        "dated": DAY,
    }
    return Receipt(**usual | changes)


def receipt_of(posted: Posted, **changes: Any) -> Receipt:
    """The receipt of a payment of ours, as the list shows it."""
    shown = receipt(posted.receipt_number, posted.reference, posted.cents, dated=posted.dated)
    return replace(shown, **{"created_at": posted.sent_at} | changes)


BEFORE, AFTER = ours(1, -10), ours(3, 10, receipt_number="5.00002")
"""Numbered next to each other: a send that failed without a trace."""
APART = ours(3, 10)
"""As AFTER, with the number of the one in doubt between."""
COUNTER = receipt("1.00001", after=-60)
SENT = Sent(
    key=MY_KEY,
    reference=MINE,
    cents=CENTS,
    channel=CHANNEL,
    first_sent_at=NOON,
    last_sent_at=NOON,
    dated=DAY,
)
KNOWN = Known(
    form=Form(proven=len(MINE)),
    ours=(),
    seen=frozenset(),
    wait=minutes(15),
    after=minutes(2),
    counter=None,
)


@dataclass(frozen=True)
class Scene:
    """What is judged: by default a payment that is absent for sure."""

    ours: tuple[Posted, ...] = (BEFORE, AFTER)
    receipts: tuple[Receipt, ...] = (receipt_of(BEFORE), receipt_of(AFTER), COUNTER)
    sent: Sent = SENT
    known: dict[str, Any] = field(default_factory=dict)
    at: float = 30
    """Minutes after noon at which the list was read."""

    def with_(self, *receipts: Receipt) -> "Scene":
        return replace(self, receipts=(*self.receipts, *receipts))

    def knowing(self, **known: Any) -> "Scene":
        return replace(self, known=self.known | known)

    @property
    def reading(self) -> Reading:
        return Reading(
            at=NOON + minutes(self.at), first=DAY - timedelta(1), last=DAY + timedelta(1), receipts=self.receipts
        )

    def concluded(self) -> Conclusion:
        return judge.conclude(self.sent, self.reading, self.facts)

    @property
    def facts(self) -> Known:
        in_order = sorted(self.ours, key=lambda each: each.posted_at)
        return replace(KNOWN, ours=in_order, **self.known)

    def answered(self, **shown: Receipt) -> Conclusion:
        """With the numbers asked for that must be; by default nothing is there."""
        wanted = self.concluded()
        assert isinstance(wanted, Ask)
        by_number = {each.receipt_number: (each,) for each in shown.values()}
        return self.knowing(asked={number: by_number.get(number, ()) for number in wanted.numbers}).concluded()


ABSENT = Scene()
PRESENT = receipt(MY_NUMBER, MINE, CENTS)
