"""What each provider adds to a resource that it made: addresses, ids and states, in the shapes that ARM answers with.

The site's shape is that of a recording of a Flex Consumption app (azure-dev ae35809, ``Test_CLI_Up_Down_FuncApp``).
"""

from collections.abc import Callable
from typing import Any, Final

from tests.azure.cloud import entra
from tests.azure.cloud.hashes import guid

type Body = dict[str, Any]

_REGIONS: Final = {"westus2": "West US 2", "eastus2": "East US 2"}


def completed(kind: str, identifier: str, body: Body) -> Body:
    """The resource as it is read afterwards."""
    name = identifier.rpartition("/")[2]
    more = _MORE.get(kind.lower())
    properties = {**(body.get("properties") or {}), "provisioningState": "Succeeded"}
    made = {**body, "name": name, "properties": properties}
    return more(identifier, name, made) if more else made


def _with(made: Body, **properties: object) -> Body:
    return {**made, "properties": made["properties"] | properties}


def _site(_: str, name: str, made: Body) -> Body:
    own, publishing = f"{name}.azurewebsites.net", f"{name}.scm.azurewebsites.net"
    hosts = [{"name": own, "hostType": "Standard"}, {"name": publishing, "hostType": "Repository"}]
    found = _with(
        made,
        name=name,
        state="Running",
        sku="FlexConsumption",
        hostNames=[own],
        enabledHostNames=[own, publishing],
        hostNameSslStates=[{**each, "sslState": "Disabled", "ipBasedSslState": "NotConfigured"} for each in hosts],
        defaultHostName=own,
    )
    return found | {"location": _REGIONS[made["location"]]}


def _identity(identifier: str, _: str, made: Body) -> Body:
    ids = {
        "principalId": guid(identifier, "principal"),
        "clientId": guid(identifier, "client"),
        "tenantId": entra.TENANT,
    }
    return _with(made, **ids)


def _account(_: str, name: str, made: Body) -> Body:
    return _with(
        made, primaryEndpoints={each: f"https://{name}.{each}.core.windows.net/" for each in ("blob", "queue", "table")}
    )


def _vault(_: str, name: str, made: Body) -> Body:
    return _with(made, vaultUri=f"https://{name}.vault.azure.net/")


def _component(identifier: str, name: str, made: Body) -> Body:
    key = guid(identifier, "key")
    where = f"InstrumentationKey={key};IngestionEndpoint=https://westus2-1.in.applicationinsights.azure.com/"
    return _with(made, InstrumentationKey=key, ConnectionString=where, AppId=guid(identifier), Name=name)


def _policy(_: str, __: str, made: Body) -> Body:
    return _with(made, state="Unlocked") | {"etag": '"8d59f830cb130e5"'}


def _domain(identifier: str, _: str, made: Body) -> Body:
    proof = {"validationToken": guid(identifier), "expirationDate": "2026-12-07T00:00:00Z"}
    return _with(made, domainValidationState="Pending", validationProperties=proof)


_MORE: Final[dict[str, Callable[[str, str, Body], Body]]] = {
    "microsoft.web/sites": _site,
    "microsoft.managedidentity/userassignedidentities": _identity,
    "microsoft.storage/storageaccounts": _account,
    "microsoft.storage/storageaccounts/blobservices/containers/immutabilitypolicies": _policy,
    "microsoft.keyvault/vaults": _vault,
    "microsoft.insights/components": _component,
    "microsoft.operationalinsights/workspaces": lambda identifier, _, made: _with(made, customerId=guid(identifier)),
    "microsoft.cdn/profiles/afdendpoints": lambda _, name, made: _with(made, hostName=f"{name}-a1b2.z01.azurefd.net"),
    "microsoft.cdn/profiles/customdomains": _domain,
}
