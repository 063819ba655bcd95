"""The identity that the platform gives to a process; the library for it is slow to load, hence on first use."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential


def managed_identity(
    client_id: str | None = None, endpoint: Mapping[str, str] | None = None
) -> "ManagedIdentityCredential":
    """What signs in to the stamp's stores.

    Args:
        client_id: of a user-assigned identity.
        endpoint: the variables that name an identity endpoint, where it is not this process's own.
    """
    from azure.identity.aio import ManagedIdentityCredential

    with _environment(endpoint or {}):
        return ManagedIdentityCredential(client_id=client_id)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The identity library reads its endpoint from the environment, and only there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
