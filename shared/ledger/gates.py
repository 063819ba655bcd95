"""The gates of all billers: whether anything is sent to a city's server now, and how much at once.

What a change has to tell is written with it and told by the sweeper: a process may die between the two.
"""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from shared.ledger import rows
from shared.ledger.entry import Entry
from shared.ledger.errors import Contended
from shared.ledger.gate import Doubt, Gate
from shared.ledger.gate_row import gate_of, gate_values
from shared.ledger.store import Change, Delete, Insert, LedgerStore, Replace, Row, RowChanged, RowExists
from shared.ledger.times import Times
from shared.vocabulary import events
from shared.vocabulary.clock import Clock
from shared.vocabulary.errors import Unavailable

_TRIES: Final = 10
_MOST_SLOTS: Final = 100
_MOST_GATES: Final = 1000

SUSPECTED: Final = "suspected_workspace"
UNLISTED: Final = "unlisted_error"

RELAY: Final = "relay"
"""Name of a gate that stops nothing: it is open while an outage of the relay itself is told."""


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
        await self._update(biller, lambda gate: gate.failed(self._store.now(), self._times))

    async def doubt(self, biller: str, doubt: Doubt, write: Callable[[Sequence[Change]], Awaitable[Entry]]) -> Entry:
        """A send ended unknown: ``write`` its entry and this gate in one transaction.

        The entry's slot stays closed until the peer has shown that it works, so that however many instances there are,
        no more sends than slots can end unknown. Two unlisted errors with no success between them block the biller.

        Raises:
            Moved: somebody else changed the entry first; nothing was written.
        """
        for _ in range(_TRIES):
            gate = await self._read(biller)
            doubted = _named(gate.doubted(doubt, self._store.now(), self._times).noting(gate))
            try:
                written = await write([_change(biller, doubted)])
            except Contended:
                continue
            self._remember(biller, doubted)
            return written
        raise Unavailable("the breaker's row is contended")

    async def left_alone(self, biller: str, retry_after: float | None, *, throttled: bool) -> None:
        """The peer asked for a pause in its answer to a question."""
        if retry_after is not None or throttled:
            await self._update(
                biller, lambda gate: gate.left_alone(retry_after, self._store.now(), self._times, throttled=throttled)
            )

    async def may_call(self, biller: str) -> bool:
        """Whether the pause that the peer wants between two calls is over; where there is one, the next begins."""
        gate = await self.look(biller)
        if not gate.gap:
            return True
        gate, now = await self._read(biller), self._store.now()
        if gate.next_at is not None and now < gate.next_at:
            return False
        try:
            await self._write(biller, gate.paced(now))
        except (RowExists, RowChanged):
            return False
        return True

    async def prove(self, biller: str, code: str) -> None:
        """A message that was refused with this code was proved absent: the code comes before any effect here."""
        await self._update(biller, lambda gate: replace(gate, proven=tuple(sorted({*gate.proven, code}))))

    async def block(self, biller: str, code: str) -> None:
        """Stop sending for this biller until a person unblocks it."""
        await self.stop(biller, None, code)

    async def stop(self, biller: str, what: str | None, code: str) -> None:
        """Stop sending for this biller, or for one channel or application of it, until a person unblocks it."""
        await self._update(biller, lambda gate: gate.stopped(what, code))

    async def refused_date(self, biller: str, dated: str, code: str) -> None:
        """A message was refused for its posting date: three in a row stop that date."""
        await self._update(biller, lambda gate: gate.date_refused(dated, code))

    async def allow_date(self, biller: str, dated: str) -> None:
        """A person chose another date: what was stopped for this one goes on."""
        await self._update(biller, lambda gate: gate.date_allowed(dated))

    async def was_made(self, biller: str) -> None:
        """What ended unknown is there after all: it was not the workspace that kept it out."""
        if (await self.look(biller)).blocked == SUSPECTED:
            await self._update(
                biller, lambda gate: replace(gate, blocked=UNLISTED) if gate.blocked == SUSPECTED else gate
            )

    async def unblock(self, biller: str) -> None:
        """Sending may go on, whatever had stopped it; one message goes alone first."""
        await self._update(biller, Gate.unblocked)

    async def resume(self, biller: str) -> None:
        """Sending is about to begin after a pause, or with going live: one message goes alone first; a block stays."""
        await self._update(biller, Gate.resumed)

    async def succeeded(self, biller: str, channel: str = "", dated: str = "") -> None:
        """A message of this channel and posting date was accepted: whatever was wrong is over."""
        self._answered[biller] = self._clock.monotonic()
        gate = await self.look(biller)
        if not gate.healthy or (channel and channel not in gate.channels):
            await self._update(biller, lambda gate: gate.works(self._store.now(), self._times, channel, dated))

    async def answered(self, biller: str) -> None:
        """A read or a refusal showed that the peer is there; says nothing about its workspace."""
        self._answered[biller] = self._clock.monotonic()
        gate = await self.look(biller)
        if gate.failures or gate.doubtful:
            await self._update(biller, lambda gate: gate.reachable(self._store.now()))

    def answered_lately(self) -> set[str]:
        """Lanes whose peers this process had an answer of within the longest pause of a breaker."""
        since = self._clock.monotonic() - self._times.breaker[-1]
        self._answered = {biller: at for biller, at in self._answered.items() if at > since}
        return set(self._answered)

    async def tell_all(self) -> dict[str, Gate]:
        """Every gate that was ever written, by lane, and ``RELAY``'s; what nobody told of them yet is told.

        Raises:
            Unavailable: the store does not answer; what is untold stays so.
        """
        found = [
            row
            for shard in rows.SHARDS
            for row in await self._store.scan(shard, "B~", f"B~{rows.END}", limit=_MOST_GATES)
        ]
        gates = {row.key.removeprefix("B~"): gate_of(row) for row in found}
        for biller, gate in gates.items():
            await self._tell(biller, gate)
        return gates

    async def remember_outage(self, relay: Gate, since: datetime | None) -> None:
        """Keep since when an outage of the relay is told; None where it is over. ``relay`` is its gate as read."""
        with suppress(RowExists, RowChanged):  # another sweeper was faster
            await self._write(RELAY, replace(relay, opened_at=since))

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

    async def _update(self, biller: str, change: Callable[[Gate], Gate]) -> None:
        """Read, change, write, and again when somebody else was faster."""
        for _ in range(_TRIES):
            gate = await self._read(biller)
            changed = change(gate).noting(gate)
            if changed == gate:
                self._remember(biller, gate)
                return
            # Also where no doubt is known: a closed slot may have outlived the row of its gate.
            reopened = [] if changed.doubtful else await self._closed(biller)
            with suppress(RowExists, RowChanged):
                await self._write(biller, changed, reopened)
                return
        raise Unavailable("the breaker's row is contended")

    async def _tell(self, biller: str, gate: Gate) -> None:
        """Tell, then remember it: after a crash in between it is told twice, never not at all."""
        if not gate.untold:
            return
        for news in gate.untold:
            _tell(biller, news)
        with suppress(RowChanged):  # there may be more to tell by now: all of it in the next run
            await self._write(biller, replace(gate, untold=()))

    async def _read(self, biller: str) -> Gate:
        row = await self._store.read(rows.shard_of(biller), rows.gate_key(biller))
        return gate_of(row) if row else Gate()

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


def _tell(biller: str, news: str) -> None:
    event, _, code = news.partition(" ")
    match event:
        case "breaker.opened":
            events.emit("breaker.opened", events.WARNING, biller=biller)
        case "biller.blocked":
            code, _, what = code.partition(" ")
            events.emit("biller.blocked", events.ERROR, biller=biller, code=code, **({"what": what} if what else {}))
        case _:
            events.emit(event, biller=biller)


def _named(gate: Gate) -> Gate:
    return replace(gate, nonce=uuid.uuid4().hex)


def _change(biller: str, gate: Gate) -> Change:
    key = rows.gate_key(biller)
    return Replace(key, gate_values(gate), gate.etag) if gate.etag else Insert(key, gate_values(gate))
