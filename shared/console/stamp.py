"""The first page: every biller of the stamp on one line, those that need a person first."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, Protocol

from shared.billers.model import Biller, Mode
from shared.billers.registry import BillerRegistry
from shared.console.standing import Standing, Standings, read_standings
from shared.exchange.reasons import REASONS
from shared.ledger.gate import Gate
from shared.ledger.gates import RELAY
from shared.ledger.store import LedgerStore
from shared.tokens.row import TokenRow

LATE: Final = timedelta(hours=4)
"""Nothing should wait longer."""
SOON: Final = 30
"""Days before a token ends from which it is shown as a matter for somebody."""


class Tone(IntEnum):
    """How urgent something is; the larger, the higher it is listed."""

    QUIET = 0
    GOOD = 1
    LOOK = 2
    ACT = 3


@dataclass(frozen=True, slots=True)
class State:
    """Whether a biller's payments are sent: in a word, and why not."""

    word: str
    tone: Tone
    why: str = ""


@dataclass(frozen=True, slots=True)
class TokenState:
    """A biller's token: whole days left, and when the latest one was delivered."""

    days_left: int
    delivered_at: datetime

    @property
    def tone(self) -> Tone:
        """How urgent a new one is."""
        return Tone.ACT if self.days_left < 1 else Tone.LOOK if self.days_left < SOON else Tone.QUIET


@dataclass(frozen=True, slots=True)
class Line:
    """One biller. Without a ``token`` none was ever delivered."""

    biller_id: str
    name: str
    state: State
    breaker: State
    standing: Standing
    token: TokenState | None
    late: bool

    @property
    def tone(self) -> Tone:
        """The most urgent of all that is shown."""
        tones = [self.state.tone, self.breaker.tone]
        tones += [self.token.tone] if self.token else []
        tones += [Tone.ACT] if self.standing.backlog.held or self.late else []
        return max(tones)


@dataclass(frozen=True, slots=True)
class StampView:
    """All of the first page. ``at_least``: there was more in a list than could be counted."""

    at: datetime
    relay_down_since: datetime | None
    lines: Sequence[Line]
    modes: Mapping[str, int]
    retired: int
    at_least: bool

    @property
    def posted_today(self) -> tuple[int, int]:
        """Payments and cents."""
        totals = [line.standing.posted_today for line in self.lines]
        return sum(total.count for total in totals), sum(total.cents for total in totals)

    @property
    def held(self) -> int:
        """Entries that wait for a person."""
        return sum(line.standing.backlog.held for line in self.lines)

    @property
    def waiting(self) -> int:
        """Entries on their way."""
        return sum(line.standing.backlog.waiting for line in self.lines)


class Tokens(Protocol):
    """Token rows. Every method raises ``Unavailable`` where the store does not answer."""

    async def read(self, biller_id: str) -> TokenRow | None:
        """One biller's row, or None."""
        ...

    async def all(self) -> list[TokenRow]:
        """Every biller's row."""
        ...


async def view_stamp(store: LedgerStore, registry: BillerRegistry, tokens: Tokens) -> StampView:
    """The first page's figures, by a number of reads that does not grow with the number of billers.

    Raises:
        Unavailable: a store does not answer.
        Misconfigured: a biller's record breaks the rules.
    """
    billers = await registry.all()
    standings, rows = await asyncio.gather(read_standings(store, billers), tokens.all())
    now, by_biller = store.now(), {row.biller_id: row for row in rows}
    shown = [biller for biller in billers if biller.mode is not Mode.RETIRED or _left(standings, biller)]
    lines = [line_of(biller, standings, by_biller.get(biller.biller_id), now) for biller in shown]
    lines += _strangers(standings, {biller.biller_id for biller in billers}, now)
    relay = standings.gate(RELAY)
    return StampView(
        at=now,
        relay_down_since=relay.opened_at,
        lines=sorted(lines, key=lambda line: (-line.tone, line.name.casefold(), line.biller_id)),
        modes=Counter(str(biller.mode) for biller in billers),
        retired=len(billers) - len(shown),
        at_least=standings.cut,
    )


def line_of(biller: Biller, standings: Standings, token: TokenRow | None, now: datetime) -> Line:
    """One biller's line."""
    standing = standings.of(biller.biller_id)
    return Line(
        biller_id=biller.biller_id,
        name=biller.name,
        state=state_of(biller, standings.gate(biller.biller_id), now),
        breaker=breaker_of(standings.gate(biller.biller_id)),
        standing=standing,
        token=token_state(token, now),
        late=_late(standing, now),
    )


def state_of(biller: Biller, gate: Gate, now: datetime) -> State:
    """Blocked before paused before the mode: what a person must end first comes first."""
    if gate.blocked:
        reason = REASONS.get(gate.blocked)
        return State("blocked", Tone.ACT, reason.message if reason else gate.blocked)
    if gate.stops:
        what, _, code = gate.stops[0].partition(" ")
        reason = REASONS.get(code)
        return State("stopped in part", Tone.ACT, f"{what}: {reason.message if reason else code}")
    if biller.paused and biller.is_paused(now):
        until = f" (until {biller.paused.until:%Y-%m-%d %H:%M} UTC)" if biller.paused.until else ""
        return State("paused", Tone.LOOK, f"{biller.paused.reason}{until}")
    if gate.alone:
        return State(str(biller.mode), Tone.LOOK, "one payment goes alone; the rest follow its success")
    return State(str(biller.mode), Tone.GOOD if biller.mode is Mode.LIVE else Tone.QUIET)


def breaker_of(gate: Gate) -> State:
    """Whether the city's server answers."""
    if gate.is_open:
        since = f"since {gate.opened_at:%Y-%m-%d %H:%M} UTC" if gate.opened_at else ""
        return State("open", Tone.ACT, since)
    if gate.doubtful:
        return State("in doubt", Tone.LOOK, "an answer was lost; a question goes first")
    return State("closed", Tone.QUIET)


def token_state(row: TokenRow | None, now: datetime) -> TokenState | None:
    """What is known of a biller's token; nothing secret is in its row."""
    if row is None:
        return None
    delivered = max([row.since, *(each.delivered_at for each in row.candidates)])
    return TokenState((row.expires_at - now).days, delivered)


def _left(standings: Standings, biller: Biller) -> bool:
    """Whether a retired biller still has something to be done."""
    backlog = standings.of(biller.biller_id).backlog
    return bool(backlog.held or backlog.waiting)


def _strangers(standings: Standings, known: set[str], now: datetime) -> list[Line]:
    state, closed = State("not set up here", Tone.ACT, REASONS["unknown_biller"].action), State("closed", Tone.QUIET)
    found = ((name, standings.of(name)) for name in sorted(standings.billers() - known))
    return [Line(name, "", state, closed, standing, None, _late(standing, now)) for name, standing in found]


def _late(standing: Standing, now: datetime) -> bool:
    oldest = standing.backlog.oldest_waiting
    return oldest is not None and now - oldest > LATE
