"""Codes that GraphQL servers give by themselves stand for rows of the catalogue; no other code does."""

import json

import pytest

from shared.caselle import create_receipt
from shared.caselle.catalogue import CATALOGUE, CODES, TOO_MANY, UNAUTHENTICATED
from shared.caselle.protocol import read, token_refused
from shared.caselle.server_codes import SERVERS, known
from shared.ledger.answer import Ambiguous

ALL = sorted({(code, ours) for server in SERVERS for code, ours in server.codes.items()})
SPELLINGS = [str, str.lower, str.title, lambda code: code.lower().replace("_", "-")]


AS_THEY_SAY = {
    UNAUTHENTICATED: [
        *("UNAUTHENTICATED", "unauthenticated", "AUTH_NOT_AUTHENTICATED", "AUTH_NOT_AUTHORIZED", "ACCESS_DENIED"),
        *("authorization", "access-denied", "invalid-jwt", "jwt-invalid-claims", "jwt-missing-role-claims"),
        *("AUTH_ERROR", "INVALID_TOKEN", "TOKEN_EXPIRED"),
    ],
    TOO_MANY: ["THROTTLED", "REQUEST_RATE_LIMITED", "REQUESTS_EXCEEDED"],
    "GRAPHQL_PARSE_FAILED": ["GRAPHQL_PARSE_FAILED", "HC0011", "HC0014", "SYNTAX_ERROR"],
    "GRAPHQL_VALIDATION_FAILED": [
        *("GRAPHQL_VALIDATION_FAILED", "FIELDS_ON_CORRECT_TYPE", "KNOWN_ARGUMENT_NAMES", "KNOWN_TYPE_NAMES"),
        *("ARGUMENTS_OF_CORRECT_TYPE", "PROVIDED_NON_NULL_ARGUMENTS", "SCALAR_LEAFS"),
        *("VARIABLES_ARE_INPUT_TYPES", "VARIABLES_IN_ALLOWED_POSITION"),
    ],
}
"""Each server's own spelling, as its sources have it."""


@pytest.mark.parametrize(("said", "ours"), [(said, ours) for ours, codes in AS_THEY_SAY.items() for said in codes])
def test_what_a_server_says_is_known(said, ours):
    assert known(said) == ours


def answered(code, status=200, **fields):
    error = {"message": "no", "extensions": {"code": code}}
    return read(status, json.dumps(fields | {"errors": [error]}).encode())


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize(("code", "ours"), ALL)
def test_each_stands_for_a_row_in_whatever_spelling(code, ours, spelled):
    assert known(spelled(code)) == ours
    assert ours in CATALOGUE
    assert code not in CATALOGUE


@pytest.mark.parametrize("code", [code for code, ours in ALL if ours == UNAUTHENTICATED] + ["unauthenticated"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_refused_token_is_known_to_a_read_and_leaves_a_write_in_doubt(code, status):
    reply = answered(code, status)
    assert token_refused(reply)
    refused = create_receipt.answer(reply)
    assert (type(refused), refused.code, refused.unlisted) == (Ambiguous, "token_refused", None)


@pytest.mark.parametrize("status", [302, 408, 409, 429, 502, 503, 504])
def test_a_refusal_of_something_on_the_way_is_none_of_the_token(status):
    assert not token_refused(answered(UNAUTHENTICATED, status))


def test_a_refused_token_among_other_errors_is_not_all_there_is():
    errors = [{"message": "no", "extensions": {"code": code}} for code in (UNAUTHENTICATED, "ERROR")]
    assert not token_refused(read(200, json.dumps({"errors": errors}).encode()))


@pytest.mark.parametrize("code", [code for code, ours in ALL if ours == TOO_MANY] + ["throttled"])
def test_too_many_requests_are_known_with_whatever_status(code):
    throttled = create_receipt.answer(answered(code))
    assert (type(throttled), throttled.code, throttled.throttled) == (Ambiguous, "throttled", True)


@pytest.mark.parametrize(("code", "ours"), [pair for pair in ALL if pair[1] in CODES])
def test_a_request_that_is_not_understood_is_the_same_refusal(code, ours):
    assert create_receipt.answer(answered(code)) == CODES[ours]


@pytest.mark.parametrize(
    "code", ["HC0018", "HC0008", "VALIDATION_ERROR", "FORBIDDEN", "HC", "UNAUTH", "401", "hc 0011"]
)
def test_any_other_stays_unlisted(code):
    """HC0018 comes after the work: a value that must not be null is."""
    assert not token_refused(answered(code))
    assert isinstance(create_receipt.answer(answered(code)), Ambiguous)


def test_every_server_names_where_its_codes_were_read():
    for server in SERVERS:
        repository, _, files = server.source.partition(": ")
        assert repository.count("/") == 1
        assert files
