"""What can go wrong between this app and a city's server: each function does one thing to one call."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from random import Random
from typing import Any, Final

import httpx

from tests.faults.city import failed
from tests.faults.fate import Answer, Call, Ending, plain

_HTML: Final = b"<html><body>Something went wrong</body></html>"
_LISTED: Final = ("CUSTOMER_NOT_FOUND", "INVOICE_NOT_FOUND", "PERIOD_CLOSED", "AMOUNT_INVALID")
_RETRY_AFTER: Final = ("0", "30", "1000000000", "Fri, 20 Nov 2026 15:00:00 GMT", "soon")
LATE_MINUTES: Final = 14
"""How long after its attempt began a request may still land: less than the ledger's time to settle."""


class _Stream(httpx.AsyncByteStream):
    """A body that comes piece by piece, each after ``pause`` seconds, and may end in an error."""

    def __init__(self, pieces: Iterable[bytes], pause: float = 0, error: Exception | None = None) -> None:
        self._pieces, self._pause, self._error = pieces, pause, error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if self._pause:
                await asyncio.sleep(self._pause)
            yield piece
        if self._error:
            raise self._error


def refused(call: Call, dice: Random) -> None:
    _never_leaves(call, httpx.ConnectError("connection refused"), 0.01)


def unverified(call: Call, dice: Random) -> None:
    words = dice.choice(["name or service not known", "certificate verify failed"])
    _never_leaves(call, httpx.ConnectError(words), 0.1)


def black_hole(call: Call, dice: Random) -> None:
    _never_leaves(call, httpx.ConnectTimeout("connect timeout"), 5)


def undone(call: Call, dice: Random) -> None:
    """Half of the time; not where somebody has answered already, who knows whether it was done."""
    half = dice.random() < 0.5
    call.ignored = call.ignored or (half and call.ending is None)


def closed_unread(call: Call, dice: Random) -> None:
    call.ignored = call.ignored or call.ending is None
    ends(call, _raising(httpx.RemoteProtocolError("server disconnected without sending a response")))


def hangs(call: Call, dice: Random) -> None:
    call.hangs = True


def closed_unanswered(call: Call, dice: Random) -> None:
    ends(call, _raising(httpx.RemoteProtocolError("server disconnected without sending a response")))


def reset(call: Call, dice: Random) -> None:
    ends(call, _raising(httpx.ReadError("connection reset by peer")))


def cut_short(call: Call, dice: Random) -> None:
    headers = _raising(httpx.RemoteProtocolError("peer closed connection in the headers"))
    ends(call, dice.choice([headers, _half_a_body, _truncated]))


def drips(call: Call, dice: Random) -> None:
    ends(call, lambda answer: httpx.Response(answer[0], stream=_Stream((b" " for _ in iter(int, 1)), pause=0.5)))


def huge(call: Call, dice: Random) -> None:
    ends(call, lambda answer: httpx.Response(answer[0], stream=_Stream(b" " * 65536 for _ in range(3200))))


def nonsense(call: Call, dice: Random) -> None:
    ends(call, dice.choice([_html, _bad_gzip, _empty, _wrong_type]))


def gateway_failed(call: Call, dice: Random) -> None:
    status = dice.choice([502, 503, 504])
    undone(call, dice)
    ends(call, lambda answer: httpx.Response(status, content=_HTML))


def errors_beside_data(call: Call, dice: Random) -> None:
    ends(call, _with_errors, readable=True)


def listed_error(call: Call, dice: Random) -> None:
    _instead(call, 200, failed(dice.choice(_LISTED), call.operation))


def unlisted_error(call: Call, dice: Random) -> None:
    """Before the work or after it; some point inside the result, or say nothing about where they arose."""
    undone(call, dice)
    code = dice.choice(["NONE", "INTERNAL", "WORKSPACE"])
    body = dice.choice([failed(code, call.operation), failed(code, call.operation, deep=True), failed(code, None)])
    ends(call, lambda answer: httpx.Response(200, content=body))


def token_or_licence(call: Call, dice: Random) -> None:
    answers = [(401, failed("UNAUTHENTICATED", None)), (401, b""), (403, failed("LICENSE_MISSING", None))]
    _instead(call, *dice.choice(answers))


def throttled(call: Call, dice: Random) -> None:
    after = dice.choice(_RETRY_AFTER)
    _instead(call, 429, b"too many requests")
    ends(call, lambda answer: httpx.Response(answer[0], headers={"Retry-After": after}, content=answer[1]))


def lands_late(call: Call, dice: Random) -> None:
    call.late = LATE_MINUTES
    if dice.random() < 0.5:
        call.hangs = True
    else:
        call.cut_off = httpx.ReadError("connection reset by peer")


def answer_lost(call: Call, dice: Random) -> None:
    """What leads to questions in the first place."""
    if dice.random() < 0.5:
        closed_unanswered(call, dice)


def dying(call: Call, dice: Random, before: int) -> None:
    """The server dies with what is in its hands, then refuses; ``before``: calls since it died."""
    if before < 2:
        undone(call, dice)
        closed_unanswered(call, dice)
    else:
        refused(call, dice)


def exhausted(call: Call, dice: Random) -> None:
    _instead(call, 200, failed(dice.choice(["RECEIPT_NUMBERS_EXHAUSTED", "WORKSPACE_IN_USE"]), call.operation))


def slow(call: Call, dice: Random) -> None:
    call.lands_after = max(call.lands_after, 20.0)


def wrong_amount(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"amount": "0.01"} for row in rows]


def twice(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for row in rows for each in (row, row | {"receipt_number": f"9{row['receipt_number']}"})]


def voided(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"status": "VOIDED"} for row in rows]


def _never_leaves(call: Call, error: Exception, after: float) -> None:
    if call.never_left is None:
        call.never_left, call.connecting = error, after


def _instead(call: Call, status: int, body: bytes) -> None:
    call.instead = call.instead or (status, body)


def ends(call: Call, ending: Ending, *, readable: bool = False) -> None:
    if call.ending is None:
        call.ending, call.readable = ending, readable


def _raising(error: Exception) -> Ending:
    def ending(answer: Answer) -> httpx.Response:
        raise error

    return ending


def _half_a_body(answer: Answer) -> httpx.Response:
    half = answer[1][: len(answer[1]) // 2]
    error = httpx.RemoteProtocolError("peer closed connection without sending complete message body")
    return httpx.Response(answer[0], stream=_Stream([half], error=error))


def _truncated(answer: Answer) -> httpx.Response:
    return httpx.Response(answer[0], content=answer[1][: len(answer[1]) // 2])


def _html(answer: Answer) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/html"}, content=_HTML)


def _bad_gzip(answer: Answer) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=_Stream([b"not gzip at all"]))


def _empty(answer: Answer) -> httpx.Response:
    return httpx.Response(200, content=b"")


def _wrong_type(answer: Answer) -> httpx.Response:
    return httpx.Response(200, content=b'["no", "object"]')


def _with_errors(answer: Answer) -> httpx.Response:
    if answer[0] != 200:
        return plain(answer)
    errors = json.dumps([{"message": "A warning.", "extensions": {"code": "LATER"}}])
    # The data stay as they are written: a number may have zeros at its end.
    return httpx.Response(answer[0], content=answer[1].rstrip()[:-1] + f', "errors": {errors}}}'.encode())
