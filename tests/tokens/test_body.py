import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.tokens.body import MOST_BYTES, BodyTooLarge, DeliveryRefused, UnsupportedContentType, read_fields
from shared.vocabulary.errors import Malformed

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def _json(value):
    return read_fields(JSON, json.dumps(value).encode(), {})


@pytest.mark.parametrize(
    "name", ["access_token", "accessToken", "AccessToken", "ACCESS_TOKEN", "access-token", " Access_Token "]
)
def test_a_name_is_read_in_any_spelling_and_reported_as_it_came(name):
    assert _json({name: " abc "}).first("access_token") == (name.strip(), "abc")


@pytest.mark.parametrize(
    ("content_type", "body", "query"),
    [
        (JSON, b'{"token": "a+b"}', {}),
        ("Application/JSON; charset=utf-8", b'\xef\xbb\xbf{"token": "a+b"}', {}),
        (FORM, b"token=a%2Bb", {"token": "of the query"}),
        (FORM.upper(), b"token=a%2Bb&other=", {}),
        ("", b"", {"token": "a+b", "BK": "key"}),
        ("text/plain", b"", {"TOKEN": "a+b"}),
    ],
)
def test_json_form_and_query_say_the_same(content_type, body, query):
    assert read_fields(content_type, body, query).first("token")[1] == "a+b"


def test_numbers_stay_text_and_what_is_not_text_is_not_there():
    body = b'{"a": 1, "b": 1.50, "c": null, "d": true, "e": [1], "f": {"g": "h"}, "i": "", "j": %s}' % (b"9" * 5000)
    fields = read_fields(JSON, body, {})
    assert [fields.first(name) for name in "abcdefgi"] == [("a", "1"), ("b", "1.50")] + [None] * 6
    assert fields.first("j") == ("j", "9" * 5000)


def test_earlier_spellings_win_and_a_field_with_two_values_is_refused():
    fields = read_fields(FORM, b"token=a&access_token=b&code=1&Code=2&error=x&error=x", {})
    assert fields.first("access_token", "token") == ("access_token", "b")
    assert fields.first("error") == ("error", "x")
    with pytest.raises(DeliveryRefused) as refused:
        fields.first("code")
    assert refused.value.field == "code"
    with pytest.raises(DeliveryRefused):
        read_fields(JSON, b'{"token": "a", "Token": "b"}', {}).first("token")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"token": "a", "token": "a"}',
        b'{"token": "a", "x": [{"y": 1, "y": 2}]}',
        b"[]",
        b'"text"',
        b"1",
        b"NaN",
        b'{"a": Infinity}',
        b"\xff\xfe",
        b'{"a": "\x00"}',
        b"[" * 16_000,
        b'{"a":' * 3000,
    ],
)
def test_what_is_not_a_json_object_is_refused(body):
    with pytest.raises(DeliveryRefused) as refused:
        read_fields(JSON, body, {})
    assert refused.value.field == "body"


def test_a_form_that_is_not_utf_8_is_refused():
    with pytest.raises(DeliveryRefused) as refused:
        read_fields(FORM, b"token=%ff", {})
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonx", ","]
)
def test_other_content_types_are_told_apart(content_type):
    with pytest.raises(UnsupportedContentType):
        read_fields(content_type, b"token=a", {})


def test_a_body_of_more_than_16_kib_is_not_read():
    assert read_fields(FORM, b"a=" + b"b" * (MOST_BYTES - 2), {}).first("a")
    with pytest.raises(BodyTooLarge):
        read_fields("anything", b"b" * (MOST_BYTES + 1), {})


@settings(deadline=None)
@given(
    content_type=st.sampled_from([JSON, FORM, JSON + ";charset=latin-1", "", "x"]),
    body=st.binary(max_size=200),
    query=st.dictionaries(st.text(), st.text(), max_size=3),
)
def test_no_request_raises_anything_else(content_type, body, query):
    with contextlib.suppress(Malformed):
        read_fields(content_type, body, query).first("token", "access_token")
