"""Which right each operation takes: Microsoft's "Permissions for calling data operations", for what this product calls."""

from typing import Final

_BLOBS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers"
_QUEUES: Final = "Microsoft.Storage/storageAccounts/queueServices/queues"
_TABLES: Final = "Microsoft.Storage/storageAccounts/tableServices/tables"
_SECRETS: Final = "Microsoft.KeyVault/vaults/secrets"

type Alternatives = tuple[frozenset[str], ...]


def _any(*alternatives: str | tuple[str, ...]) -> Alternatives:
    """Each alternative is one right, or several that are needed together."""
    return tuple(frozenset({each} if isinstance(each, str) else each) for each in alternatives)


TAKES: Final[dict[str, Alternatives]] = {
    "Create Queue": _any(f"{_QUEUES}/write"),
    "Get Queue Metadata": _any(f"{_QUEUES}/read"),
    "Put Message": _any(f"{_QUEUES}/messages/write", f"{_QUEUES}/messages/add/action"),
    "Get Messages": _any(
        f"{_QUEUES}/messages/process/action", (f"{_QUEUES}/messages/delete", f"{_QUEUES}/messages/read")
    ),
    "Peek Messages": _any(f"{_QUEUES}/messages/read"),
    "Delete Message": _any(f"{_QUEUES}/messages/delete", f"{_QUEUES}/messages/process/action"),
    "Update Message": _any(f"{_QUEUES}/messages/write"),
    "Create Table": _any(f"{_TABLES}/write"),
    "Query Tables": _any(f"{_TABLES}/read"),
    "Query Entities": _any(f"{_TABLES}/entities/read"),
    "Insert Entity": _any(f"{_TABLES}/entities/write", f"{_TABLES}/entities/add/action"),
    "Update Entity": _any(f"{_TABLES}/entities/write", f"{_TABLES}/entities/update/action"),
    "Upsert Entity": _any(
        f"{_TABLES}/entities/write", (f"{_TABLES}/entities/add/action", f"{_TABLES}/entities/update/action")
    ),
    "Delete Entity": _any(f"{_TABLES}/entities/delete"),
    "Create Container": _any(f"{_BLOBS}/write"),
    "Get Blob": _any(f"{_BLOBS}/blobs/read"),
    "List Blobs": _any(f"{_BLOBS}/blobs/read"),
    "Put Blob": _any(f"{_BLOBS}/blobs/write", f"{_BLOBS}/blobs/add/action"),
    "Lease Blob": _any(f"{_BLOBS}/blobs/write"),
    "Delete Blob": _any(f"{_BLOBS}/blobs/delete"),
    "Own Blobs": _any(f"{_BLOBS}/blobs/manageOwnership/action"),
    "Get Secret": _any(f"{_SECRETS}/getSecret/action"),
    "Set Secret": _any(f"{_SECRETS}/setSecret/action"),
    "Recover Deleted Secret": _any(f"{_SECRETS}/recover/action"),
    "Delete Secret": _any(f"{_SECRETS}/delete"),
    "List Secrets": _any(f"{_SECRETS}/readMetadata/action"),
    "Send Telemetry": _any("Microsoft.Insights/Telemetry/Write"),
    "Query Logs": _any("Microsoft.OperationalInsights/workspaces/query/read"),
}
"""By operation: the alternatives, each of which is enough."""
