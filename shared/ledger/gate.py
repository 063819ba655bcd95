"""Breaker and block of one biller: whether anything is sent to its server now, and how much at once."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from shared.ledger import rows
from shared.ledger.book import Contended
from shared.ledger.entry import Entry
from shared.ledger.store import Change, Delete, Insert, LedgerStore, Replace, Row, RowChanged, RowExists, Values
from shared.ledger.times import Times
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

FAILURES_TO_OPEN: Final = 5
_TRIES: Final = 10
_MOST_SLOTS: Final = 100
_MOST_GATES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One biller's row; the default is a healthy peer."""

    failures: int = 0
    """Failures in a row; from five on the breaker is open."""
    openings: int = 0
    """Times it opened in a row: the pause grows with it."""
    open_until: datetime | None = None
    """Nothing is sent before this; afterwards a probe comes first."""
    opened_at: datetime | None = None
    """When the breaker opened for the first time in this row of failures."""
    blocked: str | None = None
    """Why a person must act before anything more is sent."""
    alone: bool = False
    """One message goes alone; the rest follow its success."""
    doubt_until: datetime | None = None
    """A send ended unknown: its slot stays closed, nothing is sent before this, and a probe comes before the next."""
    unlisted: str | None = None
    """The latest unlisted error, if nothing succeeded since."""
    nonce: str = ""
    """Names the write that made this version."""
    etag: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether a send ended unknown and nothing has shown since that the peer works."""
        return self.doubt_until is not None

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open: failures in a row, and no success since."""
        return self.failures >= FAILURES_TO_OPEN

    @property
    def needs_probe(self) -> bool:
        """Whether a read must succeed before the next message is sent."""
        return self.doubtful or self.is_open

    @property
    def healthy(self) -> bool:
        """Whether a success would change nothing."""
        return replace(self, etag="", nonce="") == Gate()

    def slots(self, most: int) -> int:
        """How many messages may be on their way at once."""
        return 1 if self.alone or self.doubtful or self.unlisted else most

    def closed_by(self, now: datetime) -> str | None:
        """Why nothing may be sent now, or None."""
        if self.blocked is not None:
            return "blocked"
        if self.open_until is not None and now < self.open_until:
            return "breaker_open"
        return "probe_first" if self.doubt_until is not None and now < self.doubt_until else None

    def closed_until(self, now: datetime) -> datetime:
        """When it may be tried again, where no person must act first."""
        return max(now, *(until for until in (self.open_until, self.doubt_until) if until is not None))

    def failed(self, now: datetime, times: Times) -> Self:
        """After one more failure in a row."""
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures)
        pause = times.breaker[min(self.openings, len(times.breaker) - 1)]
        until = now + timedelta(seconds=pause)
        opened_at = self.opened_at or now
        return replace(self, failures=failures, openings=self.openings + 1, open_until=until, opened_at=opened_at)

    def doubted(self, unlisted: str | None, now: datetime, times: Times) -> Self:
        """After a send that ended unknown; the same unlisted error twice suspects the workspace."""
        repeated = unlisted is not None and unlisted == self.unlisted
        blocked = self.blocked or ("suspected_workspace" if repeated else None)
        # Until every process has forgotten what it remembers of a healthy peer.
        until = now + timedelta(seconds=2 * times.gate_cache)
        doubted = replace(self, doubt_until=until, unlisted=unlisted or self.unlisted, blocked=blocked)
        return doubted if unlisted else doubted.failed(now, times)

    def reachable(self, now: datetime) -> Self:
        """After an answer that shows that the peer is there; one that may be older than the doubt does not end it."""
        doubt_until = self.doubt_until if self.doubt_until is not None and now < self.doubt_until else None
        return replace(self, failures=0, openings=0, open_until=None, opened_at=None, doubt_until=doubt_until)

    def works(self, now: datetime) -> Self:
        """After a message that was accepted: nothing is wrong any more, unless a person must say so."""
        return replace(self.reachable(now), alone=False, unlisted=None)


class Gates:
    """Gates of all billers, remembered for seconds; only failures, and successes after failures, write."""

    def __init__(self, store: LedgerStore, clock: Clock, times: Times) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store
        self._clock = clock
        self._times = times
        self._seen: dict[str, tuple[float, Gate]] = {}
        self._answered: dict[str, float] = {}

    async def look(self, biller: str) -> Gate:
        """The biller's gate, at most ``gate_cache`` seconds old."""
        seen = self._seen.get(biller)
        if seen and self._clock.monotonic() - seen[0] < self._times.gate_cache:
            return seen[1]
        return self._remember(biller, await self._read(biller))

    async def failed(self, biller: str) -> None:
        """The peer did not answer, or answered that it cannot."""
        was, now_is = await self._update(biller, lambda gate: gate.failed(self._store.now(), self._times))
        _tell(biller, was, now_is)

    async def doubt(
        self, biller: str, unlisted: str | None, write: Callable[[Sequence[Change]], Awaitable[Entry]]
    ) -> Entry:
        """A send ended unknown: ``write`` its entry and this gate in one transaction.

        The entry's slot stays closed until the peer has shown that it works, so that however many instances there are,
        no more sends than slots can end unknown. Two equal unlisted errors with no success between them block the
        biller.

        Raises:
            Moved: somebody else changed the entry first; nothing was written.
        """
        for _ in range(_TRIES):
            gate = await self._read(biller)
            doubted = _named(gate.doubted(unlisted, self._store.now(), self._times))
            try:
                written = await write([_change(biller, doubted)])
            except Contended:
                continue
            self._remember(biller, doubted)
            _tell(biller, gate, doubted)
            return written
        raise Unavailable("the breaker's row is contended")

    async def block(self, biller: str, code: str) -> None:
        """Stop sending for this biller until a person unblocks it."""
        was, now_is = await self._update(biller, lambda gate: replace(gate, blocked=gate.blocked or code))
        _tell(biller, was, now_is)

    async def unblock(self, biller: str) -> None:
        """Sending may go on, one message alone first."""
        await self._update(biller, lambda gate: Gate(alone=True, etag=gate.etag))
        events.emit("biller.unblocked", biller=biller)

    async def succeeded(self, biller: str) -> None:
        """A message was accepted: whatever was wrong is over."""
        self._answered[biller] = self._clock.monotonic()
        if not (await self.look(biller)).healthy:
            await self._update(biller, lambda gate: gate.works(self._store.now()))

    async def answered(self, biller: str) -> None:
        """A read or a refusal showed that the peer is there; says nothing about its workspace."""
        self._answered[biller] = self._clock.monotonic()
        gate = await self.look(biller)
        if gate.failures or gate.doubtful:
            await self._update(biller, lambda gate: gate.reachable(self._store.now()))

    def answered_lately(self) -> set[str]:
        """Billers whose peers this process had an answer of within the longest pause of a breaker."""
        since = self._clock.monotonic() - self._times.breaker[-1]
        self._answered = {biller: at for biller, at in self._answered.items() if at > since}
        return set(self._answered)

    async def open_breakers(self) -> dict[str, datetime]:
        """Since when each open breaker is open, by biller."""
        found = [
            row
            for shard in rows.SHARDS
            for row in await self._store.scan(shard, "B~", f"B~{rows.END}", limit=_MOST_GATES)
        ]
        gates = {row.key.removeprefix("B~"): _gate_of(row) for row in found}
        return {biller: gate.opened_at for biller, gate in gates.items() if gate.opened_at is not None}

    async def begin_probe(self, biller: str) -> bool:
        """Whether the caller is the one who probes; others wait for what it finds, and it for sends under way."""
        under_way = [row for row in await self._slots(biller) if not rows.is_closed(row)]
        gate = await self._read(biller)
        now = self._store.now()
        if under_way or gate.closed_by(now):
            return False
        if not gate.needs_probe:
            self._remember(biller, gate)
            return True
        claimed = replace(gate, open_until=now + timedelta(seconds=self._times.lease))
        try:
            await self._write(biller, claimed)
        except (RowExists, RowChanged):
            return False
        return True

    async def _update(self, biller: str, change: Callable[[Gate], Gate]) -> tuple[Gate, Gate]:
        """Read, change, write, and again when somebody else was faster; the gate before and after."""
        for _ in range(_TRIES):
            gate = await self._read(biller)
            changed = change(gate)
            if changed == gate:
                return gate, self._remember(biller, gate)
            reopened = await self._closed(biller) if gate.doubtful and not changed.doubtful else []
            try:
                return gate, await self._write(biller, changed, reopened)
            except (RowExists, RowChanged):
                continue
        raise Unavailable("the breaker's row is contended")

    async def _read(self, biller: str) -> Gate:
        row = await self._store.read(rows.shard_of(biller), rows.gate_key(biller))
        return _gate_of(row) if row else Gate()

    async def _slots(self, biller: str) -> list[Row]:
        start, end = rows.slot_key(biller, 0), f"S~{biller}~{rows.END}"
        return await self._store.scan(rows.shard_of(biller), start, end, limit=_MOST_SLOTS)

    async def _closed(self, biller: str) -> list[Change]:
        return [Delete(row.key) for row in await self._slots(biller) if rows.is_closed(row)]

    async def _write(self, biller: str, gate: Gate, reopened: Sequence[Change] = ()) -> Gate:
        """Raises RowExists or RowChanged where somebody else was faster, not where that was this very write."""
        named = _named(gate)
        try:
            etags = await self._store.commit(rows.shard_of(biller), [_change(biller, named), *reopened])
        except (RowExists, RowChanged, Unavailable):
            found = await self._read(biller)
            if found.nonce != named.nonce:
                raise
            return self._remember(biller, found)
        return self._remember(biller, replace(named, etag=etags[rows.gate_key(biller)]))

    def _remember(self, biller: str, gate: Gate) -> Gate:
        self._seen[biller] = (self._clock.monotonic(), gate)
        return gate


def _tell(biller: str, was: Gate, now_is: Gate) -> None:
    """One event when a breaker opens, not one for each time it is found still failing."""
    if was.opened_at is None and now_is.opened_at is not None:
        events.emit("breaker.opened", events.WARNING, biller=biller, until=now_is.open_until)
    if was.blocked is None and now_is.blocked is not None:
        events.emit("biller.blocked", events.ERROR, biller=biller, code=now_is.blocked)


def _named(gate: Gate) -> Gate:
    return replace(gate, nonce=uuid.uuid4().hex)


def _change(biller: str, gate: Gate) -> Change:
    key = rows.gate_key(biller)
    return Replace(key, _values(gate), gate.etag) if gate.etag else Insert(key, _values(gate))


def _values(gate: Gate) -> Values:
    values: dict[str, str | int] = {
        "failures": gate.failures,
        "openings": gate.openings,
        "alone": gate.alone,
        "blocked": gate.blocked or "",
        "unlisted": gate.unlisted or "",
        "nonce": gate.nonce,
    }
    return values | {name: instant.isoformat() if instant else "" for name, instant in _instants(gate).items()}


def _instants(gate: Gate) -> dict[str, datetime | None]:
    return {"open_until": gate.open_until, "opened_at": gate.opened_at, "doubt_until": gate.doubt_until}


def _gate_of(row: Row) -> Gate:
    values = row.values
    instants = {
        name: datetime.fromisoformat(text) if (text := str(values[name])) else None for name in _instants(Gate())
    }
    return Gate(
        failures=int(values["failures"]),
        openings=int(values["openings"]),
        **instants,
        blocked=str(values["blocked"]) or None,
        alone=bool(values["alone"]),
        unlisted=str(values["unlisted"]) or None,
        nonce=str(values["nonce"]),
        etag=row.etag,
    )
