"""Breaker and block of one biller, as one row: what it allows, and what follows from an answer."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self

from shared.ledger.times import Times, nth

FAILURES_TO_OPEN: Final = 5


REFUSALS_TO_STOP: Final = 3
_MOST_DATES: Final = 20

ACCEPTED_TO_HURRY: Final = 20
"""So many accepted in a row halve the pause that a peer asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What a send that ended unknown says about its peer."""

    unlisted: str | None = None
    """The cause of an error that is on no list."""
    blocks: str | None = None
    """Nothing more is sent until a person says so, for this reason."""
    stops: str | None = None
    """What alone that is true of, where it is not the whole biller: a channel or an application."""
    retry_after: float | None = None
    """Seconds for which it asks to be left alone."""
    throttled: bool = False
    """It gets too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One biller's row; the default is a healthy peer."""

    failures: int = 0
    """Failures in a row; from five on the breaker is open."""
    openings: int = 0
    """Times it opened in a row: the pause grows with it."""
    open_until: datetime | None = None
    """Nothing is sent before this; afterwards a probe comes first."""
    quiet_until: datetime | None = None
    """It asked to be left alone until then: nothing is sent before, whatever it answers meanwhile."""
    opened_at: datetime | None = None
    """When the breaker opened for the first time in this row of failures."""
    blocked: str | None = None
    """Why a person must act before anything more is sent."""
    blocked_until: datetime | None = None
    """When one message tries whether the block is over; None where only a person may say so."""
    tried: bool = False
    """Such a try was made, or is due; the next block of this kind waits for a person."""
    stops: tuple[str, ...] = ()
    """What of the biller alone is stopped: a channel, application or posting date, a blank, and why."""
    dates: tuple[str, ...] = ()
    """Posting dates that were refused in a row: the date, a blank, and how often."""
    alone: bool = False
    """One message goes alone; the rest follow its success."""
    doubt_until: datetime | None = None
    """A send ended unknown: its slot stays closed, nothing is sent before this, and a probe comes before the next."""
    unlisted: str | None = None
    """The cause of the latest error that is on no list, if nothing succeeded since."""
    gap: float = 0
    """Seconds between two calls, after the peer said that it gets too much."""
    calm: int = 0
    """Messages accepted in a row since the gap changed."""
    next_at: datetime | None = None
    """Before this, nothing is sent or asked; moves on with every call while there is a gap."""
    channels: tuple[str, ...] = ()
    """Those of which a message was ever accepted: the first of another goes alone."""
    proven: tuple[str, ...] = ()
    """Codes of refusals that were shown to come before any effect here."""
    untold: tuple[str, ...] = ()
    """Events that the sweeper has yet to tell, each with its code if it has one."""
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
        return replace(self, etag="", nonce="", untold=(), channels=(), proven=()) == _HEALTHY

    def slots(self, most: int, channel: str = "") -> int:
        """How many messages may be on their way at once; one where none of this channel was ever accepted."""
        first = bool(channel) and channel not in self.channels
        return 1 if first or self.alone or self.doubtful or self.unlisted or self.gap or self.blocked else most

    def closed_for(self, channel: str, dated: str, now: datetime) -> str | None:
        """Why no message of this channel and posting date may be sent now, or None."""
        closed = self.closed_by(now)
        application = channel.partition("/")[0]
        mine = (stop.partition(" ") for stop in self.stops)
        return closed or next((code for what, _, code in mine if what in {channel, application, dated}), None)

    def closed_by(self, now: datetime) -> str | None:
        """Why nothing may be sent now, or None."""
        if self.blocked is not None and (self.blocked_until is None or now < self.blocked_until):
            return "blocked"
        if any(until is not None and now < until for until in (self.open_until, self.quiet_until)):
            return "breaker_open"
        if self.next_at is not None and now < self.next_at:
            return "throttled"
        return "probe_first" if self.doubt_until is not None and now < self.doubt_until else None

    def closed_until(self, now: datetime) -> datetime:
        """When it may be tried again, where no person must act first."""
        known = (self.open_until, self.quiet_until, self.doubt_until, self.next_at)
        return max(now, *(until for until in known if until is not None))

    def failed(self, now: datetime, times: Times) -> Self:
        """After one more failure in a row."""
        failures = self.failures + 1
        if failures < FAILURES_TO_OPEN:
            return replace(self, failures=failures)
        until = now + timedelta(seconds=nth(times.breaker, self.openings))
        opened_at = self.opened_at or now
        return replace(self, failures=failures, openings=self.openings + 1, open_until=until, opened_at=opened_at)

    def doubted(self, doubt: Doubt, now: datetime, times: Times) -> Self:
        """After a send that ended unknown."""
        # Until every process has forgotten what it remembers of a healthy peer.
        until = now + timedelta(seconds=2 * times.gate_cache)
        doubted = replace(self, doubt_until=until)
        if doubt.blocks is not None:
            doubted = doubted.stopped(doubt.stops, doubt.blocks)
        elif doubt.unlisted is not None:
            doubted = doubted.puzzled(doubt.unlisted, now, times)
        else:
            doubted = doubted.failed(now, times)
        return doubted.left_alone(doubt.retry_after, now, times, throttled=doubt.throttled)

    def puzzled(self, cause: str, now: datetime, times: Times) -> Self:
        """After an error that is on no list: two in a row, whatever their words, block the biller.

        The first time one message tries again after a while; the second time only a person lets it go on.
        """
        if self.unlisted is None:
            return replace(self, unlisted=cause)
        trial = None if self.tried else now + timedelta(seconds=times.block_trial)
        return replace(self, unlisted=cause, blocked=self.blocked or cause, blocked_until=trial, tried=True)

    def stopped(self, what: str | None, code: str) -> Self:
        """After a refusal that stops all of the biller, or one channel, application or posting date of it."""
        if what is None:
            return replace(self, blocked=self.blocked or code, blocked_until=None)
        return replace(self, stops=tuple(sorted({*self.stops, f"{what} {code}"})))

    def date_refused(self, dated: str, code: str) -> Self:
        """After one more refusal of a posting date: three in a row stop that date."""
        counts = dict(each.split(" ") for each in self.dates)
        count = int(counts.get(dated, 0)) + 1
        counts[dated] = str(count)
        gate = replace(self, dates=tuple(f"{day} {n}" for day, n in sorted(counts.items())[-_MOST_DATES:]))
        return gate.stopped(dated, code) if count >= REFUSALS_TO_STOP else gate

    def date_allowed(self, dated: str) -> Self:
        """After a person chose what is posted instead of a date that was refused."""
        stops = tuple(each for each in self.stops if not each.startswith(f"{dated} "))
        return replace(self, stops=stops, dates=tuple(each for each in self.dates if not each.startswith(f"{dated} ")))

    def left_alone(self, retry_after: float | None, now: datetime, times: Times, *, throttled: bool) -> Self:
        """After the peer asked for a pause of so many seconds, or said that it gets too much."""
        gate = self
        if retry_after is not None:
            least, most = times.retry_after
            until = now + timedelta(seconds=min(max(retry_after, least), most))
            gate = replace(gate, quiet_until=max(until, gate.quiet_until or until))
        if not throttled:
            return gate
        gap = min(max(2 * gate.gap, times.least_apart), times.most_apart)
        return replace(gate, gap=gap, calm=0, next_at=now + timedelta(seconds=gap))

    def paced(self, now: datetime) -> Self:
        """After one more call while there is a gap."""
        return replace(self, next_at=now + timedelta(seconds=self.gap))

    def reachable(self, now: datetime) -> Self:
        """After an answer that shows that the peer is there; one that may be older than the doubt does not end it."""
        doubt_until, quiet_until = _still(self.doubt_until, now), _still(self.quiet_until, now)
        healed = replace(self, failures=0, openings=0, open_until=None, opened_at=None)
        return replace(healed, doubt_until=doubt_until, quiet_until=quiet_until)

    def works(self, now: datetime, times: Times, channel: str = "", dated: str = "") -> Self:
        """After a message that was accepted: nothing is wrong any more, unless a person must say so."""
        channels = tuple(sorted({*self.channels, channel} - {""}))
        dates = tuple(each for each in self.dates if not each.startswith(f"{dated} "))
        works = replace(self.reachable(now), alone=False, unlisted=None, channels=channels, dates=dates)
        if self.blocked_until is not None:
            works = replace(works, blocked=None, blocked_until=None)
        works = replace(works, tried=works.blocked is not None and works.tried)
        if not self.gap:
            return works
        if self.calm + 1 < ACCEPTED_TO_HURRY:
            return replace(works, calm=self.calm + 1)
        gap = self.gap / 2 if self.gap / 2 >= times.least_apart else 0.0
        return replace(works, gap=gap, calm=0, next_at=self.next_at if gap else None)

    def unblocked(self) -> Self:
        """After a person said that it may go on, whatever was wrong: one message alone first."""
        return type(self)(
            alone=True,
            channels=self.channels,
            proven=self.proven,
            untold=(*self.untold, "biller.unblocked"),
            etag=self.etag,
        )

    def resumed(self) -> Self:
        """After a pause, or when a biller goes live: one message alone first; a block stays."""
        return replace(self, alone=True, untold=(*self.untold, "biller.resumed"))

    def noting(self, was: Self) -> Self:
        """With what is to be told of the change from ``was``; a breaker that opens once more is the same outage."""
        news = list(self.untold)
        if was.opened_at is None and self.opened_at is not None:
            news.append("breaker.opened")
        if was.blocked is None and self.blocked is not None:
            news.append(f"biller.blocked {self.blocked}")
        news += [f"biller.blocked {code} {what}" for what, _, code in _new_stops(was.stops, self.stops)]
        return replace(self, untold=tuple(dict.fromkeys(news)))


_HEALTHY: Final = Gate()


def _still(until: datetime | None, now: datetime) -> datetime | None:
    """An instant that has not come yet, or None."""
    return until if until is not None and now < until else None


def _new_stops(was: tuple[str, ...], now: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return [stop.partition(" ") for stop in now if stop not in was]
