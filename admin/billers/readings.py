"""What the last readings of a city's receipts proved, for people."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.payments.evidence.shown import WHOLE, Shown

if TYPE_CHECKING:
    from admin.stamp import Stamp


async def readings_of(stamp: "Stamp", biller_id: str) -> dict[str, Any]:
    """The last reading, how it shows our references, the list's lag and clock offset; empty where none was made."""
    text, _ = await stamp.ledger.posted.readings(biller_id)
    shown, now = Shown.read(text), stamp.ledger.now()
    if shown.read_at is None and not shown.form.known_length:
        return {}
    offset = shown.offset(now)
    return {
        "lastReading": shown.read_at.isoformat(timespec="minutes") if shown.read_at else None,
        "itShowed": shown.said or None,
        "reference": reference_shown(shown),
        "worstLagOfSevenDays": _minutes(shown.lag(now, timedelta(days=7))),
        "greatestClockOffsetOfSevenDays": _minutes(offset) if offset is not None else "not seen",
        "oursNotShown": len(shown.missing),
    }


def reference_shown(shown: Shown) -> str:
    """In which text, and how much of it."""
    form = shown.form
    where = "the memo" if form.in_memo else "the reference"
    if form.is_cut:
        return f"the first {form.length} characters, in {where}"
    return f"up to {min(form.proven, WHOLE)} characters were seen whole, in {where}" if form.proven else "not seen yet"


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.1f} min"
