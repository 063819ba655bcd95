"""Breaker and block of one biller: whether anything is sent to its server now, and how much at once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from shared.ledger import rows
from shared.ledger.store import Insert, LedgerStore, Replace, Row, RowChanged, RowExists, Values
from shared.ledger.times import Times
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

FAILURES_TO_OPEN: Final = 5
_TRIES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One biller's row; the default is a healthy peer."""

    failures: int = 0
    """Failures in a row; from five on the breaker is open."""
    openings: int = 0
    """Times it opened in a row: the pause grows with it."""
    open_until: datetime | None = None
    """Nothing is sent before this; afterwards a probe comes first."""
    blocked: str | None = None
    """Why a person must act before anything more is sent."""
    alone: bool = False
    """One message goes alone; the rest follow its success."""
    doubtful: bool = False
    """A send ended unknown: one slot only, and a probe before the next."""
    unlisted: str | None = None
    """The latest unlisted error, if nothing succeeded since."""
    nonce: str = ""
    """Names the write that made this version."""
    etag: str = ""

    @property
    def needs_probe(self) -> bool:
        """Whether a read must succeed before the next message is sent."""
        return self.doubtful or self.failures >= FAILURES_TO_OPEN

    @property
    def healthy(self) -> bool:
        """Whether a success would change nothing."""
        return replace(self, etag="", nonce="") == Gate()

    def slots(self, most: int) -> int:
        """How many messages may be on their way at once."""
        return 1 if self.alone or self.doubtful else most

    def closed_by(self, now: datetime) -> str | None:
        """Why nothing may be sent now, or None."""
        if self.blocked is not None:
            return "blocked"
        return "breaker_open" if self.open_until is not None and now < self.open_until else None

    def failed(self, now: datetime, times: Times) -> Self:
        """After one more failure in a row."""
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures)
        pause = times.breaker[min(self.openings, len(times.breaker) - 1)]
        return replace(self, failures=failures, openings=self.openings + 1, open_until=now + timedelta(seconds=pause))

    def doubted(self, unlisted: str | None) -> Self:
        """After a send that ended unknown; the same unlisted error twice suspects the workspace."""
        repeated = unlisted is not None and unlisted == self.unlisted
        blocked = self.blocked or ("suspected_workspace" if repeated else None)
        return replace(self, doubtful=True, unlisted=unlisted or self.unlisted, blocked=blocked)


class Gates:
    """Gates of all billers, remembered for seconds; only failures, and successes after failures, write."""

    def __init__(self, store: LedgerStore, clock: Clock, times: Times) -> None:
        """Keep the store; nothing is read yet."""
        self._store = store
        self._clock = clock
        self._times = times
        self._seen: dict[str, tuple[float, Gate]] = {}

    async def look(self, biller: str) -> Gate:
        """The biller's gate, at most ``gate_cache`` seconds old."""
        seen = self._seen.get(biller)
        if seen and self._clock.monotonic() - seen[0] < self._times.gate_cache:
            return seen[1]
        return self._remember(biller, await self._read(biller))

    async def failed(self, biller: str) -> None:
        """The peer did not answer, or answered that it cannot."""
        was, now_is = await self._update(biller, lambda gate: gate.failed(self._store.now(), self._times))
        if now_is.openings > was.openings:
            events.emit("breaker.opened", events.WARNING, biller=biller, until=now_is.open_until)

    async def doubted(self, biller: str, unlisted: str | None) -> None:
        """A send ended unknown; two equal unlisted errors with no success between them block the biller."""
        was, now_is = await self._update(biller, lambda gate: gate.doubted(unlisted))
        _tell_block(biller, was, now_is)
        if unlisted is None:
            await self.failed(biller)

    async def block(self, biller: str, code: str) -> None:
        """Stop sending for this biller until a person unblocks it."""
        was, now_is = await self._update(biller, lambda gate: replace(gate, blocked=gate.blocked or code))
        _tell_block(biller, was, now_is)

    async def unblock(self, biller: str) -> None:
        """Sending may go on, one message alone first."""
        await self._update(biller, lambda gate: Gate(alone=True, etag=gate.etag))
        events.emit("biller.unblocked", biller=biller)

    async def succeeded(self, biller: str) -> None:
        """A message was accepted: whatever was wrong is over."""
        if not (await self.look(biller)).healthy:
            await self._update(biller, lambda gate: Gate(blocked=gate.blocked, etag=gate.etag))

    async def answered(self, biller: str) -> None:
        """A read or a refusal showed that the peer is there; says nothing about its workspace."""
        gate = await self.look(biller)
        if gate.failures or gate.doubtful:
            await self._update(biller, _reachable)

    async def begin_probe(self, biller: str) -> bool:
        """Whether the caller is the one who probes; others wait for what it finds, and it for sends under way."""
        taken = await self._store.scan(
            rows.shard_of(biller), rows.slot_key(biller, 0), f"S~{biller}~{rows.END}", limit=1
        )
        gate = await self._read(biller)
        now = self._store.now()
        if taken or gate.closed_by(now):
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
            try:
                return gate, await self._write(biller, changed)
            except (RowExists, RowChanged):
                continue
        raise Unavailable("the breaker's row is contended")

    async def _read(self, biller: str) -> Gate:
        row = await self._store.read(rows.shard_of(biller), rows.gate_key(biller))
        return _gate_of(row) if row else Gate()

    async def _write(self, biller: str, gate: Gate) -> Gate:
        """Raises RowExists or RowChanged where somebody else was faster, not where that was this very write."""
        key = rows.gate_key(biller)
        named = replace(gate, nonce=uuid.uuid4().hex)
        change = Replace(key, _values(named), gate.etag) if gate.etag else Insert(key, _values(named))
        try:
            etags = await self._store.commit(rows.shard_of(biller), [change])
        except (RowExists, RowChanged, Unavailable):
            found = await self._read(biller)
            if found.nonce != named.nonce:
                raise
            return self._remember(biller, found)
        return self._remember(biller, replace(named, etag=etags[key]))

    def _remember(self, biller: str, gate: Gate) -> Gate:
        self._seen[biller] = (self._clock.monotonic(), gate)
        return gate


def _tell_block(biller: str, was: Gate, now_is: Gate) -> None:
    if was.blocked is None and now_is.blocked is not None:
        events.emit("biller.blocked", events.ERROR, biller=biller, code=now_is.blocked)


def _reachable(gate: Gate) -> Gate:
    return replace(gate, failures=0, openings=0, open_until=None, doubtful=False)


def _values(gate: Gate) -> Values:
    values: dict[str, str | int] = {
        "failures": gate.failures,
        "openings": gate.openings,
        "alone": gate.alone,
        "doubtful": gate.doubtful,
        "blocked": gate.blocked or "",
        "unlisted": gate.unlisted or "",
        "nonce": gate.nonce,
        "open_until": gate.open_until.isoformat() if gate.open_until else "",
    }
    return values


def _gate_of(row: Row) -> Gate:
    values = row.values
    open_until = str(values["open_until"])
    return Gate(
        failures=int(values["failures"]),
        openings=int(values["openings"]),
        open_until=datetime.fromisoformat(open_until) if open_until else None,
        blocked=str(values["blocked"]) or None,
        alone=bool(values["alone"]),
        doubtful=bool(values["doubtful"]),
        unlisted=str(values["unlisted"]) or None,
        nonce=str(values["nonce"]),
        etag=row.etag,
    )
