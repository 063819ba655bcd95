"""Handing a callback on, over real sockets."""

from urllib.parse import parse_qsl

import pytest

from shared.billers.home_question import HEADER, asked
from shared.runtime.stamps import MOST_BYTES, HttpStamps
from shared.tokens.receive import MARK, Answer, Callback
from shared.vocabulary.errors import Unavailable
from tests.caselle.raw_server import RawServer, answer, drips, hangs, resets, says

KEY = "canary-key+with/base64=="
CALLBACK = Callback({"BK": KEY, "a b": "c&d=e"}, "application/json; charset=utf-8", b'{"access_token": "canary-token"}')
STORED = answer(b'{"status": "stored"}')


@pytest.fixture
async def hand_on():
    """Hands a callback on to a server that behaves so; the answer or the error, and the server."""
    opened = []

    async def ask(*behaviours, callback=CALLBACK, deadline=20.0):
        async with RawServer(*behaviours) as server:
            opened.append(HttpStamps({"eastus2": server.url}, deadline))
            try:
                return await opened[-1].hand_on("eastus2", callback), server
            except Unavailable as error:
                return error, server

    yield ask
    for stamps in opened:
        await stamps.aclose()


async def test_the_callback_arrives_as_it_came_and_marked(hand_on):
    found, server = await hand_on(STORED)
    assert found == Answer(200, b'{"status": "stored"}')
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    method, target, _ = head.decode().split("\r\n")[0].split(" ")
    path, _, query = target.partition("?")
    assert (method, path) == ("POST", "/api/ICOAuthTokenProcessor")
    assert dict(parse_qsl(query)) == CALLBACK.query
    assert body == CALLBACK.body
    assert (server.header(0, MARK), server.header(0, "Content-Type")) == ("1", "application/json")


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "413 Content Too Large", "415 No"])
async def test_a_refusal_comes_back_as_it_was(hand_on, status):
    found, _ = await hand_on(answer(b'{"title": "refused"}', status))
    assert found == Answer(int(status[:3]), b'{"title": "refused"}')


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        says(b""),
        says(b"SSH-2.0\r\n"),
        hangs,
        drips,
        answer(b"", "503 Service Unavailable"),
        answer(b"", "500 Internal Server Error"),
        answer(b"", "401 Unauthorized"),
        answer(b"", "302 Found", "Location: http://127.0.0.1:1/"),
        answer(b"x" * (MOST_BYTES + 1)),
        answer(b"no gzip", "200 OK", "Content-Encoding: gzip"),
    ],
)
async def test_no_other_answer_is_passed_on_and_the_key_stays_out_of_the_error(hand_on, behaviour):
    endless = behaviour in {hangs, drips}
    found, server = await hand_on(behaviour, **({"deadline": 2.0} if endless else {}))
    assert isinstance(found, Unavailable)
    assert server.connections == 1
    assert found.__cause__ is None
    assert "canary" not in str(found) + repr(found)


@pytest.mark.parametrize("content_type", ["", "text/plain", "ä", "\ud800", "a\r\nX: y"])
async def test_a_content_type_that_nobody_reads_splits_no_header(hand_on, content_type):
    _, server = await hand_on(STORED, callback=Callback(CALLBACK.query, content_type, b"x"))
    assert server.header(0, "Content-Type") == "application/octet-stream"
    assert server.header(0, "X") is None


async def test_a_form_stays_a_form(hand_on):
    form = "application/x-www-form-urlencoded"
    _, server = await hand_on(STORED, callback=Callback({"BK": "\ud800"}, form.upper(), b""))
    assert server.header(0, "Content-Type") == form


async def test_without_a_stamp_there_the_setting_is_named():
    with pytest.raises(Unavailable, match="CALLBACK_STAMPS names no stamp for westeurope"):
        await HttpStamps({}).hand_on("westeurope", CALLBACK)


@pytest.fixture
async def ask_home():
    """Asks a server that behaves so who is at home there; the answer or the error, and the server."""
    opened = []

    async def ask(*behaviours, billers=("2493", "7"), deadline=20.0):
        async with RawServer(*behaviours) as server:
            opened.append(HttpStamps({"westus2": "http://127.0.0.1:1", "eastus2": server.url}, deadline, {"westus2"}))
            assert opened[-1].others == ["eastus2"]
            try:
                return await opened[-1].at_home("eastus2", billers), server
            except Unavailable as error:
                return error, server

    yield ask
    for stamps in opened:
        await stamps.aclose()


async def test_a_stamp_is_asked_at_its_callback_which_billers_are_at_home_there(ask_home):
    found, server = await ask_home(answer(b'{"atHome": ["7"]}'))
    assert found == {"7"}
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/ICOAuthTokenProcessor HTTP/1.1\r\n")
    assert (server.header(0, HEADER), asked(body)) == ("1", ("2493", "7"))


async def test_many_billers_are_several_questions(ask_home):
    billers = [str(number) for number in range(2500)]
    found, server = await ask_home(answer(b'{"atHome": ["1"]}'), answer(b'{"atHome": []}'), billers=billers)
    assert (found, len(server.requests)) == ({"1"}, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        *(resets, says(b""), hangs),
        *(answer(b"", "404 Not Found"), answer(b"", "503 Service Unavailable"), answer(b"", "302 Found")),
        *(answer(b"{}"), answer(b'{"status": "stored"}'), answer(b'{"atHome": "all"}'), answer(b"<html>")),
    ],
)
async def test_what_does_not_say_who_is_at_home_is_no_answer(ask_home, behaviour):
    """A release that does not know the question answers as to a callback without a key."""
    found, _ = await ask_home(behaviour, **({"deadline": 2.0} if behaviour is hangs else {}))
    assert isinstance(found, Unavailable)
