"""The one place where use cases are put together: an ``App`` from a stamp's settings, a credential and a clock.

Each is made once, on first use, and imported only then, so that a trigger pays only for its own: a cold process indexes
the functions without a single use case, and posts its first payment without the console.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from shared.runtime.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from shared.console.console import Console
    from shared.customers.update import UpdateCustomer
    from shared.exchange.drive import Drive
    from shared.exchange.poison import WatchPoison
    from shared.ledger.sweep import Sweep
    from shared.open_items.ask import AskOpenItems
    from shared.payments.post import PostPayment
    from shared.payments.status import PaymentStatus
    from shared.reconciliation.control_totals import KeepControlTotal
    from shared.reconciliation.reconcile import Reconcile
    from shared.reconciliation.retain import Retain
    from shared.reversals.reverse import ReversePayment
    from shared.runtime.presence import Presence
    from shared.runtime.repair_parts import RepairParts
    from shared.runtime.stamps import HttpStamps
    from shared.tokens.authorize import ExchangeCode
    from shared.tokens.look import SweepTokens
    from shared.tokens.receive import ReceiveToken


class App(Parts):
    """Every use case, by name."""

    @cached_property
    def post_payment(self) -> "PostPayment":
        from shared.payments.post import PostPayment

        return PostPayment(self.payment_desk)

    @cached_property
    def reverse_payment(self) -> "ReversePayment":
        from shared.reversals.reverse import ReversePayment

        return ReversePayment(self.payment_desk)

    @cached_property
    def update_customer(self) -> "UpdateCustomer":
        from shared.customers.update import UpdateCustomer

        return UpdateCustomer(self.customer_desk)

    @cached_property
    def drive(self) -> "Drive":
        from shared.customers.drive import UpdateDriver
        from shared.exchange.drive import Drive
        from shared.ledger.entry import Kind
        from shared.payments.drive import PaymentDriver
        from shared.reversals.drive import ReversalDriver

        desk = self.payment_desk
        reversals = ReversalDriver(desk)
        updates = UpdateDriver(self.customer_desk)
        return Drive(
            ledger=desk.ledger,
            send_once=desk.send_once,
            chain=desk.chain,
            quarantine=desk.quarantine,
            times=desk.times,
            drivers={
                Kind.PAYMENT: PaymentDriver(desk),
                **dict.fromkeys((Kind.ACH_REJECT, Kind.REVERSAL), reversals),
                **dict.fromkeys((Kind.AUTOPAY_CHANGE, Kind.REGISTRATION), updates),
            },
        )

    @cached_property
    def sweep(self) -> "Sweep":
        from shared.ledger.outage import Outage
        from shared.ledger.sweep import Sweep

        return Sweep(self.ledger, Outage(self.gates), self.settings.times)

    @cached_property
    def control_totals(self) -> "KeepControlTotal":
        from shared.reconciliation.control_totals import KeepControlTotal

        return KeepControlTotal(self.stores.control_totals, self.stores.quarantine, self.clock)

    @cached_property
    def reconcile(self) -> "Reconcile":
        from shared.reconciliation.reconcile import Books, Reconcile

        books = Books(
            billers=self.billers,
            ledger=self.ledger,
            reader=self.reader,
            receipting=self.caselle.receipting,
            totals=self.stores.control_totals,
            findings=self.stores.findings,
            clock=self.clock,
            regions=self.settings.regions,
        )
        return Reconcile(books)

    @cached_property
    def retain(self) -> "Retain":
        from shared.ledger.retention import Retention
        from shared.reconciliation.retain import Retain

        old_entries = Retention(self.stores.ledger, self.clock)
        shelf, totals = self.stores.quarantine, self.stores.control_totals
        return Retain(old_entries, shelf.remove_before, totals, self.clock, self.settings.retention_years)

    @cached_property
    def watch_poison(self) -> "WatchPoison":
        from shared.exchange.poison import WatchPoison

        return WatchPoison(self.stores.queue_lengths)

    @cached_property
    def payment_status(self) -> "PaymentStatus":
        from shared.payments.status import PaymentStatus

        return PaymentStatus(self.ledger)

    @cached_property
    def open_items(self) -> "AskOpenItems":
        from shared.ledger.unfinished import Unfinished
        from shared.open_items.ask import AskOpenItems

        within = self.settings.open_items_seconds
        return AskOpenItems(
            billers=self.billers,
            receivable=self.caselle.receivable(within),
            unfinished=Unfinished(self.stores.ledger),
            regions=self.settings.regions,
            within=within,
        )

    @cached_property
    def console(self) -> "Console":
        from shared.console.console import Console
        from shared.console.views import Recorder

        return Console(self.stores.ledger, self.billers, self.stores.tokens, Recorder(self.stores.views))

    @cached_property
    def receive_token(self) -> "ReceiveToken":
        from shared.runtime.late import LateExchange, LateStamps
        from shared.tokens.receive import ReceiveToken

        return ReceiveToken(
            self.callback_keys,
            self.billers,
            self.tokens.take,
            self.clock,
            exchange=LateExchange(lambda: self._exchange_code),
            stamps=LateStamps(lambda: self._other_stamps),
            regions=self.settings.regions,
        )

    @cached_property
    def sweep_tokens(self) -> "SweepTokens":
        from shared.tokens.look import SweepTokens

        return SweepTokens(self.stores.tokens, self.shared_clock)

    @cached_property
    def repair(self) -> "RepairParts":
        """What a person asks and decides."""
        from shared.runtime.repair_parts import RepairParts

        return RepairParts(self)

    async def at_home(self, billers: "Iterable[str]") -> list[str]:
        """Which of these billers this stamp is home to."""
        return await self.callback_keys.at_home(billers, self.settings.regions)

    async def check(self) -> None:
        """Whether tables and vault answer.

        Raises:
            CaselleError: naming the first that does not.
        """
        await self.billers.all()
        await self.ledger.waiting("0", 1)
        await self.stores.pepper()

    async def before_sending(self) -> None:
        """Whoever may send calls this first: a stamp that was away asks the others who is home.

        Raises:
            Unavailable: a store does not answer; the message must come again.
        """
        await self._presence()

    @cached_property
    def _presence(self) -> "Presence":
        from shared.runtime.presence import Presence

        return Presence(self.stores.runs, self.stores.server_time.now, self._come_home)

    async def _come_home(self, away: "timedelta") -> None:
        from shared.billers.homecoming import Homecoming

        await Homecoming(self.billers, self._other_stamps, self.settings.regions)(away)

    @cached_property
    def _other_stamps(self) -> "HttpStamps":
        from shared.runtime.stamps import HttpStamps

        stamps = HttpStamps(self.settings.callback_stamps, own=self.settings.regions)
        self._closing.push_async_callback(stamps.aclose)
        return stamps

    @cached_property
    def _exchange_code(self) -> "ExchangeCode":
        from shared.tokens.authorize import ExchangeCode

        return ExchangeCode(self.stores.authorizations, self.tokens.credentials, self.tokens.endpoint, self.clock)
