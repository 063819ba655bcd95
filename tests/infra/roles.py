"""Built-in roles that the templates grant, and what each may do to data.

From Microsoft's reference "Azure built-in roles" (Storage, Security, Monitor), as published in 2026.
"""

from typing import Final, NamedTuple

_BLOBS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
_QUEUES: Final = "Microsoft.Storage/storageAccounts/queueServices/queues"
_TABLES: Final = "Microsoft.Storage/storageAccounts/tableServices/tables"
_CHANGE_BLOBS: Final = tuple(f"{_BLOBS}/{each}" for each in ("write", "delete", "move/action", "add/action"))


class Role(NamedTuple):
    """A role and its rights: operations by their names in Azure's providers; ``*`` stands for any."""

    name: str
    rights: frozenset[str]


def _role(name: str, *rights: str) -> Role:
    return Role(name, frozenset(rights))


BUILT_IN: Final = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": _role(
        "Storage Blob Data Owner", "Microsoft.Storage/storageAccounts/blobServices/containers/*"
    ),
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": _role(
        "Storage Blob Data Contributor",
        f"{_BLOBS}/read",
        *_CHANGE_BLOBS,
        *(f"{_BLOBS.removesuffix('/blobs')}/{each}" for each in ("read", "write", "delete")),
    ),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": _role(
        "Storage Blob Data Reader", f"{_BLOBS}/read", f"{_BLOBS.removesuffix('/blobs')}/read"
    ),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": _role(
        "Storage Queue Data Contributor",
        *(f"{_QUEUES}/{each}" for each in ("read", "write", "delete")),
        *(f"{_QUEUES}/messages/{each}" for each in ("read", "write", "delete", "process/action")),
    ),
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": _role(
        "Storage Queue Data Message Processor", f"{_QUEUES}/messages/read", f"{_QUEUES}/messages/process/action"
    ),
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": _role(
        "Storage Queue Data Message Sender", f"{_QUEUES}/messages/add/action"
    ),
    "19e7f393-937e-4f77-808e-94535e297925": _role(
        "Storage Queue Data Reader", f"{_QUEUES}/read", f"{_QUEUES}/messages/read"
    ),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": _role(
        "Storage Table Data Contributor",
        *(f"{_TABLES}/{each}" for each in ("read", "write", "delete")),
        *(f"{_TABLES}/entities/{each}" for each in ("read", "write", "delete", "add/action", "update/action")),
    ),
    "76199698-9eea-4c19-bc75-cec21354c6b6": _role(
        "Storage Table Data Reader", f"{_TABLES}/read", f"{_TABLES}/entities/read"
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": _role("Key Vault Secrets Officer", "Microsoft.KeyVault/vaults/secrets/*"),
    "3913510d-42f4-4e42-8a64-420c390055eb": _role(
        "Monitoring Metrics Publisher", "Microsoft.Insights/Telemetry/Write", "Microsoft.Insights/Metrics/Write"
    ),
    "73c42c96-874c-492b-b04d-ab87d138a893": _role("Log Analytics Reader", "*/read"),
}
"""By the id of the definition."""
