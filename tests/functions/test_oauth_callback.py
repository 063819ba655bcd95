import json

import azure.functions as func
import pytest

from functions import oauth_callback
from shared.tokens.receive import MARK, Answer, Outcome, Received
from shared.vocabulary.errors import Misconfigured, Unavailable
from tests.fakes.app import given
from tests.functions.test_functions import refuse

STEADY = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class _Receiver:
    """Stands where the use case is, notes what it was given and answers as told."""

    def __init__(self):
        self.answer, self.callback = Received(Outcome.STORED), None

    async def __call__(self, callback):
        self.callback = callback
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def receiver(app):
    receiver = _Receiver()
    given(app, receive_token=receiver)
    return receiver


async def _call(method="POST", body=b"", params=None, headers=None):
    request = func.HttpRequest(
        method, "https://host/api/ICOAuthTokenProcessor", params=params or {}, headers=headers or {}, body=body
    )
    response = await oauth_callback.oauth_callback(request)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return response.status_code, response.mimetype, headers, response.get_body()


def test_it_is_registered_as_caselle_calls_it():
    app = func.FunctionApp()
    app.register_functions(oauth_callback.bp)
    [function] = app.get_functions()
    trigger = function.get_trigger().get_dict_repr()
    assert function.get_function_name() == trigger["route"] == "ICOAuthTokenProcessor"
    assert [str(method) for method in trigger["methods"]] == ["GET", "POST"]
    assert trigger["authLevel"] is func.AuthLevel.ANONYMOUS


async def test_the_request_is_handed_on_as_it_came(receiver):
    status, mimetype, headers, body = await _call(
        body=b"token=a", params={"bk": "k"}, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert (status, mimetype, headers, json.loads(body)) == (200, "application/json", STEADY, {"status": "stored"})
    assert dict(receiver.callback.query) == {"bk": "k"}
    assert (receiver.callback.content_type, receiver.callback.body) == ("application/x-www-form-urlencoded", b"token=a")


async def test_a_get_without_headers_or_body_is_a_delivery_too(receiver):
    assert (await _call("GET", params={"BK": "k", "token": "a"}))[0] == 200
    assert (receiver.callback.content_type, receiver.callback.body) == ("", b"")


@pytest.mark.parametrize(
    ("outcome", "status", "title"),
    [
        (Outcome.UNKNOWN_KEY, 404, "Not Found"),
        (Outcome.TOO_LARGE, 413, "Content Too Large"),
        (Outcome.UNSUPPORTED_TYPE, 415, "Unsupported Media Type"),
    ],
)
async def test_every_refusal_has_one_answer(receiver, outcome, status, title):
    receiver.answer = Received(outcome)
    answers = [await _call(), await _call("GET", params={"BK": "k"}), await _call(body=b"x" * 20_000)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][:3] == (status, "application/problem+json", STEADY)
    assert json.loads(answers[0][3]) == {"type": "about:blank", "title": title, "status": status}


@pytest.mark.parametrize(
    ("status", "mimetype"),
    [(200, "application/json"), (400, "application/problem+json"), (404, "application/problem+json")],
)
async def test_the_answer_of_another_stamp_is_given_as_it_was(receiver, status, mimetype):
    receiver.answer = Received(Outcome.HANDED_ON, answer=Answer(status, b'{"a":  1}'))
    assert await _call() == (status, mimetype, STEADY, b'{"a":  1}')


async def test_a_mark_of_another_stamp_is_seen(receiver):
    await _call()
    assert receiver.callback.handed_on is False
    await _call(headers={MARK.lower(): "1"})
    assert receiver.callback.handed_on is True


async def test_a_field_to_be_put_right_is_named(receiver):
    receiver.answer = Received(Outcome.REFUSED, "access_token", "missing")
    status, mimetype, headers, body = await _call()
    assert (status, mimetype, headers) == (400, "application/problem+json", STEADY)
    assert json.loads(body)["field"] == "access_token"
    assert json.loads(body)["detail"] == "missing"


async def test_caselle_is_asked_to_deliver_again_while_stores_are_down(receiver):
    receiver.answer = Unavailable("key vault: ServiceRequestError (no answer)")
    status, mimetype, headers, body = await _call()
    assert (status, mimetype, headers) == (503, "application/problem+json", STEADY | {"retry-after": "60"})
    assert b"vault" not in body


@pytest.mark.parametrize("error", [Unavailable("key vault: no answer"), Misconfigured("setting X is missing")])
async def test_the_same_holds_while_the_use_case_cannot_be_made(monkeypatch, error):
    refuse(monkeypatch, "receive_token", error)
    assert (await _call())[0] == 503
