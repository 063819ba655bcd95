"""The stand-in deploys the committed templates to what Bicep's own evaluation predicts of them."""

import json
import re

import pytest

from admin.deploy.region import PROVIDERS, TEMPLATES
from tests.azure.cloud import compiler
from tests.azure.cloud.resources import Resources
from tests.azure.cloud.template import DEPLOYMENTS, Scope, deploy

_TENANT = "00000000-0000-0000-0000-000000000001"
"""Of the predictions."""
STAMPS = sorted(path.name.removesuffix(".bicepparam") for path in (TEMPLATES / "regions").glob("*.bicepparam"))


def _predicted(stamp):
    found = json.loads((TEMPLATES / f"regions/{stamp}.snapshot.json").read_text(encoding="utf-8"))
    return found["predictedResources"]


def _deployed(stamp, subscription, there=None):
    region = stamp.partition(".")[0]
    template = json.loads((compiler.COMPILED / "main.json").read_text(encoding="utf-8"))
    parameters = json.loads((compiler.COMPILED / f"{stamp}.parameters.json").read_text(encoding="utf-8"))["parameters"]
    resources = there or Resources(set(PROVIDERS))
    outputs = deploy(resources, template, parameters, Scope(_TENANT, subscription, region, f"caselle-{stamp}"))
    return resources, outputs


def _is_known(value):
    """Bicep leaves what only a provider can answer as an expression."""
    return not (isinstance(value, str) and value.startswith("["))


def _differences(predicted, made, path=""):
    """Where what was made is not what was predicted; providers add to it."""
    if not _is_known(predicted):
        return
    if isinstance(predicted, dict):
        for name, each in predicted.items():
            if name != "name" and _is_known(name):
                yield from _differences(each, (made or {}).get(name), f"{path}.{name}")
    elif isinstance(predicted, list) and isinstance(made, list) and len(predicted) == len(made):
        for number, pair in enumerate(zip(predicted, made, strict=True)):
            yield from _differences(*pair, f"{path}[{number}]")
    elif predicted != made and not path.endswith((".apiVersion", ".id", ".location")):
        yield f"{path}: {predicted!r} is predicted, {made!r} was made"


@pytest.fixture(params=STAMPS)
def stamp(request):
    predicted = _predicted(request.param)
    subscription = re.match("/subscriptions/([^/]+)", predicted[0]["id"])[1]
    resources, outputs = _deployed(request.param, subscription)
    return predicted, [each for each in resources if each["type"] != DEPLOYMENTS], outputs


def test_the_same_resources(stamp):
    predicted, made, _ = stamp
    known = {each["id"].lower() for each in predicted if _is_known(each["id"])}
    identifiers = {each["id"].lower() for each in made}
    assert len(known) > 80
    assert known <= identifiers
    assert len(made) == len(predicted), "the rest have names made of what a provider answers"


def test_with_the_same_properties(stamp):
    predicted, made, _ = stamp
    by_identifier = {each["id"].lower(): each for each in made}
    known = [each for each in predicted if _is_known(each["id"])]
    assert [
        line for each in known for line in _differences(each, by_identifier[each["id"].lower()], each["type"])
    ] == []


def test_its_outputs_are_names_of_what_was_made(stamp):
    _, made, outputs = stamp
    names = {each["name"] for each in made}
    for name in ("functionAppName", "keyVaultName", "storageAccountName", "auditAccountName", "resourceGroupName"):
        assert outputs[name]["value"] in names


def test_deployed_again_it_changes_nothing():
    subscription = "22222222-2222-2222-2222-222222222222"
    resources, first = _deployed("westus2.prod", subscription)
    before = {each["id"]: json.dumps(each) for each in resources}
    again, second = _deployed("westus2.prod", subscription, resources)
    assert (second, {each["id"]: json.dumps(each) for each in again}) == (first, before)
