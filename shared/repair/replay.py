"""Takes a repaired message in place of one that was set aside, or ends the matter without it.

Only a masked copy is kept, so the repaired message comes from Invoice Cloud. It keeps the first one's message id: its
outcome then names the message that was answered ``invalid`` before.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

from shared.exchange.inbound import InvalidMessage
from shared.exchange.quarantine import Quarantine, Quarantined, masked, readable
from shared.exchange.result import Handled, Outcome
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Key, Kind
from shared.payments import message as payments
from shared.payments.post import QUEUE, PostPayment
from shared.repair.decision import Decision, NotAllowed, known
from shared.repair.tell_again import TellAgain
from shared.reversals import message as reversals
from shared.reversals.reverse import ReversePayment

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {QUEUE: Kind.PAYMENT} | {queue: kind for kind, queue in reversals.QUEUES.items()}
)


class Shelf(Quarantine, Protocol):
    """The quarantine, as a person works with it. Every method may raise ``Unavailable``."""

    async def find(self, queue: str, message_id: str) -> Quarantined | None:
        """One message, or None."""
        ...

    def unresolved(self) -> AsyncIterator[Quarantined]:
        """Messages that nobody has dealt with yet."""
        ...


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired message that may take the place of one that was set aside."""

    item: Quarantined
    key: Key
    body: bytes
    changed: tuple[str, ...]
    """Readable fields that are not as they were."""


class Replay:
    """Works off the quarantine."""

    def __init__(
        self, shelf: Shelf, post: PostPayment, reverse: ReversePayment, ledger: Ledger, again: TellAgain
    ) -> None:
        """Keep what it works with."""
        self._shelf = shelf
        self._post = post
        self._reverse = reverse
        self._ledger = ledger
        self._again = again

    async def look(self, queue: str, message_id: str, body: bytes) -> Repaired:
        """Whether this message may be replayed; changes nothing.

        Raises:
            NotAllowed: nothing of this id waits in quarantine, or the message still breaks a rule.
            Unavailable: the store does not answer.
        """
        item = await self._waiting(queue, message_id)
        was, now_is = readable(item.text), readable(masked(body))
        if was.get("billerId", now_is.get("billerId")) != now_is.get("billerId"):
            raise NotAllowed("It is another biller's message than the one in quarantine.")
        changed = sorted(name for name in was.keys() | now_is.keys() if was.get(name) != now_is.get(name))
        return Repaired(item, _key(queue, body), body, tuple(changed))

    async def replay(self, repaired: Repaired, decision: Decision) -> Entry:
        """Let it in as ``received`` or ``held``; the sweeper goes on with it.

        Raises:
            NotAllowed: its id is known with other contents; that is recorded as a conflict.
            Unavailable: a store does not answer; do it again.
        """
        handled = await self._shelve(repaired)
        if any(result.outcome is Outcome.CONFLICT for result in handled.results):
            raise NotAllowed("Its id is known with other contents; the first one stands.")
        entry = known(await self._ledger.read(repaired.key), repaired.key)
        await self._again.again(entry)
        await self._end(repaired.item, f"replayed as {repaired.key.kind} {repaired.key.id}", decision)
        return entry

    async def discard(self, queue: str, message_id: str, decision: Decision) -> None:
        """End the matter: it is never to be posted, or came again as another message.

        Raises:
            NotAllowed: nothing of this id waits in quarantine.
            Unavailable: the store does not answer.
        """
        await self._end(await self._waiting(queue, message_id), "discarded", decision)

    async def _waiting(self, queue: str, message_id: str) -> Quarantined:
        item = await self._shelf.find(queue, message_id)
        if item is None:
            raise NotAllowed(f"Nothing of queue {queue} with message id {message_id} is in quarantine.")
        if item.resolved:
            raise NotAllowed(f"It is resolved already: {item.resolved}.")
        return item

    async def _shelve(self, repaired: Repaired) -> Handled:
        if repaired.key.kind is Kind.PAYMENT:
            return await self._post.shelve(repaired.body, repaired.item.message_id)
        return await self._reverse.shelve(repaired.key.kind, repaired.body, repaired.item.message_id)

    async def _end(self, item: Quarantined, how: str, decision: Decision) -> None:
        await self._shelf.keep(replace(item, resolved=f"{how} by {decision.by}: {decision.why}"))


def _key(queue: str, body: bytes) -> Key:
    kind = _KINDS.get(queue)
    if kind is None:
        raise NotAllowed(f"What came by the queue {queue} is not replayed: Invoice Cloud enqueues it again.")
    try:
        if kind is Kind.PAYMENT:
            payment = payments.parse(body)
            return Key(payment.biller_id, kind, payment.payment_id)
        undoing = reversals.parse(kind, body)
    except InvalidMessage as invalid:
        raise NotAllowed(f"It still breaks a rule: {invalid.detail}.") from None
    return Key(undoing.biller_id, kind, undoing.id)
