"""Raw bytes to an HTTP server on 127.0.0.1, and all that it answers."""

import re
import socket

import h11

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b[^\r\n]*\r\n")
_GIVE_UP_SECONDS = 10
_NOTHING_MORE_SECONDS = 1


def exchange(port: int, raw: bytes) -> bytes:
    """Send it on a connection of its own, and read until the server closes or waits for the rest of a request."""
    with socket.create_connection(("127.0.0.1", port), timeout=_GIVE_UP_SECONDS) as connection:
        answered = b""
        try:
            connection.sendall(raw)
            if _lacks_its_end(raw):
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                answered += chunk
                connection.settimeout(_NOTHING_MORE_SECONDS)
        except (TimeoutError, ConnectionError):
            pass  # it keeps the connection, or hung up in the middle of something too long: all was said by then
    return answered


def statuses(answered: bytes) -> list[int]:
    """The status of every answer in it."""
    return [int(status) for status in _STATUS_LINE.findall(answered)]


def _lacks_its_end(raw: bytes) -> bool:
    """Whether a server would go on waiting for bytes that never come."""
    if not raw.strip():
        return True  # no request has begun
    parser = h11.Connection(h11.SERVER)
    try:
        parser.receive_data(raw)
        while isinstance(event := parser.next_event(), h11.Request | h11.Data):
            pass
    except h11.RemoteProtocolError:
        return False
    return event is h11.NEED_DATA
