"""The use cases of ``shared.repair``, each made once, on first use."""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.ledger.entry import Entry, Kind

if TYPE_CHECKING:
    from shared.ledger.peer import Peer
    from shared.repair.find import Find
    from shared.repair.history import Show
    from shared.repair.personal_data import PersonalData
    from shared.repair.replay import Replay
    from shared.repair.resolve import Resolve
    from shared.repair.retry import Retry
    from shared.repair.take_back import TakeBack
    from shared.repair.tell_again import TellAgain
    from shared.runtime.app import App


class RepairParts:
    """What a person asks and decides, by name."""

    def __init__(self, app: "App") -> None:
        self._app = app

    @cached_property
    def find(self) -> "Find":
        """Finds entries."""
        from shared.repair.find import Find

        return Find(self._app.reader)

    @cached_property
    def show(self) -> "Show":
        """Histories."""
        from shared.repair.history import Show

        return Show(self._app.ledger, self._app.reader)

    @cached_property
    def retry(self) -> "Retry":
        """Lets held entries go."""
        from shared.repair.retry import Retry

        return Retry(self._app.ledger, self._app.reader, self._peer_of, self._app.settings.times)

    @cached_property
    def resolve(self) -> "Resolve":
        """Ends held entries."""
        from shared.payments.named_receipt import NamedReceipt
        from shared.repair.resolve import Resolve

        app = self._app
        named = NamedReceipt(app.billers, app.caselle.receipting, app.ledger)
        return Resolve(app.ledger, app.reader, named, app.settings.times)

    @cached_property
    def take_back(self) -> "TakeBack":
        """Lets stand again what Invoice Cloud was told before a loss."""
        from shared.repair.take_back import TakeBack

        return TakeBack(self._app.stores.ledger, self._app.ledger)

    @cached_property
    def again(self) -> "TellAgain":
        """Has outcomes told once more."""
        from shared.repair.tell_again import TellAgain

        return TellAgain(self._app.ledger, self._app.reader)

    @cached_property
    def personal(self) -> "PersonalData":
        """What is kept of one customer."""
        from shared.repair.personal_data import PersonalData

        return PersonalData(self._app.ledger, self._app.reader, self._app.stores.quarantine)

    @cached_property
    def replay(self) -> "Replay":
        """Works off the quarantine."""
        from shared.repair.replay import Replay

        app = self._app
        return Replay(app.stores.quarantine, app.post_payment, app.reverse_payment, app.ledger, self.again)

    async def _peer_of(self, entry: Entry) -> "Peer | None":
        """Customer updates are not asked about: they may be sent again."""
        from shared.payments.drive import PaymentDriver
        from shared.reversals.drive import ReversalDriver

        desk = self._app.payment_desk
        if entry.key.kind is Kind.PAYMENT:
            return await PaymentDriver(desk).peer(entry)
        return None if entry.key.kind.is_update else await ReversalDriver(desk).peer(entry)
