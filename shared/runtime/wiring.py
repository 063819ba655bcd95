"""Puts the use cases together over the stores: each made once per process, on first use.

Each maker imports what it puts together, so that a trigger pays only for its own: a cold process indexes the functions
without a single use case, and posts its first payment without the console.
"""

from functools import cache
from typing import TYPE_CHECKING

from shared.runtime import stores

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from shared.billers.callback_keys import CallbackKeys
    from shared.caselle.cash_receipting import CaselleCashReceipting
    from shared.caselle.client import CaselleClient
    from shared.console.console import Console
    from shared.customers.desk import Desk as CustomerDesk
    from shared.customers.update import UpdateCustomer
    from shared.exchange.drive import Drive
    from shared.exchange.poison import WatchPoison
    from shared.ledger.book import Ledger
    from shared.ledger.gates import Gates
    from shared.ledger.sweep import Sweep
    from shared.open_items.ask import AskOpenItems
    from shared.payments.post import Desk, PostPayment
    from shared.payments.status import PaymentStatus
    from shared.reconciliation.control_totals import KeepControlTotal
    from shared.reconciliation.reconcile import Reconcile
    from shared.reconciliation.retain import Retain
    from shared.reversals.reverse import ReversePayment
    from shared.runtime.presence import Presence
    from shared.runtime.stamps import HttpStamps
    from shared.runtime.token_parts import TokenParts
    from shared.tokens.authorize import ExchangeCode
    from shared.tokens.look import SweepTokens
    from shared.tokens.receive import ReceiveToken


@cache
def post_payment() -> "PostPayment":
    from shared.payments.post import PostPayment

    return PostPayment(_desk())


@cache
def reverse_payment() -> "ReversePayment":
    from shared.reversals.reverse import ReversePayment

    return ReversePayment(_desk())


@cache
def update_customer() -> "UpdateCustomer":
    from shared.customers.update import UpdateCustomer

    return UpdateCustomer(_customer_desk())


@cache
def drive() -> "Drive":
    from shared.customers.drive import UpdateDriver
    from shared.exchange.drive import Drive
    from shared.ledger.entry import Kind
    from shared.payments.drive import PaymentDriver
    from shared.reversals.drive import ReversalDriver

    desk = _desk()
    reversals = ReversalDriver(desk)
    updates = UpdateDriver(_customer_desk())
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


@cache
def sweep() -> "Sweep":
    from shared.ledger.outage import Outage
    from shared.ledger.sweep import Sweep

    return Sweep(ledger(), Outage(gates()), stores.settings().times)


@cache
def control_totals() -> "KeepControlTotal":
    from shared.reconciliation.control_totals import KeepControlTotal

    return KeepControlTotal(stores.control_totals(), stores.quarantine(), stores.clock())


@cache
def reconcile() -> "Reconcile":
    from shared.azure_stores.table_findings import TableFindings
    from shared.ledger.reading import Reader
    from shared.reconciliation.reconcile import Books, Reconcile

    books = Books(
        billers=stores.billers(),
        ledger=ledger(),
        reader=Reader(stores.ledger_rows()),
        receipting=_receipting(),
        totals=stores.control_totals(),
        findings=TableFindings(stores.tables().get_table_client("reconciliation")),
        clock=stores.clock(),
        regions=stores.settings().regions,
    )
    return Reconcile(books)


@cache
def retain() -> "Retain":
    from shared.ledger.retention import Retention
    from shared.reconciliation.retain import Retain

    old_entries = Retention(stores.ledger_rows(), stores.clock())
    years = stores.settings().retention_years
    return Retain(old_entries, stores.quarantine().remove_before, stores.control_totals(), stores.clock(), years)


@cache
def watch_poison() -> "WatchPoison":
    from shared.exchange.poison import WatchPoison

    return WatchPoison(stores.queue_lengths())


@cache
def payment_status() -> "PaymentStatus":
    from shared.payments.status import PaymentStatus

    return PaymentStatus(ledger())


@cache
def open_items() -> "AskOpenItems":
    from shared.caselle.accounts_receivable import CaselleAccountsReceivable
    from shared.ledger.unfinished import Unfinished
    from shared.open_items.ask import AskOpenItems

    within = stores.settings().open_items_seconds
    return AskOpenItems(
        billers=stores.billers(),
        receivable=CaselleAccountsReceivable(_caselle(within)),
        unfinished=Unfinished(stores.ledger_rows()),
        regions=stores.settings().regions,
        within=within,
    )


@cache
def console() -> "Console":
    from shared.azure_stores.table_views import TableViews
    from shared.console.console import Console
    from shared.console.views import Recorder

    views = TableViews(stores.tables().get_table_client("audit"), stores.clock())
    return Console(stores.ledger_rows(), stores.billers(), stores.token_rows(), Recorder(views))


async def receive_token() -> "ReceiveToken":
    from shared.runtime.late import LateExchange, LateStamps
    from shared.tokens.receive import ReceiveToken

    return ReceiveToken(
        callback_keys(),
        stores.billers(),
        tokens().take,
        stores.clock(),
        exchange=LateExchange(_exchange_code),
        stamps=LateStamps(_stamps),
        regions=stores.settings().regions,
    )


async def at_home(billers: "Iterable[str]") -> list[str]:
    """Which of these billers this stamp is home to."""
    return await callback_keys().at_home(billers, stores.settings().regions)


async def check() -> None:
    """Whether settings, tables and vault answer.

    Raises:
        CaselleError: naming the first that does not.
    """
    await stores.billers().all()
    await ledger().waiting("0", 1)
    await stores.pepper()


async def before_sending() -> None:
    """Whoever may send calls this first: a stamp that was away asks the others who is home.

    Raises:
        Unavailable: a store does not answer; the message must come again.
    """
    await _presence()()


@cache
def _presence() -> "Presence":
    from shared.runtime.presence import Presence

    return Presence(stores.runs(), stores.server_time().now, _come_home)


async def _come_home(away: "timedelta") -> None:
    from shared.billers.homecoming import Homecoming

    await Homecoming(stores.billers(), _stamps(), stores.settings().regions)(away)


@cache
def ledger() -> "Ledger":
    from shared.ledger.book import Ledger

    return Ledger(stores.ledger_rows())


@cache
def gates() -> "Gates":
    from shared.ledger.gates import Gates

    return Gates(stores.ledger_rows(), stores.clock(), stores.settings().times)


@cache
def callback_keys() -> "CallbackKeys":
    from shared.azure_stores.table_callback_keys import TableCallbackKeys
    from shared.billers.callback_keys import CallbackKeys

    store = TableCallbackKeys(stores.tables().get_table_client("callbackkeys"))
    return CallbackKeys(store, stores.billers(), stores.pepper, stores.clock(), stores.settings().key_cache_seconds)


@cache
def _exchange_code() -> "ExchangeCode":
    from shared.azure_stores.table_authorizations import TableAuthorizations
    from shared.tokens.authorize import ExchangeCode

    store = TableAuthorizations(stores.tables().get_table_client("authorizations"))
    return ExchangeCode(store, tokens().credentials, tokens().endpoint, stores.clock())


@cache
def _stamps() -> "HttpStamps":
    from shared.runtime.stamps import HttpStamps

    return HttpStamps(stores.settings().callback_stamps, own=stores.settings().regions)


@cache
def sweep_tokens() -> "SweepTokens":
    from shared.runtime.clock import SharedClock
    from shared.tokens.look import SweepTokens

    return SweepTokens(stores.token_rows(), SharedClock(stores.server_time()))


@cache
def tokens() -> "TokenParts":
    from shared.runtime.clock import SharedClock
    from shared.runtime.token_parts import TokenParts

    parts = stores.settings(), stores.billers(), stores.token_rows()
    return TokenParts(*parts, vault=stores.vault(), clock=stores.clock(), shared=SharedClock(stores.server_time()))


@cache
def _desk() -> "Desk":
    from shared.ledger.chain import Chain
    from shared.ledger.send_once import SendOnce
    from shared.ledger.slots import LocalSlots
    from shared.payments.post import Desk

    times = stores.settings().times
    slots = LocalSlots(stores.clock(), times)
    return Desk(
        billers=stores.billers(),
        ledger=ledger(),
        send_once=SendOnce(ledger(), gates(), slots, stores.clock(), times),
        chain=Chain(ledger(), slots),
        receipting=_receipting(),
        quarantine=stores.quarantine(),
        times=times,
        regions=stores.settings().regions,
    )


@cache
def _customer_desk() -> "CustomerDesk":
    from shared.caselle.customer_records import CaselleCustomerRecords
    from shared.customers.desk import Desk as CustomerDesk
    from shared.ledger.newest import Newest

    desk = _desk()
    return CustomerDesk(
        billers=desk.billers,
        ledger=desk.ledger,
        send_once=desk.send_once,
        chain=desk.chain,
        quarantine=desk.quarantine,
        times=desk.times,
        regions=desk.regions,
        records=CaselleCustomerRecords(_caselle(desk.times.deadline)),
        newest=Newest(desk.ledger, stores.ledger_rows()),
    )


@cache
def _receipting() -> "CaselleCashReceipting":
    from shared.caselle.cash_receipting import CaselleCashReceipting

    return CaselleCashReceipting(_caselle(stores.settings().times.deadline))


def _caselle(deadline: float) -> "CaselleClient":
    """A client with connections of its own: questions never take those of payments."""
    from shared.caselle.client import CaselleClient, Wire

    wire = Wire(stores.settings().caselle_base_url, deadline, clock=stores.clock())
    return CaselleClient(wire, tokens().serve, deadline)
