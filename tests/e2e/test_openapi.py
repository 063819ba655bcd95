"""The running functions host keeps the OpenAPI document, whatever it is asked: Caselle up, and Caselle down."""

import asyncio
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import SchemathesisConfig

from local.contracts import FOLDER
from local.simulator.client import SimulatorControl
from local.stack import Stack
from shared.billers.model import Biller
from tests.payments.world import NEWPORT, message

CITY = Biller.model_validate(NEWPORT)
LINES = [json.dumps(message())]
CONFIG = SchemathesisConfig.from_dict(
    # The key is given by the test; one that is made up would only show the host's own 401 again and again.
    {"generation": {"with-security-parameters": False}, "phases": {"coverage": {"unexpected-methods": []}}}
)
SCHEMA = schemathesis.openapi.from_dict(
    json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8")), config=CONFIG
)
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    ignored_auth,
]
"""Server errors are among the documented answers; for a method that a route has not, the host answers 404."""

short = settings(max_examples=15, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("openapi") / "state", [CITY], LINES) as running:
        yield running


@pytest.fixture
def city_down(stack):
    """The relay answers that it cannot reach the city's server."""
    asyncio.run(switch(stack, cows="graphql_error"))
    yield
    asyncio.run(switch(stack, cows="up"))


async def switch(stack, **changes):
    async with SimulatorControl(stack.control_url) as control:
        await control.switch("newportor", **changes)


def check(case, stack):
    key = {"x-functions-key": stack.hosts[0].keys.function}
    response = case.call(base_url=stack.functions_url, headers=key)
    case.validate_response(response, checks=CHECKS, headers=key)
    assert response.status_code != 401, "with the key, every question must get past the host"
    return response


@pytest.mark.parametrize("query", [{}, {"invoiceNumber": "10023"}, {"invoiceNumber": "none"}])
def test_a_question_that_has_an_answer_gets_it(stack, query):
    operation = SCHEMA["/api/billers/{billerId}/customers/{customerNumber}/open-items"]["GET"]
    case = operation.Case(path_parameters={"billerId": "2493", "customerNumber": "000412"}, query=query)
    assert check(case, stack).status_code == 200


@SCHEMA.parametrize()
@short
def test_every_answer_is_a_documented_one(case, stack):
    check(case, stack)


@SCHEMA.include(operation_id="openItems").parametrize()
@short
def test_also_while_the_city_s_server_is_down(case, stack, city_down):
    assert check(case, stack).status_code in {400, 404, 503}
