"""What the control API takes and gives: camelCase JSON, checked."""

import secrets
import uuid
from datetime import date
from typing import Annotated, Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

from shared.vocabulary.money import Amount

SIX_MONTHS = 180 * 24 * 3600
"""Seconds a token lives unless told otherwise."""

Release = Annotated[str, StringConstraints(pattern=r"^\d{4}\.\d{2}(\.\d+)?$")]
"""A release of Caselle Connect, such as 2025.11 or 2021.02.160."""

StatementType = Literal["OPEN_ITEM", "BALANCE_FORWARD"]
"""As the schema's StatementType."""


class _Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, extra="forbid", hide_input_in_errors=True
    )


class Application(_Wire):
    """Where one application's payments go; ``payment_codes`` by tender. A biller's record may say more."""

    model_config = ConfigDict(extra="ignore")

    category_code: str
    distribution_code: str
    payment_codes: dict[str, str]


class CustomerSetup(_Wire):
    """A customer and the balances of the open invoices by number."""

    name: str
    invoices: dict[str, Amount] = {}
    statement_type: StatementType = "OPEN_ITEM"


class BillerSetup(_Wire):
    """One biller of ``PUT /billers``; credentials that are left out are made up."""

    subdomain: str
    biller_id: str
    connect_version: Release
    applications: dict[str, Application]
    client_id: str = Field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: SecretStr = Field(default_factory=lambda: SecretStr(secrets.token_urlsafe(32)))
    callback_url: str | None = None
    customers: dict[str, CustomerSetup] = {}


class Switches(_Wire):
    """What can be changed while the simulator runs; ``PATCH /billers/{subdomain}`` takes any subset."""

    cows: Literal["up", "http_503", "graphql_error"] = "up"
    latency_ms: int = Field(default=0, ge=0)
    licence: bool = True
    """Of the web services as a whole."""
    ar_licence: bool = True
    """Of accounts receivable."""
    online_payments: bool = True
    distribution_online: bool = True
    third_party_enabled: bool = True
    online_workspaces: int = Field(default=1, ge=1)
    """Marked for online payments; releases before 2023.08 take one only."""
    workspace_third_party: bool = True
    """Whether one of several is Invoice Cloud's."""
    new_receipts: bool = True
    """"Allow new receipts" of workspace, category and distribution."""
    manual_allocation: bool = False
    """"Require manual allocation" of the category."""
    workspace_in_use: bool = False
    update_immediately: bool = True
    """Whether a receipt reaches accounts receivable at once, or with the clerk's routine."""
    receipt_numbers_left: int | None = Field(default=None, ge=0)
    connect_version: Release = "2025.11"
    closed_through: date | None = None
    """Receipts of these days are neither made nor voided."""
    ledger_updated_through: date | None = None
    """Receipts of these days are in the general ledger and no longer voided."""
    void_updated: bool = True
    """Whether a receipt is voided that accounts receivable has."""
    query_lag_seconds: float = Field(default=0, ge=0)
    clock_ahead_seconds: float = 0
    callback_url: str | None = None
    drop_answers: int = Field(default=0, ge=0)
    """So many writes to come are done without an answer."""
    throttled: str | None = None
    """``Retry-After`` of the 429 that every call gets instead of being worked on; None: no limit."""
    answers_become: int | None = Field(default=None, ge=200, le=599)
    """HTTP status that a filter on the way back puts in the place of every answer, reads too; the work is done."""
    refusal_after_all: str | None = None
    """Code with which ``create_receipt`` is refused although it was done."""
    numerals: bool = False
    """Whether receipt numbers and amounts are shown as JSON numbers, where JSON can write them."""
    reference_length: int = Field(default=64, ge=0)
    """So many characters of a receipt's reference are shown."""
    reference_in_memo: bool = False
    """Whether they are shown in the memo, and the reference is empty."""
    american_dates: bool = False
    """Whether a receipt's day and moment are shown as 11/20/2026."""
    introspection: bool = True
    """Whether the schemas can be asked for."""
    customer_updates: bool = True
    """Whether accounts receivable has mutations at all."""
    direct_pay: frozenset[str] = frozenset()
    """Numbers of customers on Caselle's own Direct Pay."""
    refused_emails: frozenset[str] = frozenset()


class ReceiptChange(_Wire):
    """``PATCH /billers/{subdomain}/receipts/{number}``: what a clerk does to a receipt; what is left out stays."""

    voided: bool | None = None
    amount: Amount | None = None


class RelaySwitch(_Wire):
    """``PATCH /relay``: whether connections are refused."""

    refused: bool


class Delivery(_Wire):
    """``POST /billers/{subdomain}/deliver-token``: seconds the token lives."""

    expires_in: int = Field(default=SIX_MONTHS, ge=0)


class ReceiptRow(TypedDict):
    """One receipt of ``GET /receipts``; status POSTED or VOIDED."""

    receiptNumber: str
    reference: str
    cents: int
    status: str
    receiptDate: str
    createdAt: str
    paymentCode: str
    customerNumber: str


class AccountRow(TypedDict):
    """One customer of ``GET /accounts``; None where nothing was told."""

    autopay: bool | None
    effectiveOn: str | None
    email: str | None


class Summary(TypedDict):
    """One biller of ``GET /summary``: live receipts, their cents, and those beyond the first of each reference."""

    receipts: int
    cents: int
    doubled: int
