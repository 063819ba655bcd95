"""Raw bytes to an HTTP server on 127.0.0.1, and all that it answers."""

import re
import socket
from enum import Enum, auto

import h11

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b[^\r\n]*\r\n")
_GIVE_UP_SECONDS = 10
_BROKEN_SECONDS = 1
"""A server may take what is broken for a beginning, and wait for its rest."""
_NOTHING_MORE_SECONDS = 1


class _Shape(Enum):
    WHOLE = auto()
    BROKEN = auto()
    LACKS_ITS_END = auto()
    """A server would go on waiting for bytes that never come."""


def exchange(port: int, raw: bytes) -> bytes:
    """Send it on a connection of its own, and read until the server closes or waits for the rest of a request."""
    shape = _shape(raw)
    with socket.create_connection(("127.0.0.1", port), timeout=_GIVE_UP_SECONDS) as connection:
        answered = b""
        try:
            connection.sendall(raw)
            if shape is _Shape.LACKS_ITS_END:
                connection.shutdown(socket.SHUT_WR)
            if shape is _Shape.BROKEN:
                connection.settimeout(_BROKEN_SECONDS)
            while chunk := connection.recv(65536):
                answered += chunk
                connection.settimeout(_NOTHING_MORE_SECONDS)
        except (TimeoutError, ConnectionError):
            pass  # it keeps the connection, or hung up in the middle of something too long: all was said by then
    return answered


def statuses(answered: bytes) -> list[int]:
    """The status of every answer in it."""
    return [int(status) for status in _STATUS_LINE.findall(answered)]


def _shape(raw: bytes) -> _Shape:
    if not raw.strip():
        return _Shape.LACKS_ITS_END  # no request has begun
    parser = h11.Connection(h11.SERVER)
    try:
        parser.receive_data(raw)
        while isinstance(event := parser.next_event(), h11.Request | h11.Data):
            pass
    except h11.RemoteProtocolError:
        return _Shape.BROKEN
    return _Shape.LACKS_ITS_END if event is h11.NEED_DATA else _Shape.WHOLE
