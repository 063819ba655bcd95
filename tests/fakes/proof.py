"""Caselle's harmless read in memory."""

from pydantic import SecretStr

from shared.billers.model import Biller
from shared.tokens.prove import Verdict


class FakeProof:
    """Accepts every token but those in ``refused``; ``down``: no answer. ``asked`` holds what was tried, in order."""

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.down = False
        self.asked: list[str] = []

    async def verdict(self, biller: Biller, token: SecretStr) -> Verdict:
        self.asked.append(token.get_secret_value())
        if self.down:
            return Verdict.UNDECIDED
        return Verdict.REFUSED if token.get_secret_value() in self.refused else Verdict.ACCEPTED
