"""Which API versions there are, by the listing of Microsoft's type definitions (bicep-types-az 1f896de), from 2022 on."""

from typing import Final

from tests.azure.cloud.wire import Refusal

_STORAGE: Final = (
    "2022-05-01",
    "2022-09-01",
    "2023-01-01",
    "2023-04-01",
    "2023-05-01",
    "2024-01-01",
    "2025-01-01",
    "2025-06-01",
    "2025-08-01",
)
_WEB: Final = (
    "2022-03-01",
    "2022-09-01",
    "2023-01-01",
    "2023-12-01",
    "2024-04-01",
    "2024-11-01",
    "2025-03-01",
    "2025-05-01",
)
_NETWORK: Final = (
    *("2022-01-01", "2022-05-01", "2022-07-01", "2022-09-01", "2022-11-01", "2023-02-01", "2023-04-01", "2023-05-01"),
    *("2023-06-01", "2023-09-01", "2023-11-01", "2024-01-01", "2024-03-01", "2024-05-01", "2024-07-01", "2024-10-01"),
    *("2025-01-01", "2025-03-01", "2025-05-01", "2025-07-01", "2025-09-01", "2026-01-01", "2026-03-01"),
)
_RESOURCES: Final = (
    "2021-04-01",
    "2022-09-01",
    "2022-12-01",
    "2023-07-01",
    "2024-03-01",
    "2024-07-01",
    "2024-11-01",
    "2025-03-01",
    "2025-04-01",
)
_BY_NAMESPACE: Final = {
    "microsoft.web": _WEB,
    "microsoft.storage": _STORAGE,
    "microsoft.network": _NETWORK,
    "microsoft.keyvault": ("2022-07-01", "2023-02-01", "2023-07-01", "2024-11-01", "2025-05-01", "2026-02-01"),
    "microsoft.resources": _RESOURCES,
    "microsoft.cdn": ("2023-05-01", "2024-02-01", "2024-09-01", "2025-04-15", "2025-06-01", "2025-12-01"),
    "microsoft.consumption": ("2022-09-01", "2023-03-01", "2023-05-01", "2023-11-01", "2024-08-01", "2026-06-01"),
    "microsoft.managedidentity": ("2023-01-31", "2024-11-30"),
    "microsoft.operationalinsights": ("2022-10-01", "2023-09-01", "2025-02-01", "2025-07-01", "2026-03-01"),
}
_BY_TYPE: Final = {
    "microsoft.insights/components": ("2020-02-02",),
    "microsoft.insights/workbooks": ("2021-08-01", "2022-04-01", "2023-06-01"),
    "microsoft.insights/webtests": ("2022-06-15",),
    "microsoft.insights/actiongroups": ("2022-06-01", "2023-01-01"),
    "microsoft.insights/scheduledqueryrules": ("2022-06-15", "2023-12-01", "2026-03-01"),
    "microsoft.insights/metricalerts": ("2018-03-01",),
    "microsoft.insights/diagnosticsettings": ("2016-09-01", "2021-05-01-preview"),
    "microsoft.authorization/locks": ("2016-09-01", "2020-05-01"),
    "microsoft.authorization/roleassignments": ("2022-04-01",),
    "microsoft.authorization/roledefinitions": ("2022-04-01", "2022-05-01-preview"),
    "microsoft.resources/deploymentstacks": ("2024-03-01", "2025-07-01"),
}


def of(kind: str) -> tuple[str, ...]:
    """Versions of a resource type, oldest first; none where there is no such type."""
    known = kind.lower()
    return _BY_TYPE.get(known) or _BY_NAMESPACE.get(known.partition("/")[0], ())


def demand(kind: str, version: str | None, *, location: str = "westus2") -> None:
    """Refuse a version that is not there, as ARM does.

    Raises:
        Refusal: there is no such type, or no such version of it.
    """
    namespace, _, name = kind.partition("/")
    known = of(kind)
    if not known:
        raise Refusal(
            404, "InvalidResourceType", f"The resource type '{name}' could not be found in the namespace '{namespace}'."
        )
    if version is None:
        raise Refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if version not in known:
        said = f"No registered resource provider found for location '{location}' and API version '{version}' for type '{name}'."
        raise Refusal(400, "NoRegisteredProviderFound", f"{said} The supported api-versions are '{', '.join(known)}'.")
