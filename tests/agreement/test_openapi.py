"""``docs/contracts/openapi.json`` has the routes of the functions, no others, and asks for keys where they do."""

import json

import azure.functions as func
import pytest

from local.contracts import FOLDER
from shared.exchange.result import PostingResult
from shared.open_items.answer import InvoiceAnswer, OpenItems
from shared.open_items.unanswered import CODES
from tests.agreement.registered import FUNCTIONS

DOCUMENT = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]


def _triggers():
    for function in FUNCTIONS.values():
        trigger = function.get_trigger().get_dict_repr()
        # The console's pages are for people, and no contract.
        if trigger["type"] == "httpTrigger" and trigger["route"].partition("/")[0] != "console":
            yield trigger


def test_every_route_is_there_with_its_methods_and_its_key():
    expected = {
        (f"/api/{each['route']}", str(method).lower(), each["authLevel"] is not func.AuthLevel.ANONYMOUS)
        for each in _triggers()
        for method in each["methods"]
    }
    written = {
        (path, method, bool(operation["security"]))
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert written == expected


@pytest.mark.parametrize("model", [OpenItems, InvoiceAnswer, PostingResult])
def test_an_answer_s_fields_are_named_as_they_travel(model):
    assert set(SCHEMAS[model.__name__]["properties"]) == {field.alias for field in model.model_fields.values()}


def test_the_codes_are_a_closed_list():
    assert SCHEMAS["ExplainedProblem"]["allOf"][1]["properties"]["code"]["enum"] == list(CODES)
