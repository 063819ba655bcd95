"""The use cases of ``shared.repair``, put together from one stamp's stores."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from shared.azure_stores.table_quarantine import TableQuarantine
from shared.caselle.cash_receipting import CaselleCashReceipting
from shared.caselle.client import CaselleClient, Wire
from shared.ledger.chain import Chain
from shared.ledger.entry import Entry, Kind
from shared.ledger.peer import Peer
from shared.ledger.reading import Reader
from shared.ledger.send_once import SendOnce
from shared.ledger.slots import LocalSlots
from shared.payments.drive import PaymentDriver
from shared.payments.named_receipt import NamedReceipt
from shared.payments.post import Desk, PostPayment
from shared.repair.decision import Decision
from shared.repair.find import Find
from shared.repair.history import Show
from shared.repair.personal_data import PersonalData
from shared.repair.replay import Replay
from shared.repair.resolve import Resolve
from shared.repair.retry import Retry
from shared.repair.take_back import TakeBack
from shared.repair.tell_again import TellAgain
from shared.reversals.drive import ReversalDriver
from shared.reversals.reverse import ReversePayment

if TYPE_CHECKING:
    from admin.stamp import Stamp


@dataclass(frozen=True)
class Parts:
    """Each made once, on first use."""

    stamp: "Stamp"
    wire: Wire

    def decided(self, why: str, *, not_by_hand: bool = False) -> Decision:
        """The decision of whoever gives the command."""
        return Decision(self.stamp.actor.object_id, why, not_by_hand=not_by_hand)

    @cached_property
    def reader(self) -> Reader:
        """Reads the ledger at length."""
        return Reader(self.stamp.ledger_rows)

    @cached_property
    def find(self) -> Find:
        """Finds entries."""
        return Find(self.reader)

    @cached_property
    def show(self) -> Show:
        """Histories."""
        return Show(self.stamp.ledger, self.reader)

    @cached_property
    def retry(self) -> Retry:
        """Lets held entries go."""
        return Retry(self.stamp.ledger, self.reader, self._peer_of, self.stamp.address.settings.times)

    @cached_property
    def resolve(self) -> Resolve:
        """Ends held entries."""
        named = NamedReceipt(self.stamp.billers, self._desk.receipting, self.stamp.ledger)
        return Resolve(self.stamp.ledger, self.reader, named, self.stamp.address.settings.times)

    @cached_property
    def take_back(self) -> TakeBack:
        """Lets stand again what Invoice Cloud was told before a loss."""
        return TakeBack(self.stamp.ledger_rows, self.stamp.ledger)

    @cached_property
    def again(self) -> TellAgain:
        """Has outcomes told once more."""
        return TellAgain(self.stamp.ledger, self.reader)

    @cached_property
    def shelf(self) -> TableQuarantine:
        """The quarantine."""
        return TableQuarantine(self.stamp.table("quarantine"))

    @cached_property
    def personal(self) -> PersonalData:
        """What is kept of one customer."""
        return PersonalData(self.stamp.ledger, self.reader, self.shelf)

    @cached_property
    def replay(self) -> Replay:
        """Works off the quarantine."""
        desk = self._desk
        return Replay(self.shelf, PostPayment(desk), ReversePayment(desk), self.stamp.ledger, self.again)

    @cached_property
    def _desk(self) -> Desk:
        settings = self.stamp.address.settings
        times, slots = settings.times, LocalSlots(self.stamp.clock, settings.times)
        receipting = CaselleCashReceipting(CaselleClient(self.wire, self.stamp.tokens.serve, times.deadline))
        return Desk(
            billers=self.stamp.billers,
            ledger=self.stamp.ledger,
            send_once=SendOnce(self.stamp.ledger, self.stamp.gates, slots, self.stamp.clock, times),
            chain=Chain(self.stamp.ledger, slots),
            receipting=receipting,
            quarantine=self.shelf,
            times=times,
            regions=settings.regions,
        )

    async def _peer_of(self, entry: Entry) -> Peer | None:
        """Customer updates are not asked about: they may be sent again."""
        if entry.key.kind is Kind.PAYMENT:
            return await PaymentDriver(self._desk).peer(entry)
        return None if entry.key.kind.is_update else await ReversalDriver(self._desk).peer(entry)


@asynccontextmanager
async def parts(stamp: "Stamp") -> AsyncIterator[Parts]:
    """The use cases; the way to Caselle is closed at the end of the block."""
    settings = stamp.address.settings
    async with aclosing(Wire(settings.caselle_base_url, settings.times.deadline)) as wire:
        yield Parts(stamp, wire)
