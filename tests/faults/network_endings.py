"""Endings of a call: what a connection of the fault proxy does with one request."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from tests.faults.fault_proxy import Behaviour, Call

HTML: Final = b"<html><body>Please sign in</body></html>"
NO_VALUE: Final = {"data": {"create_receipt": None}}
_CHUNK: Final = b" " * 65536
_CHUNKS: Final = 3052
"""Of a flood: 200 MB."""
_PAUSE: Final = 0.02

# The connection itself.


async def closes_unread(_: Call) -> None:
    """Accepted, and closed before anything is read."""


async def never_speaks(call: Call) -> None:
    await call.client_leaves()


async def speaks_plain(call: Call) -> None:
    await call.say(_answer("400 Bad Request", b""))


async def reads_and_hangs(call: Call) -> None:
    await call.request()
    await call.client_leaves()


async def reads_and_closes(call: Call) -> None:
    await call.request()


async def reads_and_resets(call: Call) -> None:
    await call.request()
    call.reset()


# The peer has acted; its answer is lost or spoilt on the way.


async def processed_then_hangs(call: Call) -> None:
    await call.forward()
    await call.client_leaves()


async def processed_then_closes(call: Call) -> None:
    await call.forward()


async def processed_then_resets(call: Call) -> None:
    await call.forward()
    call.reset()


async def half_a_head(call: Call) -> None:
    answer = await call.forward()
    await call.say(answer[: answer.index(b"\r\n\r\n") // 2])


async def half_a_body(call: Call) -> None:
    answer = await call.forward()
    await call.say(answer[: -len(_body(answer)) // 2])


async def bad_chunk(call: Call) -> None:
    body = _body(await call.forward())
    await call.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno length\r\n" + body)


async def truncated_json(call: Call) -> None:
    await call.say(_answer("200 OK", _body(await call.forward())[:-2]))


async def drips(call: Call) -> None:
    """Every single byte comes soon enough; the whole never does."""
    await call.forward()
    await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await call.say(b" ")
        await asyncio.sleep(_PAUSE)


async def floods(call: Call) -> None:
    """The peer's answer, and blanks behind it that JSON allows."""
    body = _body(await call.forward())
    await call.say(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) + _CHUNKS * len(_CHUNK)}\r\n\r\n".encode() + body)
    for _ in range(_CHUNKS):
        await call.say(_CHUNK)


async def slow_but_fine(call: Call) -> None:
    """In pieces, with a pause before each."""
    answer = await call.forward()
    for start in range(0, len(answer), 100):
        await asyncio.sleep(_PAUSE)
        await call.say(answer[start : start + 100])


async def lands_late(call: Call) -> None:
    """Something on the way keeps the request, and delivers it long after the client has given up."""
    await call.request()
    await call.released()
    await call.forward()


# Whole answers that are not the peer's own.


def before(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """This answer; the peer never sees the request."""

    async def act(call: Call) -> None:
        await call.request()
        await call.say(_answer(status, body, *headers))

    return act


def after(status: str, body: bytes = b"", *headers: str) -> Behaviour:
    """This answer, after the peer has processed the request."""

    async def act(call: Call) -> None:
        await call.forward()
        await call.say(_answer(status, body, *headers))

    return act


async def redirects(call: Call) -> None:
    """To the test's other server, where the same request would be taken."""
    await call.request()
    await call.say(_answer("307 Temporary Redirect", b"", f"Location: {call.elsewhere}/tp/api/cr0/graphql"))


def rewritten(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Behaviour:
    """The peer's own answer, with its JSON changed."""

    async def act(call: Call) -> None:
        fields = json.loads(_body(await call.forward()))
        await call.say(_answer("200 OK", to_json(change(fields))))

    return act


def error(code: str, *path: str) -> dict[str, Any]:
    """One entry of ``errors``."""
    return {"message": "An error has occurred.", "path": list(path), "extensions": {"code": code}}


def to_json(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields).encode()


def _answer(status: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]
