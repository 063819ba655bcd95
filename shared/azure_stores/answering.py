"""What every store here does with its client's answers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.data.tables import TableEntity, TableErrorCode, UpdateMode
from azure.data.tables.aio import TableClient

from shared.vocabulary.errors import Unavailable


@contextmanager
def answering(peer: str) -> Iterator[None]:
    """Turn any error of Azure's clients inside the block into ``Unavailable``.

    The original is dropped, since it holds the request: its headers and body are not for logs.
    """
    try:
        yield
    except AzureError as error:
        status = getattr(error, "status_code", None) or "no answer"
        raise Unavailable(f"{peer}: {type(error).__name__} ({status})") from None


async def swapped(table: TableClient, entity: Mapping[str, Any], replaces: TableEntity | None) -> bool:
    """Write an entity in the place of the one that was read (None: nothing); False where another is there by then."""
    try:
        if replaces is None:
            await table.create_entity(dict(entity))
        else:
            etag, unchanged = replaces.metadata["etag"], MatchConditions.IfNotModified
            await table.update_entity(dict(entity), UpdateMode.REPLACE, etag=etag, match_condition=unchanged)
    except (ResourceExistsError, ResourceModifiedError, ResourceNotFoundError) as error:
        if getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND:
            raise
        return False
    return True


async def find_entity(table: TableClient, partition: str, row: str) -> TableEntity | None:
    """The entity of these keys, or None; a missing table stays an error, or it would read as an empty one."""
    try:
        return await table.get_entity(partition, row)
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND:
            raise
        return None
