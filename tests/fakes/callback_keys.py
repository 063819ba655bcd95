"""Callback keys in memory."""

from datetime import datetime

from shared.billers.callback_keys import CallbackKey, KeyInUse
from shared.vocabulary.errors import Unavailable


class FakeCallbackKeys:
    def __init__(self) -> None:
        self._keys: dict[str, CallbackKey] = {}
        self.reads = self.stamps = 0
        self.down = False

    async def all(self) -> list[CallbackKey]:
        self.reads += 1
        self._answer()
        return list(self._keys.values())

    async def add(self, key: CallbackKey) -> None:
        self._answer()
        if self._keys.setdefault(key.digest, key) != key:
            raise KeyInUse("this callback key is known already")

    async def revoke(self, digest: str, not_after: datetime) -> None:
        self._answer()
        if digest in self._keys:
            key = self._keys[digest]
            self._keys[digest] = key.model_copy(update={"not_after": key.ends_by(not_after)})

    async def stamp(self, digest: str, used_at: datetime) -> None:
        self.stamps += 1
        self._answer()
        if digest in self._keys:
            self._keys[digest] = self._keys[digest].model_copy(update={"last_used_at": used_at})

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("fake callback keys are down")
