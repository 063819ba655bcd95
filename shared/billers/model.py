"""A biller: a city that is Invoice Cloud's customer, and how we post for it."""

from collections.abc import Container
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)
from pydantic.alias_generators import to_camel

from shared.vocabulary.identity import BillerId
from shared.vocabulary.money import Amount

MOST_SLOTS: Final = 20
"""One transaction opens all closed slots of a biller, and holds at most a hundred changes."""


class Mode(StrEnum):
    """How far a biller is: only ``test`` and ``live`` send to Caselle."""

    DRAFT = "draft"
    TEST = "test"
    SHADOW = "shadow"
    LIVE = "live"
    RETIRED = "retired"


class PostingDateRule(StrEnum):
    """Which day a receipt is dated, in the biller's time zone."""

    PAID = "paid"
    SENT = "sent"
    SETTLEMENT = "settlement"
    NEXT_OPEN = "nextOpen"


class AutoAllocate(StrEnum):
    """What becomes of a payment that names no invoices."""

    HOLD = "hold"
    CASELLE = "caselle"


class RejectStrategy(StrEnum):
    """How an ACH reject is undone: by a person, or by ``void_receipt``."""

    MANUAL = "manual"
    VOID = "void"


class TokenStrategy(StrEnum):
    """Where a new token comes from: Caselle's callback only, the token endpoint as well, or a person."""

    CALLBACK = "callback"
    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a name
    MANUAL = "manual"


class Capability(StrEnum):
    """What only some releases of Caselle Connect can do; ``capabilities`` says since when."""

    RECEIPT = "receipt"
    """The query: an unknown outcome can be asked about."""
    VOID_RECEIPT = "void_receipt"
    """The mutation: a payment can be undone from here."""
    ONLINE_WORKSPACES = "online_workspaces"
    """More than one workspace for online payments, told apart by their third party."""
    LONG_RECEIPT_NUMBERS = "long_receipt_numbers"
    """Nine digits behind a group of two, which do not run out."""
    PARALLEL_RECEIPTS = "parallel_receipts"
    """Several payments within the same second: more than one slot."""


class _Record(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,  # the first record read builds all of it at once, which is cheaper than each part by itself
    )


class Codes(_Record):
    """Caselle's codes of one application (AR or UM); all are text, leading zeros count."""

    category_code: str
    distribution_code: str
    payment_codes: dict[str, str]

    def payment_code(self, tender: str) -> str | None:
        """The payment code of a tender (ACH, CC, OBD), or None: a person then names it."""
        if tender == "OBD":
            # Online bank direct settles like ACH, so a city without a code of its own means that one.
            return self.payment_codes.get("OBD", self.payment_codes.get("ACH"))
        return self.payment_codes.get(tender)


class FormDefinition(StrEnum):
    """How far the city's bill file for Invoice Cloud is."""

    MISSING = "missing"
    IMPORTED = "imported"
    OPEN_ITEMS_ONLY = "openItemsOnly"
    """Imported, and seen to send open items only."""


class Contact(_Record):
    """One person to call; plain text is a name."""

    name: str
    phone: str | None = None
    email: str | None = None
    hours: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: object) -> object:
        return {"name": given} if isinstance(given, str) else given


class Contacts(_Record):
    """Whom to call about what."""

    csm: Contact | None = None
    """The city's Customer System Manager at Caselle: codes, third-party access, tokens."""
    cows_admin: Contact | None = None
    """Who can restart Connect Online Web Service on the city's server."""
    clerk: Contact | None = None
    """Who keeps the city's books."""
    crm: Contact | None = None
    """The city's account manager at Caselle: licences."""


class PassedCheck(_Record):
    """When the set-up was last found in order, and which set-up that was."""

    at: AwareDatetime
    fingerprint: str


class Pause(_Record):
    """Why posting waits, and until when; without ``until`` a person resumes it."""

    reason: str
    until: AwareDatetime | None = None


class Override(_Record):
    """An admin's word about a capability, which goes before the release."""

    enabled: bool
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class OptIn(_Record):
    """Somebody's word that an operation which is only assumed may be used for a biller."""

    by: Annotated[str, Field(min_length=1)]
    at: AwareDatetime
    reason: Annotated[str, Field(min_length=1)]


class ContractPass(_Record):
    """When ``contract check`` found that an operation fits a biller's Caselle.

    ``document`` is the digest of what was compared: a document that was changed since has not passed.
    """

    at: AwareDatetime
    document: str


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # how zoneinfo refuses depends on what the name looks like
        raise ValueError("not an IANA time zone") from None
    return name


_Version = Annotated[str, Field(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})*$")]


class Biller(_Record):
    """One biller. Only id, name and time zone are needed to begin; the rest arrives during set-up."""

    biller_id: BillerId
    name: Annotated[str, Field(pattern=r"\S", max_length=200)]
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    mode: Mode = Mode.DRAFT
    go_live_at: AwareDatetime | None = None
    recover_before: AwareDatetime | None = None
    """Its ledger was lost then: what was paid earlier may be at Caselle already, and is asked about first."""
    region: str | None = None
    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")] | None = None
    client_id: str | None = None
    connect_version: _Version | None = None
    cows_version: _Version | None = None
    applications: dict[str, Codes] = Field(default_factory=dict)
    paused: Pause | None = None
    posting_date_rule: PostingDateRule = PostingDateRule.PAID
    redated: dict[date, date] = Field(default_factory=dict)
    """Posting dates that Caselle refuses, and those that a person chose instead."""
    auto_allocate: AutoAllocate = AutoAllocate.HOLD
    reject_strategy: RejectStrategy = RejectStrategy.MANUAL
    token_strategy: TokenStrategy = TokenStrategy.CALLBACK
    renewal_consent: bool = False
    """Utility, which shares the third-party record, agrees that its token is renewed from here."""
    nsf_fee: Annotated[Amount, Field(gt=0)] | None = None
    """What the city charges for a debit that came back short of funds; a person bills it. None: no such fee."""
    max_backdate_days: Annotated[int, Field(ge=0)] | None = None
    slots: Annotated[int, Field(ge=1, le=MOST_SLOTS)] | None = None
    capability_overrides: dict[Capability, Override] = Field(default_factory=dict)
    callback_url: str | None = None
    """Without its key."""
    contacts: Contacts = Contacts()
    licences: dict[str, date] = Field(default_factory=dict)
    """Security licences that the city has, and since when."""
    form_definition: FormDefinition = FormDefinition.MISSING
    maintenance_window: str | None = None
    """In words, for whoever is on call; posting goes on, and waits where the server is down."""
    confirmed: dict[str, date] = Field(default_factory=dict)
    """Prerequisites that only a person can see, and when one confirmed them."""
    passed_check: PassedCheck | None = None
    features: dict[str, OptIn] = Field(default_factory=dict)
    """Operations that are only assumed and that the biller opted in to, by Caselle's name."""
    contract_passes: dict[str, ContractPass] = Field(default_factory=dict)
    """By Caselle's name of the operation."""
    first_files: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    """How set-up reads the biller's invoice file and bill images, and what it found there; nothing posts by it."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that the biller's calendar days are counted in."""
        return ZoneInfo(self.time_zone)

    def is_paused(self, now: datetime) -> bool:
        """Whether sending waits for a person, or for the pause to end."""
        return self.paused is not None and (self.paused.until is None or now < self.paused.until)

    def is_at_home_in(self, regions: Container[str]) -> bool:
        """Whether a stamp that serves these regions sends for it."""
        return self.region is None or self.region in regions
