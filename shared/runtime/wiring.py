"""Puts the parts together: each made once per process, on first use, with its SDK imported only then."""

import os
from functools import cache
from typing import TYPE_CHECKING

from shared.customers.desk import Desk as CustomerDesk
from shared.customers.drive import UpdateDriver
from shared.customers.update import UpdateCustomer
from shared.exchange.drive import Drive
from shared.ledger.book import Ledger
from shared.ledger.chain import Chain
from shared.ledger.entry import Kind
from shared.ledger.gates import Gates
from shared.ledger.newest import Newest
from shared.ledger.outage import Outage
from shared.ledger.reading import Reader
from shared.ledger.retention import Retention
from shared.ledger.send_once import SendOnce
from shared.ledger.slots import LocalSlots
from shared.ledger.sweep import Sweep
from shared.ledger.unfinished import Unfinished
from shared.payments.drive import PaymentDriver
from shared.payments.post import Desk, PostPayment
from shared.payments.status import PaymentStatus
from shared.reconciliation.control_totals import KeepControlTotal
from shared.reconciliation.reconcile import Books, Reconcile
from shared.reconciliation.retain import Retain
from shared.reversals.drive import ReversalDriver
from shared.reversals.reverse import ReversePayment
from shared.runtime import clients, telemetry
from shared.runtime.clock import SharedClock, SystemClock
from shared.runtime.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableServiceClient

    from shared.azure_stores.key_vault import KeyVault
    from shared.azure_stores.table_control_totals import TableControlTotals
    from shared.azure_stores.table_ledger import ServerTime, TableLedger
    from shared.azure_stores.table_quarantine import TableQuarantine
    from shared.azure_stores.table_tokens import TableTokens
    from shared.billers.callback_keys import CallbackKeys
    from shared.billers.registry import CachedRegistry
    from shared.caselle.cash_receipting import CaselleCashReceipting
    from shared.caselle.client import CaselleClient
    from shared.console.console import Console
    from shared.open_items.ask import AskOpenItems
    from shared.runtime.stamps import HttpStamps
    from shared.runtime.token_parts import TokenParts
    from shared.tokens.authorize import ExchangeCode
    from shared.tokens.receive import ReceiveToken


@cache
def settings() -> Settings:
    """The stamp's settings.

    Raises:
        Misconfigured: a setting is missing or wrong; every function answers with its name until it is right.
    """
    telemetry.set_up()
    return Settings.read(os.environ)


@cache
def clock() -> SystemClock:
    return SystemClock()


@cache
def post_payment() -> PostPayment:
    return PostPayment(_desk())


@cache
def reverse_payment() -> ReversePayment:
    return ReversePayment(_desk())


@cache
def update_customer() -> UpdateCustomer:
    return UpdateCustomer(_customer_desk())


@cache
def drive() -> Drive:
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
def sweep() -> Sweep:
    return Sweep(ledger(), Outage(gates()), settings().times)


@cache
def control_totals() -> KeepControlTotal:
    return KeepControlTotal(_totals(), _quarantine(), clock())


@cache
def reconcile() -> Reconcile:
    from shared.azure_stores.table_findings import TableFindings  # noqa: PLC0415 - Azure's SDK on first use

    books = Books(
        billers=billers(),
        ledger=ledger(),
        reader=Reader(_ledger_store()),
        receipting=_receipting(),
        totals=_totals(),
        findings=TableFindings(_tables().get_table_client("reconciliation")),
        clock=clock(),
        regions=settings().regions,
    )
    return Reconcile(books)


@cache
def retain() -> Retain:
    old_entries = Retention(_ledger_store(), clock())
    years = settings().retention_years
    return Retain(old_entries, _quarantine().remove_before, _totals(), clock(), years)


@cache
def payment_status() -> PaymentStatus:
    return PaymentStatus(ledger())


@cache
def open_items() -> "AskOpenItems":
    from shared.caselle.accounts_receivable import CaselleAccountsReceivable  # noqa: PLC0415 - httpx on first use
    from shared.open_items.ask import AskOpenItems  # noqa: PLC0415 - only this function needs it

    within = settings().open_items_seconds
    return AskOpenItems(
        billers=billers(),
        receivable=CaselleAccountsReceivable(_caselle(within)),
        unfinished=Unfinished(_ledger_store()),
        regions=settings().regions,
        within=within,
    )


@cache
def console() -> "Console":
    from shared.azure_stores.table_views import TableViews  # noqa: PLC0415 - Azure's SDK on first use
    from shared.console.console import Console  # noqa: PLC0415 - only this function needs it
    from shared.console.views import Recorder  # noqa: PLC0415 - as above

    views = TableViews(_tables().get_table_client("audit"), clock())
    return Console(_ledger_store(), billers(), _token_rows(), Recorder(views))


async def receive_token() -> "ReceiveToken":
    from shared.tokens.receive import ReceiveToken  # noqa: PLC0415 - only the callback needs it

    return ReceiveToken(
        callback_keys(),
        billers(),
        tokens().take,
        clock(),
        exchange=exchange_code(),
        stamps=_stamps(),
        regions=settings().regions,
    )


async def check() -> None:
    """Whether settings, tables and vault answer.

    Raises:
        CaselleError: naming the first that does not.
    """
    await billers().all()
    await ledger().waiting("0", 1)
    await _pepper()


@cache
def ledger() -> Ledger:
    return Ledger(_ledger_store())


@cache
def gates() -> Gates:
    return Gates(_ledger_store(), clock(), settings().times)


@cache
def billers() -> "CachedRegistry":
    from shared.azure_stores.table_billers import TableBillers  # noqa: PLC0415 - Azure's SDK on first use
    from shared.billers.registry import CachedRegistry  # noqa: PLC0415 - as above

    inner = TableBillers(_tables().get_table_client("billers"))
    return CachedRegistry(inner, clock(), settings().biller_cache_seconds)


@cache
def callback_keys() -> "CallbackKeys":
    from shared.azure_stores.table_callback_keys import TableCallbackKeys  # noqa: PLC0415 - Azure's SDK on first use
    from shared.billers.callback_keys import CallbackKeys  # noqa: PLC0415 - as above

    store = TableCallbackKeys(_tables().get_table_client("callbackkeys"))
    return CallbackKeys(store, billers(), _pepper, clock(), settings().key_cache_seconds)


@cache
def exchange_code() -> "ExchangeCode":
    from shared.azure_stores.table_authorizations import TableAuthorizations  # noqa: PLC0415 - Azure's SDK on first use
    from shared.tokens.authorize import ExchangeCode  # noqa: PLC0415 - only the callback needs it

    store = TableAuthorizations(_tables().get_table_client("authorizations"))
    return ExchangeCode(store, tokens().credentials, tokens().endpoint, clock())


@cache
def _stamps() -> "HttpStamps":
    from shared.runtime.stamps import HttpStamps  # noqa: PLC0415 - httpx on first use

    return HttpStamps(settings().callback_stamps)


@cache
def tokens() -> "TokenParts":
    from shared.runtime.token_parts import TokenParts  # noqa: PLC0415 - Azure's SDK on first use

    shared = SharedClock(_server_time())
    return TokenParts(settings(), billers(), _token_rows(), vault=_vault(), clock=clock(), shared=shared)


@cache
def _token_rows() -> "TableTokens":
    from shared.azure_stores.table_tokens import TableTokens  # noqa: PLC0415 - Azure's SDK on first use

    return TableTokens(_tables().get_table_client("tokens"))


@cache
def _quarantine() -> "TableQuarantine":
    from shared.azure_stores.table_quarantine import TableQuarantine  # noqa: PLC0415 - Azure's SDK on first use

    return TableQuarantine(_tables().get_table_client("quarantine"))


@cache
def _totals() -> "TableControlTotals":
    from shared.azure_stores.table_control_totals import TableControlTotals  # noqa: PLC0415 - as above

    return TableControlTotals(_tables().get_table_client("controltotals"))


@cache
def _desk() -> Desk:
    times = settings().times
    slots = LocalSlots(clock(), times)
    return Desk(
        billers=billers(),
        ledger=ledger(),
        send_once=SendOnce(ledger(), gates(), slots, clock(), times),
        chain=Chain(ledger(), slots),
        receipting=_receipting(),
        quarantine=_quarantine(),
        times=times,
        regions=settings().regions,
    )


@cache
def _customer_desk() -> CustomerDesk:
    from shared.caselle.customer_records import CaselleCustomerRecords  # noqa: PLC0415 - httpx on first use

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
        newest=Newest(desk.ledger, _ledger_store()),
    )


@cache
def _receipting() -> "CaselleCashReceipting":
    from shared.caselle.cash_receipting import CaselleCashReceipting  # noqa: PLC0415 - httpx on first use

    return CaselleCashReceipting(_caselle(settings().times.deadline))


def _caselle(deadline: float) -> "CaselleClient":
    """A client with connections of its own: questions never take those of payments."""
    from shared.caselle.client import CaselleClient, Wire  # noqa: PLC0415 - httpx on first use

    return CaselleClient(Wire(settings().caselle_base_url, deadline), tokens().serve, deadline)


@cache
def _ledger_store() -> "TableLedger":
    from shared.azure_stores.table_ledger import TableLedger  # noqa: PLC0415 - Azure's SDK on first use

    return TableLedger(_tables().get_table_client("ledger"), _server_time())


@cache
def _server_time() -> "ServerTime":
    from shared.azure_stores.table_ledger import ServerTime  # noqa: PLC0415 - Azure's SDK on first use

    return ServerTime(clock())


@cache
def _tables() -> "TableServiceClient":
    return clients.table_service(settings(), _credential, _server_time())


@cache
def _vault() -> "KeyVault":
    from shared.azure_stores.key_vault import KeyVault  # noqa: PLC0415 - Azure's SDK on first use

    return KeyVault(clients.secret_client(settings(), _credential))


@cache
def _credential() -> "AsyncTokenCredential":
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415 - on first use

    return ManagedIdentityCredential(client_id=settings().client_id)


async def _pepper() -> bytes:
    return await clients.pepper(_vault())
