"""What the tests of the client share: a city, its tokens, one order and its outcome."""

from pydantic import SecretStr

from shared.billers.model import Biller
from tests.caselle.raw_server import RawServer, answer, resets, says
from tests.caselle.test_contract import ORDER
from tests.payments.world import NEWPORT

CITY = Biller.model_validate(NEWPORT)
MADE = b'{"data": {"create_receipt": {"receipt_number": "5.00010"}}}'
REFUSED = b'{"errors": [{"message": "no", "extensions": {"code": "UNAUTHENTICATED"}}]}'
THROTTLED = b'{"errors": [{"message": "no", "extensions": {"code": "THROTTLED"}}]}'
NOBODY = b'{"data": {"customer": null}}'
EMPTY_PAGE = b'{"data": {"receipt": {"receipts": [], "next": null}}}'
PATIENT, HASTY = 20.0, 2.0
HTML = b"<html><body>Bad gateway</body></html>"
IN_DOUBT = {
    "reset": resets,
    "closed": says(b""),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "half headers": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half body": says(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + MADE),
    "half a chunk": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + MADE[:20]),
    "empty": answer(b""),
    "no content": says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "truncated JSON": answer(MADE[:-2]),
    "HTML": answer(HTML),
    "500": answer(b"", "500 Internal Server Error"),
    "502": answer(HTML, "502 Bad Gateway"),
    "503": answer(HTML, "503 Service Unavailable", "Retry-After: 1"),
    "504": answer(REFUSED, "504 Gateway Timeout"),
    "408": answer(b"", "408 Request Timeout"),
    "broken gzip": answer(b"no gzip at all", "200 OK", "Content-Encoding: gzip"),
    "100 and no more": says(b"HTTP/1.1 100 Continue\r\n\r\n"),
}
BARE = {
    "401": answer(HTML, "401 Unauthorized"),
    "403": answer(HTML, "403 Forbidden"),
    "404": answer(b"", "404 Not Found"),
    "405": answer(b"", "405 Method Not Allowed"),
    "413": answer(HTML, "413 Content Too Large"),
    "415": answer(b"{}", "415 Unsupported Media Type"),
    "429": answer(HTML, "429 Too Many Requests", "Retry-After: 30"),
    "403 with an error": answer(b'{"errors": [{"message": "no"}]}', "403 Forbidden"),
}
"""Statuses that name a cause by themselves. Something on the way may give each after the work."""


class Tokens:
    """Gives these tokens: the first from memory, and after each refusal the one behind it, or the last again.

    Those ``unproved``, and each that was refused, must pass a read before a write.
    """

    def __init__(self, *tokens, unproved=()):
        self._tokens = list(tokens or ("token-a",))
        self.unproved = set(unproved)
        self.refused = []

    async def token(self, biller_id):
        return self._give(self._tokens[0])

    async def instead_of(self, biller, refused):
        self.note_refused(biller.biller_id, refused)
        self.refused.append(refused.get_secret_value())
        if len(self._tokens) > 1:
            self._tokens.pop(0)
        return self._give(self._tokens[0])

    async def needs_read(self, biller_id, token):
        return token.get_secret_value() in self.unproved

    def note_passed(self, biller_id, token):
        self.unproved.discard(token.get_secret_value())

    def note_refused(self, biller_id, token):
        self.unproved.add(token.get_secret_value())

    @staticmethod
    def _give(token):
        if isinstance(token, Exception):
            raise token
        return token if token is None else SecretStr(token)


async def posted(opened, *behaviours, **options):
    """What one order comes to, and the server that saw it."""
    async with RawServer(*behaviours) as server:
        return await opened(server.url, **options).create_receipt(CITY, ORDER), server
