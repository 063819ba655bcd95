"""The ledger itself: every read and every transition goes through here."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from shared.ledger import rows, settle, transition
from shared.ledger.entry import Draft, Entry, Key, Kind, State
from shared.ledger.errors import Contended, Known, Moved, ReceiptTaken
from shared.ledger.posted import PostedRows
from shared.ledger.reading import references
from shared.ledger.store import (
    NO_VALUES,
    Change,
    Insert,
    LedgerStore,
    Replace,
    Row,
    RowChanged,
    RowExists,
    Values,
)
from shared.ledger.taken import explain
from shared.vocabulary import events
from shared.vocabulary.errors import Unavailable

_TRIES: Final = 5


class Ledger:
    """Entries of all billers, over one store."""

    def __init__(self, store: LedgerStore) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store
        self.posted = PostedRows(store)

    def now(self) -> datetime:
        """The storage service's clock."""
        return self._store.now()

    def fresh(self, draft: Draft) -> Entry:
        """The entry a draft becomes, not written yet."""
        now = self.now()
        return Entry(
            key=draft.key,
            state=State.RECEIVED,
            fingerprint=draft.fingerprint,
            cents=draft.cents,
            customer_number=draft.customer_number,
            reference=draft.reference,
            posting_date=draft.posting_date,
            message_id=draft.message_id,
            message=draft.message,
            version_base=draft.version_base,
            reverses=draft.reverses,
            booked_on=draft.booked_on,
            channel=draft.channel,
            subject=draft.subject,
            order=draft.order,
            received_at=now,
        )

    async def begin(self, entry: Entry, *, also: Sequence[Change] = ()) -> Entry:
        """Write an entry that must not exist yet; ``also`` as for ``move``.

        Raises:
            Known: it exists; a repetition or a conflict.
            Forestalled: a void came before it.
            ReferenceTaken: another entry has its reference.
            SlotTaken: another send has its slot.
            Contended: one of ``also`` met another version of its row.
            Unavailable: the store does not answer; nothing may be sent.
        """
        first = entry._replace(version=entry.version + 1, nonce=uuid.uuid4().hex, changed_at=self.now())
        try:
            return await self._write(None, first, also)
        except RowExists as error:
            explain(error, first)
            raise

    async def begin_forestalling(self, void: Entry) -> Entry:
        """Write a void whose payment has not come yet; from now on the payment cannot begin without noticing.

        Raises:
            Contended: its payment has come.
            Known, ReferenceTaken, Unavailable: as ``begin``.
        """
        return await self.begin(void, also=[transition.forestalls(void, self.now())])

    async def begin_with_void(self, payment: Entry, void: Entry, void_after: Entry) -> Entry:
        """Write a payment that was forestalled, and the next version of its void, in one transaction.

        Raises:
            Known: the payment exists.
            Unavailable: the store does not answer, or somebody else changed the void first.
        """
        following = self._following(void, void_after)
        return await self.begin(after_forestalling(payment), also=transition.changes(void, following, self.now()))

    async def move(
        self,
        before: Entry,
        after: Entry,
        *,
        rebind: bool = False,
        also: Sequence[Change] = (),
        note: Values = NO_VALUES,
    ) -> Entry:
        """Write the next version of an entry.

        ``rebind`` posts also under a receipt number that another entry has: the peer's own word for this attempt.
        ``also`` are changes to other rows of the same biller in the same transaction. ``note`` stays with the event:
        who decided, and why.

        Raises:
            Moved: somebody else was first.
            SlotTaken: another send has the slot it wants.
            SubjectTaken: another entry on its subject is being sent or in doubt.
            ReceiptTaken: the receipt number is bound to another entry.
            Contended: one of ``also`` met another version of its row.
            Unavailable: the store does not answer; the caller must not act on ``after``.
        """
        following = self._following(before, after)
        try:
            return await self._write(before, following, also, note)
        except RowExists as error:
            if error.key == rows.receipt_key(following.key.biller, following.receipt_number or ""):
                owner = await self.receipt_owner(following.key.biller, following.receipt_number or "")
                if not rebind and owner != str(following.key):
                    raise ReceiptTaken(str(error)) from error
                return await self._write_without_receipt(before, following, owner, note)
            explain(error, following)
            raise

    async def move_reversing(self, before: Entry, after: Entry, *, note: Values = NO_VALUES) -> Entry:
        """Write a reject or reversal as done, and its payment as reversed, in one transaction.

        Raises:
            Moved: somebody else changed the entry first.
            Unavailable: the store does not answer, or the payment keeps changing.
        """
        for _ in range(_TRIES):
            payment = await self.read(Key(after.key.biller, Kind.PAYMENT, after.reverses or ""))
            if payment is None or payment.state is not State.POSTED:
                events.emit("ledger.reversed_unposted", events.ERROR, **_named(after))
                return await self.move(before, after, note=note)
            with suppress(Contended):
                reversed_ = payment._replace(state=State.REVERSED)
                return await self.move_with_payment(before, after, payment, reversed_, note=note)
        raise Unavailable("the payment keeps changing")

    async def move_with_payment(
        self, before: Entry, after: Entry, payment: Entry, payment_after: Entry, *, note: Values = NO_VALUES
    ) -> Entry:
        """Write the next version of an entry and of the payment that it undoes, in one transaction.

        Raises:
            Moved: somebody else changed the entry first.
            Contended: somebody else changed the payment first; read it again.
            Unavailable: the store does not answer.
        """
        following = self._following(payment, payment_after)
        return await self.move(before, after, also=transition.changes(payment, following, self.now()), note=note)

    async def tidy(self, before: Entry, after: Entry) -> Entry:
        """Drop or move an open row; same version, no event.

        Raises:
            Moved: somebody else was first.
        """
        following = after._replace(nonce=uuid.uuid4().hex)
        return await self._commit(following, transition.tidied(before, following))

    async def read(self, key: Key) -> Entry | None:
        """The entry under a key, or None."""
        row = await self._store.read(rows.shard_of(key.biller), rows.state_key(key))
        return rows.entry_of(row) if row else None

    async def forestaller(self, payment: Key) -> Entry | None:
        """The void that came before a payment, or None."""
        first = await self._store.read(rows.shard_of(payment.biller), rows.event_key(payment, transition.FIRST))
        by = first.values.get("forestalled_by") if first else None
        return await self.read(Key(payment.biller, Kind.REVERSAL, str(by))) if by else None

    async def receipt_owner(self, biller: str, receipt_number: str) -> str | None:
        """The key of the entry that a receipt number is bound to, as text, or None."""
        row = await self._store.read(rows.shard_of(biller), rows.receipt_key(biller, receipt_number))
        return str(row.values["key"]) if row else None

    async def references(self, biller: str, reference: str) -> list[Row]:
        """The rows of a reference and of those under it; ``owner_in`` says whose each is."""
        return await references(self._store, biller, reference)

    async def record_conflict(self, key: Key, fingerprint: str, values: Values) -> None:
        """Keep another message that came under a known id; the same one twice is kept once."""
        row_key = rows.conflict_key(key, fingerprint)
        try:
            await self._store.commit(rows.shard_of(key.biller), [Insert(row_key, values)])
        except RowExists:
            return

    async def reword_conflict(self, biller: str, conflict: Row, values: Values) -> None:
        """Replace what a conflict's row says."""
        await self._store.commit(rows.shard_of(biller), [Replace(conflict.key, values, conflict.etag)])

    async def open_rows(
        self, shard: str, until: datetime, limit: int, *, after: str = "", skip: Sequence[str] = ()
    ) -> list[Row]:
        """Open rows of a shard that are due by ``until``, the longest due first, beginning behind row ``after``."""
        start = f"{after}{rows.BEHIND}" if after else "O~"
        return await self._store.scan(shard, start, rows.open_until(until), limit=limit, skip=skip)

    async def waiting(self, lane: str, limit: int) -> list[Row]:
        """Open rows of entries of one lane that are ``received``, the longest due first."""
        only = {"queue": rows.queue_of(lane, State.RECEIVED)}
        return await self._store.scan(rows.shard_of(lane), "O~", f"O~{rows.END}", limit=limit, only=only)

    def _following(self, before: Entry, after: Entry) -> Entry:
        return after._replace(version=before.version + 1, nonce=uuid.uuid4().hex, changed_at=self.now())

    async def _write(
        self, before: Entry | None, after: Entry, also: Sequence[Change] = (), note: Values = NO_VALUES
    ) -> Entry:
        changes = [*transition.changes(before, after, self.now(), note), *also]
        try:
            return await self._commit(after, changes)
        except Moved as moved:
            # Azure does not always say which row it was: an entry that stands as before was not the one.
            if before and moved.found.etag == before.etag and also:
                raise Contended(str(moved)) from None
            raise
        except (RowExists, RowChanged) as error:
            if any(change.key == error.key for change in also):
                raise Contended(str(error)) from None
            raise

    async def _write_without_receipt(self, before: Entry, after: Entry, owner: str | None, note: Values) -> Entry:
        """Post under a number that another entry has, which keeps it: numbers may start again after a purge."""
        if owner != str(after.key):  # else it was posted under it before a move
            events.emit("receipt.number_repeated", events.WARNING, **_named(after), receipt=after.receipt_number)
            after = after._replace(reason=settle.NUMBER_BEGUN_AGAIN)
        bound = rows.receipt_key(after.key.biller, after.receipt_number or "")
        changes = [change for change in transition.changes(before, after, self.now(), note) if change.key != bound]
        return await self._commit(after, changes)

    async def _commit(self, after: Entry, changes: Sequence[Change]) -> Entry:
        """Write, and where the answer is a failure, look whether the write was ours after all."""
        shard = rows.shard_of(after.key.biller)
        try:
            etags = await self._store.commit(shard, changes)
        except (RowExists, RowChanged, Unavailable) as error:
            # The storage SDK retries a commit whose answer was lost, and then reports a conflict with ourselves.
            found = await self.read(after.key)
            if found and found.nonce == after.nonce:
                return found
            if isinstance(error, Unavailable) or _names_another(error, after):
                raise
            if found is None:
                # Azure names the first row where it does not say which one it was: try again rather than conclude.
                raise Unavailable("the ledger's table refused a write without saying why") from None
            raise (Moved(found) if after.etag else Known(found)) from error
        return after._replace(etag=etags[rows.state_key(after.key)])


def after_forestalling(payment: Entry) -> Entry:
    """A payment as it begins behind the event of the void that came before it."""
    return payment._replace(version=transition.FIRST)


def _names_another(error: RowExists | RowChanged, after: Entry) -> bool:
    """An entry that is new replaces nothing of its own: what has changed is then another's row."""
    certain = isinstance(error, RowExists) or after.version == transition.FIRST
    return certain and error.key != rows.state_key(after.key)


def _named(entry: Entry) -> dict[str, str]:
    return {"biller": entry.key.biller, "kind": str(entry.key.kind), "id": entry.key.id}
