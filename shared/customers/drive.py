"""Drive a customer update that is ``received``: send it if it is still the newest, or end it."""

from typing import Final

from shared.billers.model import Biller
from shared.customers.desk import Desk
from shared.customers.message import stored
from shared.customers.peer import CustomerPeer
from shared.customers.rules import hold_reason, skip_reason
from shared.ledger import settle
from shared.ledger.entry import Entry
from shared.ledger.errors import Contended, SubjectTaken
from shared.ledger.newest import SUPERSEDED
from shared.ledger.store import Change
from shared.vocabulary.errors import Unavailable

_TRIES: Final = 5


class UpdateDriver:
    """Implements ``shared.exchange.drive.Driver``."""

    def __init__(self, desk: Desk) -> None:
        """Keep what it works with."""
        self._desk = desk

    async def peer(self, entry: Entry) -> CustomerPeer | None:
        """The biller's server; None where the biller's record is gone."""
        biller = await self._desk.billers.get(entry.key.biller)
        return CustomerPeer(biller, self._desk.records) if biller else None

    async def go_on(self, entry: Entry) -> Entry:
        """Look again at what the biller allows, and whether a newer message has come.

        Raises:
            Moved: somebody else changed the entry first.
            Unavailable: a store does not answer, or newer messages keep coming at this moment.
        """
        biller = await self._biller(entry)
        now = self._desk.ledger.now()
        reason = hold_reason(stored(entry.key.kind, entry.message), biller, self._desk.regions, now)
        if reason is not None:
            return await self._desk.ledger.move(entry, settle.held(entry, reason, now))
        for _ in range(_TRIES):
            newest = await self._desk.newest.claim(entry)
            if newest is None:
                return await self._desk.ledger.move(entry, settle.skipped(entry, SUPERSEDED))
            try:
                return await self._as_newest(entry, biller, newest)
            except Contended:
                continue
        raise Unavailable("newer messages keep coming at this moment")

    async def _as_newest(self, entry: Entry, biller: Biller, newest: Change) -> Entry:
        never = skip_reason(biller, self._desk.records.remote(entry.key.kind))
        if never is not None:
            return await self._desk.ledger.move(entry, settle.skipped(entry, never), also=[newest])
        if biller.is_paused(self._desk.ledger.now()):
            return await self._desk.send_once.postpone(entry, "paused")
        try:
            return await self._desk.send_once.again(entry, CustomerPeer(biller, self._desk.records), also=[newest])
        except SubjectTaken:
            return await self._desk.send_once.postpone(entry, "earlier_in_doubt")

    async def _biller(self, entry: Entry) -> Biller:
        biller = await self._desk.billers.get(entry.key.biller)
        if biller is None:
            raise Unavailable("the biller's record is gone")
        return biller
