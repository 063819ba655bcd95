"""Which answer means what: the whole table, without a socket."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.caselle import create_receipt, customer
from shared.caselle.catalogue import CODES, WITHOUT_DATA
from shared.caselle.errors import BARE_STATUSES, AmbiguousError
from shared.caselle.protocol import build, read
from shared.ledger.answer import Accepted, Ambiguous, Refused, Scope

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


@pytest.mark.parametrize("number", ["", "  ", None, True, ["5"], {}])
def test_a_receipt_without_a_number_is_in_doubt(number):
    assert isinstance(judged(200, {"data": {"create_receipt": {"receipt_number": number}}}), Ambiguous)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 403, 404, 409, 429, 500, 502])
def test_a_receipt_number_under_a_status_of_failure_is_in_doubt(status):
    assert isinstance(judged(status, MADE), Ambiguous)


# refused


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("path", [PATH, None, []])
@pytest.mark.parametrize("code", CODES)
def test_a_listed_code_beside_null_is_a_refusal(code, path, status):
    assert judged(status, {"data": NULL, "errors": [error(code, path)]}) == CODES[code]


ENTRY_SCOPED = {
    *("CUSTOMER_NOT_FOUND", "INVOICE_NOT_FOUND", "PERIOD_CLOSED", "AMOUNT_INVALID"),
    *("RECEIPT_NOT_FOUND", "RECEIPT_CLOSED", "RECEIPT_UPDATED", "DATE_INVALID", "EMAIL_INVALID"),
}
NARROW = {
    "WORKSPACE_IN_USE": Scope.MOMENT,
    "PAYMENT_CODE_UNKNOWN": Scope.CHANNEL,
    **dict.fromkeys(("CATEGORY_UNKNOWN", "DISTRIBUTION_UNKNOWN", "DISTRIBUTION_NOT_ONLINE"), Scope.APPLICATION),
}


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_concerns_one_payment_a_part_of_the_city_all_of_it_or_this_moment(code):
    answer = judged(200, {"data": NULL, "errors": [error(code, PATH)]})
    assert answer.scope is (Scope.ENTRY if code in ENTRY_SCOPED else NARROW.get(code, Scope.BILLER))


@pytest.mark.parametrize("status", [200, 400, 401, 403])
@pytest.mark.parametrize("code", sorted(WITHOUT_DATA))
def test_a_parse_validation_or_authorisation_code_is_a_refusal_without_data_too(code, status):
    assert judged(status, {"errors": [error(code)]}) == CODES[code]


@pytest.mark.parametrize("status", [200, 400, 403, 404])
@pytest.mark.parametrize("code", CODES)
def test_null_as_data_with_the_mutation_s_path_is_a_refusal_where_every_code_is_listed(code, status):
    """A mutation that must not be null makes the whole data null (GraphQL, section 6.4.4)."""
    assert judged(status, {"data": None, "errors": [error(code, PATH)]}) == CODES[code]


@pytest.mark.parametrize("spelled", ["period_closed", "Period_Closed", "PERIOD-CLOSED", " PERIOD_CLOSED "])
def test_the_letter_case_of_a_code_says_nothing(spelled):
    assert judged(200, {"data": NULL, "errors": [error(spelled, PATH)]}) == CODES["PERIOD_CLOSED"]


# in doubt


@pytest.mark.parametrize(("status", "reason"), BARE_STATUSES.items())
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", {}, {"errors": []}, {"error": "no"}, [], {"errors": None}])
def test_a_status_alone_says_nothing_about_a_write_that_has_left(status, reason, body):
    answer = judged(status, body)
    assert answer == Ambiguous(reason, throttled=status == 429)


@pytest.mark.parametrize("status", BARE_STATUSES)
@pytest.mark.parametrize("code", ["SOMETHING", "NONE", None])
@pytest.mark.parametrize("data", ["absent", None])
def test_nor_does_a_status_with_an_unlisted_error(status, code, data):
    body = {"errors": [error(code)]} | ({} if data == "absent" else {"data": None})
    answer = judged(status, body)
    assert (type(answer), answer.code, answer.unlisted) == (Ambiguous, BARE_STATUSES[status], None)


@pytest.mark.parametrize("status", [200, 400, *BARE_STATUSES])
@pytest.mark.parametrize("code", ["DB_TIMEOUT", "INTERNAL_SERVER_ERROR", "COWS_UNREACHABLE"])
def test_null_as_data_with_the_mutation_s_path_shows_that_it_began(status, code):
    """Whatever the status: execution had begun, and the code is on no list."""
    assert isinstance(judged(status, {"data": None, "errors": [error(code, PATH)]}), Ambiguous)


@pytest.mark.parametrize("status", BARE_STATUSES)
def test_a_relay_that_does_not_reach_the_city_is_named_whatever_its_status(status):
    answer = judged(status, {"errors": [error("COWS_UNREACHABLE")]})
    expected = {401: "token_refused", 429: "throttled"}.get(status, "cows_unreachable")
    assert (type(answer), answer.code) == (Ambiguous, expected)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
@pytest.mark.parametrize("data", ["absent", None, NULL])
def test_a_refused_token_says_nothing_about_a_write_that_has_left(status, data):
    """Two of them do not look like the workspace's error, which repeats."""
    body = {"errors": [error("UNAUTHENTICATED", PATH)]} | ({} if data == "absent" else {"data": data})
    answer = judged(status, body)
    assert (type(answer), answer.code, answer.unlisted) == (Ambiguous, "token_refused", None)


@pytest.mark.parametrize("code", sorted(set(CODES) - set(WITHOUT_DATA)))
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
    "code", ["ERROR", "INTERNAL_SERVER_ERROR", "COWS_UNREACHABLE", "PERIOD CLOSED", "", None, 7, ["x"]]
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
    assert isinstance(answer, (Accepted, Refused, Ambiguous))
    if isinstance(answer, Accepted):
        assert str(body["data"]["create_receipt"]["receipt_number"]) == answer.receipt_number


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
