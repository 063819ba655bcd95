"""Deployments and deployment stacks at a subscription: validated, previewed, run; their states kept as ARM keeps them."""

import itertools
from typing import Any, Final

from tests.azure.cloud.expressions import BadTemplate
from tests.azure.cloud.resources import Resources
from tests.azure.cloud.template import DEPLOYMENTS, Scope, deploy
from tests.azure.cloud.wire import Refusal

_MEMBERS: Final = {
    *("mode", "template", "templateLink", "parameters", "parametersLink", "debugSetting", "validationLevel"),
    *("expressionEvaluationOptions", "onErrorDeployment", "extensionConfigs", "whatIfSettings"),
}
_STACK_MEMBERS: Final = _MEMBERS - {"mode", "whatIfSettings", "onErrorDeployment"} | {
    *("actionOnUnmanage", "denySettings", "description", "bypassStackOutOfSyncError", "deploymentScope", "outputs"),
}

_SHOWN_LATER: Final = {"OperationNotAllowed", "RoleAssignmentUpdateNotPermitted", "ConflictError", "Conflict"}
"""What providers say when a resource is made, and not to a preflight."""

type Body = dict[str, Any]


class Deployments:
    """Of one subscription.

    Args:
        tenant: its tenant's id.
        subscription: its id.
        resources: what is deployed into.
    """

    def __init__(self, tenant: str, subscription: str, resources: Resources) -> None:
        self._tenant, self._subscription = tenant, subscription
        self.resources = resources
        self.kept: dict[str, Body] = {}
        self.stacks: dict[str, Body] = {}
        self._numbers = itertools.count(1)

    def scope(self, name: str, body: Body) -> Scope:
        return Scope(self._tenant, self._subscription, body["location"], name)

    def validated(self, name: str, body: Body) -> Body:
        """The answer to a preflight.

        Raises:
            Refusal: the deployment would be refused.
        """
        _demand_body(body, _MEMBERS)
        self._tried(name, body)
        return self._described(name, body, "Succeeded", {})

    def previewed(self, name: str, body: Body) -> Body:
        """What would change, as what-if tells it."""
        _demand_body(body, _MEMBERS)
        after = self._tried(name, body)
        changes = [_change(self.resources.get(each["id"]), each) for each in after if each["type"] != DEPLOYMENTS]
        return {"status": "Succeeded", "properties": {"changes": changes}}

    def created(self, name: str, body: Body) -> Body:
        """Run one to its end, well or badly; what was made before it failed stays.

        Raises:
            Refusal: it was refused before anything was made.
        """
        _demand_body(body, _MEMBERS)
        properties = body["properties"]
        state, outputs, error = self._run(name, body)
        described = self._described(name, body, state, outputs, error)
        described["properties"]["mode"] = properties["mode"]
        self.kept[name.lower()] = described
        return described

    def create_stack(self, name: str, body: Body) -> Body:
        """As ``created``; what it made may not be deleted by anybody but the stack where that is asked for."""
        _demand_body(body, _STACK_MEMBERS)
        deny = body["properties"]["denySettings"]["mode"]
        if deny not in {"none", "denyDelete", "denyWriteAndDelete"}:
            raise Refusal(400, "InvalidRequestContent", f"The deny settings mode '{deny}' is not known.")
        before = {each["id"] for each in self.resources}
        state, outputs, error = self._run(f"{name}-{next(self._numbers)}", body)
        made = [each["id"] for each in self.resources if each["type"] != DEPLOYMENTS]
        if deny != "none":
            self.resources.denied |= {
                each.lower() for each in made if each not in before or name.lower() in self.stacks
            }
        self.stacks[name.lower()] = self._stack(name, body, made, state=state.lower(), outputs=outputs, error=error)
        return self.stacks[name.lower()]

    def delete_stack(self, name: str, query: dict[str, str]) -> None:
        """Take it away; its resources stay where they are detached."""
        stack = self.stacks.pop(name.lower())
        for each in stack["properties"]["resources"]:
            self.resources.denied.discard(each["id"].lower())
            if query.get("unmanageaction.resources") == "delete":
                self.resources.delete(each["id"])

    def _tried(self, name: str, body: Body) -> Resources:
        """The resources as they would be, deployed into a copy."""
        there = self.resources.copied()
        try:
            deploy(
                there, body["properties"]["template"], body["properties"].get("parameters", {}), self.scope(name, body)
            )
        except BadTemplate as error:
            raise Refusal(400, "InvalidTemplate", f"Deployment template validation failed: '{error}'.") from None
        except Refusal as refusal:
            # A preflight asks providers about what they can know beforehand; the rest shows when it is run.
            if refusal.code not in _SHOWN_LATER:
                raise Refusal(
                    400, "InvalidTemplateDeployment", "The template deployment is not valid.", [refusal.error]
                ) from None
        return there

    def _run(self, name: str, body: Body) -> tuple[str, Body, Body | None]:
        properties = body["properties"]
        try:
            made = deploy(
                self.resources, properties["template"], properties.get("parameters", {}), self.scope(name, body)
            )
        except BadTemplate as error:
            raise Refusal(400, "InvalidTemplate", f"Deployment template validation failed: '{error}'.") from None
        except Refusal as refusal:
            said = "At least one resource deployment operation failed. Please list deployment operations for details."
            return "Failed", {}, {"code": "DeploymentFailed", "message": said, "details": [refusal.error]}
        return "Succeeded", made, None

    def _described(self, name: str, body: Body, state: str, outputs: Body, error: Body | None = None) -> Body:
        properties = {"provisioningState": state, "mode": "Incremental", "correlationId": "0", "duration": "PT1S"}
        properties |= {"outputs": outputs} if outputs else {}
        properties |= {"error": error} if error else {}
        identifier = f"/subscriptions/{self._subscription}/providers/{DEPLOYMENTS}/{name}"
        return {
            "id": identifier,
            "name": name,
            "type": DEPLOYMENTS,
            "location": body["location"],
            "properties": properties,
        }

    def _stack(self, name: str, body: Body, made: list[str], *, state: str, outputs: Body, error: Body | None) -> Body:
        kind = "Microsoft.Resources/deploymentStacks"
        asked = body["properties"]
        properties = {
            "provisioningState": state,
            "actionOnUnmanage": asked["actionOnUnmanage"],
            "denySettings": asked["denySettings"],
            "outputs": outputs,
            "resources": [
                {"id": each, "status": "managed", "denyStatus": asked["denySettings"]["mode"]} for each in made
            ],
            "duration": "PT1S",
        } | ({"error": error} if error else {})
        identifier = f"/subscriptions/{self._subscription}/providers/{kind}/{name}"
        return {"id": identifier, "name": name, "type": kind, "location": body["location"], "properties": properties}


def _demand_body(body: Body, members: set[str]) -> None:
    properties = body.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("template"), dict):
        raise Refusal(400, "InvalidRequestContent", "The request content was invalid: the template is missing.")
    strange = set(properties) - members
    if strange:
        said = f"The request content was invalid and could not be deserialized: 'Could not find member '{min(strange)}' on object of type 'DeploymentProperties'."
        raise Refusal(400, "InvalidRequestContent", said)
    if not body.get("location"):
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    if "mode" in members and properties.get("mode") not in {"Incremental", "Complete"}:
        raise Refusal(400, "InvalidRequestContent", "The deployment mode is required.")
    if "subscriptionDeploymentTemplate.json" not in str(properties["template"].get("$schema")):
        raise Refusal(400, "InvalidTemplate", "The template schema does not match the scope of the deployment.")


def _change(before: Body | None, after: Body) -> Body:
    if before is None:
        return {"resourceId": after["id"], "changeType": "Create", "after": after}
    if before == after:
        return {"resourceId": after["id"], "changeType": "NoChange", "before": before, "after": after}
    return {
        "resourceId": after["id"],
        "changeType": "Modify",
        "before": before,
        "after": after,
        "delta": _delta(before, after, ""),
    }


def _delta(before: Any, after: Any, path: str) -> list[Body]:
    if isinstance(before, dict) and isinstance(after, dict):
        names = sorted(set(before) | set(after))
        return [
            found for name in names for found in _delta(before.get(name), after.get(name), f"{path}.{name}".strip("."))
        ]
    if before == after:
        return []
    kind = "Create" if before is None else "Delete" if after is None else "Modify"
    return [{"path": path, "propertyChangeType": kind, "before": before, "after": after}]
