"""A copy of each row of the audit: one blob a row, in a container where nobody can change it."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

from shared.azure_stores.answering import answering

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from admin.address import Address

CONTAINER: Final = "audit"
_PEER: Final = f"container {CONTAINER}"
_JSON: Final = ContentSettings(content_type="application/json")


def container(address: "Address", credential: "AsyncTokenCredential") -> ContainerClient:
    """The stamp's container; on one machine that of its only storage account."""
    connection = address.settings.storage_connection
    if connection is not None:
        return ContainerClient.from_connection_string(connection.get_secret_value(), CONTAINER)
    return ContainerClient(f"https://{address.audit_account}.blob.core.windows.net", CONTAINER, credential)


class AuditCopies:
    """Adds copies; there is no way to read or change them here."""

    def __init__(self, blobs: ContainerClient) -> None:
        """Keep the container's client."""
        self._blobs = blobs

    async def keep(self, name: str, text: str) -> None:
        """Store one row's JSON under a name that no other row has.

        Raises:
            Unavailable: it was not kept.
        """
        # What is there under this name is this very copy, whose answer was lost.
        with answering(_PEER), suppress(ResourceExistsError):
            await self._blobs.upload_blob(f"{name}.json", text.encode(), overwrite=False, content_settings=_JSON)
