"""The resources of one subscription, and what their providers do when one is made, changed or deleted."""

import copy
from collections.abc import Iterator
from typing import Any, Final

from tests.azure.cloud import versions
from tests.azure.cloud.providers import completed
from tests.azure.cloud.template import DEPLOYMENTS, GROUPS
from tests.azure.cloud.wire import Refusal

_POLICIES: Final = "microsoft.storage/storageaccounts/blobservices/containers/immutabilitypolicies"
_ALWAYS: Final = frozenset({"microsoft.resources", "microsoft.authorization", "microsoft.consumption"})
"""Namespaces that every subscription has registered."""


def kind_of(identifier: str) -> str:
    """The type that an identifier names: ``Microsoft.Web/sites/config``."""
    parts = identifier.rpartition("/providers/")[2].split("/")
    if "/providers/" not in identifier.lower():
        return GROUPS
    return "/".join([parts[0], *parts[1::2]])


class Resources:
    """By identifier, in any letter case."""

    def __init__(self, registered: set[str] | None = None) -> None:
        self.registered = {"Microsoft.Storage"} if registered is None else registered
        self.denied: set[str] = set()
        """Identifiers that a stack keeps from being deleted."""
        self.refusals: dict[str, Refusal] = {}
        """By resource type: what its provider says to every write."""
        self._deleted_vaults: set[str] = set()
        self._kept: dict[str, dict[str, Any]] = {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(list(self._kept.values()))

    def copied(self) -> "Resources":
        """Another subscription in the same state, to see what would change."""
        other = Resources(set(self.registered))
        other.denied, other.refusals = set(self.denied), dict(self.refusals)
        other._deleted_vaults, other._kept = set(self._deleted_vaults), copy.deepcopy(self._kept)
        return other

    def get(self, identifier: str) -> dict[str, Any] | None:
        return self._kept.get(identifier.lower())

    def found(self, identifier: str) -> dict[str, Any]:
        """One that must be there.

        Raises:
            Refusal: as ARM says that it is not.
        """
        resource = self.get(identifier)
        if resource is not None:
            return resource
        name = identifier.rpartition("/providers/")[2]
        if kind_of(identifier) == GROUPS:
            raise Refusal(
                404, "ResourceGroupNotFound", f"Resource group '{name.rpartition('/')[2]}' could not be found."
            )
        group = identifier.lower().partition("/resourcegroups/")[2].partition("/")[0]
        raise Refusal(404, "ResourceNotFound", f"The Resource '{name}' under resource group '{group}' was not found.")

    def put(self, identifier: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make or replace one.

        Raises:
            Refusal: as its provider refuses it.
        """
        kind = kind_of(identifier)
        versions.demand(kind, body.get("apiVersion"))
        if kind in self.refusals:
            raise self.refusals[kind]
        self._demand_registered(kind)
        self._demand_parent(identifier)
        before = self.get(identifier)
        if kind.lower() == _POLICIES and before is not None and before["properties"]["state"] == "Locked":
            raise Refusal(
                409, "OperationNotAllowed", "Operation not allowed on immutability policy with current state: Locked."
            )
        if kind.lower() == "microsoft.keyvault/vaults":
            self._demand_vault(identifier, body)
        if kind.lower() == "microsoft.authorization/roleassignments" and before is not None:
            self._demand_same_principal(before, body)
        made = body if kind == DEPLOYMENTS else completed(kind, identifier, body)
        made = {**made, "id": identifier, "type": kind}
        made.pop("apiVersion", None)
        self._kept[identifier.lower()] = made
        return made

    def change(self, identifier: str, **properties: object) -> None:
        """What a person does beside every template."""
        self.found(identifier)["properties"].update(properties)

    def delete(self, identifier: str) -> None:
        """Delete one and all below it.

        Raises:
            Refusal: it is not there, locked, or denied.
        """
        self.found(identifier)
        below = [each for each in self._kept if each == identifier.lower() or each.startswith(identifier.lower() + "/")]
        if not identifier.lower().rpartition("/providers/")[2].startswith("microsoft.authorization/locks"):
            self._demand_unlocked(identifier)
        self._demand_not_denied(identifier)
        if kind_of(identifier).lower() == "microsoft.keyvault/vaults":
            self._deleted_vaults.add(identifier.lower())
        plan = self._kept[identifier.lower()].get("properties", {}).get("serverFarmId")
        for each in below:
            del self._kept[each]
        if plan is not None and not self._of_plan(plan):
            self._kept.pop(plan.lower(), None)  # ``deleteEmptyServerFarm`` is on unless a caller says otherwise.

    def purge(self, identifier: str) -> None:
        """Forget a deleted vault."""
        self._deleted_vaults.discard(identifier.lower())

    def _of_plan(self, plan: str) -> list[dict[str, Any]]:
        return [each for each in self if str(each.get("properties", {}).get("serverFarmId")).lower() == plan.lower()]

    def _demand_registered(self, kind: str) -> None:
        namespace = kind.partition("/")[0]
        if namespace.lower() not in {each.lower() for each in self.registered} | _ALWAYS:
            said = f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions."
            raise Refusal(409, "MissingSubscriptionRegistration", said)

    def _demand_parent(self, identifier: str) -> None:
        """A child's parent, an extension's target and a resource's group are there first."""
        above, _, last = identifier.rpartition("/providers/")
        names = last.split("/")
        if len(names) > 3 and above:
            above = f"{above}/providers/{'/'.join(names[:-2])}"
        # Above a group, and above what belongs to the subscription itself, nothing is kept here.
        if above.count("/") > 2 and self.get(above) is None:
            raise Refusal(
                404,
                "ParentResourceNotFound",
                f"Failed to perform operation: the parent of '{last}' could not be found ({above}).",
            )

    def _demand_vault(self, identifier: str, body: dict[str, Any]) -> None:
        if identifier.lower() not in self._deleted_vaults:
            return
        if body["properties"].get("createMode") != "recover":
            raise Refusal(
                409,
                "ConflictError",
                "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault.",
            )
        self.purge(identifier)

    def _demand_same_principal(self, before: dict[str, Any], body: dict[str, Any]) -> None:
        if before["properties"]["principalId"] != body["properties"]["principalId"]:
            raise Refusal(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            )

    def _demand_unlocked(self, identifier: str) -> None:
        for each in self:
            scope, marked, name = each["id"].lower().partition("/providers/microsoft.authorization/locks/")
            if marked and (
                identifier.lower() == scope
                or identifier.lower().startswith(scope + "/")
                or scope.startswith(identifier.lower() + "/")
            ):
                said = f"The scope '{identifier}' cannot perform delete operation because following scope(s) are locked: '{each['id']}'."
                raise Refusal(409, "ScopeLocked", f"{said} Please remove the lock '{name}' and try again.")

    def _demand_not_denied(self, identifier: str) -> None:
        if identifier.lower() in self.denied:
            said = f"The client has permission to perform action 'delete' on scope '{identifier}'; however, the access is denied because of the deny assignment with name 'Deny assignment created by Deployment Stack'."
            raise Refusal(403, "DenyAssignmentAuthorizationFailed", said)
