"""The first renewal of a biller, while a person watches: does the old token go on answering?

Nobody says whether Caselle ends a token when it grants the next one. Where it does, a renewal cuts off whoever else
uses the same third-party record, and a lost answer leaves the city without any.
"""

from enum import StrEnum

from pydantic import SecretStr

from shared.billers.model import Biller
from shared.tokens.keep import Token, TokenKeeper
from shared.tokens.prove import Proof, Verdict
from shared.tokens.renew import NoRenewal, RenewToken
from shared.vocabulary import events


class Supervised(StrEnum):
    """What a supervised renewal has shown."""

    PASSED = "passed"
    """Both tokens answer: from now on the biller's token is renewed without anybody watching."""
    NOT_BEGUN = "not_begun"
    """The current token is not accepted now, so there is nothing to compare with; nothing was asked for."""
    OLD_ENDED = "old_ended"
    """The new token serves, the old one is refused: the biller's token is never renewed by itself."""
    NEW_REFUSED = "new_refused"
    UNDECIDED = "undecided"
    """The city's server has stopped answering in between: supervise once more."""


class SuperviseRenewal:
    """Renews once at a person's word and compares."""

    def __init__(self, keeper: TokenKeeper, renew: RenewToken, proof: Proof) -> None:
        self._keeper = keeper
        self._renew = renew
        self._proof = proof

    async def __call__(self, biller: Biller) -> Supervised | NoRenewal:
        """What it has shown, or why there was no renewal; the renewed token serves in any case.

        Raises:
            Unavailable: table or vault do not answer.
        """
        old = await self._keeper.current(biller.biller_id, fresh=True)
        if old is None or await self._proof.verdict(biller, old.value) is not Verdict.ACCEPTED:
            return Supervised.NOT_BEGUN
        renewed = await self._renew(biller, old.generation, supervised=True)
        if not isinstance(renewed, Token):
            return renewed
        shown = await self._compared(biller, old.value, renewed.value)
        if shown is Supervised.PASSED:
            # The pause after a renewal guards against one that is refused; this one was seen to be accepted.
            passed = {"supervised": biller.token_strategy, "renewal": None}
            await self._keeper.change(biller.biller_id, lambda row: row.model_copy(update=passed))
        level = events.INFO if shown is Supervised.PASSED else events.WARNING
        events.emit("token.renewal_supervised", level, biller=biller.biller_id, shown=shown)
        return shown

    async def _compared(self, biller: Biller, old: SecretStr, new: SecretStr) -> Supervised:
        verdicts = [await self._proof.verdict(biller, token) for token in (new, old)]
        if Verdict.UNDECIDED in verdicts:
            return Supervised.UNDECIDED
        if verdicts[0] is Verdict.REFUSED:
            return Supervised.NEW_REFUSED
        return Supervised.PASSED if verdicts[1] is Verdict.ACCEPTED else Supervised.OLD_ENDED
