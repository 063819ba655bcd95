"""What a biller allows: whether a customer update is sent, waits for a person, or is never sent."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Final

from shared.billers import capabilities
from shared.billers.capabilities import Remote
from shared.billers.model import Biller, Mode
from shared.customers.message import Update

_MOST_AHEAD: Final = timedelta(days=1)
"""A later time is a typing error: it would stand above everything the customer does until then."""


def hold_reason(message: Update, biller: Biller | None, regions: Container[str], now: datetime) -> str | None:
    """Why an update waits for a person before it is ever sent, or None."""
    if biller is None:
        return "unknown_biller"
    if not biller.is_at_home_in(regions):
        return "wrong_region"
    if biller.mode in {Mode.DRAFT, Mode.RETIRED}:
        return "biller_not_live"
    if biller.subdomain is None:
        return "application_not_configured"
    return "dated_ahead" if message.set_at > now + _MOST_AHEAD else None


def skip_reason(biller: Biller, remote: Remote) -> str | None:
    """Why an update is never sent, or None; it is then on the sheet for the clerk."""
    return "shadow_mode" if biller.mode is Mode.SHADOW else capabilities.off_reason(biller, remote)
