"""What tokens need of a vault, and the names of their secrets in it."""

import hashlib
from datetime import datetime
from typing import Final, Protocol

from pydantic import SecretStr

TOKEN: Final = "oauth-token"  # noqa: S105 - a name, as those below
CLIENT_SECRET: Final = "client-secret"  # noqa: S105
REFRESH_TOKEN: Final = "refresh-token"  # noqa: S105
PENDING: Final = "pending-credentials"


class SecretVault(Protocol):
    """Versioned secrets by name. Every method raises ``Unavailable`` where the vault does not answer."""

    async def get(self, name: str, version: str | None = None) -> SecretStr | None:
        """That version of a secret, or its newest; None where there is none."""
        ...

    async def set(self, name: str, value: SecretStr, expires_on: datetime | None = None) -> str:
        """Store a new version, also of a name that was soft-deleted, and return the version's id."""
        ...


def secret_name(kind: str, biller_id: str) -> str:
    """The name of a biller's secret of this kind."""
    # A hash, because vault names know neither letter case nor most characters.
    return f"{kind}-{hashlib.sha256(biller_id.encode()).hexdigest()[:40]}"
