"""What becomes of a message that arrives, whatever its kind: told, recognised as a repetition, or set aside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.exchange.inbound import InvalidMessage
from shared.exchange.quarantine import Quarantine, quarantined
from shared.exchange.result import Handled, conflict_of, invalid_of, result_of
from shared.exchange.told import answered, tell
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.due import due_of
from shared.ledger.entry import SETTLED, Entry, Kind, State
from shared.ledger.errors import Moved
from shared.ledger.peer import Peer
from shared.ledger.send_once import SendOnce
from shared.vocabulary import events
from shared.vocabulary.errors import CaselleError

type Accept = Callable[[bytes, str], Awaitable[Handled]]


@dataclass(frozen=True, slots=True)
class Intake:
    """The ends that every new message comes to."""

    ledger: Ledger
    send_once: SendOnce
    chain: Chain
    quarantine: Quarantine

    async def told(self, entry: Entry) -> Handled:
        """Report what is settled, drive what can go on at once, and let the next one take a free slot."""
        now = self.ledger.now()
        tell(entry)
        results = [result_of(entry, now)] if entry.state in SETTLED else []
        goes_on = entry.state not in SETTLED and entry.due is not None and entry.due <= now
        following = await self.chain.after_new(entry.lane) if answered(entry) else []
        return Handled(results, [*([due_of(entry)] if goes_on else []), *following])

    async def repeated(self, found: Entry, new: Entry, peer: Peer | None) -> Handled:
        """A message whose id is known: the same again is answered, another one is a conflict.

        Args:
            found: what the ledger has.
            new: what the message would have become.
            peer: the biller's server, or None where the biller is gone.

        Raises:
            Unavailable: it is being sent by another delivery at this moment; the message must come again.
        """
        if _only_told(found) and _agrees(found, new):
            found = await self._filled_in(found, new)
        if not same(found.fingerprint, new.fingerprint):
            return await self._conflicting(found, new)
        redelivered = found.message_id == new.message_id
        noun, named = found.key.kind.noun, {"biller": found.key.biller, "id": found.key.id}
        events.emit(f"{noun}.repeated", events.INFO, **named, state=found.state, redelivered=redelivered)
        if redelivered and found.state is State.SENDING:
            found = await self.send_once.take_over(found, peer)
        if redelivered and found.state not in SETTLED:
            return Handled()
        if redelivered:
            tell(found)  # the delivery that brought it there may have ended before it told
        if found.state is State.REVERSED and not redelivered:
            # Whoever enqueues it again may expect that it is posted again: that takes another id.
            events.emit(f"{noun}.repeated_after_reversal", events.ERROR, **named)
        return Handled([result_of(found, self.ledger.now(), message_id=new.message_id)])

    async def set_aside(self, kind: Kind, queue: str, message_id: str, body: bytes, invalid: InvalidMessage) -> Handled:
        """Keep a masked copy of what never becomes valid."""
        now = self.ledger.now()
        item = quarantined(queue, message_id, body, reason=invalid.code, detail=invalid.detail, at=now)
        await self.quarantine.keep(item)
        fields = {**invalid.named(message_id), "code": invalid.code, "detail": invalid.detail}
        events.emit(f"{kind.noun}.invalid", events.WARNING, **fields)
        return Handled([invalid_of(kind, invalid, message_id, now)])

    async def shelved(self, kind: Kind, queue: str, message_id: str, body: bytes, accept: Accept) -> Handled:
        """Accept a message that ended as poison; whatever made it so must not keep it circling.

        Raises:
            Unavailable: as ``accept`` does.
        """
        try:
            return await accept(body, message_id)
        except CaselleError:
            raise
        except Exception as error:  # noqa: BLE001 - as said above
            poison = InvalidMessage("poison", type(error).__name__)
            return await self.set_aside(kind, queue, message_id, body, poison)

    async def _filled_in(self, found: Entry, new: Entry) -> Entry:
        """Its message has come again: what its result did not say is known from now on."""
        whole = found._replace(fingerprint=new.fingerprint, message=new.message, customer_number=new.customer_number)
        try:
            return await self.ledger.tidy(found, whole._replace(reverses=new.reverses, channel=new.channel))
        except Moved as moved:
            return moved.found

    async def _conflicting(self, found: Entry, new: Entry) -> Handled:
        """The first message stands; this one is kept as evidence, without anything personal."""
        now = self.ledger.now()
        values: dict[str, str | int] = {
            "messageId": new.message_id,
            "fingerprint": new.fingerprint,
            "cents": new.cents,
            "customer_number": new.customer_number,
            "at": now.isoformat(),
        }
        await self.ledger.record_conflict(found.key, new.fingerprint, values)
        event, biller = f"{found.key.kind.noun}.conflict", found.key.biller
        events.emit(event, events.ERROR, biller=biller, id=found.key.id, message=new.message_id)
        return Handled([conflict_of(found, new, now)])


def _only_told(found: Entry) -> bool:
    """Whether the ledger knows it from its result alone, taken back after a loss."""
    return not found.fingerprint


def _agrees(found: Entry, new: Entry) -> bool:
    return found.cents == new.cents and found.reference.casefold() in {"", new.reference.casefold()}


def same(one: str, other: str) -> bool:
    """Whether two fingerprints, ``main:shares``, are of one message: shares count only where both have them."""
    main, _, shares = one.partition(":")
    other_main, _, other_shares = other.partition(":")
    return main == other_main and (not shares or not other_shares or shares == other_shares)
