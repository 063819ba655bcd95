"""What every store here does with its client's answers."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.data.tables import TableEntity, TableErrorCode
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


async def find_entity(table: TableClient, partition: str, row: str) -> TableEntity | None:
    """The entity of these keys, or None; a missing table stays an error, or it would read as an empty one."""
    try:
        return await table.get_entity(partition, row)
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) == TableErrorCode.TABLE_NOT_FOUND:
            raise
        return None
