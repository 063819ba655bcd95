"""``Retry-After`` (RFC 9110, section 10.2.3): for how long a peer asks to be left alone."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_ASKING: Final = frozenset({429, 503})
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


def retry_after(status: int, headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds, as they were said; None where the status does not ask, or nothing that can be read.

    A date is counted from the answer's own ``Date``: the peer's clock need not be ours. ``now``: where it has none.
    """
    said = headers.get("Retry-After", "").strip()
    if status not in _ASKING:
        return None
    if _SECONDS.fullmatch(said):
        return float(said)
    until, since = _date(said), _date(headers.get("Date", "")) or now
    return max(0.0, (until - since).total_seconds()) if until and since else None


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
