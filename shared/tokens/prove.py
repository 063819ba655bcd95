"""A delivered token serves only after a read with it has succeeded: whoever has the callback's key can bring any."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Protocol

from pydantic import SecretStr

from shared.billers.model import Biller
from shared.tokens.keep import TokenKeeper
from shared.tokens.row import LOOKS_AFTER_REFUSAL, Candidate, TokenRow, TokenRows, postponed, refused, without
from shared.vocabulary import events
from shared.vocabulary.clock import Clock

PROOF_WITHIN: Final = 5.0
"""Seconds a read is given; the callback's answer waits for it."""

EAGER_WITH: Final = 3
"""With more candidates than these, all wait for the timer: junk must not become a storm at Caselle."""


class Verdict(StrEnum):
    """What Caselle says to a token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    """No answer, or one that has nothing to do with the token."""


class Proof(Protocol):
    """A harmless read at a biller's Caselle."""

    async def verdict(self, biller: Biller, token: SecretStr) -> Verdict:
        """What became of a read for the biller's own subdomain with this token, within ``PROOF_WITHIN`` seconds."""
        ...


class ProveToken:
    """Tries a biller's candidates, newest first, and makes the first that Caselle accepts the current token."""

    def __init__(self, keeper: TokenKeeper, rows: TokenRows, proof: Proof, clock: Clock) -> None:
        self._keeper = keeper
        self._rows = rows
        self._proof = proof
        self._clock = clock

    async def __call__(self, biller: Biller, *, eager: bool) -> bool:
        """Whether there is a new current token. ``eager`` tries those, too, that nobody has refused yet.

        Raises:
            Unavailable: vault or table do not answer.
        """
        row = await self._rows.read(biller.biller_id)
        for candidate in self._in_turn(row, eager=eager) if row else ():
            verdict = await self._try(biller, candidate)
            if verdict is Verdict.UNDECIDED:
                await self._postpone(biller)
            if verdict is not Verdict.REFUSED:
                return verdict is Verdict.ACCEPTED
        return False

    def _in_turn(self, row: TokenRow, *, eager: bool) -> Iterator[Candidate]:
        eager = eager and len(row.candidates) <= EAGER_WITH
        for each in reversed(row.candidates):
            if each.look_at <= self._clock.now() or (eager and not each.refusals):
                yield each

    async def _try(self, biller: Biller, candidate: Candidate) -> Verdict:
        value = await self._keeper.value(biller.biller_id, candidate.version)
        if value is None:
            await self._drop(biller, candidate)
            return Verdict.REFUSED
        verdict = await self._proof.verdict(biller, value)
        if verdict is Verdict.ACCEPTED:
            promoted = await self._keeper.promote(biller.biller_id, candidate, value)
            events.emit("token.proved", biller=biller.biller_id, current=promoted)
        if verdict is Verdict.REFUSED:
            await self._refuse(biller, candidate)
        return verdict

    async def _refuse(self, biller: Biller, candidate: Candidate) -> None:
        biller_id, now = biller.biller_id, self._clock.now()
        if await self._keeper.change(biller_id, lambda row: refused(row, candidate.version, now)):
            dropped = candidate.refusals >= len(LOOKS_AFTER_REFUSAL)
            events.emit("token.candidate_refused", events.WARNING, biller=biller_id, dropped=dropped)

    async def _drop(self, biller: Biller, candidate: Candidate) -> None:
        """The vault lost it."""
        now = self._clock.now()
        await self._keeper.change(biller.biller_id, lambda row: without(row, candidate.version, now))
        events.emit("token.candidate_lost", events.WARNING, biller=biller.biller_id)

    async def _postpone(self, biller: Biller) -> None:
        now = self._clock.now()
        await self._keeper.change(biller.biller_id, lambda row: postponed(row, now) if row.candidates else None)
