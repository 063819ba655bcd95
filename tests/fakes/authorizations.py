"""Authorizations in memory."""

from datetime import datetime

from shared.tokens.authorize import Authorization
from shared.vocabulary.errors import Unavailable


class FakeAuthorizations:
    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Authorization] = {}
        self.down = False

    async def add(self, authorization: Authorization, now: datetime) -> None:
        self._answer()
        mine = authorization.biller_id
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != mine or kept.expires_at > now}
        self._kept[mine, authorization.digest] = authorization

    async def use(self, biller_id: str, digest: str, now: datetime) -> bool:
        self._answer()
        found = self._kept.get((biller_id, digest))
        if found is None or not found.open(now):
            return False
        self._kept[biller_id, digest] = found.model_copy(update={"used_by": "nonce"})
        return True

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("fake authorizations are down")
