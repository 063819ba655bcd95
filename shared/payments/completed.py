"""A payment that is held because it named no invoices, and another message of it that names them."""

from datetime import datetime
from typing import Final

from shared.exchange.inbound import to_store
from shared.exchange.intake import same
from shared.ledger.entry import Entry, State, Wait
from shared.ledger.store import Values
from shared.payments.message import stored

COMPLETED: Final[Values] = {"by": "Invoice Cloud", "why": "another message names the invoices"}
"""Stands with the event."""


def completes(new: Entry, found: Entry) -> bool:
    """Whether ``new``, the same payment with its invoices, may take the place of what is held and was never sent."""
    held = found.state is State.HELD and found.reason == "no_allocations" and not found.ever_left
    return held and same(found.fingerprint, new.fingerprint) and stored(new.message).allocations is not None


def completed(found: Entry, new: Entry, now: datetime) -> Entry:
    """The held payment with the invoices of ``new``, due now; in all else its first message stands."""
    message = stored(found.message).model_copy(update={"allocations": stored(new.message).allocations})
    named = found._replace(message=to_store(message), fingerprint=new.fingerprint, message_id=new.message_id)
    going = named._replace(state=State.RECEIVED, held_at=None, due=now, wait=Wait.BACKOFF, backoffs=0)
    return going._replace(reason=None, detail=None)
