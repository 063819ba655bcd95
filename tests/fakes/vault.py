"""A vault in memory."""

from datetime import datetime

from pydantic import SecretStr

from shared.vocabulary.errors import Unavailable


class FakeVault:
    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[SecretStr, datetime | None]]] = {}
        self.reads = 0
        self.down = False

    async def get(self, name: str, version: str | None = None) -> SecretStr | None:
        self._answer()
        self.reads += 1
        versions = self._versions.get(name, [])
        index = int(version) if version is not None else len(versions) - 1
        return versions[index][0] if 0 <= index < len(versions) else None

    async def set(self, name: str, value: SecretStr, expires_on: datetime | None = None) -> str:
        self._answer()
        versions = self._versions.setdefault(name, [])
        versions.append((value, expires_on))
        return str(len(versions) - 1)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._versions)

    def versions(self, prefix: str) -> list[tuple[str, datetime | None]]:
        """Value and expiry of every version of the one secret whose name begins so, oldest first."""
        found = [kept for name, kept in self._versions.items() if name.startswith(prefix)]
        return [(value.get_secret_value(), expires) for kept in found for value, expires in kept]

    def _answer(self) -> None:
        if self.down:
            raise Unavailable("fake vault is down")
