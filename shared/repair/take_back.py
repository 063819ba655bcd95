"""Writes into a lost ledger's successor what Invoice Cloud was told: final results stand again, nothing is sent."""

import json
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.ledger import rows, settle, transition
from shared.ledger.book import Ledger
from shared.ledger.entry import Entry, Kind, State, Wait
from shared.ledger.errors import Moved, ReceiptTaken
from shared.ledger.loss import version_base
from shared.ledger.store import Change, Insert, LedgerStore, RowExists, Values
from shared.repair.decision import Decision
from shared.repair.witness import Told

_TO_BE_ENDED: Final = frozenset({State.UNKNOWN, State.HELD})


class Taken(StrEnum):
    """What became of one last word."""

    WRITTEN = "written"
    """The ledger did not know the message."""
    SETTLED = "settled"
    """Its message had come again and was in doubt; it is settled by this."""
    KNOWN = "known"
    """The ledger knows it otherwise, or so already; nothing was changed."""


class TakeBack:
    """For billers in recovery only: what is written here is believed, and never asked about."""

    def __init__(self, store: LedgerStore, ledger: Ledger) -> None:
        """Keep both: entries that a ledger begins are ``received``, and these are over."""
        self._store = store
        self._ledger = ledger

    async def __call__(self, told: Told, lost_at: datetime, decision: Decision) -> Taken:
        """Let one last word stand; it is told again above every version of before the loss.

        Raises:
            Unavailable: the store does not answer; the file may be taken again from its beginning.
        """
        found = await self._ledger.read(told.key)
        if found is not None:
            return await self._settle(found, told, decision)
        return Taken.WRITTEN if await self._write(told, lost_at, decision) else Taken.KNOWN

    async def _write(self, told: Told, lost_at: datetime, decision: Decision) -> bool:
        """One transaction, as a move brings an entry from another table; False where its message came just then."""
        named = _entry(told)._replace(nonce=uuid.uuid4().hex, changed_at=self._ledger.now())
        entry = named._replace(version_base=version_base(lost_at))
        changes: list[Change] = [*transition.moved_in(entry), _event(entry, told, decision), *_bound(entry)]
        while True:
            try:
                await self._store.commit(rows.shard_of(told.key.biller), changes)
            except RowExists as error:
                if error.key == rows.state_key(told.key):
                    return False
                if error.key == rows.event_key(told.key, transition.FIRST):
                    # A void came before it, and has the first event.
                    entry = entry._replace(version=transition.FIRST + 1)
                    changes = [*transition.moved_in(entry), _event(entry, told, decision), *_bound(entry)]
                    continue
                # Numbers may have begun again, and a reference may be another's: the first owner keeps it.
                changes = [change for change in changes if change.key != error.key]
            else:
                return True

    async def _settle(self, found: Entry, told: Told, decision: Decision) -> Taken:
        """Only what recovery itself put in doubt."""
        agrees = found.cents == told.cents and found.reference.casefold() == told.confirmation.casefold()
        doubtful = found.state in _TO_BE_ENDED and found.perhaps_there and not found.attempt
        if not (agrees and doubtful and found.key.kind is Kind.PAYMENT and told.state is State.POSTED):
            return Taken.KNOWN
        after = settle.posted(found, told.receipt_number)._replace(due=self._ledger.now(), wait=Wait.REPORT)
        try:
            await self._ledger.move(found, after, note=decision.note(told=str(told.version)))
        except (Moved, ReceiptTaken):
            return Taken.KNOWN
        return Taken.SETTLED


def _entry(told: Told) -> Entry:
    """As much of the entry as its results said; its message fills in the rest when it comes again."""
    shown = {"confirmationNumber": told.confirmation or None, "correlationId": told.correlation_id}
    payment = told.key.kind is Kind.PAYMENT
    return Entry(
        key=told.key,
        state=told.state or State.HELD,
        fingerprint="",
        cents=told.cents,
        customer_number="",
        reference=told.confirmation if payment else "",
        message_id=told.message_id,
        message=json.dumps({name: value for name, value in shown.items() if value is not None}).encode(),
        received_at=told.at,
        posting_date=told.posting_date,
        version=transition.FIRST,
        attempt=told.attempts,
        receipt_number=told.receipt_number,
    )


def _event(entry: Entry, told: Told, decision: Decision) -> Insert:
    values: Values = {
        "was": "",
        "state": str(entry.state),
        "attempt": entry.attempt,
        "nonce": entry.nonce,
        "at": told.at.isoformat(timespec="milliseconds"),
        **({"receipt_number": entry.receipt_number} if entry.receipt_number else {}),
        **decision.note(told=str(told.version)),
    }
    return Insert(rows.event_key(entry.key, entry.version), values)


def _bound(entry: Entry) -> list[Change]:
    named = {"key": str(entry.key)}
    bound: list[Change] = []
    if entry.reference:
        bound.append(Insert(rows.reference_key(entry.key.biller, entry.reference), named))
    if entry.receipt_number and entry.key.kind is Kind.PAYMENT:
        bound.append(Insert(rows.receipt_key(entry.key.biller, entry.receipt_number), named))
    return bound
