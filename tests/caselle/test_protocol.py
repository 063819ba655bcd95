"""Which answer means what: the whole table, without a socket."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.caselle import create_receipt, customer
from shared.caselle.catalogue import CODES, WITHOUT_DATA
from shared.caselle.errors import REFUSED_STATUSES, AmbiguousError
from shared.caselle.protocol import build, read
from shared.ledger.answer import Accepted, Ambiguous, NotSent, Refused, Scope

MADE = {"data": {"create_receipt": {"receipt_number": "5.00010"}}}
NULL = {"create_receipt": None}
PATH = ["create_receipt"]


def error(code, path=None, message="An error has occurred."):
    made = {"message": message, "extensions": {"code": code}}
    return made if path is None else made | {"path": path}


def judged(status, body):
    """What one HTTP answer means for a payment."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        return create_receipt.answer(read(status, raw))
    except AmbiguousError as ambiguous:
        return Ambiguous(ambiguous.code)


# accepted


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_receipt_number_means_posted(status):
    assert judged(status, MADE) == Accepted("5.00010")


@pytest.mark.parametrize("code", ["ERROR", *CODES])
def test_a_receipt_number_means_posted_whatever_errors_stand_beside_it(code):
    made = judged(200, MADE | {"errors": [error(code, [*PATH, "memo"])]})
    assert made == Accepted("5.00010", beside=(code,))


def test_a_receipt_number_is_trimmed_and_keeps_its_zeros():
    assert judged(200, {"data": {"create_receipt": {"receipt_number": " 05.000000010 "}}}) == Accepted("05.000000010")


@pytest.mark.parametrize("number", ["5.0\ud8001", "5.0\0\n1", "5\ufffe", "5" * 40_000])
def test_a_receipt_number_of_any_text_can_be_stored(number):
    kept = judged(200, {"data": {"create_receipt": {"receipt_number": number}}}).receipt_number
    assert kept[0] == "5"
    assert kept.isprintable()
    assert len(kept.encode()) <= 100


@pytest.mark.parametrize("number", ["", "  ", None, 5.0001, 5, True, ["5"], {}])
def test_a_receipt_without_a_number_as_text_is_in_doubt(number):
    assert isinstance(judged(200, {"data": {"create_receipt": {"receipt_number": number}}}), Ambiguous)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 403, 404, 409, 429, 500, 502])
def test_a_receipt_number_under_a_status_of_failure_is_in_doubt(status):
    assert isinstance(judged(status, MADE), Ambiguous)


# refused before any effect


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("path", [PATH, None, []])
@pytest.mark.parametrize("code", CODES)
def test_a_listed_code_beside_null_is_a_refusal(code, path, status):
    answer = judged(status, {"data": NULL, "errors": [error(code, path)]})
    assert isinstance(answer, (Refused, NotSent))
    assert answer.code == CODES[code].reason


ENTRY_SCOPED = {
    *("CUSTOMER_NOT_FOUND", "INVOICE_NOT_FOUND", "PERIOD_CLOSED", "AMOUNT_INVALID"),
    *("RECEIPT_NOT_FOUND", "RECEIPT_CLOSED", "RECEIPT_UPDATED", "DATE_INVALID", "EMAIL_INVALID"),
}


@pytest.mark.parametrize("code", CODES)
def test_only_what_concerns_one_payment_holds_that_payment(code):
    answer = judged(200, {"data": NULL, "errors": [error(code, PATH)]})
    if code in ENTRY_SCOPED:
        assert answer.scope is Scope.ENTRY
    elif isinstance(answer, Refused):
        assert answer.scope is Scope.BILLER


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("code", sorted(WITHOUT_DATA))
def test_a_parse_validation_or_authorisation_code_without_data_was_not_executed(code, status):
    assert isinstance(judged(status, {"errors": [error(code)]}), (Refused, NotSent))


@pytest.mark.parametrize("status", REFUSED_STATUSES)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", {}, {"errors": []}, {"error": "no"}, [], {"errors": None}])
def test_a_status_given_before_any_work_was_not_executed(status, body):
    answer = judged(status, body)
    assert isinstance(answer, NotSent)
    assert answer.peer_failed is (status != 401)


def test_a_refused_token_is_not_the_city_s_failure():
    answer = judged(401, {"errors": [error("UNAUTHENTICATED")]})
    assert answer == NotSent("token_refused", peer_failed=False)


# in doubt


@pytest.mark.parametrize("code", sorted(set(CODES) - WITHOUT_DATA))
def test_any_other_code_without_data_is_in_doubt(code):
    """The relay may say so after the city's server has acted."""
    assert isinstance(judged(200, {"errors": [error(code)]}), Ambiguous)
    assert isinstance(judged(200, {"data": None, "errors": [error(code)]}), Ambiguous)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("data", [NULL, None, "absent"])
@pytest.mark.parametrize("status", [200, 403])
def test_an_error_below_the_mutation_means_that_it_ran(code, data, status):
    """A field of the new receipt may be refused for lack of a licence, long after the receipt was made."""
    body = {"errors": [error(code, [*PATH, "receipt_number"])]} | ({} if data == "absent" else {"data": data})
    assert isinstance(judged(status, body), Ambiguous)


@pytest.mark.parametrize(
    "code", ["ERROR", "INTERNAL_SERVER_ERROR", "COWS_UNREACHABLE", "period_closed", "", None, 7, ["x"]]
)
@pytest.mark.parametrize("data", [NULL, None])
def test_an_unlisted_code_is_in_doubt(code, data):
    assert isinstance(judged(200, {"data": data, "errors": [error(code, PATH)]}), Ambiguous)


@pytest.mark.parametrize("other", [error("ERROR"), {}, "words", None, 5, error("PERIOD_CLOSED", [*PATH, "x"])])
def test_one_doubtful_error_among_listed_ones_is_in_doubt(other):
    listed = error("PERIOD_CLOSED", PATH)
    assert isinstance(judged(200, {"data": NULL, "errors": [listed, other]}), Ambiguous)
    assert isinstance(judged(200, {"data": NULL, "errors": [other, listed]}), Ambiguous)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 408, 409, 500, 501, 502, 503, 504, 520])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        {},
        {"data": NULL},
        {"errors": [error("UNAUTHENTICATED")]},
        {"data": NULL, "errors": [error("PERIOD_CLOSED", PATH)]},
    ],
)
def test_a_status_that_may_come_after_the_work_is_in_doubt(status, body):
    assert isinstance(judged(status, body), Ambiguous)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"null", b"[]", b'"ok"', b"1", b"<html>ok</html>", b'{"data":', b"\xff\xfe", b"{}", b'{"data": null}'),
        *(b'{"data": {}}', b'{"data": []}', b'{"data": "x"}', b'{"data": {"create_receipt": null}}'),
        *(b'{"data": {"create_receipt": []}}', b'{"data": {"create_receipt": null}, "errors": "UNAUTHENTICATED"}'),
        *(b'{"errors": {"code": "UNAUTHENTICATED"}}', b"[" * 100_000, b'{"data": ' + b"9" * 5000 + b"}"),
        b'{"data": {"void_receipt": {"receipt_number": "5.00010"}}}',
    ],
)
def test_success_without_a_usable_answer_is_in_doubt(body):
    assert isinstance(judged(200, body), Ambiguous)


@settings(deadline=None)
@given(
    st.sampled_from([200, 201, 302, 307, 400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(["5.1", "UNAUTHENTICATED", "ERROR"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "errors", "create_receipt", "receipt_number", "extensions", "code", "path"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
)
def test_any_json_has_a_meaning_and_posted_only_with_a_number(status, body):
    answer = judged(status, body)
    assert isinstance(answer, (Accepted, NotSent, Refused, Ambiguous))
    if isinstance(answer, Accepted):
        assert body["data"]["create_receipt"]["receipt_number"] == answer.receipt_number


@pytest.mark.parametrize("code", ["ERROR", "\ud800"])
def test_half_a_surrogate_pair_in_an_error_leaves_it_an_answer(code):
    """JSON can escape it, and nothing can encode it; raised here it would leave the payment without a record."""
    answer = judged(200, {"data": NULL, "errors": [error(code, PATH, "Customer \udfff is odd")]})
    assert isinstance(answer, Ambiguous)
    assert "Customer ? is odd" in answer.detail


def test_two_equal_unlisted_errors_have_one_signature_and_show_no_words():
    """Their words may name a person."""
    said = [error("ERROR", PATH, f"Customer {name} is odd") for name in ("Ada", "Ada", "Bob")]
    first, second, other = (judged(200, {"data": NULL, "errors": [each]}) for each in said)
    assert first.unlisted == second.unlisted != other.unlisted
    assert "Ada" not in repr(first)


# the request


def test_a_request_carries_one_operation_and_shows_neither_token_nor_payer():
    token = SecretStr("canary-token")
    request = build(create_receipt.OPERATION, {"input": {"payer": 'Zoë "}{$'}}, token, "newportor")
    sent = json.loads(request.body)
    assert sent["operationName"] == "CreateReceipt"
    assert sent["variables"] == {"input": {"payer": 'Zoë "}{$'}}
    assert request.headers["Authorization"] == "Bearer canary-token"
    assert request.headers["X-Caselle-Subdomain"] == "newportor"
    assert "canary" not in repr(request)
    assert "Zoë" not in repr(request)


# the harmless read


@pytest.mark.parametrize(
    ("status", "body", "answered"),
    [
        (200, {"data": {"customer": {"customer_number": "1"}}}, True),
        (200, {"data": {"customer": None}}, True),
        (200, {"data": None, "errors": [error("ERROR")]}, False),
        (200, {"data": {"customer": None}, "errors": [error("ERROR")]}, False),
        (200, {"errors": [error("COWS_UNREACHABLE")]}, False),
        (401, b"", False),
        (503, {"data": {"customer": None}}, False),
    ],
)
def test_a_city_answers_when_its_own_server_speaks(status, body, answered):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert customer.answered(read(status, raw)) is answered
