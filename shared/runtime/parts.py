"""What use cases are made of, over the stores of one stamp; each made once, and imported, on first use."""

from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING

from shared.runtime.caselle_ways import CaselleWays
from shared.runtime.stores import Stores

if TYPE_CHECKING:
    from shared.billers.callback_keys import CallbackKeys
    from shared.billers.registry import BillerRegistry
    from shared.customers.desk import Desk as CustomerDesk
    from shared.ledger.book import Ledger
    from shared.ledger.gates import Gates
    from shared.ledger.newest import Newest
    from shared.ledger.reading import Reader
    from shared.payments.post import Desk
    from shared.payments.switch import PostingSwitch
    from shared.runtime.clients import Credential
    from shared.runtime.settings import Settings
    from shared.runtime.token_parts import TokenParts
    from shared.vocabulary.clock import Clock


class Parts:
    """The ledger, the billers, their keys and tokens, and what payments and customer updates work with."""

    def __init__(
        self,
        settings: "Settings",
        credential: "Credential",
        clock: "Clock",
        *,
        proxied: bool = False,
    ) -> None:
        """Make nothing yet.

        Args:
            settings: the stamp's.
            credential: makes what signs in to Azure, where a store needs it.
            clock: this machine's.
            proxied: whether a proxy stands between this machine and the stamp's tables; none does before a function.
        """
        self.settings = settings
        self.clock = clock
        self._closing = AsyncExitStack()
        self.stores = Stores(settings, credential, clock, closing=self._closing, proxied=proxied)
        self.caselle = CaselleWays(settings, lambda: self.tokens, clock, closing=self._closing)

    async def aclose(self) -> None:
        """Close every connection that was opened; the credential is its maker's."""
        await self._closing.aclose()

    @cached_property
    def shared_clock(self) -> "Clock":
        """The storage service's, for what instances compare with one another."""
        from shared.runtime.clock import SharedClock

        return SharedClock(self.stores.server_time)

    @property
    def billers(self) -> "BillerRegistry":
        """Who is posted for."""
        return self.stores.billers

    @cached_property
    def ledger(self) -> "Ledger":
        """Every message and what became of it."""
        from shared.ledger.book import Ledger

        return Ledger(self.stores.ledger)

    @cached_property
    def reader(self) -> "Reader":
        """Reads the ledger at length."""
        from shared.ledger.reading import Reader

        return Reader(self.stores.ledger)

    @cached_property
    def newest(self) -> "Newest":
        """Which message is the newest on each customer."""
        from shared.ledger.newest import Newest

        return Newest(self.ledger, self.stores.ledger)

    @cached_property
    def gates(self) -> "Gates":
        """Breakers and blocks."""
        from shared.ledger.gates import Gates

        return Gates(self.stores.ledger, self.clock, self.settings.times)

    @cached_property
    def switch(self) -> "PostingSwitch":
        """Pauses, resumes and unblocks."""
        from shared.payments.switch import PostingSwitch

        return PostingSwitch(self.billers, self.gates)

    @cached_property
    def callback_keys(self) -> "CallbackKeys":
        """The keys in the callback URLs."""
        from shared.billers.callback_keys import CallbackKeys

        seconds = self.settings.key_cache_seconds
        return CallbackKeys(self.stores.callback_keys, self.billers, self.stores.pepper, self.clock, seconds)

    @cached_property
    def tokens(self) -> "TokenParts":
        """What takes, serves and renews tokens and keeps client secrets."""
        from shared.runtime.token_parts import TokenParts

        return TokenParts(self.settings, self.stores, self.clock, shared=self.shared_clock, closing=self._closing)

    @cached_property
    def payment_desk(self) -> "Desk":
        """What payments and reversals work with."""
        from shared.ledger.chain import Chain
        from shared.ledger.send_once import SendOnce
        from shared.ledger.slots import LocalSlots
        from shared.payments.post import Desk

        times = self.settings.times
        slots = LocalSlots(self.clock, times)
        return Desk(
            billers=self.billers,
            ledger=self.ledger,
            send_once=SendOnce(self.ledger, self.gates, slots, self.clock, times),
            chain=Chain(self.ledger, slots),
            receipting=self.caselle.receipting,
            quarantine=self.stores.quarantine,
            times=times,
            regions=self.settings.regions,
        )

    @cached_property
    def customer_desk(self) -> "CustomerDesk":
        """What customer updates work with: the same slots as payments."""
        from shared.customers.desk import Desk as CustomerDesk

        desk = self.payment_desk
        return CustomerDesk(
            billers=desk.billers,
            ledger=desk.ledger,
            send_once=desk.send_once,
            chain=desk.chain,
            quarantine=desk.quarantine,
            times=desk.times,
            regions=desk.regions,
            records=self.caselle.customer_records,
            newest=self.newest,
        )
