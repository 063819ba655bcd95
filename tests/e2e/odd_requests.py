"""Strategies of odd requests to the callback, as raw bytes."""

import json
from datetime import datetime
from urllib.parse import quote, quote_plus, urlencode

from hypothesis import strategies as st

from local.stack import CALLBACK_ROUTE

GOOD = "<GOOD>"
"""Stands for the good key, so that the examples are the same on every run."""

_text = st.text(max_size=12)
_token = st.sampled_from(["tok-1", "tok-2", "", "a b", "Bearer x", "\x00", "ä", "x" * 3000])
_fields = st.dictionaries(
    st.sampled_from(
        [
            "access_token",
            "token",
            "OAuthToken",
            "expires_in",
            "expires_at",
            "ExpirationDate",
            "client_id",
            "client_secret",
            "refresh_token",
            "code",
            "state",
            "error",
            "x",
        ]
    ),
    st.one_of(_token, _text, st.integers().map(str), st.datetimes().map(datetime.isoformat)),
    max_size=4,
)
_names = st.sampled_from(["BK", "BK", "BK", "BK", "bk", "Bk", "bK", "B", "BK%00"])
_bk = st.sampled_from([GOOD] * 24 + ["", "x" * 43, "%00", "%zz", "+", "%", "a&BK=b", "\x7f", "ä"])
_usual = st.sampled_from([b'{"access_token":"tok-1"}', b'{"token":"tok-2","expires_in":99}', b"x" * 16_385])
_bodies = st.one_of(
    _fields.map(lambda fields: json.dumps(fields).encode()),
    _fields.map(lambda fields: urlencode(fields).encode()),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), _text),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"{", b"[" * 9000, b'{"a":' * 3000, b'{"token":"a","token":"b"}', b"\xff\xfe"]),
    st.binary(max_size=60),
)
_types = st.sampled_from(
    [
        *["application/json"] * 6,
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
        "multipart/form-data; boundary=x",
        "application/json, text/html",
        "\x7f",
        "A" * 5000,
    ]
)
_headers = st.lists(
    st.sampled_from(
        [
            "X-Callback-Handed-On: 1",
            "Content-Encoding: gzip",
            "Content-Type: text/html",
            "Cookie: a=b; =",
            "Expect: 100-continue",
            "Host: evil.example",
            "If-Match: *",
            "Range: bytes=0-",
            "Transfer-Encoding: chunked",
            "Upgrade: websocket",
            "X: \xe9",
            "X-Forwarded-For: 127.0.0.1",
            "X-Functions-Key: y",
            "X-HTTP-Method-Override: PUT",
        ]
    ),
    max_size=2,
    unique=True,
)
_methods = st.sampled_from(["POST"] * 16 + ["GET"] * 6 + ["PUT", "HEAD", "OPTIONS", "DELETE", "TRACE", "get", "X"])
_paths = st.sampled_from(
    [f"/{CALLBACK_ROUTE}"] * 16
    + [
        f"/{CALLBACK_ROUTE.lower()}",
        f"//{CALLBACK_ROUTE}",
        f"/{CALLBACK_ROUTE}/",
        f"/{CALLBACK_ROUTE}/../x",
        "/api/%2e",
    ]
)


@st.composite
def odd(draw):
    """One request with a line, a host, a length that is right, and anything in between."""
    names = [draw(_names) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
    pairs = [f"{name}={_spelled(draw, draw(_bk))}" for name in names]
    pairs += [
        f"{quote(name)}={quote_plus(text)}" for name, text in draw(st.one_of(st.just({}), st.just({}), _fields)).items()
    ]
    # What is usual comes often enough for every answer to be seen.
    body = draw(_usual) if draw(st.sampled_from([True, False, False, False])) else draw(_bodies)
    head = [f"{draw(_methods)} {draw(_paths)}?{'&'.join(pairs)} HTTP/1.1", "Host: localhost", "Connection: close"]
    head += [f"Content-Type: {draw(_types)}", f"Content-Length: {len(body)}", *draw(_headers)]
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + body


def _spelled(draw, key):
    return key if key == GOOD or "%" in key or "&" in key else draw(st.sampled_from([quote, quote_plus]))(key)


@st.composite
def damaged(draw):
    """One of those with pieces cut out, doubled, overwritten or put in; or nothing but bytes."""
    raw = draw(st.one_of(odd(), odd(), odd(), st.binary(max_size=300)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        until = min(len(raw), at + draw(st.integers(0, 20)))
        put = draw(st.one_of(st.just(b""), st.just(raw[at:until] * 2), st.binary(max_size=8), st.just(b"\r\n")))
        raw = raw[:at] + put + raw[until:]
    return raw
