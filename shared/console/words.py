"""How figures and moments are written on the pages."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from shared.console.html import Html, tag
from shared.console.stamp import Tone
from shared.ledger.entry import Key, Kind

ROOT: Final = "/api/console"
_CLASSES: Final = {Tone.ACT: "act", Tone.LOOK: "look", Tone.GOOD: "good", Tone.QUIET: None}


def money(cents: int) -> str:
    """Cents as 1,234.50."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02}"


def number(count: int, *, at_least: bool = False) -> str:
    """A count, marked where there may be more."""
    return f"{count:,}{'+' if at_least else ''}"


def moment(at: datetime, zone: ZoneInfo | None = None) -> Html:
    """An instant to the minute, at the city where its zone is given."""
    there = at.astimezone(zone) if zone else at
    shown = f"{there:%Y-%m-%d %H:%M} {there.tzname() if zone else 'UTC'}"
    return tag("time", shown, datetime=at.isoformat(timespec="seconds"))


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit or two: 3 d 4 h, 5 h 10 min, 2 min."""
    minutes = max(0, int((now - since) / timedelta(minutes=1)))
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def marked(word: str, tone: Tone) -> Html:
    """A word in the colour of its urgency; the word alone says it too."""
    return tag("span", word, class_=_CLASSES[tone])


def biller_path(biller_id: str) -> str:
    """Where a biller's page is."""
    return f"{ROOT}/billers/{quote(biller_id, safe='')}"


def entry_path(key: Key) -> str:
    """Where an entry's page is."""
    kind = "" if key.kind is Kind.PAYMENT else f"?kind={key.kind}"
    return f"{biller_path(key.biller)}/payments/{quote(key.id, safe='')}{kind}"
