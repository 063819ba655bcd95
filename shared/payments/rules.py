"""What a biller allows: whether a payment may be sent, and on which day it is dated."""

from collections.abc import Container
from datetime import date, datetime

from shared.billers import capabilities
from shared.billers.model import AutoAllocate, Biller, Mode, PostingDateRule
from shared.ledger.entry import Entry
from shared.ledger.loss import version_base
from shared.payments.message import PaymentMessage


def hold_reason(message: PaymentMessage, biller: Biller | None, regions: Container[str], now: datetime) -> str | None:
    """Why a payment waits for a person before it is ever sent, or None; the first reason in the contract's order."""
    if biller is None:
        return "unknown_biller"
    if not biller.is_at_home_in(regions):
        return "wrong_region"
    if biller.mode in {Mode.DRAFT, Mode.RETIRED}:
        return "biller_not_live"
    if biller.mode is Mode.LIVE and biller.connect_version is not None and not capabilities.can_go_live(biller):
        return "connect_too_old"
    return _about_time(message, biller) or _about_codes(message, biller) or _about_age(message, biller, now)


def paused(biller: Biller, now: datetime) -> bool:
    """Whether posting waits for a person, or for the pause to end."""
    return biller.is_paused(now)


def recovering(message: PaymentMessage, biller: Biller) -> bool:
    """Whether a ledger that is lost may have posted it."""
    return biller.recover_before is not None and message.paid_at < biller.recover_before


def unasked_since_loss(entry: Entry, message: PaymentMessage, biller: Biller) -> bool:
    """Whether the ledger that is lost may have sent it, and it does not stand here as such a one yet.

    It came before the biller's record was here again, or with a copy of the table, which lags behind what was lost.
    """
    return recovering(message, biller) and entry.version_base != version_base(biller.recover_before)


def perhaps_sent(entry: Entry, message: PaymentMessage, biller: Biller) -> Entry:
    """As one that the ledger which was lost may have sent at any moment until its loss, dated by any rule."""
    lost_at = biller.recover_before or entry.received_at
    days = [message.paid_at.astimezone(biller.zone).date(), lost_at.astimezone(biller.zone).date()]
    days += [message.settlement_date] if message.settlement_date else []
    marked = entry._replace(
        sent_at=max(lost_at, entry.sent_at or lost_at),
        first_sent_at=min(message.paid_at, entry.first_sent_at or message.paid_at),
        first_day=min([day.isoformat() for day in days] + [day for day in (entry.first_day,) if day]),
        last_day=max([day.isoformat() for day in days] + [entry.last_day]),
        first_dated=min(day.isoformat() for day in days),
        version_base=version_base(biller.recover_before),
    )
    return marked._replace(recalled=0, proved_at=None, look=None)


def posting_date(message: PaymentMessage, biller: Biller, now: datetime) -> date:
    """The receipt's day by the biller's rule, or the one that a person chose instead of it."""
    dated = _by_rule(message, biller, now)
    return biller.redated.get(dated, dated)


def _by_rule(message: PaymentMessage, biller: Biller, now: datetime) -> date:
    """In the biller's time zone: ``now()`` in UTC would move an evening into the next day."""
    paid, today = message.paid_at.astimezone(biller.zone).date(), now.astimezone(biller.zone).date()
    match biller.posting_date_rule:
        case PostingDateRule.PAID:
            return paid
        case PostingDateRule.SENT:
            return today
        case PostingDateRule.SETTLEMENT:
            return message.settlement_date or paid
        case PostingDateRule.NEXT_OPEN:
            # Assumed: a city closes each day at its end, so an earlier day is closed and today is open.
            return max(paid, today)


def deposit_day(message: PaymentMessage, biller: Biller | None) -> date:
    """The day whose bank deposit holds the money: Invoice Cloud's settlement date, else the day it was paid."""
    paid_at = message.paid_at.astimezone(biller.zone) if biller else message.paid_at
    return message.settlement_date or paid_at.date()


def _about_time(message: PaymentMessage, biller: Biller) -> str | None:
    if (message.environment == "test") != (biller.mode is Mode.TEST):
        return "wrong_environment"
    if biller.go_live_at is not None and message.paid_at < biller.go_live_at:
        return "before_go_live"
    return None


def _about_codes(message: PaymentMessage, biller: Biller) -> str | None:
    codes = biller.applications.get(message.application)
    if codes is None or biller.subdomain is None:
        return "application_not_configured"
    if codes.payment_code(message.tender) is None:
        return "unknown_tender"
    if message.allocations is None and biller.auto_allocate is not AutoAllocate.CASELLE:
        return "no_allocations"
    return None


def _about_age(message: PaymentMessage, biller: Biller, now: datetime) -> str | None:
    if biller.max_backdate_days is None:
        return None
    age = now.astimezone(biller.zone).date() - posting_date(message, biller, now)
    return "too_old" if age.days > biller.max_backdate_days else None
